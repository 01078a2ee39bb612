#include "collectors/discovery/runtimes/libvirt_domain.h"

#include "collectors/discovery/runtimes/container_files.h"

#include <pugixml.hpp>

namespace tallyman {
namespace {

std::optional<std::uint32_t> number_of(const pugi::xml_attribute& attribute) {
  return attribute ? parse_pid_file(attribute.value()) : std::nullopt;
}

}  // namespace

std::optional<LibvirtDomain> parse_libvirt_domain(std::string_view text) {
  pugi::xml_document document;
  // No custom entities, no recursion: pugixml expands only the five of XML.
  if (!document.load_buffer(text.data(), text.size())) return {};
  const pugi::xml_node status = document.child("domstatus");
  const pugi::xml_node element = status ? status.child("domain") : document.child("domain");
  if (!element) return {};
  LibvirtDomain domain;
  domain.name = element.child_value("name");
  domain.uuid = element.child_value("uuid");
  domain.title = element.child_value("title");
  domain.id = number_of(element.attribute("id"));
  const pugi::xml_attribute init = status.child("init").attribute("pid");
  domain.pid = number_of(init ? init : status.attribute("pid"));
  return domain;
}

}  // namespace tallyman
