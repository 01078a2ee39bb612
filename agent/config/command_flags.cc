#include "agent/config/command_flags.h"

namespace tallyman {
namespace {

std::vector<Setting> serve_flags() {
  return {
      {.name = "once",
       .shape = Shape::kSwitch,
       .field = field<&Options::serve, &Options::Serve::once>(),
       .scope = SettingScope::kServe,
       .brief = "print the metrics once, then exit",
       .detail = "Prints the metrics once to standard output and exits."},
      {.name = "check-config",
       .shape = Shape::kSwitch,
       .field = field<&Options::serve, &Options::Serve::check_config>(),
       .scope = SettingScope::kServe,
       .brief = "check flags and file, then exit",
       .detail = "Checks the flags and the configuration file and exits: with 0 if they are valid, with 2 and a "
                 "message if not."},
  };
}

// The first is a flag of `overhead` too.
std::vector<Setting> list_flags() {
  return {
      {.name = "json",
       .shape = Shape::kSwitch,
       .field = field<&Options::list, &Options::List::json>(),
       .scope = SettingScope::kListAndOverhead,
       .brief = "JSON instead of a table",
       .detail = "Prints JSON instead of a table."},
      {.name = "watch",
       .shape = Shape::kSwitch,
       .field = field<&Options::list, &Options::List::watch>(),
       .scope = SettingScope::kList,
       .brief = "refresh until q or Ctrl-C",
       .detail = "Refreshes the table until `q` is pressed or it is interrupted."},
      {.name = "all",
       .shape = Shape::kSwitch,
       .field = field<&Options::list, &Options::List::all>(),
       .scope = SettingScope::kList,
       .brief = "include idle and other cgroups",
       .detail = "Shows every cgroup, also idle ones and those that are neither container nor service."},
      {.name = "sort",
       .shape = Shape::kChoice,
       .field = field<&Options::list, &Options::List::sort>(),
       .scope = SettingScope::kList,
       .brief = "by cpu memory io network pids name",
       .detail = "Sorts the table by this column, largest first; `name` sorts from A to Z.",
       .choices = "cpu, memory, io, network, pids, name"},
      {.name = "group",
       .shape = Shape::kChoice,
       .field = field<&Options::list, &Options::List::group>(),
       .scope = SettingScope::kList,
       .brief = "by project service pod image slice",
       .detail =
           "Shows one line per group, with the sum of its members. Groups are the project (Compose) or stack (Swarm), "
           "the service in it, the pod, the image, the slice. Workloads outside such groups are left out.",
       .choices = "none, project, service, pod, image, slice"},
      {.name = "kind",
       .shape = Shape::kChoice,
       .field = field<&Options::list, &Options::List::kind>(),
       .scope = SettingScope::kList,
       .brief = "only container, service, pod, ...",
       .detail = "Shows workloads of this kind only. Idle ones too, unlike without this flag.",
       .choices = "any, host, container, pod, machine, service, slice, scope, process, cgroup"},
      {.name = "source",
       .shape = Shape::kChoice,
       .field = field<&Options::list, &Options::List::source>(),
       .scope = SettingScope::kList,
       .brief = "agent, host, or what is there",
       .detail =
           "`agent` asks the agent at `web.listen-address`, `host` reads this host without it. `auto` asks the agent "
           "if "
           "one of this host answers, and none of the other flags is about how the host is read (`--path.rootfs`, "
           "`--docker.root`, ...).",
       .choices = "auto, agent, host"},
  };
}

std::vector<Setting> metrics_flags() {
  return {
      {.name = "format",
       .shape = Shape::kChoice,
       .field = field<&Options::metrics_format>(),
       .scope = SettingScope::kMetrics,
       .brief = "table, markdown, json",
       .detail = "Format of the printed list of metrics.",
       .choices = "table, markdown, json"},
  };
}

// What is measured.
std::vector<Setting> overhead_choice_flags() {
  return {
      {.name = "quick",
       .shape = Shape::kSwitch,
       .field = field<&Options::overhead, &Options::Overhead::quick>(),
       .scope = SettingScope::kOverhead,
       .brief = "at most two minutes",
       .detail = "Short measurements, at most two minutes in total. They miss small differences."},
      {.name = "full",
       .shape = Shape::kSwitch,
       .field = field<&Options::overhead, &Options::Overhead::full>(),
       .scope = SettingScope::kOverhead,
       .brief = "longer, with real applications",
       .detail = "Longer measurements, 20 rounds, and nginx and PostgreSQL if they are installed."},
      {.name = "workload",
       .shape = Shape::kText,
       .field = field<&Options::overhead, &Options::Overhead::workloads>(),
       .scope = SettingScope::kOverhead,
       .brief = "only these, separated by commas (all)",
       .detail = "Only these workloads, separated by commas. All by default; nginx and postgresql only with `--full`."},
      {.name = "mode",
       .shape = Shape::kText,
       .field = field<&Options::overhead, &Options::Overhead::modes>(),
       .scope = SettingScope::kOverhead,
       .brief = "only these, separated by commas (all)",
       .detail =
           "Only these modes, separated by commas, and the baseline. By default all modes that can run on this host."},
      {.name = "baseline",
       .shape = Shape::kText,
       .field = field<&Options::overhead, &Options::Overhead::baseline>(),
       .scope = SettingScope::kOverhead,
       .brief = "mode to compare with",
       .detail = "The mode to compare all others with. It is measured twice, to find the noise."},
  };
}

// How it is measured.
std::vector<Setting> overhead_measurement_flags() {
  return {
      {.name = "rounds",
       .shape = Shape::kCount,
       .field = field<&Options::overhead, &Options::Overhead::rounds>(),
       .scope = SettingScope::kOverhead,
       .brief = "number of rounds (10; 20 with --full)",
       .detail =
           "Number of times that everything is measured. 10 by default, 20 with `--full`; with `--quick` as many of 10 "
           "as there is time for.",
       .min = 5,
       .max = 1'000},
      {.name = "duration",
       .shape = Shape::kDuration,
       .field = field<&Options::overhead, &Options::Overhead::duration>(),
       .scope = SettingScope::kOverhead,
       .brief = "one measurement (100ms; quick 20, full 200)",
       .detail = "Duration of one measurement. 100ms by default, 20ms with `--quick`, 200ms with `--full`.",
       .min = 5,
       .max = kHourMs},
      {.name = "time-limit",
       .shape = Shape::kDuration,
       .field = field<&Options::overhead, &Options::Overhead::limit>(),
       .scope = SettingScope::kOverhead,
       .brief = "how long to wait for a runtime",
       .detail = "A runtime that does not answer within this time is left out.",
       .min = kSecondMs,
       .max = kHourMs},
      {.name = "seed",
       .shape = Shape::kCount,
       .field = field<&Options::overhead, &Options::Overhead::seed>(),
       .scope = SettingScope::kOverhead,
       .brief = "seed for the order of rounds (random)",
       .detail = "Seed for the random order within the rounds. The report contains it. Random by default.",
       .min = 1,
       .max = 4'294'967'295},
  };
}

// Where reports go, and what is asked to start containers.
std::vector<Setting> overhead_place_flags() {
  return {
      {.name = "output",
       .shape = Shape::kFile,
       .field = field<&Options::overhead, &Options::Overhead::output>(),
       .scope = SettingScope::kOverhead,
       .brief = "where to keep reports (state directory)",
       .detail = "Directory for the reports and for the temporary files of the run. By default "
                 "`/var/lib/tallyman/overhead` for root, `~/.local/state/tallyman/overhead` for others."},
      {.name = "docker.host",
       .shape = Shape::kText,
       .field = field<&Options::overhead, &Options::Overhead::docker_host>(),
       .scope = SettingScope::kOverhead,
       .brief = "Docker daemon to measure (DOCKER_HOST)",
       .detail = "Docker daemon to measure, as for `docker -H`: `unix:///run/docker.sock`. By default `DOCKER_HOST`, "
                 "or Docker's own default."},
      {.name = "docker.options",
       .shape = Shape::kText,
       .field = field<&Options::overhead, &Options::Overhead::docker_options>(),
       .scope = SettingScope::kOverhead,
       .brief = "add mode docker-options with these flags",
       .detail = "Adds the mode docker-options, a container with these flags of `docker run`: "
                 "`--docker.options='--cpus 0.5'`."},
  };
}

}  // namespace

std::vector<Setting> command_flags() {
  std::vector<Setting> all;
  for (const auto part : {serve_flags, list_flags, metrics_flags, overhead_choice_flags, overhead_measurement_flags,
                          overhead_place_flags}) {
    const std::vector<Setting> rows = part();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace tallyman
