#include "collectors/kernel/formats/net_text.h"

#include "collectors/kernel/formats/text_scanner.h"
#include "collectors/kernel/stats/socket_stats.h"

namespace tallyman::formats {
namespace {

constexpr std::size_t kMaxFields = 1024;

// "TCP: inuse 5 orphan 0 tw 3 alloc 9 mem 1": pairs after the protocol.
bool parse_sockstat_row(std::string_view row, SocketStats& out) {
  const std::size_t colon = row.find(':');
  if (colon == 0 || colon == std::string_view::npos) {
    return false;
  }
  const std::string_view protocol = row.substr(0, colon);
  Count* const in_use = protocol == "TCP"    ? &out.tcp
                        : protocol == "TCP6" ? &out.tcp6
                        : protocol == "UDP"  ? &out.udp
                        : protocol == "UDP6" ? &out.udp6
                                             : nullptr;
  if (in_use == nullptr) {
    return true;
  }
  Count sockets, time_wait;
  FieldReader fields(row.substr(colon + 1));
  for (std::string_view key; fields.next(key);) {
    std::string_view text;
    fields.next(text);
    const Count value = to_number(text);
    if (!value) {
      return false;
    }
    sockets = key == "inuse" ? value : sockets;
    time_wait = key == "tw" ? value : time_wait;
  }
  *in_use = sockets;
  if (protocol == "TCP") {
    out.tcp_time_wait = time_wait;
  }
  return sockets.has_value();
}

void assign_lower(std::string& name, std::string_view field) {
  name.assign(field);
  for (char& c : name) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
}

// Both rows without their protocol. False: they do not match, and nothing is stored.
bool parse_fields(std::string_view names, std::string_view figures, RowWriter<NamedCount>& out) {
  const std::size_t before = out.used();
  FieldReader name_fields(names), figure_fields(figures);
  for (std::string_view name; name_fields.next(name);) {
    std::string_view figure;
    figure_fields.next(figure);
    const Count value = to_number(figure);
    const bool negative = figure.size() > 1 && figure.front() == '-' && to_number(figure.substr(1));
    if ((!value && !negative) || out.used() >= kMaxFields) {
      out.back_to(before);
      return false;
    }
    if (value) {
      assign_lower(out.slot().name, name);
      out.slot().value = *value;
      out.keep();
    }
  }
  if (!figure_fields.at_end()) {
    out.back_to(before);
    return false;
  }
  return true;
}

}  // namespace

unsigned parse_sockstat(std::string_view text, SocketStats& out) {
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    rows.expect(parse_sockstat_row(row, out));
  }
  return rows.not_understood();
}

unsigned parse_snmp(std::string_view text, std::string_view protocol, std::vector<NamedCount>& out) {
  RowWriter<NamedCount> writer(out);
  RowReader rows(text);
  const auto behind_protocol = [&](std::string_view row) -> std::optional<std::string_view> {
    if (!row.starts_with(protocol) || row.substr(protocol.size(), 1) != ":") {
      return {};
    }
    return row.substr(protocol.size() + 1);
  };
  for (std::string_view row; rows.next(row);) {
    const auto names = behind_protocol(row);
    if (!names) {
      continue;
    }
    std::string_view next;
    const bool there = rows.next(next);
    const auto figures = there ? behind_protocol(next) : std::nullopt;
    rows.expect(figures && parse_fields(*names, *figures, writer));
  }
  return rows.not_understood();
}

}  // namespace tallyman::formats
