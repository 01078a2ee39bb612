#include "collectors/kernel/cgroup/cgroup_reader.h"

#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/text_basics.h"

namespace tallyman {

std::optional<std::string_view> ReadContext::text(CgroupFiles& files, CgroupFile file) {
  if (gone) {
    return std::nullopt;
  }
  const Result<std::string_view> content = files.read(file, buffer);
  if (content) {
    return *content;
  }
  const Error& error = content.error();
  if (error.kind == ErrorKind::kGone) {
    gone = true;
  } else if (error.kind != ErrorKind::kUnsupported) {
    report.note(error.kind, to_string(Error{error.kind, error.code, files.name_of(file)}));
  }
  return std::nullopt;
}

std::optional<std::string_view> ReadContext::text(CgroupFiles& files, int hierarchy, const std::string& name) {
  const Result<std::string_view> content = files.read(hierarchy, name, buffer);
  if (content) {
    return *content;
  }
  const Error& error = content.error();
  if (error.kind != ErrorKind::kUnsupported && error.kind != ErrorKind::kGone) {
    report.note(error.kind, to_string(Error{error.kind, error.code, files.name_of(hierarchy, name)}));
  }
  return std::nullopt;
}

Count ReadContext::gauge(CgroupFiles& files, CgroupFile file) {
  const Count value = number(files, file, formats::parse_number);
  return value && formats::is_wrapped(*value) ? Count() : value;
}

Count ReadContext::gauge(CgroupFiles& files, int hierarchy, const std::string& name) {
  const Count value = number(files, hierarchy, name, formats::parse_number);
  return value && formats::is_wrapped(*value) ? Count() : value;
}

void ReadContext::malformed(const std::string& path) {
  report.note(ErrorKind::kMalformed, path + ": not as the kernel documents it");
}

void read_pressure(CgroupFiles& files, ReadContext& context, CgroupStats& stats) {
  const auto read = [&](CgroupFile file, PressureStats& out) {
    context.rows(files, file, [&](std::string_view text) { return formats::parse_pressure(text, out); });
  };
  read(CgroupFile::kCpuPressure, stats.cpu_pressure);
  read(CgroupFile::kMemoryPressure, stats.memory_pressure);
  read(CgroupFile::kIoPressure, stats.io_pressure);
  read(CgroupFile::kIrqPressure, stats.irq_pressure);
}

}  // namespace tallyman
