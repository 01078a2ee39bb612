#include "agent/commands/metrics_command.h"

#include "exporters/catalogue_text.h"

#include <ostream>

namespace tallyman {

int run_metrics_command(const std::string& format, std::ostream& out) {
  const auto metrics = catalogue();
  out << (format == "markdown" ? catalogue_markdown(metrics)
          : format == "json"   ? catalogue_json(metrics)
                               : catalogue_table(metrics));
  out.flush();
  return out.good() ? 0 : 1;
}

}  // namespace tallyman
