#include "agent/commands/metrics_command.h"

#include "exporters/catalogue_text.h"

#include <ostream>

namespace tallyman {

int run_metrics_command(const Options& options, std::ostream& out) {
  out << (options.metrics_format == "markdown" ? catalogue_markdown()
          : options.metrics_format == "json"   ? catalogue_json()
                                               : catalogue_table());
  out.flush();
  return out.good() ? 0 : 1;
}

}  // namespace tallyman
