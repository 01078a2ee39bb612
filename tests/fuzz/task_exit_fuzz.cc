// The netlink message in which the kernel reports an exit.
#include "collectors/kernel/process/taskstats.h"
#include "tests/fuzz/properties.h"

using namespace tallyman;
using namespace tallyman::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message = text_of(data, size);
  if (const auto exit = parse_task_exit(message)) {
    require(exit->comm.size() <= 32 && message.find(exit->comm) != std::string_view::npos, "a name is of the message");
  }
  return 0;
}
