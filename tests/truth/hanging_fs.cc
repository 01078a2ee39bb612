// hanging_fs DIRECTORY PROGRAM: mounts a file system whose only file is a copy of PROGRAM, runs DIRECTORY/program
// from it with the argument "stay", and prints that process's pid. After SIGUSR1 it answers nothing any more, as a
// dead NFS server: until it is killed, which ends the process too.
#define FUSE_USE_VERSION 31
#include <fuse.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr const char* kFile = "/program";

std::string content;
std::atomic<bool> hanging{false};

void hang_if_told() {
  while (hanging) pause();
}

int get_attributes(const char* path, struct stat* out, fuse_file_info*) {
  hang_if_told();
  *out = {};
  out->st_nlink = 1;
  if (std::strcmp(path, "/") == 0) {
    out->st_mode = S_IFDIR | 0755;
    return 0;
  }
  out->st_mode = S_IFREG | 0755;
  out->st_size = static_cast<off_t>(content.size());
  return std::strcmp(path, kFile) == 0 ? 0 : -ENOENT;
}

int read_content(const char*, char* out, std::size_t size, off_t offset, fuse_file_info*) {
  hang_if_told();
  const auto from = std::min(static_cast<std::size_t>(offset), content.size());
  const auto bytes = std::min(size, content.size() - from);
  std::memcpy(out, content.data() + from, bytes);
  return static_cast<int>(bytes);
}

// Waits until the file system is there.
[[noreturn]] void run_program(const std::string& program) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (access(program.c_str(), X_OK) != 0) usleep(10'000);
  std::printf("%d\n", getpid());
  std::fflush(stdout);
  execl(program.c_str(), program.c_str(), "stay", static_cast<char*>(nullptr));
  std::perror(program.c_str());
  _exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: hanging_fs DIRECTORY PROGRAM\n");
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  content.assign(std::istreambuf_iterator<char>(file), {});
  signal(SIGUSR1, [](int) { hanging = true; });
  if (fork() == 0) run_program(std::string(argv[1]) + kFile);
  fuse_operations operations{};
  operations.getattr = get_attributes;
  operations.read = read_content;
  // Nothing is remembered: each question comes here.
  const char* words[] = {argv[0], "-f", "-o", "allow_other,attr_timeout=0,entry_timeout=0", argv[1]};
  return fuse_main(5, const_cast<char**>(words), &operations, nullptr);
}
