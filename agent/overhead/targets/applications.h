// Real applications: the host's own nginx with wrk and PostgreSQL with pgbench, bare and
// in Docker. Programs, configuration, data and filesystem are the same. A container
// mounts the host's /usr and /etc read-only, so its programs are identical. One thread.
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

  // The chosen applications that cannot be measured here, with the reason.
  std::map<std::string, std::string> prepare(const std::vector<const Workload*>& chosen);
  // Starts the server in this mode, puts load on it from the host, stops it.
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
  std::int64_t seconds_;  // duration of the load in each measurement
};

}  // namespace tallyman::overhead
