// Real applications: the host's own nginx under wrk and PostgreSQL under pgbench,
// bare and in Docker, the same programs, configuration and data on the same
// filesystem. A container has the host's /usr and /etc mounted read-only, so that
// not a byte of the programs differs. One thread.
#pragma once

#include "agent/overhead/model/plan.h"
#include "agent/overhead/model/record.h"
#include "agent/overhead/targets/targets.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tallyman::overhead {

class Applications {
 public:
  Applications(Session& session, std::chrono::milliseconds duration);

  // Which of the chosen applications cannot be measured here, and why.
  std::map<std::string, std::string> prepare(const std::vector<const Workload*>& chosen);
  // Starts the server in this mode, loads it from the host, ends it.
  Result<Sample> measure(const Workload& workload, const Mode& mode, const std::string& name);

 private:
  struct Served;
  Result<void> prepare_nginx();
  Result<void> prepare_postgresql();
  Result<std::string> call(const std::vector<std::string>& command);
  std::vector<std::string> command_of(const Workload& workload, const std::string& listen, unsigned port) const;
  std::vector<std::string> contained(const Mode& mode, const std::string& container,
                                     const std::vector<std::string>& command) const;
  Result<Served> serve(const Workload& workload, const Mode& mode, const std::string& name);
  Result<void> wait_for(Served& served, bool bridged);
  Result<double> rate_within(std::int64_t time, const Workload& workload, const Served& served);  // time: seconds
  void stop(Served& served);
  std::string directory() const { return session_.work + "/applications"; }
  std::string data() const { return directory() + "/postgresql"; }

  Session& session_;
  std::int64_t seconds_;  // of load, in each measurement
};

}  // namespace tallyman::overhead
