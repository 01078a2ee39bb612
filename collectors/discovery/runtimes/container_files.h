// Shared by the runtimes: the ids in their cgroups' names and the state of their files.
#pragma once

#include "collectors/kernel/system/rooted_files.h"
#include "collectors/model/workload.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// 64 hexadecimal digits in lower case: Docker, containerd's CRI and nerdctl, Podman, CRI-O.
bool is_container_id(std::string_view name);
// The path contains a container id anywhere, of whichever runtime.
bool contains_container_id(std::string_view path);

// The id in a cgroup's name that says whose it is: PREFIX-ID.scope, PREFIX-ID, and
// SLICE:PREFIX:ID, which runc makes of a path for systemd without systemd. Else empty.
std::string_view id_in_name(std::string_view name, std::string_view prefix);

// The id in PREFIX + ID + suffix; empty if the name has another form.
std::string_view id_between(std::string_view name, std::string_view prefix, std::string_view suffix);

// Changes when one of the files changes; 0 if the first does not exist. Links are not followed.
std::uint64_t revision_of_files(int directory, std::initializer_list<const char*> names);

// When the file was written, since the epoch. Empty if it does not exist.
std::optional<std::uint64_t> modified_nsec(RootedFiles& files, const std::string& path);

// The process id in a file that has nothing else, as runtimes write it.
std::optional<std::uint32_t> parse_pid_file(std::string_view text);
// The container's first process. Its start is the time when the file was written, some
// milliseconds later. Empty if the file does not exist.
void take_pid_file(RootedFiles& files, const std::string& path, ContainerMetadata& metadata);

}  // namespace tallyman
