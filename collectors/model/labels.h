// The labels of a workload's series, and their spelling. The text is prepared once for
// each workload; rendering copies it.
#pragma once

#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/system/error.h"
#include "collectors/model/label_filter.h"
#include "collectors/model/workload.h"

#include <cstdint>
#include <memory>
#include <string>

namespace tallyman {

struct LabelOptions {
  std::string container_labels;  // RE2: the container labels that become container_label_*; empty: none
  bool workload_labels = true;   // kind and workload
  std::size_t max_value_bytes = 1024;
  // Also the labels io.kubernetes.* of a container of Kubernetes, which mostly repeat `container`, `pod`
  // and `namespace`.
  bool repeat_kubernetes = true;
};

class LabelPolicy {
 public:
  // An error, with RE2's text, if the expression is invalid.
  static Result<LabelPolicy> make(const LabelOptions& options);
  LabelPolicy(LabelPolicy&&) noexcept;
  LabelPolicy& operator=(LabelPolicy&&) noexcept;
  ~LabelPolicy();

  // id, name and image (containers only), container_label_*, container_env_*, kind, workload; for
  // Kubernetes' containers and pods also container, namespace, pod; for what a user made
  // also user. Escaped, no braces, no empty labels. Values longer than max_value_bytes are
  // cut at a character; an id that is cut ends with a digest of the whole. The container
  // labels of one workload have a bound together, and so have its variables: those beyond it
  // are left out and count as truncated. If
  // several labels become the same name, the first in byte order of the runtime's own
  // names is kept; the others are dropped.
  std::string of_workload(const Workload& workload) const;
  // machine_id, system_uuid, boot_id, kind, workload.
  std::string of_machine(const MachineInfo& machine) const;

  // Which container labels there are.
  const LabelFilter& filter() const;

  // Counted over all calls so far; to be read in the same thread.
  std::uint64_t truncated() const;
  std::uint64_t collisions() const;

 private:
  struct Impl;
  explicit LabelPolicy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// cAdvisor's rule: every byte outside [a-zA-Z0-9_] becomes '_'.
std::string label_name_of(std::string_view runtime_label);

}  // namespace tallyman
