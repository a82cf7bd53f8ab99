// The server and the client over loopback, on ports the system gives.
#include "http/server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "http/client.hpp"
#include "http/gzip.hpp"
#include "http/raw.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::http {
namespace {

std::shared_ptr<Router> example_routes() {
  auto router = std::make_shared<Router>();
  router->add("GET", "/hello", [](const Request&) { return text_response(200, "hello\n"); });
  router->add("GET", "/cells/{cell}/history", [](const Request& request) {
    return text_response(200, fmt::format("history of {}, top {}\n", request.path_value("cell"),
                                          request.query_value("top").value_or("all")));
  });
  router->add("GET", "/cells/all/history",
              [](const Request&) { return text_response(200, "of all\n"); });
  router->add("GET", "/files/{path...}", [](const Request& request) {
    return text_response(200, fmt::format("file '{}'\n", request.path_value("path")));
  });
  router->add("POST", "/echo",
              [](const Request& request) { return text_response(200, request.body + "\n"); });
  router->add("GET", "/large",
              [](const Request&) { return text_response(200, std::string(100'000, 'x')); });
  router->add("GET", "/empty", [](const Request&) { return Response{204, {}, {}}; });
  router->add("GET", "/broken",
              [](const Request&) -> Response { throw std::runtime_error("out of paper"); });
  return router;
}

Handler handler_of(std::shared_ptr<Router> router) {
  return [router](const Request& request) { return router->dispatch(request); };
}

std::unique_ptr<Server> start(Handler handler, ServerOptions options = {}) {
  options.port = 0;
  options.workers = 2;
  auto server = Server::start(options, std::move(handler));
  EXPECT_TRUE(server.has_value()) << server.error().message;
  return *std::move(server);
}

// Line ends become \r\n on the way out; coming back, `\r` goes and an empty line is shown as `~`.
std::string to_wire(const std::string& text) {
  std::string wire;
  for (const char c : text) wire += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return wire;
}

std::string to_text(const std::string& wire) {
  std::string text;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    if (wire.compare(i, 4, "\r\n\r\n") == 0) {
      text += "\n~\n";
      i += 3;
    } else if (wire[i] != '\r') {
      text += wire[i];
    }
  }
  return text;
}

test::Handlers make() {
  ServerOptions options;
  options.max_header_bytes = 512;
  options.max_body_bytes = 64;
  auto server = std::shared_ptr<Server>(start(handler_of(example_routes()), options));
  test::Handlers handlers;
  handlers["request"] = [server](const test::GoldenCase& one) {
    return to_text(test::exchange(
        server->port(), to_wire(one.body) + (one.body.contains("\n\n") ? "" : "\r\n\r\n")));
  };
  // request-gzip TARGET [CUT]: POSTs the body packed, perhaps without its last CUT bytes.
  handlers["request-gzip"] = [server](const test::GoldenCase& one) {
    std::string packed = gzip(one.body);
    if (one.arguments.size() > 1) packed.resize(packed.size() - std::stoul(one.arguments[1]));
    return to_text(test::exchange(
        server->port(),
        fmt::format("POST {} HTTP/1.1\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    one.arguments.at(0), packed.size(), packed)));
  };
  return handlers;
}

const test::Registration golden{[] { test::register_golden("Http", TEST_FOLDER, make); }};

ClientRequest get(const Server& server, std::string_view target) {
  ClientRequest request;
  request.url = fmt::format("http://127.0.0.1:{}{}", server.port(), target);
  return request;
}

TEST(Server, SaysThatThePortIsInUse) {
  const auto server = start(handler_of(example_routes()));
  ServerOptions options;
  options.port = server->port();
  const auto second = Server::start(options, handler_of(example_routes()));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, "HTTP0101");
  EXPECT_EQ(
      second.error().message,
      fmt::format(
          "port {} on 127.0.0.1 is in use; stop what listens there or choose another with --port N "
          "(0 takes a free one)",
          server->port()));
}

TEST(Server, RefusesAnAddressThatIsNone) {
  ServerOptions options;
  options.address = "my-host";
  const auto server = Server::start(options, handler_of(example_routes()));
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code, "HTTP0102");
}

TEST(Server, AnswersLargeBodiesPackedWhenAsked) {
  const auto server = start(handler_of(example_routes()));
  const auto plain =
      test::exchange(server->port(), "GET /large HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto packed = test::exchange(
      server->port(),
      "GET /large HTTP/1.1\r\nConnection: close\r\nAccept-Encoding: deflate, gzip\r\n\r\n");
  EXPECT_GT(plain.size(), 100'000U);
  EXPECT_LT(packed.size(), 2'000U);
  EXPECT_TRUE(packed.contains("Content-Encoding: gzip\r\n"));
  const auto client = make_client();
  const auto answer = client->send(get(*server, "/large"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, std::string(100'000, 'x'));
}

// A handler that stands until the test lets it go on.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int inside = 0;
  bool open = false;

  Response pass() {
    std::unique_lock lock(mutex);
    ++inside;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    return text_response(200, "passed");
  }
  void wait_inside(int n) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside == n; });
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST(Server, RefusesMoreThanMayWait) {
  Gate gate;
  ServerOptions options;
  options.max_waiting = 1;
  const auto server = start([&](const Request&) { return gate.pass(); }, options);
  const auto port = server->port();
  const auto ask = [port] {
    return test::exchange(port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  };
  auto first = std::async(std::launch::async, ask);
  gate.wait_inside(1);
  auto second = std::async(std::launch::async, ask);
  gate.wait_inside(2);
  // One of these two waits for a worker, the other is refused; which one is the system's affair.
  auto third = std::async(std::launch::async, ask);
  auto fourth = std::async(std::launch::async, ask);
  while (third.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready &&
         fourth.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
  }
  gate.let_go();
  const auto refused = [](const std::string& answer) {
    return answer.contains("503 Service Unavailable") ? 1 : 0;
  };
  EXPECT_EQ(refused(third.get()) + refused(fourth.get()), 1);
  EXPECT_TRUE(first.get().contains("passed"));
  EXPECT_TRUE(second.get().contains("passed"));
}

// A handler that waits until its client has gone away, or until it is tired of waiting.
Handler patient(std::promise<bool>& heard) {
  return [&heard](const Request& request) {
    for (int i = 0; i < 500 && !*request.gone; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    heard.set_value(*request.gone);
    return text_response(200, "done\n");
  };
}
constexpr std::string_view question = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(Server, TellsTheHandlerThatItsClientWentAway) {
  std::promise<bool> heard;
  const auto server = start(patient(heard));
  const int socket = test::connect_to(server->port());
  ASSERT_EQ(::write(socket, question.data(), question.size()),
            static_cast<ssize_t>(question.size()));
  ::close(socket);
  EXPECT_TRUE(heard.get_future().get());
}

TEST(Server, AnswersAClientThatOnlyStoppedSending) {
  std::promise<bool> heard;
  const auto server = start(patient(heard));
  const int socket = test::connect_to(server->port());
  ASSERT_EQ(::write(socket, question.data(), question.size()),
            static_cast<ssize_t>(question.size()));
  ::shutdown(socket, SHUT_WR);
  std::string answer;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(socket, bytes, sizeof bytes)) > 0;)
    answer.append(bytes, static_cast<std::size_t>(got));
  ::close(socket);
  EXPECT_TRUE(heard.get_future().get());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
}

TEST(Server, ReadsAheadWithoutLosingTheNextRequest) {
  const auto server = start([](const Request& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the next one comes meanwhile
    return text_response(200,
                         std::string(request.target) + (*request.gone ? " gone" : " here") + "\n");
  });
  const int socket = test::connect_to(server->port());
  std::string answer;
  for (const std::string_view part : {"GET /1 HTTP/1.1\r\n\r\n", "GET /2 HTTP/1.1\r\n",
                                      "\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    ASSERT_EQ(::write(socket, part.data(), part.size()), static_cast<ssize_t>(part.size()));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(socket, bytes, sizeof bytes)) > 0;)
    answer.append(bytes, static_cast<std::size_t>(got));
  ::close(socket);
  for (const char* part : {"/1 here\n", "/2 here\n", "/3 here\n"})
    EXPECT_TRUE(answer.contains(part)) << part << answer;
}

TEST(Server, StopsAfterTheRequestUnderWay) {
  Gate gate;
  auto server = start([&](const Request&) { return gate.pass(); });
  const auto port = server->port();
  const int idle = test::connect_to(port);
  auto answer = std::async(std::launch::async,
                           [port] { return test::exchange(port, "GET / HTTP/1.1\r\n\r\n"); });
  gate.wait_inside(1);
  auto stopped = std::async(std::launch::async, [&] { server->stop(); });
  // The idle connection is closed at once: reading from it ends (reset, if it was not accepted yet).
  char byte = 0;
  EXPECT_LE(::read(idle, &byte, 1), 0);
  ::close(idle);
  gate.let_go();
  EXPECT_TRUE(answer.get().contains("passed"));
  stopped.get();
  EXPECT_EQ(test::exchange(port, "GET / HTTP/1.1\r\n\r\n"), "no connection");
}

TEST(Client, TellsWhyThereIsNoAnswer) {
  const auto server = start(handler_of(example_routes()));
  const auto client = make_client();
  auto request = get(*server, "/large");
  request.max_response_bytes = 1000;
  EXPECT_EQ(client->send(request).error().code, "HTTP0204");
  request.url = "gopher://127.0.0.1/";
  EXPECT_EQ(client->send(request).error().code, "HTTP0201");
  request = get(*server, "/hello");
  request.headers.add("X-Note", "one\r\nX-Other: two");
  EXPECT_EQ(client->send(request).error().code, "HTTP0201");
  request = get(*server, "/hello");
  server->stop();
  EXPECT_EQ(client->send(request).error().code, "HTTP0202");
}

TEST(Client, GivesUpAfterItsTimeout) {
  Gate gate;
  const auto server = start([&](const Request&) { return gate.pass(); });
  const auto client = make_client();
  auto request = get(*server, "/");
  request.timeout = milliseconds(50);
  EXPECT_EQ(client->send(request).error().code, "HTTP0203");
  gate.let_go();
}

TEST(Client, SendsMethodHeadersAndBody) {
  const auto server = start([](const Request& request) {
    return text_response(200, fmt::format("{} {} {} {}", request.method, request.target,
                                          request.headers.value_or("X-Note"), request.body));
  });
  const auto client = make_client();
  auto request = get(*server, "/list?a=1");
  request.method = "PATCH";
  request.headers.add("X-Note", "quick");
  request.body = "body";
  EXPECT_EQ(client->send(request).value().body, "PATCH /list?a=1 quick body");
}

}  // namespace
}  // namespace rollcall::http
