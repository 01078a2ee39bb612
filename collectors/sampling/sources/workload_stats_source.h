// Stats of workloads that are not in cgroupfs: of network namespaces, processes, sockets,
// file systems. Each source has one kind, is read within the sampler's pass and puts its
// stats where collectors read them. A source that is too slow for a pass works in a
// thread of its own, at its own interval, and its read() takes over what that thread
// published last.
//
// All calls are made from the sampler's thread.
#pragma once

#include "collectors/kernel/cgroup/cgroup_reader.h"
#include "collectors/kernel/cgroup/stats_source.h"
#include "collectors/model/collector.h"
#include "collectors/model/stats_needs.h"
#include "collectors/model/workload.h"

#include <cstddef>

namespace tallyman {

class WorkloadStatsSource {
 public:
  using Handle = StatsSource::Handle;
  virtual ~WorkloadStatsSource() = default;

  // A source is not used at all if no collector needs its kind.
  virtual SourceKind kind() const = 0;

  // `handle` is the StatsSource's. Called again with the same handle when a fact of the
  // workload has changed. detach() is called once, before the handle is reused.
  virtual void attach(Handle handle, const Workload& workload) = 0;
  virtual void detach(Handle handle) = 0;

  // Called once per pass, after cgroupfs. Bounded: never waits for a slow file.
  virtual ReadReport read(bool slow) = 0;
  // Sets what is known about the workload; leaves the rest of `observation` alone. Its
  // pointers stay valid until the next read(), attach() or detach().
  virtual void fill(Handle handle, Observation& observation) const = 0;

  // Files that it keeps open between passes.
  virtual std::size_t open_files() const { return 0; }
  virtual std::size_t open_files_limit() const { return 0; }
};

}  // namespace tallyman
