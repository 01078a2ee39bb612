// What is measured: how a process runs ("modes"), what it does ("workloads"), and the
// combinations of both ("cells"). Tables and pure functions; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::overhead {

enum class Kind : std::uint8_t {
  kProcessor,    // arithmetic
  kKernel,       // calls, faults, processes
  kStart,        // from the request to the first instruction of main
  kFiles,        // in a directory
  kCopyUp,       // files of a lower layer
  kLoopback,     // TCP inside the target
  kNetwork,      // TCP from a process on the host to one in the target
  kApplication,  // nginx, PostgreSQL
};

struct Workload {
  std::string_view name;
  Kind kind;
  std::string_view order;      // the order to the probe
  std::string_view operation;  // the unit of the times: one "call", "page", "64 KiB"
  std::string_view what;       // for the docs
};

enum class Runtime : std::uint8_t { kOwn, kDocker, kPodman, kLxc, kNspawn };

struct Mode {
  std::string_view name;
  Runtime runtime;
  std::string_view what;
  bool cgroup = false, namespaces = false, overlay = false;  // kOwn
  std::string_view options{};                                // for `docker run`
  bool mounts = false, publishes = false, users = false;     // a volume and a bind mount; a port; --docker.options
};

std::span<const Workload> workloads();
std::span<const Mode> modes();
inline constexpr std::string_view kControl = "control";  // the baseline measured again: the difference is noise

// One measurement of each round.
struct Cell {
  const Workload* workload;
  std::string mode;
  std::string directory;  // kFiles: host, layer, bind, volume, overlay
  std::string label;      // the mode, and if there are several, the directory: "docker-volume: bind mount"
};

// The cells of a workload in a mode: none, one, or one for each directory. `name` is
// the mode's name in the report, which differs for kControl.
std::vector<Cell> cells_of(const Workload& workload, const Mode& mode, std::string_view name);

// How much is measured.
struct Extent {
  std::string_view name;  // quick, default, full
  unsigned rounds;
  std::chrono::milliseconds duration;    // of one measurement, after a warm-up of a fifth of it
  std::uint64_t file_bytes;              // size of the file to write and read
  std::chrono::milliseconds time_limit;  // no round starts that would end later; 0: no limit
  bool applications;
};
const Extent& extent(bool quick, bool full);
inline constexpr unsigned kMinRounds = 5;  // fewer rounds give no interval

// The sizes of the files to copy up, and the number of files of each size.
struct LowerFiles {
  std::string_view name;  // "4k"
  std::uint64_t bytes;
  unsigned count;
};
std::span<const LowerFiles> lower_files();

// Fisher-Yates shuffle. A seed gives the same order on every machine.
template <class T>
void shuffle(std::vector<T>& things, std::mt19937_64& random) {
  for (std::size_t i = things.size(); i > 1; --i) std::swap(things[i - 1], things[random() % i]);
}

}  // namespace tallyman::overhead
