// The runtimes that share github.com/containers/storage: Podman and CRI-O. Its files are read
// for root and, for rootless Podman, for the user whose container it is.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/runtimes/exit_files.h"
#include "collectors/discovery/runtimes/storage_files.h"
#include "collectors/discovery/runtimes/user_files.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

// A runtime with cgroups that a PREFIX of its own names (container_files.h), all certain.
class ContainersStorageRuntime final : public Runtime {
 public:
  // `exits`: root's directory of conmon's exit files. `users` is null if no user runs it.
  ContainersStorageRuntime(const HostRoot& root, std::string name, std::initializer_list<std::string_view> prefixes,
                           const std::string& exits, std::shared_ptr<UserFiles> users);

  std::string_view name() const override { return name_; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;
  bool serves_users() const override { return users_ != nullptr; }
  MetadataSource metadata_source() const override;
  std::optional<ContainerExit> exit_of(const ContainerRef& container) override;
  int event_fd() const override { return exit_files_.fd(); }
  void handle_events() override;

 private:
  template <class T>
  Result<T> ask_user(const ContainerRef& container, Result<T> (*question)(StorageFiles&, const std::string&));
  void watch_exits_of(std::uint32_t uid);
  void finish(const ContainerRef& container, ContainerMetadata& metadata) const;
  std::optional<ContainerExit> read_exit(const ContainerRef& container);

  ExitFiles exit_files_;
  std::map<std::pair<std::optional<std::uint32_t>, std::string>, ContainerExit> exits_read_;  // by user and id
  std::string name_;
  std::vector<std::string> prefixes_;
  std::shared_ptr<UserFiles> users_;
  StorageFiles of_root_;
};

}  // namespace tallyman
