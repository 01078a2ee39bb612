// The files of users who run containers without root. What they say counts for their own
// cgroups alone, and they may hang: a home can be on a server that is gone, or on a file
// system of the user's own. So they are read in a thread that can be left behind.
#pragma once

#include "collectors/kernel/system/deadline_caller.h"
#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/rooted_files.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tallyman {

// The home directory of a uid in the text of /etc/passwd; empty if it is not there.
std::string home_of(std::string_view passwd, std::string_view uid);

// One for all runtimes; one thread at a time.
class UserFiles {
 public:
  explicit UserFiles(HostRoot root, std::chrono::milliseconds deadline = std::chrono::milliseconds(250));

  struct Place {
    std::string home;  // empty if /etc/passwd does not have it
    std::string run;   // /run/user/UID
  };
  // What `job` returns, from a thread of its own; `job` owns what it uses. Its files are those
  // below the place alone. kIo if it does not end in time. The user is then asked again only
  // after that job has ended.
  template <class T>
  Result<T> call(std::uint32_t uid, std::function<Result<T>(RootedFiles&, const Place&)> job) {
    auto answer = std::make_shared<Result<T>>(Error{ErrorKind::kIo, 0, no_answer(uid)});
    const auto run_job = [answer, job = std::move(job), root = root_, uid, place = place_of(uid)] {
      RootedFiles files(root, directories(uid, place));
      *answer = job(files, place);
    };
    if (!run(uid, run_job)) return Error{ErrorKind::kIo, 0, no_answer(uid)};
    return std::move(*answer);
  }
  const HostRoot& root() const { return root_; }

 private:
  struct Known {
    Place place;
    std::chrono::steady_clock::time_point until;
  };
  static std::string no_answer(std::uint32_t uid);
  static UserDirectories directories(std::uint32_t uid, const Place& place);
  const Place& place_of(std::uint32_t uid);
  bool run(std::uint32_t uid, std::function<void()> job);

  const HostRoot root_;
  RootedFiles host_files_;
  std::map<std::uint32_t, Known> places_;
  DeadlineCaller caller_;
  std::map<std::uint32_t, std::shared_ptr<char>> left_behind_;  // by user: what the job shares until it has ended
};

}  // namespace tallyman
