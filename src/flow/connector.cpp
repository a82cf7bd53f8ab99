#include "flow/connector.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::flow {
namespace {

std::string suggestion(std::string_view name, const std::vector<std::string>& there_are) {
  const auto nearest = nearest_name(name, there_are);
  if (!nearest.empty()) return fmt::format("; did you mean '{}'?", nearest);
  if (there_are.empty()) return "; there is none at all";
  return fmt::format("; there {} {}", there_are.size() == 1 ? "is" : "are",
                     fmt::join(there_are, ", "));
}

int http_status(const Error& error) {
  if (error.code == "LIST0101" || error.code == "LIST0102") return 404;
  if (error.code == "LIST0103") return 412;
  if (error.code == "LIST0105") return 409;
  return 400;
}

}  // namespace

std::string IdempotencyKey::to_string() const {
  std::string at;
  for (const auto iteration : iterations)
    at += fmt::format("{}{}", at.empty() ? "" : ".", iteration);
  return fmt::format("{}/{}/{}/{}", run, action, at.empty() ? "-" : at, attempt);
}

Outcome answered(int status, json::value body) {
  return {json::object{{"statusCode", status}, {"body", std::move(body)}}, {}, {}};
}

Outcome refused(int status, std::string code, std::string message) {
  json::object body{{"status", status}, {"message", message}};
  return {json::object{{"statusCode", status}, {"body", std::move(body)}}, std::move(code),
          std::move(message)};
}

Outcome refused(const Error& error) {
  return refused(http_status(error), error.code, error.message);
}

std::optional<std::size_t> Connector::find(std::string_view operation) const {
  const auto all = operations();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (equals_ignoring_case(all[i].id, operation)) return i;
  }
  return std::nullopt;
}

Result<std::string> Connector::announcement(std::size_t, const json::object&, store::Connection&) {
  return std::string();
}

void Connectors::add(std::unique_ptr<Connector> connector, std::string connection) {
  for (const auto& known : all_) {
    CHECK(!equals_ignoring_case(known.connector->id(), connector->id()) ||
          !equals_ignoring_case(known.connection, connection));
  }
  all_.push_back({std::move(connector), std::move(connection)});
}

Connector* Connectors::find(std::string_view id, std::string_view connection) const {
  Connector* otherwise = nullptr;
  Connector* only = nullptr;
  std::size_t count = 0;
  for (const auto& known : all_) {
    if (!equals_ignoring_case(known.connector->id(), id)) continue;
    if (equals_ignoring_case(known.connection, connection)) return known.connector.get();
    if (known.connection.empty()) otherwise = known.connector.get();
    only = known.connector.get();
    ++count;
  }
  if (count > 0) return otherwise != nullptr || count != 1 ? otherwise : only;
  // Whoever maps a flow's connections may name one of the configured ones.
  const auto named = std::ranges::find_if(all_, [&](const Known& known) {
    return !id.empty() && equals_ignoring_case(known.connection, id);
  });
  return named == all_.end() ? nullptr : named->connector.get();
}

std::vector<std::string> Connectors::ids() const {
  std::vector<std::string> ids;
  for (const auto& known : all_) {
    if (std::ranges::find(ids, known.connector->id()) == ids.end())
      ids.emplace_back(known.connector->id());
  }
  return ids;
}

std::vector<std::string> Connectors::connections(std::string_view id) const {
  std::vector<std::string> names;
  for (const auto& known : all_) {
    if (equals_ignoring_case(known.connector->id(), id) && !known.connection.empty())
      names.push_back(known.connection);
  }
  return names;
}

Result<BoundOperation> bind_operation(const Connectors& connectors, std::string_view connector,
                                      std::string_view operation, std::string_view connection) {
  auto* found = connectors.find(connector, connection);
  if (found == nullptr) {
    if (const auto names = connectors.connections(connector); !names.empty()) {
      return fail(
          "FLOW0301",
          fmt::format(
              "connector '{}' has several connections, and none is called '{}'; there are {}",
              connector, connection, fmt::join(names, ", ")));
    }
    return fail("FLOW0301", fmt::format("unknown connector '{}'{}", connector,
                                        suggestion(connector, connectors.ids())));
  }
  if (const auto index = found->find(operation)) return BoundOperation{found, *index};
  std::vector<std::string> there_are;
  for (const auto& one : found->operations()) there_are.push_back(one.id);
  return fail("FLOW0302", fmt::format("connector '{}' has no operation '{}'{}", found->id(),
                                      operation, suggestion(operation, there_are)));
}

}  // namespace rollcall::flow
