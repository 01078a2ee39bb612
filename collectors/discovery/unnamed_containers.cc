#include "collectors/discovery/unnamed_containers.h"

namespace tallyman {

std::string unnamed_warning(const Runtime& runtime) {
  const Runtime::MetadataSource source = runtime.metadata_source();
  std::string text = "containers of " + std::string(runtime.name()) + " have no names: " + source.path +
                     " could not be read or has no such container; ";
  if (source.flag.empty()) return text + "the agent needs the right to read it, on the host's own file system";
  return text + "if they are elsewhere, say " + std::string(source.flag) + "=PATH";
}

}  // namespace tallyman
