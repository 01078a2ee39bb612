#include "collectors/model/process_facts.h"

namespace tallyman {

std::string_view to_string(NamespaceSharing sharing) {
  switch (sharing) {
    case NamespaceSharing::kOwn:
      return "own";
    case NamespaceSharing::kHost:
      return "host";
    case NamespaceSharing::kShared:
      return "shared";
  }
  return "";
}

}  // namespace tallyman
