// The running server: a Serving behind a port, the loop that takes its flows forward every second, and the note in
// the data folder by which commands find it.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/console.hpp"
#include "app/serving.hpp"
#include "http/server.hpp"

namespace rollcall::app {

class Server {
 public:
  // APP0103: the address is not this machine's alone, and there are no tokens. HTTP0101: the port is in use.
  static Result<std::unique_ptr<Server>> start(std::unique_ptr<Serving> serving,
                                               std::filesystem::path data,
                                               const std::string& address, std::uint16_t port,
                                               const Console& console);
  ~Server();

  // A second port for OTLP alone, where exporters send to when nobody told them otherwise. Answers the port listened on.
  Result<std::uint16_t> listen_for_otlp(std::uint16_t port);

  std::string url() const;
  Serving& serving() { return *serving_; }

 private:
  Server(std::unique_ptr<Serving> serving, std::filesystem::path data, const Console& console);
  void loop();
  void listen();
  void ring();  // the loop looks at once

  std::unique_ptr<Serving> serving_;
  std::filesystem::path data_;  // "": in memory, nobody can find it
  Console console_;
  std::string address_;
  std::unique_ptr<http::Server> server_, otlp_server_;
  std::mutex mutex_;
  std::condition_variable wake_, stopped_;
  bool stopping_ = false;
  bool rung_ = false;
  std::thread loop_;
  std::thread listener_;  // to what other processes write into the same database
};

// The URL that the server of this data folder wrote down; nullopt when there is none.
std::optional<std::string> noted_server(const std::filesystem::path& data);

// Blocks until SIGINT or SIGTERM comes. Call before threads are started: they inherit the mask.
class StopSignal {
 public:
  StopSignal();
  void wait() const;
};

}  // namespace rollcall::app
