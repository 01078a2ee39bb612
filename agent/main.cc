#include "agent/list_command.h"
#include "agent/metrics_command.h"
#include "agent/options.h"
#include "agent/serve_command.h"
#include "agent/version.h"

#include <cstdio>
#include <exception>
#include <iostream>

namespace {

int run(int argc, const char* const* argv) {
  using namespace tallyman;
  const auto parsed = parse_options(argc, argv);
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
    std::ostream& out = early->code == 0 ? std::cout : std::cerr;
    out << early->text << (early->text.ends_with('\n') ? "" : "\n") << std::flush;
    return early->code;
  }
  const Options& options = std::get<Options>(parsed);
  switch (options.command) {
    case Command::kList:
      return run_list_command(options, std::cout, std::cerr);
    case Command::kMetrics:
      return run_metrics_command(options, std::cout);
    case Command::kVersion:
      std::cout << "tallyman " << kVersion << '\n' << std::flush;
      return std::cout.good() ? 0 : 1;
    case Command::kServe:
      break;
  }
  return run_serve_command(options, argc, argv, std::cout);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tallyman: %s\n", error.what());
    return 1;
  }
}
