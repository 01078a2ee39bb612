#include "agent/api/cadvisor/cadvisor_api.h"

#include "agent/api/cadvisor/cadvisor_request.h"
#include "agent/http/responses.h"
#include "collectors/kernel/system/text.h"
#include "collectors/model/utf8.h"
#include "collectors/model/workload_query.h"
#include "exporters/api_stats.h"
#include "exporters/api_text.h"
#include "exporters/cadvisor/cadvisor_container.h"
#include "exporters/cadvisor/cadvisor_events.h"
#include "exporters/cadvisor/cadvisor_stats_v2.h"
#include "exporters/cadvisor/cadvisor_summary.h"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

namespace tallyman {
namespace {

namespace json = boost::json;

constexpr std::string_view kHost = "/";

// {"NAME":VALUE,...} or [VALUE,...], written one by one: the objects of thousands of containers at once would take many
// times the memory of their text.
class Text {
 public:
  explicit Text(char opening) : text_(1, opening) {}
  void add(const json::value& value) {
    separate();
    text_ += json::serialize(value);
  }
  void add(std::string_view name, const json::value& value) {
    separate();
    text_ += json::serialize(json::string(valid_utf8(name))) + ':' + json::serialize(value);
  }
  HttpResponse response() && {
    text_ += text_.front() == '[' ? ']' : '}';
    return json_response(std::move(text_));
  }

 private:
  void separate() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_;
};

std::string_view parent_of(std::string_view id) {
  const auto slash = id.rfind('/');
  if (slash == std::string_view::npos || id == kHost) return {};
  return slash == 0 ? kHost : id.substr(0, slash);
}

bool lies_below(std::string_view id, std::string_view parent) {
  if (parent == kHost) return id.starts_with('/') && id != kHost;
  return id.size() > parent.size() && id.starts_with(parent) && id[parent.size()] == '/';
}

class Answer {
 public:
  Answer(const CadvisorRequest& request, const CadvisorState& state)
      : request_(request), state_(state), now_(state.now.get()), before_(state.before.get()) {
    // Clients of cAdvisor's expect a sample of what they are told of.
    for (const WorkloadPtr& one : *state_.workloads) {
      if (state_.now == nullptr || !now_.of(*one).empty()) known_.push_back(one.get());
    }
    if (request_.v2) return;  // which does not list children
    for (const Workload* one : known_) {
      if (one->id.starts_with('/')) children_.emplace(parent_of(one->id), one);
    }
  }

  HttpResponse make() const {
    switch (request_.type) {
      case CadvisorType::kMachine:
        return of_json(cadvisor_machine(state_.host, host_sample()));
      case CadvisorType::kAttributes:
        return of_json(cadvisor_attributes(state_.host, host_sample()));
      case CadvisorType::kVersion:
        return of_json(json::string(state_.host.agent_version));
      case CadvisorType::kStorage:
        return of_json(cadvisor_machine(state_.host, host_sample())["filesystems"]);
      case CadvisorType::kEvents:
        if (request_.stream) return state_.event_stream(lines_of(wanted_events()));
        return of_json(cadvisor_events(state_.events->select(filter()), wanted_events(), request_.max_events));
      case CadvisorType::kMachineStats:
        return of_json(machine_stats());
      case CadvisorType::kContainers:
        return one_container();
      case CadvisorType::kSubcontainers:
        return subcontainers();
      case CadvisorType::kDocker:
        return docker();
      case CadvisorType::kStats:
      case CadvisorType::kSpec:
      case CadvisorType::kSummary:
        return by_name();
    }
    return text_response(404, "There is no such request.");
  }

 private:
  template <class Value>
  static HttpResponse of_json(const Value& value) {
    return json_response(json::serialize(value));
  }

  // The samples that are asked for and there, oldest first.
  std::vector<CadvisorSample> samples_of(const Workload& workload) const {
    std::vector<CadvisorSample> samples;
    const auto add = [&](const BlockIndex& index, const SnapshotPtr& snapshot) {
      if (snapshot == nullptr) return;
      const SampledWorkload sampled{snapshot.get(), index.of(workload)};
      if (!sampled.blocks.empty()) samples.push_back(cadvisor_sample(sampled));
    };
    if (request_.samples > 1) add(before_, state_.before);
    if (request_.samples > 0) add(now_, state_.now);
    for (CadvisorSample& sample : samples) {
      if (workload.container.health != Health::kNone) {
        sample.stats["health"] = json::object{{"status", to_string(workload.container.health)}};
      }
    }
    return samples;
  }

  json::object spec_of(const Workload& workload) const {
    const SampledWorkload sampled{state_.now.get(), now_.of(workload)};
    return request_.v2 ? cadvisor_spec_v2(workload, sampled, state_.labels)
                       : cadvisor_spec(workload, sampled, state_.labels);
  }

  // A ContainerInfo of v1.
  json::object info_of(const Workload& workload) const {
    json::object info = cadvisor_reference(workload);
    json::array children;
    const auto [first, last] = children_.equal_range(workload.id);
    for (auto child = first; child != last; ++child) children.push_back(cadvisor_reference(*child->second));
    if (!children.empty()) info["subcontainers"] = std::move(children);
    info["spec"] = spec_of(workload);
    json::array stats;
    for (CadvisorSample& sample : samples_of(workload)) stats.push_back(std::move(sample.stats));
    if (!stats.empty()) info["stats"] = std::move(stats);
    return info;
  }

  json::array stats_of(const Workload& workload) const {
    json::array stats;
    const std::vector<CadvisorSample> samples = samples_of(workload);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const CadvisorSample* before = i > 0 ? &samples[i - 1] : nullptr;
      stats.push_back(request_.v2_1 ? cadvisor_stats_v2(samples[i], before) : cadvisor_stats_v2_0(samples[i], before));
    }
    return stats;
  }

  json::array machine_stats() const {
    json::array stats;
    const Workload* host = find_cgroup(kHost);
    if (host == nullptr) return stats;
    const std::vector<CadvisorSample> samples = samples_of(*host);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      stats.push_back(cadvisor_machine_stats(samples[i], i > 0 ? &samples[i - 1] : nullptr));
    }
    return stats;
  }

  const Workload* find_cgroup(std::string_view id) const {
    for (const Workload* one : known_) {
      if (one->id == id) return one;
    }
    return nullptr;
  }

  // By the rules of every route, among the runtime's containers: an ambiguous name means none.
  const Workload* find_container(std::string_view runtime, const std::string& wanted) const {
    WorkloadMatches matches{WorkloadQuery(wanted)};
    for (const Workload* one : known_) {
      const bool is_asked = one->runtime == runtime && one->kind == WorkloadKind::kContainer;
      if (is_asked) matches.offer(WorkloadNames::of(*one), true);
    }
    return matches.only() != nullptr ? find_cgroup(*matches.only()) : nullptr;
  }

  HttpResponse unknown() const {
    return text_response(404, "failed to get container \"" + shown(request_.name) + "\": there is no such container");
  }

  HttpResponse one_container() const {
    const Workload* found = find_cgroup(request_.name);
    return found != nullptr ? of_json(info_of(*found)) : unknown();
  }

  HttpResponse subcontainers() const {
    if (find_cgroup(request_.name) == nullptr) return unknown();
    Text all('[');
    for (const Workload* one : known_) {
      if (one->id == request_.name || lies_below(one->id, request_.name)) all.add(info_of(*one));
    }
    return std::move(all).response();
  }

  HttpResponse docker() const {
    Text all('{');
    if (request_.all) {
      for (const Workload* one : known_) {
        if (one->runtime == "docker" && one->kind == WorkloadKind::kContainer) all.add(one->id, info_of(*one));
      }
      return std::move(all).response();
    }
    const Workload* found = find_container("docker", request_.name);
    if (found == nullptr) return unknown();
    all.add(found->id, info_of(*found));
    return std::move(all).response();
  }

  // Of v2: {CGROUP: value}.
  HttpResponse by_name() const {
    const bool of_docker = request_.id_type == CadvisorIdType::kDocker;
    const bool by_cgroup = request_.id_type == CadvisorIdType::kName;
    std::vector<const Workload*> found;
    if (!by_cgroup && request_.all) {
      for (const Workload* one : known_) {
        if (one->kind == WorkloadKind::kContainer && one->runtime == (of_docker ? "docker" : "podman")) {
          found.push_back(one);
        }
      }
    } else {
      const Workload* one =
          by_cgroup ? find_cgroup(request_.name) : find_container(of_docker ? "docker" : "podman", request_.name);
      if (one == nullptr) return unknown();
      found.push_back(one);
      for (const Workload* below : known_) {
        if (by_cgroup && request_.recursive && lies_below(below->id, one->id)) found.push_back(below);
      }
    }
    Text all('{');
    for (const Workload* one : found) {
      const bool is_host = one->id == kHost;
      if (request_.type == CadvisorType::kStats && request_.v2_1 && is_host) continue;  // machinestats has it
      all.add(one->id, value_of(*one));
    }
    return std::move(all).response();
  }

  json::value value_of(const Workload& workload) const {
    if (request_.type == CadvisorType::kSpec) return spec_of(workload);
    if (request_.type == CadvisorType::kSummary) return summary_of(workload);
    if (!request_.v2_1) return stats_of(workload);
    return json::object{{"spec", spec_of(workload)}, {"stats", stats_of(workload)}};
  }

  // A DerivedStats.
  json::object summary_of(const Workload& workload) const {
    json::object summary;
    const std::vector<CadvisorSample> samples = samples_of(workload);
    if (samples.empty()) return summary;
    const CadvisorSample& last = samples.back();
    summary["timestamp"] = last.stats.at("timestamp");
    const json::object v2 = cadvisor_stats_v2(last, samples.size() > 1 ? &samples.front() : nullptr);
    json::object usage;
    constexpr std::uint64_t kNanosecondsPerMillicore = 1'000'000;
    if (const json::value* instant = v2.if_contains("cpu_inst")) {
      usage["cpu"] = instant->at("usage").at("total").to_number<std::uint64_t>() / kNanosecondsPerMillicore;
    }
    if (const json::value* memory = v2.if_contains("memory")) {
      if (const json::value* set = memory->as_object().if_contains("working_set")) usage["memory"] = *set;
    }
    summary["latest_usage"] = std::move(usage);
    if (!state_.history) return summary;
    const double now = std::chrono::duration<double>(state_.now->wall_time.time_since_epoch()).count();
    for (const CadvisorPeriod& period : kCadvisorPeriods) {
      summary[period.name] = cadvisor_usage(period, state_.history(cadvisor_usage_query(period, workload.id, now)));
    }
    return summary;
  }

  const CadvisorSample* host_sample() const {
    if (host_.empty()) {
      const Workload* host = find_cgroup(kHost);
      if (host != nullptr) host_ = samples_of(*host);
    }
    return host_.empty() ? nullptr : &host_.back();
  }

  static EventFilter filter() {
    EventFilter all;
    all.limit = 1'000'000;
    return all;
  }

  CadvisorEventChoice wanted_events() const {
    return {request_.creation, request_.deletion,      request_.oom,       request_.oom_kill,
            request_.name,     request_.subcontainers, request_.from_nsec, request_.until_nsec};
  }

  // A JSON object a line.
  static std::function<std::string(const Event&)> lines_of(CadvisorEventChoice choice) {
    return [choice = std::move(choice)](const Event& event) {
      std::string lines;
      for (const json::value& one : cadvisor_event(event, choice)) lines += json::serialize(one) + '\n';
      return lines;
    };
  }

  const CadvisorRequest& request_;
  const CadvisorState& state_;
  const BlockIndex now_, before_;
  std::vector<const Workload*> known_;                         // sorted by id
  std::multimap<std::string_view, const Workload*> children_;  // by the id of their parent
  mutable std::vector<CadvisorSample> host_;
};

}  // namespace

HttpResponse cadvisor_response(const HttpRequest& request, const CadvisorState& state) {
  const auto wanted = cadvisor_request(request);
  if (!wanted) return text_response(wanted.error().status, wanted.error().sentence);
  return Answer(*wanted, state).make();
}

}  // namespace tallyman
