#include "collectors/kernel/system/procfs.h"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace tallyman {

bool is_on_procfs(const std::string& path) {
  struct statfs status {};
  return statfs(path.c_str(), &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

}  // namespace tallyman
