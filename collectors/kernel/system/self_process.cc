#include "collectors/kernel/system/self_process.h"

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/text.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <string>
#include <string_view>

namespace tallyman {
namespace {

// Columns are separated by single blanks and counted from 0.
Count column(std::string_view text, int index) {
  for (; index > 0; --index) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return {};
    text.remove_prefix(blank + 1);
  }
  return to_number(text.substr(0, text.find_first_of(" \n")));
}

std::string text_of(const char* path, ReadBuffer& buffer) {
  const Result<std::string_view> text = read_file(path, buffer);
  return text ? std::string(*text) : std::string();
}

void read_memory(SelfProcessStats& out, ReadBuffer& buffer) {
  const std::string statm = text_of("/proc/self/statm", buffer);
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const Count virtual_pages = column(statm, 0), resident_pages = column(statm, 1);
  if (virtual_pages) out.virtual_bytes = *virtual_pages * page_bytes;
  if (resident_pages) out.resident_bytes = *resident_pages * page_bytes;
}

void read_stat(SelfProcessStats& out, ReadBuffer& buffer) {
  const std::string stat = text_of("/proc/self/stat", buffer);
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return;
  out.threads = column(std::string_view(stat).substr(name_end + 2), 17);
  const Count ticks = formats::parse_pid_start_ticks(stat);
  const Count boot = formats::parse_boot_time(text_of("/proc/stat", buffer));
  const long ticks_per_second = sysconf(_SC_CLK_TCK);
  if (ticks && boot && ticks_per_second > 0) {
    out.start_time_seconds =
        static_cast<double>(*boot) + static_cast<double>(*ticks) / static_cast<double>(ticks_per_second);
  }
}

// Since Linux 6.2 the directory's size is the count; before, it is 0.
Count count_open_fds() {
  struct stat status {};
  if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) return static_cast<std::uint64_t>(status.st_size);
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return {};
  std::uint64_t entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  constexpr std::uint64_t kNotFiles = 3;  // ".", ".." and the directory itself
  return entries > kNotFiles ? Count(entries - kNotFiles) : Count(0);
}

}  // namespace

SelfProcessStats read_self_process() {
  SelfProcessStats out;
  ReadBuffer buffer;
  timespec cpu{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
    out.cpu_nsec = static_cast<std::uint64_t>(cpu.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(cpu.tv_nsec);
  }
  read_memory(out, buffer);
  read_stat(out, buffer);
  out.open_fds = count_open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.max_fds = limit.rlim_cur == RLIM_INFINITY ? kUnlimited : std::uint64_t(limit.rlim_cur);
  }
  return out;
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace tallyman
