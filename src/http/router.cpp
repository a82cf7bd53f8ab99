#include "http/router.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <set>

#include "base/text.hpp"

namespace rollcall::http {
namespace {

bool is_rest(std::string_view part) { return part.starts_with('{') && part.ends_with("...}"); }
bool is_parameter(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }
std::string name_of(std::string_view part) {
  return std::string(part.substr(1, part.size() - (is_rest(part) ? 5 : 2)));
}

// How a route fits: for each part 0 (literal), 1 (parameter) or 2 (rest); the least list is the best fit.
struct Fit {
  std::vector<int> rank;
  Parameters parameters;
};

std::optional<Fit> fit(const std::vector<std::string>& parts,
                       const std::vector<std::string_view>& path) {
  Fit found;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_rest(parts[i])) {
      std::string rest;
      for (std::size_t at = i; at < path.size(); ++at) {
        rest += (at == i ? "" : "/") + decode_percent(path[at], false);
      }
      found.rank.push_back(2);
      found.parameters.emplace_back(name_of(parts[i]), std::move(rest));
      return found;
    }
    if (i == path.size()) return std::nullopt;
    if (is_parameter(parts[i])) {
      found.rank.push_back(1);
      found.parameters.emplace_back(name_of(parts[i]), decode_percent(path[i], false));
    } else if (decode_percent(path[i], false) == parts[i]) {
      found.rank.push_back(0);
    } else {
      return std::nullopt;
    }
  }
  if (parts.size() != path.size()) return std::nullopt;
  return found;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler) {
  Route route{std::move(method), std::move(pattern), {}, std::move(handler)};
  for (const auto part : split(std::string_view(route.pattern).substr(1), '/'))
    route.parts.emplace_back(part);
  routes_.push_back(std::move(route));
}

Response Router::dispatch(Request request) const {
  if (!request.target.starts_with('/'))
    return problem(400, "HTTP0301", "the request target is not a path");
  const auto path = split(request.path().substr(1), '/');
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const Route* best = nullptr;
  Fit best_fit;
  std::set<std::string> allowed;
  for (const auto& route : routes_) {
    auto here = fit(route.parts, path);
    if (!here) continue;
    if (route.method != method) {
      allowed.insert(route.method);
    } else if (best == nullptr || here->rank < best_fit.rank) {
      best = &route;
      best_fit = *std::move(here);
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
  request.path_parameters = std::move(best_fit.parameters);
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
