// What is measured: where a process runs ("modes"), what it does there
// ("workloads"), and which of the two go together ("cells"). Tables and pure
// functions; thread-safe.
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
  kNetwork,      // TCP from a process of the host's to one in the target
  kApplication,  // nginx, PostgreSQL
};

struct Workload {
  std::string_view name;
  Kind kind;
  std::string_view order;      // the probe's word for it
  std::string_view operation;  // what the time of one is told of
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
inline constexpr std::string_view kControl = "control";  // the baseline once more: its spread is the noise

// One thing that is measured once a round.
struct Cell {
  const Workload* workload;
  std::string mode;
  std::string directory;  // kFiles: host, layer, bind, volume, overlay
  std::string label;      // the mode, and where it is one of several, the directory: "docker-volume: bind mount"
};

// Which cells a workload has in a mode: none, one, or one a directory. `name` is
// the mode's name in the report: the baseline's own or kControl.
std::vector<Cell> cells_of(const Workload& workload, const Mode& mode, std::string_view name);

// How much of it.
struct Extent {
  std::string_view name;  // quick, default, full
  unsigned rounds;
  std::chrono::milliseconds duration;  // of one measurement; a fifth of it before is the warm-up
  std::uint64_t file_bytes;            // of the file that is written and read
  std::chrono::milliseconds most;      // no new round that would end later; 0: no such limit
  bool applications;
};
const Extent& extent(bool quick, bool full);
inline constexpr unsigned kLeastRounds = 5;  // fewer give no interval

// The sizes of the files that are copied up, and how many there are of each.
struct LowerFiles {
  std::string_view name;  // "4k"
  std::uint64_t bytes;
  unsigned count;
};
std::span<const LowerFiles> lower_files();

// Fisher and Yates, the same for a seed on every machine.
template <class T>
void shuffle(std::vector<T>& things, std::mt19937_64& random) {
  for (std::size_t i = things.size(); i > 1; --i) std::swap(things[i - 1], things[random() % i]);
}

}  // namespace tallyman::overhead
