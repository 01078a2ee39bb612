// The probe as a child process: every order does work that can be counted.
#include "agent/overhead/targets/child.h"
#include "agent/overhead/targets/probe_client.h"
#include "agent/overhead/targets/probe_image.h"
#include "agent/overhead/targets/targets.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace tallyman::overhead {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class OverheadProbe : public ::testing::Test {
 protected:
  OverheadProbe() {
    const std::string path = directory() + "/probe";
    write_probe(path).value();
    probe_ = Child::spawn({path, "serve"}).value();
    probe_->read_line(Clock::now() + seconds(60), interrupt_).value();
  }
  std::string directory() const { return host_.root().rootfs; }
  std::string answer_to(const std::string& order) {
    return send_order(*probe_, order, seconds(60), interrupt_).value();
  }

  HostBuilder host_;
  Interrupt interrupt_;
  std::optional<Child> probe_;
};

bool kernel_counts_waiting() {
  double ran = 0;
  std::ifstream("/proc/self/schedstat") >> ran;
  return ran > 0;
}

class OverheadProbeOrders : public OverheadProbe, public ::testing::WithParamInterface<std::string> {};

TEST_P(OverheadProbeOrders, DoWorkAndCountIt) {
  const std::string order = GetParam() + " duration=20000000 warm=2000000 bytes=1048576 dir=" + directory();
  const auto answer = answer_of(answer_to(order));
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_GE(answer->operations, 1U);
  EXPECT_GE(answer->wall_ns, 20e6);
  EXPECT_GE(answer->spent_ns, answer->cpu_ns * 0.99);
  const bool has_children_that_ended = GetParam() == "fork-exec";
  EXPECT_EQ(answer->wait_ns.has_value(), kernel_counts_waiting() && !has_children_that_ended);
}
INSTANTIATE_TEST_SUITE_P(All, OverheadProbeOrders,
                         ::testing::Values("integer", "floating-point", "system-calls", "context-switches",
                                           "page-faults", "fork-exec", "small-files", "write", "read", "write-fsync",
                                           "tcp-throughput", "tcp-latency", "tcp-connect"));

TEST_F(OverheadProbe, TheFirstWriteIsDoneOnceAFile) {
  for (const char* name : {"f-0", "f-1", "f-2"}) host_.file(name, "0123456789");
  const auto answer = answer_of(answer_to("first-write files=3 name=f dir=" + directory()));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->operations, 3U);
  EXPECT_EQ(answer->wait_ns.has_value(), kernel_counts_waiting());
  std::string text;
  std::ifstream(directory() + "/f-2") >> text;
  EXPECT_EQ(text, "tally56789");
}

TEST_F(OverheadProbe, AFailedOrderIsReported) {
  EXPECT_THAT(answer_of(answer_to("write dir=/nonexistent")).error().text, HasSubstr("/nonexistent: No such file"));
  EXPECT_THAT(answer_of(answer_to("dance")).error().text, HasSubstr("no such order: dance"));
  EXPECT_THAT(answer_of(answer_to("tcp-latency address=127.0.0.1 port=1")).error().text,
              HasSubstr("Connection refused"));
}

TEST_F(OverheadProbe, ItsServerServesAnotherProbeAndLeavesNothing) {
  const double port = field_of(answer_to("listen port=0"), "port").value();
  const std::string to = " address=127.0.0.1 port=" + std::to_string(static_cast<int>(port)) + " duration=20000000";
  Child client = Child::spawn({directory() + "/probe", "serve"}).value();
  client.read_line(Clock::now() + seconds(60), interrupt_).value();
  const double before = field_of(answer_to("server-cpu"), "cpu_ns").value();
  EXPECT_TRUE(answer_of(send_order(client, "tcp-throughput" + to, seconds(60), interrupt_).value()));
  EXPECT_GT(field_of(answer_to("server-cpu"), "cpu_ns").value(), before);
  EXPECT_TRUE(optional_field_of(answer_to("server-cpu"), "wait_ns"));
  EXPECT_FALSE(optional_field_of(answer_to("server-cpu"), "no_such"));
  answer_to("close");
  EXPECT_FALSE(answer_of(send_order(client, "tcp-connect" + to, seconds(60), interrupt_).value()));
  answer_to("write bytes=65536 duration=1000 dir=" + directory());
  EXPECT_TRUE(std::filesystem::exists(directory() + "/data"));
  answer_to("forget dir=" + directory());
  EXPECT_FALSE(std::filesystem::exists(directory() + "/data"));
}

TEST_F(OverheadProbe, ADiskWithoutRoomIsNamedBeforeAnythingIsMade) {
  EXPECT_TRUE(enough_space(directory(), 1));
  const auto refused = enough_space(directory(), std::uint64_t{1} << 60);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("MiB are needed: free some space"));
}

}  // namespace
}  // namespace tallyman::overhead
