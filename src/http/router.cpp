#include "http/router.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "base/text.hpp"

namespace rollcall::http {
namespace {

enum Rank { literal, parameter, rest };

int rank_of(std::string_view part) {
  if (!part.starts_with('{') || !part.ends_with('}')) return literal;
  return part.ends_with("...}") ? rest : parameter;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler) {
  Route route{std::move(method), std::move(pattern), {}, {}, std::move(handler)};
  for (const auto part : split(std::string_view(route.pattern).substr(1), '/')) {
    route.parts.emplace_back(part);
    route.ranks.push_back(rank_of(part));
  }
  routes_.push_back(std::move(route));
}

bool Router::fits(const Route& route, const std::vector<std::string>& path) {
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    if (route.ranks[i] == rest) return true;
    if (i == path.size()) return false;
    if (route.ranks[i] == literal && route.parts[i] != path[i]) return false;
  }
  return route.parts.size() == path.size();
}

Parameters Router::parameters(const Route& route, const std::vector<std::string>& path) {
  Parameters found;
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    if (route.ranks[i] == literal) continue;
    const bool is_rest = route.ranks[i] == rest;
    const auto& part = route.parts[i];
    auto name = part.substr(1, part.size() - (is_rest ? 5 : 2));
    const auto first = path.begin() + static_cast<std::ptrdiff_t>(i);
    found.emplace_back(std::move(name),
                       is_rest ? fmt::format("{}", fmt::join(first, path.end(), "/")) : *first);
  }
  return found;
}

Response Router::dispatch(Request request) const {
  if (!request.target.starts_with('/'))
    return problem(400, "HTTP0301", "the request target is not a path");
  std::vector<std::string> path;
  for (const auto part : split(request.path().substr(1), '/'))
    path.push_back(decode_percent(part, false));
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const Route* best = nullptr;
  std::set<std::string> allowed;
  for (const auto& route : routes_) {
    if (!fits(route, path)) continue;
    if (route.method != method) {
      if (best == nullptr) allowed.insert(route.method);
    } else if (best == nullptr || route.ranks < best->ranks) {
      best = &route;
    }
  }
  if (best == nullptr && allowed.empty()) {
    return problem(404, "HTTP0302", fmt::format("there is nothing at {}", request.path()));
  }
  if (best == nullptr) {
    auto answer = problem(405, "HTTP0303",
                          fmt::format("{} does not take {}", request.path(), request.method));
    answer.headers.add("Allow", fmt::format("{}", fmt::join(allowed, ", ")));
    return answer;
  }
  request.path_parameters = parameters(*best, path);
  auto answer = best->handler(request);
  if (request.method == "HEAD") {
    answer.headers.set("Content-Length", std::to_string(answer.body.size()));
    answer.body.clear();
  }
  return answer;
}

std::vector<std::string> Router::routes() const {
  std::vector<std::string> all;
  for (const auto& route : routes_) all.push_back(route.method + " " + route.pattern);
  return all;
}

}  // namespace rollcall::http
