// How a command reaches the product: through the server that runs on the data folder, or by opening the folder
// itself. Either way it speaks the API, so that a command is written once.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "app/console.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "http/message.hpp"

namespace rollcall::app {

struct ConnectOptions {
  std::string server;  // "": look whether one runs on `data`
  std::string token;
  std::filesystem::path data = "rollcall-data";
  bool create = false;  // make the data folder when there is none
  std::filesystem::path config =
      {};  // of `rollcall serve`; its data, database and cluster count; empty: none
  Timespan longest = minutes(5);  // that a server may take to answer
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result<http::Response> send(const http::Request& request) = 0;

  // The answer's JSON, or the problem it is as an Error.
  Result<json::value> get(const std::string& target);
  Result<json::value> post(const std::string& target, const json::value& body);
  Result<json::value> call(http::Request request);
};

// Says on err which of the two it is. APP0104: there is no data folder.
Result<std::unique_ptr<Connection>> connect(const ConnectOptions& options, const Clock& clock,
                                            const Console& console);

}  // namespace rollcall::app
