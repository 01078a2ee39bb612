#include "agent/overhead/targets/probe_client.h"

#include <boost/json.hpp>

namespace tallyman::overhead {
namespace {

Result<boost::json::object> object_of(const std::string& line) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(line, error);
  if (error || !value.is_object()) return failure("not an answer from the probe: " + line.substr(0, 200));
  const auto* complaint = value.as_object().if_contains("error");
  if (complaint != nullptr && complaint->is_string()) return failure(std::string(complaint->as_string()));
  return value.as_object();
}

Result<double> number_in(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(boost::json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_number()) return failure("the probe's answer has no " + std::string(name));
  return value->to_number<double>();
}

}  // namespace

Result<double> field_of(const std::string& line, std::string_view name) {
  const auto object = object_of(line);
  if (!object) return object.error();
  return number_in(*object, name);
}

std::optional<double> optional_field_of(const std::string& line, std::string_view name) {
  const auto field = field_of(line, name);
  return field ? std::optional(*field) : std::nullopt;
}

Result<ProbeAnswer> answer_of(const std::string& line) {
  const auto object = object_of(line);
  if (!object) return object.error();
  const auto operations = number_in(*object, "operations"), wall = number_in(*object, "wall_ns");
  const auto cpu = number_in(*object, "cpu_ns"), spent = number_in(*object, "spent_ns");
  for (const auto* field : {&operations, &wall, &cpu, &spent}) {
    if (!*field) return field->error();
  }
  if (*operations < 1 || *wall <= 0) return failure("the probe has done nothing in its time");
  return ProbeAnswer{static_cast<std::uint64_t>(*operations), *wall, *cpu, *spent, optional_field_of(line, "wait_ns")};
}

Result<std::string> send_order(Child& probe, const std::string& order, std::chrono::milliseconds limit,
                               Interrupt& interrupt) {
  probe.write_all(order + "\n");  // if the probe has ended, reading the answer fails with the reason
  return probe.read_line(Clock::now() + limit, interrupt);
}

}  // namespace tallyman::overhead
