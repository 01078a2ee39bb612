// `tallyman ls` beside an agent, without one, and beside one of another host.
#include "agent/commands/usage_reader.h"

#include "agent/commands/list_command.h"
#include "agent/http/http_server.h"
#include "agent/http/responses.h"
#include "tests/agent/service/small_host.h"

#include <gmock/gmock.h>

#include <atomic>
#include <ctime>
#include <sstream>

namespace tallyman {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kBootId = "11111111-2222-3333-4444-555555555555";

class UsageReaderTest : public ::testing::Test {
 protected:
  UsageReaderTest() {
    small_.host.file("proc/sys/kernel/random/boot_id", std::string(kBootId) + "\n");
    answer_.sequence = 1;
    answer_.time_seconds = static_cast<double>(std::time(nullptr));
    answer_.interval_seconds = 1;
    answer_.measured_seconds = 1;
    answer_.boot_id = kBootId;
    UsageRow row;
    auto workload = std::make_shared<Workload>();
    workload->id = "/docker/x";
    workload->kind = WorkloadKind::kContainer;
    workload->workload = "from-the-agent";
    row.workload = std::move(workload);
    row.cpu_cores = 0.5;
    answer_.rows = {row};
  }
  ~UsageReaderTest() override {
    if (server_) server_->stop();
  }

  void serve(int status = 200) {
    server_ =
        HttpServer::listen("127.0.0.1:0", {},
                           [this, status](const HttpRequest& request, const HttpServer::Respond& respond) {
                             ++requests_;
                             EXPECT_EQ(request.path, "/api/v1/usage");
                             if (requests_ > 1) answer_.measured_seconds = 1;
                             respond(status == 200 ? json_response(to_json(answer_)) : error_response(status, "no"));
                           })
            .value();
    server_->start();
    address_ = "127.0.0.1:" + std::to_string(server_->port());
  }

  Options options(const std::string& source) const {
    Options options = small_.options();
    options.list.source = source;
    options.web.listen_address = address_;
    return options;
  }

  int list(const Options& options) {
    out_.str("");
    err_.str("");
    return run_list_command(options, out_, err_);
  }

  SmallHost small_;
  UsageAnswer answer_;
  std::string address_ = "127.0.0.1:1";  // nobody listens there
  std::atomic<int> requests_ = 0;
  std::unique_ptr<HttpServer> server_;
  std::ostringstream out_, err_;
};

TEST_F(UsageReaderTest, AnAgentOfThisHostIsAsked) {
  serve();
  ASSERT_EQ(list(options("auto")), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("from-the-agent "), HasSubstr(" 50.0"), Not(HasSubstr("web"))));
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(requests_, 1);
}

TEST_F(UsageReaderTest, WithoutAnAgentTheHostIsReadInSilence) {
  ASSERT_EQ(list(options("auto")), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\nweb "));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(UsageReaderTest, FlagsOnTheHostOrTheUserTurnToTheHost) {
  serve();
  Options asked = options("auto");
  asked.list.says_what_to_read = true;
  ASSERT_EQ(list(asked), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\nweb "));
  ASSERT_EQ(list(options("host")), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\nweb "));
  EXPECT_EQ(requests_, 0);
  asked.list.source = "agent";
  ASSERT_EQ(list(asked), 0);
  EXPECT_THAT(out_.str(), HasSubstr("from-the-agent "));
}

TEST_F(UsageReaderTest, AnAgentOfAnotherHostIsNotTakenForThisOne) {
  answer_.boot_id = "another";
  serve();
  ASSERT_EQ(list(options("auto")), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\nweb "));
  EXPECT_EQ(err_.str(),
            "tallyman ls: the agent at " + address_ + " is of another host; this is read from this host.\n");
  ASSERT_EQ(list(options("agent")), 0);
  EXPECT_THAT(out_.str(), HasSubstr("from-the-agent "));
  EXPECT_EQ(err_.str(), "tallyman ls: the agent at " + address_ + " is of another host.\n");
}

TEST_F(UsageReaderTest, WhatIsNoAgentIsNamed) {
  serve(404);
  ASSERT_EQ(list(options("auto")), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\nweb "));
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("no agent was asked (" + address_ + ": is no agent, or an older one"),
                                HasSubstr("this is read from the host")));
  EXPECT_EQ(list(options("agent")), 1);
  EXPECT_THAT(err_.str(), HasSubstr("tallyman ls: " + address_ + ": is no agent, or an older one"));
  address_ = "127.0.0.1:1";
  EXPECT_EQ(list(options("agent")), 1);
  EXPECT_THAT(err_.str(), HasSubstr("127.0.0.1:1: Connection refused"));
}

TEST_F(UsageReaderTest, AnAgentThatHasJustStartedIsAskedAgain) {
  answer_.measured_seconds.reset();
  serve();
  ASSERT_EQ(list(options("auto")), 0);
  EXPECT_EQ(requests_, 2);
  EXPECT_THAT(out_.str(), HasSubstr("from-the-agent "));
}

TEST_F(UsageReaderTest, ContainersWithoutANameAreMentionedOnce) {
  small_.add_cgroup(std::string(64, 'c'));
  ASSERT_EQ(list(options("host")), 0);
  EXPECT_THAT(err_.str(), HasSubstr("tallyman ls: a container has its id for a name: the files of "));
  answer_.unnamed_containers = 2;
  serve();
  ASSERT_EQ(list(options("agent")), 0);
  EXPECT_EQ(
      err_.str(),
      "tallyman ls: 2 containers have their ids for names: the agent does not find the files of their runtime, or "
      "may not read them.\n");
}

TEST_F(UsageReaderTest, OldFiguresAreCalledOld) {
  answer_.time_seconds -= 3'600;
  serve();
  const auto chosen = choose_reader(options("auto"));
  ASSERT_TRUE(chosen);
  EXPECT_THAT(chosen->notes, IsEmpty());
  EXPECT_THAT(chosen->reader->notes(), Contains(HasSubstr("the agent's last sample is 36")));
}

TEST(UsageReaderNote, SaysWhyNamesAreIds) {
  EXPECT_EQ(note_on_names(0, Reader::kOther), "");
  EXPECT_EQ(note_on_names(1, Reader::kOther),
            "a container has its id for a name: the files of their runtime need root.");
  EXPECT_THAT(note_on_names(5, Reader::kRoot),
              AllOf(HasSubstr("5 containers have their ids"), HasSubstr("--docker.root")));
  EXPECT_THAT(note_on_names(5, Reader::kAgent), HasSubstr("the agent does not find the files"));
}

}  // namespace
}  // namespace tallyman
