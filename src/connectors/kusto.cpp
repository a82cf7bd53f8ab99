#include "connectors/kusto.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Operation;
using flow::Outcome;
using flow::Place;

enum Index : std::size_t { show_command = 4, async_command = 5 };

std::vector<Operation> operations_at(Place place) {
  return {
      {"ListKustoResultsPost", place, "Run KQL query", "post", "/ListKustoResults/false"},
      {"ListKustoResults", place, "Run KQL query", "get", "/ListKustoResults"},
      {"RunKustoQuery", place, "Run KQL query", "post", "/RunKustoQuery"},
      {"ListKustoResultsSchemaPost", place, "Run KQL query and list results", "post",
       "/ListKustoResults"},
      {"ListKustoShowCommandResults", place, "Run show control command", "post",
       "/ListKustoShowCommandResults"},
      {"RunAsyncControlCommandAndWait", place, "Run async control command", "post",
       "/RunAsyncControlCommandAndWait"},
  };
}

json::value dynamic(const std::string& text) {
  auto value = parse_json(
      text, 900);  // as all JSON from outside: what it is kept in is read back 1,000 deep
  return value ? *std::move(value) : json::value(text);
}

struct Convert {
  kql::Type type;
  json::value operator()(std::monostate) const { return nullptr; }
  json::value operator()(bool value) const { return value; }
  json::value operator()(std::int64_t value) const { return value; }
  json::value operator()(double value) const {
    if (std::isfinite(value)) return value;
    return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }
  json::value operator()(Timestamp value) const { return json::value(format_iso(value)); }
  json::value operator()(Timespan value) const { return json::value(format_timespan(value)); }
  json::value operator()(const std::string& value) const {
    return type == kql::Type::dynamic ? dynamic(value) : json::value(value);
  }
};

// "body/csl", as designers flatten it; `csl`; or a member of `body`.
std::string_view parameter(const json::object& parameters, std::string_view name) {
  const json::value* value = parameters.if_contains(fmt::format("body/{}", name));
  if (value == nullptr) value = parameters.if_contains(name);
  const auto* body = parameters.if_contains("body");
  if (value == nullptr && body != nullptr) value = find(*body, name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

// Too busy, no memory left by others, and too slow may be better the next time; what KQL says is
// said for good.
Outcome failed(const Error& error) {
  const bool busy = error.code == "WAREHOUSE0104" || error.code == "WAREHOUSE0105",
             slow = error.code == "WAREHOUSE0103";
  auto outcome = flow::refused(busy ? 429 : slow ? 504 : 400, error.code, error.message);
  outcome.may_retry = busy || slow;
  return outcome;
}

class Kusto final : public flow::Connector {
 public:
  Kusto(warehouse::Warehouse& warehouse, Place place)
      : warehouse_(warehouse), operations_(operations_at(place)) {}

  std::string_view id() const override { return "shared_kusto"; }
  std::span<const Operation> operations() const override { return operations_; }

  Result<Outcome> call(std::size_t operation, const Call& call) override {
    const auto csl = parameter(call.parameters, "csl");
    if (csl.empty())
      return flow::refused(400, "CONNECTOR0301",
                           "parameter 'csl', the query or command, is missing");
    const bool commands = operation == show_command || operation == async_command;
    if (const auto why = unfit(operation, csl)) return flow::refused(400, "CONNECTOR0302", *why);
    warehouse::QueryOptions options;
    options.now = call.now;
    options.principal = call.principal;
    options.lane = warehouse::QueryOptions::Lane::poll;
    const auto table = commands ? warehouse_.execute(csl, options) : warehouse_.query(csl, options);
    if (!table) return failed(table.error());
    return flow::answered(200, to_connector_rows(*table));
  }

 private:
  static std::optional<std::string> unfit(std::size_t operation, std::string_view csl) {
    const bool command = trim(csl).starts_with('.');
    if (operation < show_command)
      return std::nullopt;  // the warehouse says what a command in a query's place is
    if (!command) return "a management command begins with a dot: .show tables";
    if (operation == show_command &&
        warehouse::kind_of_command(csl) != warehouse::CommandKind::show)
      return "only commands that show are run here";
    return std::nullopt;
  }

  warehouse::Warehouse& warehouse_;
  const std::vector<Operation> operations_;
};

}  // namespace

json::object to_connector_rows(const warehouse::Table& table) {
  json::array rows;
  rows.reserve(table.row_count());
  for (std::size_t i = 0; i < table.row_count(); ++i) {
    json::object row;
    row.reserve(table.columns.size());
    for (std::size_t j = 0; j < table.columns.size(); ++j) {
      row.emplace(table.columns[j].name,
                  std::visit(Convert{table.columns[j].type}, table.at(i, j)));
    }
    rows.push_back(std::move(row));
  }
  json::object answer;
  answer.emplace("value", std::move(rows));
  return answer;
}

std::unique_ptr<flow::Connector> make_kusto(warehouse::Warehouse& warehouse, flow::Place place) {
  return std::make_unique<Kusto>(warehouse, place);
}

}  // namespace rollcall::connectors
