#include "collectors/kernel/system/file_descriptor.h"

#include <unistd.h>

namespace tallyman {

void FileDescriptor::reset() {
  if (fd_ >= 0) {
    close(fd_);
    fd_ = -1;
  }
}

}  // namespace tallyman
