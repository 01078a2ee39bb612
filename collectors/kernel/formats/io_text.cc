#include "collectors/kernel/formats/io_text.h"

#include "collectors/kernel/formats/text_scanner.h"
#include "collectors/kernel/stats/cgroup_stats.h"

#include <utility>

namespace tallyman::formats {
namespace {

struct DeviceNumber {
  std::uint32_t major = 0, minor = 0;
};

// A removed device of which the cgroup keeps the counters.
constexpr std::string_view kUnknownDevice = "(unknown)";

// "254:0"
std::optional<DeviceNumber> to_device(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return {};
  }
  const auto major = to_number<std::uint32_t>(text.substr(0, colon));
  const auto minor = to_number<std::uint32_t>(text.substr(colon + 1));
  if (!major || !minor) {
    return {};
  }
  return DeviceNumber{*major, *minor};
}

Count* io_stat_field(std::string_view key, IoDeviceStats& out) {
  return key == "rbytes"         ? &out.rbytes
         : key == "wbytes"       ? &out.wbytes
         : key == "rios"         ? &out.rios
         : key == "wios"         ? &out.wios
         : key == "dbytes"       ? &out.dbytes
         : key == "dios"         ? &out.dios
         : key == "cost.usage"   ? &out.cost_usage_usec
         : key == "cost.wait"    ? &out.cost_wait_usec
         : key == "cost.indebt"  ? &out.cost_indebt_usec
         : key == "cost.indelay" ? &out.cost_indelay_usec
                                 : nullptr;
}

enum class IoRow { kNotUnderstood, kNoFigures, kFigures };

// "rbytes=1 wbytes=2 ...", beginning with `field`.
IoRow read_figures(std::string_view field, FieldReader& fields, IoDeviceStats& out) {
  IoRow result = IoRow::kNoFigures;
  do {
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) {
      return IoRow::kNotUnderstood;
    }
    Count* const target = io_stat_field(field.substr(0, equals), out);
    if (target == nullptr) {
      continue;
    }
    *target = to_number(field.substr(equals + 1));
    if (!*target) {
      return IoRow::kNotUnderstood;
    }
    result = IoRow::kFigures;
  } while (fields.next(field));
  return result;
}

// Some kernels write a device's numbers before they know that it has no values, and then
// write no newline: names pile up and the last one owns what follows.
IoRow parse_io_row(std::string_view row, IoDeviceStats& out) {
  FieldReader fields(row);
  std::string_view field;
  if (!fields.next(field)) {
    return IoRow::kNotUnderstood;
  }
  std::optional<DeviceNumber> owner;
  bool named = false;
  do {
    if (field.find('=') != std::string_view::npos) {
      break;
    }
    owner = to_device(field);
    if (!owner && field != kUnknownDevice) {
      return IoRow::kNotUnderstood;
    }
    named = true;
  } while (fields.next(field));
  if (!named) {
    return IoRow::kNotUnderstood;
  }
  if (field.empty() || !owner) {
    return IoRow::kNoFigures;
  }
  out.major = owner->major;
  out.minor = owner->minor;
  return read_figures(field, fields, out);
}

// `hint` is the index of the row found last: the files list the same devices in the same
// order.
IoDeviceStats& find_or_add(DeviceNumber device, std::vector<IoDeviceStats>& rows, std::size_t& hint) {
  const auto is_at = [&](std::size_t i) { return rows[i].major == device.major && rows[i].minor == device.minor; };
  for (std::size_t tried = 0; tried < rows.size(); ++tried) {
    const std::size_t i = (hint + tried) % rows.size();
    if (is_at(i)) {
      hint = i;
      return rows[i];
    }
  }
  hint = rows.size();
  IoDeviceStats& added = rows.emplace_back();
  added.major = device.major;
  added.minor = device.minor;
  return added;
}

using BlkioField = Count IoDeviceStats::*;

BlkioField blkio_field(std::string_view operation, BlkioFile which) {
  const bool bytes = which == BlkioFile::kBytes;
  if (operation == "Read") {
    return bytes ? &IoDeviceStats::rbytes : &IoDeviceStats::rios;
  }
  if (operation == "Write") {
    return bytes ? &IoDeviceStats::wbytes : &IoDeviceStats::wios;
  }
  if (operation == "Discard") {
    return bytes ? &IoDeviceStats::dbytes : &IoDeviceStats::dios;
  }
  if (!bytes) {
    return nullptr;
  }
  return operation == "Sync"    ? &IoDeviceStats::sync_bytes
         : operation == "Async" ? &IoDeviceStats::async_bytes
         : operation == "Total" ? &IoDeviceStats::total_bytes
                                : nullptr;
}

bool parse_blkio_row(std::string_view row, BlkioFile which, std::vector<IoDeviceStats>& out, std::size_t& hint) {
  FieldReader fields(row);
  std::string_view device_field;
  std::string_view operation;
  std::uint64_t value = 0;
  fields.next(device_field);
  if (device_field == "Total") {  // sum of all devices
    return fields.next_number(value) && fields.at_end();
  }
  const auto device = to_device(device_field);
  if (!device && device_field != kUnknownDevice) {
    return false;
  }
  if (!fields.next(operation) || !fields.next_number(value) || !fields.at_end()) {
    return false;
  }
  const BlkioField field = blkio_field(operation, which);
  if (device && field != nullptr) {
    find_or_add(*device, out, hint).*field = value;
  }
  return true;
}

}  // namespace

unsigned parse_io_stat(std::string_view text, std::vector<IoDeviceStats>& out) {
  RowReader rows(text);
  RowWriter<IoDeviceStats> devices(out);
  for (std::string_view row; rows.next(row);) {
    IoDeviceStats parsed;
    const IoRow result = parse_io_row(row, parsed);
    rows.expect(result != IoRow::kNotUnderstood);
    if (result == IoRow::kFigures) {
      IoDeviceStats& slot = devices.slot();
      parsed.device.swap(slot.device);  // keeps the string's memory
      parsed.device.clear();
      slot = std::move(parsed);
      devices.keep();
    }
  }
  IoDeviceStats none;
  if (rows.torn().ends_with(' ') && parse_io_row(rows.torn(), none) == IoRow::kNoFigures) {
    rows.forgive_torn();
  }
  return rows.not_understood();
}

unsigned parse_blkio(std::string_view text, BlkioFile which, std::vector<IoDeviceStats>& out) {
  RowReader rows(text);
  std::size_t hint = 0;
  for (std::string_view row; rows.next(row);) {
    rows.expect(parse_blkio_row(row, which, out, hint));
  }
  return rows.not_understood();
}

}  // namespace tallyman::formats
