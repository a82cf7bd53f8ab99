// Whether all is well: what Rollcall says of itself when logs stop, polls stop, or a source stops; and that the heartbeat is heard by
// a monitor only while it is so.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "app/serving.hpp"
#include "http/server.hpp"

namespace rollcall::app {
namespace {

const Timestamp start = *parse_iso("2026-01-01T12:00:00Z");

class Health : public testing::Test {
 protected:
  void open(std::vector<std::string> flows) {
    ProductOptions options;
    options.enabled_flows = std::move(flows);
    auto opened = Serving::open(clock_, std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    serving_ = *std::move(opened);
  }
  http::Response ask(const std::string& target) {
    http::Request request;
    request.target = target;
    request.loopback = true;
    return serving_->handle(request);
  }
  int pipeline() { return ask("/healthz/pipeline").status; }
  std::string problems() {
    const auto health = parse_json(ask("/api/v1/health").body).value();
    std::string text;
    for (const auto& one : health.at("problems").as_array())
      text += std::string(one.as_string()) + "\n";
    EXPECT_EQ(health.at("well").as_bool(), text.empty());
    return text;
  }
  void log(std::string_view region) {
    telemetry::LogBatch batch;
    telemetry::LogRow row;
    row.timestamp = row.observed_timestamp = clock_.now();
    row.environment = "prod";
    row.role = "api";
    row.region = region;
    row.version = "1";
    row.instance = region;
    batch.append(row);
    ASSERT_TRUE(serving_->product().warehouse().ingest(batch, clock_.now()));
  }
  void poll() {
    serving_->run_due_flows([](std::string_view text) { ADD_FAILURE() << text; });
  }
  // How the region stands in the matrix.
  std::string cell(std::string_view region) {
    const auto snapshot = parse_json(ask("/api/v1/snapshot").body).value();
    for (const auto& one : snapshot.at("cells").as_array()) {
      if (text_or(one, "region") != region) continue;
      const auto source = text_or(one, "deafSource");
      return one.at("silent").as_bool() ? "silent " + std::string(source) : "heard";
    }
    return "none";
  }

  ManualClock clock_{start};
  std::unique_ptr<Serving> serving_;
};

TEST_F(Health, LogsThatStop) {
  open({});
  EXPECT_EQ(problems(), "");
  clock_.advance(hours(1));
  EXPECT_EQ(pipeline(), 200);  // none ever came
  log("eu");
  clock_.advance(minutes(15));
  EXPECT_EQ(pipeline(), 200);
  clock_.advance(seconds(1));
  EXPECT_EQ(pipeline(), 503);
  EXPECT_EQ(problems(),
            "no log has come in since 2026-01-01T13:00:00Z: what sends them stands still, or all "
            "regions do\n");
  EXPECT_TRUE(ask("/metrics").body.contains("\nrollcall_well 0\n"));
  log("eu");
  EXPECT_EQ(pipeline(), 200);
  EXPECT_TRUE(ask("/metrics").body.contains("\nrollcall_well 1\n"));
}

TEST_F(Health, PollsThatStop) {
  open({"track-deployments"});
  clock_.advance(minutes(16));
  EXPECT_EQ(problems(), "the flow track-deployments has not succeeded yet\n");
  poll();
  EXPECT_EQ(problems(), "");
  const auto health = parse_json(ask("/api/v1/health").body).value();
  EXPECT_EQ(text_or(health, "lastPoll"), "2026-01-01T12:16:00Z");
  clock_.advance(minutes(16));
  EXPECT_EQ(problems(),
            "the flow track-deployments has not succeeded since 2026-01-01T12:16:00Z\n");
}

// Nobody listens on that port of this machine.
sources::SourceOptions unreachable() {
  sources::SourceOptions source;
  source.name = "eu-pods";
  source.kind = "version";
  source.url = "http://127.0.0.1:9/";
  source.names = {"prod", "api", "eu", ""};
  return source;
}

TEST_F(Health, ASourceThatStoppedIsNoRegionThatWentSilent) {
  open({"track-deployments"});
  log("eu");
  log("us");
  ASSERT_TRUE(serving_->pull({unreachable()}));
  poll();
  EXPECT_EQ(cell("eu"), "heard");
  EXPECT_EQ(problems(), "");
  clock_.advance(minutes(11));
  poll();
  EXPECT_EQ(cell("eu"), "silent eu-pods");
  EXPECT_EQ(cell("us"), "silent ");
  EXPECT_TRUE(problems().starts_with("source eu-pods stopped: nothing was read yet; "))
      << problems();
  log("eu");
  EXPECT_EQ(cell("eu"), "heard");
}

TEST_F(Health, TheHeartbeatIsHeardWhileAllIsWell) {
  std::atomic<int> heard = 0;
  const auto monitor = http::Server::start({.port = 0}, [&](const http::Request& request) {
    if (request.target == "/ping") ++heard;
    return http::text_response(200, "ok");
  });
  ASSERT_TRUE(monitor) << monitor.error().message;
  open({});
  log("eu");
  HeartbeatOptions options;
  options.url = fmt::format("http://127.0.0.1:{}/ping", (*monitor)->port());
  options.every = milliseconds(20);
  serving_->beat(options, [](std::string_view text) { ADD_FAILURE() << text; });
  for (int i = 0; i < 500 && heard < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_GE(heard, 2);
  clock_.advance(hours(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const int before = heard;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(heard, before);
  serving_.reset();
}

}  // namespace
}  // namespace rollcall::app
