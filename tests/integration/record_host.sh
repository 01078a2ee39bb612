#!/bin/sh
# Copies what the agent reads of a host into a directory that can be given as
# --path.rootfs, for tests/fixtures:
#   record_host.sh DIRECTORY CGROUP...
# CGROUP is a path as in /proc/PID/cgroup ("/docker/ID"): recorded with everything
# below it, its parents without, in every hierarchy that is mounted. DOCKER_ROOT
# is Docker's data directory where that is not /var/lib/docker, which it becomes in
# the recording. What identifies a machine is replaced. Runs as root, with a POSIX
# shell and busybox or coreutils. No symbolic links, no namespaces: of a
# recorded container the network mode decides which interfaces belong to it.
set -eu

[ $# -ge 1 ] || {
  echo "usage: record_host.sh DIRECTORY CGROUP..." >&2
  exit 2
}
target="$1"
shift
docker_root="${DOCKER_ROOT:-/var/lib/docker}"

# Further files, with wildcards, and names of programs whose processes are recorded too.
files="${FILES:-}" daemons="${DAEMONS:-}"

# A kernel file says its size only when it is read; some refuse to be read.
copy() {
  [ -f "$1" ] && [ -r "$1" ] || return 0
  mkdir -p "$target/$(dirname "$1")"
  if ! cat "$1" >"$target/$1" 2>/dev/null; then
    rm -f "$target/$1"
  fi
}

copy_files_of() {
  mkdir -p "$target/$1"
  for file in "$1"/*; do
    case "${file##*/}" in
      cgroup.kill | cgroup.event_control | memory.force_empty | memory.pressure_level | memory.reclaim | release_agent) ;;
      *) copy "$file" ;;
    esac
  done
}

copy_tree() {
  find "$1" -type d | while read -r directory; do
    copy_files_of "$directory"
  done
}

copy_process() {
  for file in stat status comm cmdline cgroup net/dev; do
    copy "/proc/$1/$file"
  done
}

copy_processes_in() {
  find "$1" -name cgroup.procs | while read -r procs; do
    while read -r pid; do
      copy_process "$pid"
    done <"$procs"
  done
}

copy_daemons() {
  for comm in /proc/[0-9]*/comm; do
    for name in $daemons; do
      [ "$(cat "$comm" 2>/dev/null)" != "$name" ] || copy_process "$(basename "${comm%/comm}")"
    done
  done
}

copy_host() {
  # Other mounts are nobody's business, and name the machine.
  mkdir -p "$target/proc/1"
  awk '$5 == "/" || $5 == "/proc" || $5 == "/sys" || $5 ~ "^/sys/fs/cgroup"' /proc/1/mountinfo >"$target/proc/1/mountinfo"
  for file in 1/stat 1/cgroup 1/net/dev meminfo loadavg stat diskstats cpuinfo uptime \
    sys/kernel/random/boot_id sys/kernel/osrelease; do
    copy "/proc/$file"
  done
  copy /etc/os-release
  copy /sys/devices/system/cpu/online
  mkdir -p "$target/etc" "$target/sys/class/dmi/id"
  echo 0123456789abcdef0123456789abcdef >"$target/etc/machine-id"
  echo 01234567-89ab-cdef-0123-456789abcdef >"$target/sys/class/dmi/id/product_uuid"
  while read -r major minor name _; do
    copy "/sys/dev/block/$major:$minor/uevent"
    copy "/sys/class/block/$name/partition"
  done </proc/diskstats
}

copy_cgroups() {
  awk '$0 ~ / - cgroup2? / { print $5 }' /proc/1/mountinfo | while read -r mount; do
    copy_files_of "$mount"
    for path in "$@"; do
      [ -d "$mount$path" ] || continue
      parent="${path%/*}"
      while [ -n "$parent" ]; do
        copy_files_of "$mount$parent"
        parent="${parent%/*}"
      done
      copy_tree "$mount$path"
      copy_processes_in "$mount$path"
    done
  done
}

# The container with the id at the end of the path, if Docker knows it.
copy_container() {
  id="$(echo "${1##*/}" | sed 's/^docker-//; s/\.scope$//')"
  files="$docker_root/containers/$id"
  [ -d "$files" ] || return 0
  recorded="$target/var/lib/docker/containers/$id"
  mkdir -p "$recorded"
  for file in config.v2.json hostconfig.json; do
    sed "s#$docker_root#/var/lib/docker#g; s#${docker_root%/*}#/run/docker#g" "$files/$file" >"$recorded/$file"
  done
  pid="$(sed -n 's/.*"Pid":\([0-9]*\).*/\1/p' "$files/config.v2.json")"
  if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then
    copy_process "$pid"
  fi
}

mkdir -p "$target"
copy_host
copy_cgroups "$@"
copy_daemons
for file in $files; do
  copy "$file"
done
for path in "$@"; do
  copy_container "$path"
done
