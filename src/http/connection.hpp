// One client's connection: read a request → run the handler on a worker → write the answer → again.
// Everything but the handler runs on the server's one I/O thread, so nothing here is locked.
//
//   state     | what happens                                  | next
//   reading   | bytes go to the parser                        | handling, writing (refused), closed
//   handling  | a worker runs the handler; the next is read   | writing
//   writing   | the answer goes out                           | reading (kept alive), draining
//   draining  | the answer is out, what still comes is thrown | closed
#pragma once
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "http/parser.hpp"
#include "http/server.hpp"
#include "http/worker_pool.hpp"

namespace rollcall::http {

// Who runs the handler. What only reads is short, and takes its turn; what writes waits for the disk, and the
// more of it waits together, the better.
struct Workers {
  WorkerPool& readers;
  WorkerPool& writers;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Closed = std::function<void(const std::shared_ptr<Connection>&)>;

  Connection(boost::asio::ip::tcp::socket socket, const ServerOptions& options,
             const Handler& handler, Workers workers, Closed closed);
  void start();
  // Closes at once when between requests, else after the answer under way.
  void finish();
  void close();

 private:
  void read();
  void feed();
  void handle();
  void watch();
  void answer(Response response, bool head);
  void write(std::string bytes, bool then_read);
  void drain();
  void arm(Timespan span);
  void disarm() { deadline_ = std::chrono::steady_clock::time_point::max(); }
  void wait();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  // When it is closed for standing still. It moves with every step, the timer only when it must be
  // sooner: one that goes off too early looks again.
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::chrono::steady_clock::time_point waits_until_ = std::chrono::steady_clock::time_point::max();
  const ServerOptions& options_;
  const Handler& handler_;
  Workers workers_;
  Closed closed_;
  RequestParser parser_;
  std::array<char, 64 * 1024> chunk_{};
  std::string unread_;
  std::string outgoing_;
  bool loopback_ = false;
  bool keep_alive_ = false;
  bool finishing_ = false;
  bool busy_ = false;                        // handling or writing
  bool watching_ = false;                    // a read is under way that watch() began
  bool wants_read_ = false;                  // its bytes are waited for
  bool ended_ = false;                       // the client sends nothing more
  std::shared_ptr<std::atomic<bool>> gone_;  // of the request being handled: the client went away
  bool is_closed_ = false;
  int drained_chunks_ = 0;
};

}  // namespace rollcall::http
