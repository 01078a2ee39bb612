#include "agent/overhead/targets/child.h"

#include "agent/overhead/targets/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tallyman::overhead {
namespace {

constexpr std::size_t kMaxOutputBytes = 16 << 20, kMaxErrors = 8 << 10;
constexpr std::string_view kSystemDirectories = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

int milliseconds_to(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

// Programs have exit codes for neither: only their words show it. Docker's, Podman's and LXC's.
FailureKind kind_of_complaint(std::string_view complaint) {
  const auto has = [complaint](std::string_view words) { return complaint.find(words) != complaint.npos; };
  for (const std::string_view words :
       {"No such", "no such", "not known", "does not exist", "doesn't exist", "is not running"}) {
    if (has(words)) return FailureKind::kNotFound;
  }
  return has("already in progress") ? FailureKind::kBusy : FailureKind::kOther;
}

// Appends the available bytes; false at the end of the file.
bool take(FileDescriptor& from, std::string& into, std::size_t max_bytes) {
  char buffer[16 << 10];
  const ssize_t got = read(from.get(), buffer, sizeof buffer);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) {
    from.reset();
    return false;
  }
  into.append(buffer, static_cast<std::size_t>(got));
  if (into.size() > max_bytes) into.erase(0, into.size() - max_bytes);
  return true;
}

}  // namespace

std::string seconds_text(std::chrono::milliseconds time) {
  char text[32];
  const double seconds = static_cast<double>(time.count()) / 1000;
  std::snprintf(text, sizeof text, time.count() % 1000 == 0 ? "%.0f s" : "%.1f s", seconds);
  return text;
}

std::string find_program(std::string_view name) {
  if (name.find('/') != name.npos) return access(std::string(name).c_str(), X_OK) == 0 ? std::string(name) : "";
  const char* set = std::getenv("PATH");
  const std::string path = (set != nullptr ? std::string(set) + ":" : std::string()) + std::string(kSystemDirectories);
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find(':', from), path.size());
    std::string candidate = path.substr(from, to - from) + "/" + std::string(name);
    if (to > from && access(candidate.c_str(), X_OK) == 0) return candidate;
    from = to + 1;
  }
  return {};
}

Result<Child> Child::spawn(const std::vector<std::string>& command, const SpawnOptions& options) {
  const std::string program = find_program(command.front());
  if (program.empty()) return failure(command.front() + " is not installed");
  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) != 0) return failure_from_errno("pipe");
  FileDescriptor child_in(in[0]), own_in(in[1]);
  if (pipe2(out, O_CLOEXEC) != 0) return failure_from_errno("pipe");
  FileDescriptor own_out(out[0]), child_out(out[1]);
  if (pipe2(err, O_CLOEXEC) != 0) return failure_from_errno("pipe");
  FileDescriptor own_err(err[0]), child_err(err[1]);

  const int pid = launch(program, command, options, {child_in.get(), child_out.get(), child_err.get()});
  if (pid < 0) return failure_from_errno(options.namespaces ? "cannot make namespaces" : "cannot start " + program);
  Child child;
  child.name_ = command.front().substr(command.front().rfind('/') + 1);
  if (command.size() > 1 && !command[1].starts_with("-")) child.name_ += " " + command[1];
  child.pid_ = pid;
  child.input_ = std::move(own_in);
  child.output_ = std::move(own_out);
  child.errors_ = std::move(own_err);
  for (const int fd : {child.output_.get(), child.errors_.get()}) fcntl(fd, F_SETFL, O_NONBLOCK);
  return child;
}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end(std::chrono::milliseconds(0));
    name_ = std::move(other.name_);
    pid_ = std::exchange(other.pid_, -1);
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    errors_ = std::move(other.errors_);
    output_text_ = std::move(other.output_text_);
    error_text_ = std::move(other.error_text_);
    status_ = other.status_;
  }
  return *this;
}

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child::~Child() { end(std::chrono::milliseconds(0)); }

bool Child::write_all(std::string_view text) {
  while (!text.empty() && input_.valid()) {
    const ssize_t done = write(input_.get(), text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return text.empty();
}

Child::Received Child::listen(Clock::time_point deadline, Interrupt& interrupt) {
  for (;;) {
    if (interrupt.raised()) return Received::kInterrupted;
    pollfd watched[] = {{output_.get(), POLLIN, 0},
                        {errors_.get(), POLLIN, 0},
                        {interrupt.ignored() ? -1 : interrupt.descriptor(), POLLIN, 0}};
    if (!output_.valid()) return Received::kEnd;
    const int ready = poll(watched, 3, milliseconds_to(deadline));
    if (ready < 0 && errno != EINTR) return Received::kEnd;
    if (ready == 0) return Received::kLate;
    if (watched[1].revents != 0) take(errors_, error_text_, kMaxErrors);
    if (watched[0].revents != 0)
      return take(output_, output_text_, kMaxOutputBytes) ? Received::kOutput : Received::kEnd;
  }
}

std::string Child::complaint() const {
  std::string text = error_text_;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  // Docker ends with "See 'docker run --help'."
  for (auto last = text.rfind('\n'); last != text.npos; last = text.rfind('\n')) {
    std::string line = text.substr(last + 1);
    if (!line.empty() && !line.starts_with("See '") && !line.starts_with("Run '")) return line;
    text.resize(last);
  }
  return text;
}

Result<std::string> Child::read_line(Clock::time_point deadline, Interrupt& interrupt) {
  const auto began = Clock::now();
  for (;;) {
    const auto newline = output_text_.find('\n');
    if (newline != output_text_.npos) {
      std::string line = output_text_.substr(0, newline);
      output_text_.erase(0, newline + 1);
      return line;
    }
    switch (listen(deadline, interrupt)) {
      case Received::kOutput:
        break;
      case Received::kInterrupted:
        return interrupted();
      case Received::kLate:
        return failure(name_ + " did not answer within " +
                           seconds_text(std::chrono::round<std::chrono::milliseconds>(deadline - began)),
                       FailureKind::kTimeout);
      case Received::kEnd:
        wait_until(Clock::now() + std::chrono::seconds(2));
        if (errors_.valid()) take(errors_, error_text_, kMaxErrors);
        return failure(name_ + " ended" + (complaint().empty() ? std::string() : ": " + complaint()));
    }
  }
}

Result<std::string> Child::finish(Clock::time_point deadline, Interrupt& interrupt) {
  const auto began = Clock::now();
  const auto late = [&] {
    return failure(
        name_ + " did not end within " + seconds_text(std::chrono::round<std::chrono::milliseconds>(deadline - began)),
        FailureKind::kTimeout);
  };
  for (Received received = Received::kOutput; received != Received::kEnd;) {
    received = listen(deadline, interrupt);
    if (received == Received::kInterrupted) return interrupted();
    if (received == Received::kLate) return late();
  }
  if (!wait_until(deadline)) return late();
  if (errors_.valid()) take(errors_, error_text_, kMaxErrors);
  if (!WIFEXITED(status_) || WEXITSTATUS(status_) != 0) {
    const std::string why = complaint();
    return failure(name_ + ": " + (why.empty() ? "failed" : why), kind_of_complaint(why));
  }
  while (!output_text_.empty() && output_text_.back() == '\n') output_text_.pop_back();
  return output_text_;
}

bool Child::wait_until(Clock::time_point deadline) {
  while (pid_ > 0) {
    const int waited = waitpid(pid_, &status_, WNOHANG);
    if (waited == pid_ || (waited < 0 && errno != EINTR)) pid_ = -1;
    if (pid_ <= 0 || Clock::now() >= deadline) break;
    usleep(1'000);
  }
  return pid_ <= 0;
}

void Child::terminate() {
  if (pid_ > 0) kill(pid_, SIGTERM);
}

void Child::end(std::chrono::milliseconds grace) {
  input_.reset();
  if (pid_ > 0 && !wait_until(Clock::now() + grace)) {
    kill(pid_, SIGKILL);
    wait_until(Clock::now() + std::chrono::seconds(10));
  }
  output_.reset();
  errors_.reset();
}

Result<std::string> run_program(const std::vector<std::string>& command, std::chrono::milliseconds limit,
                                Interrupt& interrupt, std::string_view input) {
  auto child = Child::spawn(command);
  if (!child) return child.error();
  child->write_all(input);
  child->close_input();
  return child->finish(Clock::now() + limit, interrupt);
}

}  // namespace tallyman::overhead
