// Finds the handler of a request by method and path. Patterns are paths whose parts may be `{name}` (one
// part, decoded into path_parameters) and, at the end, `{name...}` (the rest of the path, also empty).
// A literal part goes before `{name}`, and that before `{name...}`, whatever the order they were added in.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace rollcall::http {

using Handler = std::function<Response(const Request&)>;

class Router {
 public:
  void add(std::string method, std::string pattern, Handler handler);
  // 404 and 405 (with Allow) are problem documents. HEAD is answered as GET without the body.
  Response dispatch(Request request) const;
  // `GET /api/v1/cells`, in the order they were added.
  std::vector<std::string> routes() const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> parts;
    std::vector<int> ranks;  // of each part; the least list is the best fit
    Handler handler;
  };
  static bool fits(const Route& route, const std::vector<std::string>& path);
  static Parameters parameters(const Route& route, const std::vector<std::string>& path);
  std::vector<Route> routes_;
};

}  // namespace rollcall::http
