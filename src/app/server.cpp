#include "app/server.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "base/json.hpp"

namespace rollcall::app {
namespace {

constexpr std::string_view note_name = "server.json";

}  // namespace

Result<std::unique_ptr<Server>> Server::start(std::unique_ptr<Serving> serving,
                                              std::filesystem::path data,
                                              const std::string& address, std::uint16_t port,
                                              const Console& console) {
  if (!http::is_loopback_address(address)) {
    TRY(const auto any, serving->tokens().any());
    if (!any) {
      return fail(
          "APP0103",
          fmt::format("listening on {} would let everybody in: make a token first (rollcall token "
                      "create NAME --scopes admin), or listen on 127.0.0.1",
                      address));
    }
  }
  auto server = std::unique_ptr<Server>(new Server(std::move(serving), std::move(data), console));
  http::ServerOptions options;
  options.address = address;
  options.port = port;
  Serving& handling = *server->serving_;
  TRY(server->server_, http::Server::start(options, [&handling](const http::Request& request) {
        return handling.handle(request);
      }));
  server->address_ = address.find(':') == std::string::npos ? address : "[" + address + "]";
  if (!server->data_.empty()) {
    std::ofstream(server->data_ / note_name, std::ios::binary)
        << json::serialize(json::object{{"url", server->url()}}) << "\n";
  }
  server->serving_->driver().with([&](flow::Driver& driver) { driver.set_url(server->url()); });
  server->serving_->on_wake([raw = server.get()] { raw->ring(); });
  server->loop_ = std::thread([raw = server.get()] { raw->loop(); });
  if (server->serving_->product().database().dialect() == sql::Dialect::postgresql)
    server->listener_ = std::thread([raw = server.get()] { raw->listen(); });
  return server;
}

Result<std::uint16_t> Server::listen_for_otlp(std::uint16_t port) {
  http::ServerOptions options;
  options.address = address_.starts_with('[') ? address_.substr(1, address_.size() - 2) : address_;
  options.port = port;
  Serving& handling = *serving_;
  const auto handle = [&handling](const http::Request& request) {
    if (request.path().starts_with("/v1/")) return handling.handle(request);
    return http::problem(404, "HTTP0302",
                         "this port takes OTLP only: POST /v1/logs and /v1/metrics");
  };
  TRY(otlp_server_, http::Server::start(options, handle));
  return otlp_server_->port();
}

Server::Server(std::unique_ptr<Serving> serving, std::filesystem::path data, const Console& console)
    : serving_(std::move(serving)), data_(std::move(data)), console_(console) {}

Server::~Server() {
  if (!server_) return;
  std::error_code ignored;
  if (!data_.empty()) std::filesystem::remove(data_ / note_name, ignored);
  serving_->on_wake({});
  server_->stop();
  if (otlp_server_) otlp_server_->stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  stopped_.notify_all();
  if (loop_.joinable()) loop_.join();
  if (listener_.joinable()) listener_.join();
}

// A wildcard address is reached through this machine's own.
std::string Server::url() const {
  const auto host = address_ == "0.0.0.0" || address_ == "[::]" ? "127.0.0.1" : address_;
  return fmt::format("http://{}:{}", host, server_->port());
}

void Server::ring() {
  {
    const std::lock_guard lock(mutex_);
    rung_ = true;
  }
  wake_.notify_all();
}

void Server::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    serving_->run_due_flows(console_.err);
    lock.lock();
    wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_ || rung_; });
    rung_ = false;
  }
}

// Without the others' news flows look at their times only: so a lost connection is tried again, and no more.
void Server::listen() {
  auto& database = serving_->product().database();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool heard = database.hear_others(Timespan{ticks_per_second / 5}).has_value();
    lock.lock();
    if (!heard) stopped_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
  }
}

std::optional<std::string> noted_server(const std::filesystem::path& data) {
  std::ifstream stream(data / note_name, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  const auto note = parse_json(text.str());
  if (!note) return std::nullopt;
  const auto url = text_or(*note, "url");
  return url.empty() ? std::nullopt : std::optional(std::string(url));
}

StopSignal::StopSignal() {
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on files is then an error of the write, as a full disk is
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void StopSignal::wait() const {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  int signal = 0;
  sigwait(&set, &signal);
}

}  // namespace rollcall::app
