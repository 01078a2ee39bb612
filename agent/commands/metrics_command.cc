#include "agent/commands/metrics_command.h"

#include "exporters/catalogue_text.h"

#include <ostream>

namespace tallyman {

int run_metrics_command(const std::string& format, std::ostream& out) {
  out << (format == "markdown" ? catalogue_markdown() : format == "json" ? catalogue_json() : catalogue_table());
  out.flush();
  return out.good() ? 0 : 1;
}

}  // namespace tallyman
