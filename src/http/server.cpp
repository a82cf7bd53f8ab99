#include "http/server.hpp"

#include <fmt/format.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "http/connection.hpp"

namespace rollcall::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Handler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        acceptor_(io_),
        retry_(io_),
        readers_({options_.workers, std::max(2U, std::thread::hardware_concurrency()),
                  options_.max_waiting}),
        writers_({options_.workers, options_.workers, options_.max_waiting}) {}

  ~AsioServer() override { stop(); }

  Result<void> listen() {
    error_code error;
    const auto name = options_.address == "localhost" ? "127.0.0.1" : options_.address;
    const auto address = boost::asio::ip::make_address(name, error);
    if (error)
      return fail("HTTP0102",
                  fmt::format("cannot listen on {}: not an IP address", options_.address));
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error == boost::asio::error::address_in_use) {
      return fail(
          "HTTP0101",
          fmt::format("port {} on {} is in use; stop what listens there or choose another with "
                      "--port N (0 takes a free one)",
                      options_.port, options_.address));
    }
    if (error) {
      return fail("HTTP0102", fmt::format("cannot listen on {} port {}: {}", options_.address,
                                          options_.port, error.message()));
    }
    port_ = acceptor_.local_endpoint(error).port();
    accept();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] { finish(); });
    {
      std::unique_lock lock(mutex_);
      all_closed_.wait_for(lock, std::chrono::seconds(5), [this] { return finished_; });
    }
    boost::asio::post(io_, [this] {
      const auto rest = connections_;
      for (const auto& connection : rest) connection->close();
      retry_.cancel();
    });
    readers_.stop();
    writers_.stop();  // handlers under way end here; what they answer is dropped
    work_.reset();
    thread_.join();
  }

 private:
  // On the I/O thread, as all below.
  void finish() {
    error_code ignored;
    stopping_ = true;
    acceptor_.close(ignored);
    const auto all = connections_;
    for (const auto& connection : all) connection->finish();
    tell_when_finished();
  }

  void tell_when_finished() {
    if (!stopping_ || !connections_.empty()) return;
    const std::lock_guard lock(mutex_);
    finished_ = true;
    all_closed_.notify_all();
  }

  void accept() {
    accepting_ = connections_.size() < options_.max_connections;
    if (!accepting_) return;  // the next one that closes goes on
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (stopping_ || error == boost::asio::error::operation_aborted) return;
      if (error) return accept_later();
      const auto connection = std::make_shared<Connection>(
          std::move(socket), options_, handler_, Workers{readers_, writers_},
          [this](const std::shared_ptr<Connection>& closed) { forget(closed); });
      connections_.insert(connection);
      connection->start();
      accept();
    });
  }

  // Out of file descriptors, most likely: some will come back.
  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](error_code error) {
      if (!error && !stopping_) accept();
    });
  }

  void forget(const std::shared_ptr<Connection>& closed) {
    connections_.erase(closed);
    tell_when_finished();
    if (!accepting_ && !stopping_) accept();
  }

  ServerOptions options_;
  Handler handler_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  WorkerPool readers_, writers_;
  std::set<std::shared_ptr<Connection>> connections_;
  std::uint16_t port_ = 0;
  bool accepting_ = false;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable all_closed_;
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto server = std::make_unique<AsioServer>(std::move(options), std::move(handler));
  TRY_DO(server->listen());
  return server;
}

bool is_loopback_address(std::string_view address) {
  if (address == "localhost") return true;
  error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(address), error);
  return !error && parsed.is_loopback();
}

}  // namespace rollcall::http
