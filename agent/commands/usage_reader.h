// Where `tallyman ls` has its figures from: the running agent, or the host itself.
#pragma once

#include "agent/api/usage_json.h"
#include "agent/config/options.h"
#include "collectors/kernel/system/error.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tallyman {

class UsageReader {
 public:
  virtual ~UsageReader() = default;
  // What every workload uses. The host's first answer is of the time since the reader was made.
  virtual Result<std::vector<UsageRow>> read() = 0;
  // How long to wait before the first and between two answers.
  virtual std::chrono::milliseconds first_pause() const = 0;
  virtual std::chrono::milliseconds pause() const = 0;
  // Whole sentences on what the user may not expect, for standard error. Empty ones say nothing.
  virtual std::vector<std::string> notes() const { return {}; }
};

struct ChosenReader {
  std::unique_ptr<UsageReader> reader;
  std::vector<std::string> notes;  // why it is this one, if that matters
};

// By --source. "auto" takes the agent if it answers, is of this host (`boot_id`), and no flag
// says how the host is to be read.
Result<ChosenReader> choose_reader(const Options& options);

// That containers have ids for names, and why; "" if none has.
enum class Reader : std::uint8_t { kAgent, kRoot, kOther };
std::string note_on_names(std::uint64_t unnamed_containers, Reader reader);

}  // namespace tallyman
