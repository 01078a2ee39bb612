#include "agent/commands/health_command.h"

#include "agent/http/http_server.h"
#include "agent/http/responses.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>

#include <sstream>

namespace tallyman {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::string_literals;

class HealthCommand : public ::testing::Test {
 protected:
  ~HealthCommand() override { server_->stop(); }

  HealthCommand() { server_->start(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  // The exit status; the agent to ask is given by the flags of `health` itself.
  int run(const std::string& listen_address) {
    Options options;
    options.web.listen_address = listen_address;
    out_.str("");
    err_.str("");
    return run_health_command(options, own_.root(), out_, err_);
  }

  int status_ = 200;
  std::string path_;
  std::ostringstream out_, err_;
  HostBuilder own_;
  std::unique_ptr<HttpServer> server_ =
      HttpServer::listen("127.0.0.1:0", {}, [this](const HttpRequest& request, const HttpServer::Respond& respond) {
        path_ = request.path;
        respond(text_response(status_, status_ == 200 ? "Tallyman is ready." : "Not ready: no sample yet."));
      }).value();
};

TEST_F(HealthCommand, IsZeroIfTheAgentIsReady) {
  EXPECT_EQ(run(address()), 0);
  EXPECT_EQ(out_.str(), "Tallyman is ready.\n");
  EXPECT_THAT(err_.str(), IsEmpty());
  EXPECT_EQ(path_, "/-/ready");
}

TEST_F(HealthCommand, IsOneWithTheReasonIfItIsNot) {
  status_ = 503;
  EXPECT_EQ(run(address()), 1);
  EXPECT_EQ(err_.str(), "Not ready: no sample yet.\n");
  server_->stop();
  EXPECT_EQ(run(address()), 1);
  EXPECT_THAT(err_.str(), HasSubstr("tallyman: " + address()));
}

TEST_F(HealthCommand, AsksTheAgentThatIsProcess1WhereverItListens) {
  constexpr const char* kNobody = "127.0.0.1:1";
  own_.file("proc/1/cmdline", "/usr/bin/tallyman\0--web.listen-address="s + address() + "\0"s);
  EXPECT_EQ(run(kNobody), 0) << err_.str();
  own_.file("proc/1/cmdline",
            "/usr/bin/cadvisor\0-listen_ip=127.0.0.1\0--port="s + std::to_string(server_->port()) + "\0"s);
  EXPECT_EQ(run(kNobody), 0) << err_.str();
  own_.file("proc/1/cmdline", "/sbin/init\0--web.listen-address="s + address() + "\0"s);
  EXPECT_EQ(run(kNobody), 1);
}

}  // namespace
}  // namespace tallyman
