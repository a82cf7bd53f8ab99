// Connectors called as a flow's turn calls them: `list` makes a list, `kql` prepares the warehouse, `call`
// shows what an operation answers. The HTTP connector speaks to a client that answers from `answer` and shows
// what it was sent.
#include <fmt/format.h>

#include "connectors/http.hpp"
#include "connectors/kusto.hpp"
#include "connectors/sharepointonline.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::test {
namespace {

const auto now = *parse_iso("2026-01-01T12:00:00Z");

class ScriptedClient final : public http::Client {
 public:
  Result<http::Response> send(const http::ClientRequest& request) override {
    sent = request.method + " " + request.url + "\n";
    for (const auto& header : request.headers) sent += header.name + ": " + header.value + "\n";
    sent += request.body;
    if (error) return std::unexpected(*error);
    return response;
  }

  std::string sent;
  http::Response response;
  std::optional<Error> error;
};

struct World {
  std::unique_ptr<store::Database> database = *store::open_sqlite(":memory:", store::Durability::process);
  std::unique_ptr<lists::ListStore> lists = *lists::ListStore::open(*database);
  std::unique_ptr<warehouse::Warehouse> warehouse = *warehouse::open_embedded({});
  ScriptedClient client;
  flow::Connectors connectors;
  Principal principal{Principal::Kind::flow_run, "7"};

  World() {
    connectors.add(connectors::make_sharepointonline(*lists));
    connectors.add(connectors::make_kusto(*warehouse));
    connectors.add(connectors::make_http(client));
  }

  Result<flow::Outcome> call(const flow::BoundOperation& operation, const json::object& parameters, std::optional<int> most) {
    const auto ask = [&](store::Transaction* transaction) {
      const flow::IdempotencyKey key{7, "Action", {}, 1};
      return operation.connector->call(operation.index, {parameters, "", principal, key, now, transaction, most});
    };
    if (operation.operation().place != flow::Place::store) return ask(nullptr);
    return database->write([&](store::Transaction& transaction) { return ask(&transaction); });
  }
};

std::string shown(const flow::Outcome& outcome) {
  auto text = pretty(outcome.outputs.value());
  if (!outcome.succeeded()) {
    text += fmt::format("failed {}: {}{}\n", outcome.code, outcome.message, outcome.may_retry ? " (may be retried)" : "");
    if (outcome.retry_after) text += fmt::format("after {}\n", format_timespan(*outcome.retry_after));
  }
  return text;
}

Handlers make() {
  auto world = std::make_shared<World>();
  Handlers handlers;
  handlers["list"] = [world](const GoldenCase& one) -> std::string {
    const auto body = parse_json(one.body);
    if (!body) return render(body.error(), one.body);
    const auto definition = lists::parse_list_definition(*body);
    if (!definition) return render(definition.error(), "");
    const auto made = world->database->write([&](store::Transaction& transaction) {
      return world->lists->create_list(transaction, *definition, {world->principal, now});
    });
    return made ? "" : render(made.error(), "");
  };
  handlers["kql"] = [world](const GoldenCase& one) -> std::string {
    warehouse::QueryOptions options;
    options.now = now;
    const auto done = world->warehouse->execute(one.body, options);
    return done ? "" : render(done.error(), one.body);
  };
  handlers["answer"] = [world](const GoldenCase& one) -> std::string {
    world->client.error.reset();
    world->client.response = {std::stoi(one.arguments.at(0)), {}, one.body};
    for (std::size_t i = 1; i + 1 < one.arguments.size(); i += 2) world->client.response.headers.add(one.arguments[i], one.arguments[i + 1]);
    return {};
  };
  handlers["unreachable"] = [world](const GoldenCase& one) -> std::string {
    world->client.error = Error{one.arguments.at(0), "nobody there", std::nullopt};
    return {};
  };
  // call CONNECTOR OPERATION [most]
  handlers["call"] = [world](const GoldenCase& one) -> std::string {
    const auto operation = flow::bind_operation(world->connectors, one.arguments.at(0), one.arguments.at(1));
    if (!operation) return render(operation.error(), "");
    const auto parameters = parse_json(one.body);
    if (!parameters) return render(parameters.error(), one.body);
    std::optional<int> most;
    if (one.arguments.size() > 2) most = std::stoi(one.arguments[2]);
    world->client.sent.clear();
    const auto outcome = world->call(*operation, parameters->get_object(), most);
    if (!outcome) return render(outcome.error(), "");
    auto sent = world->client.sent.empty() ? std::string() : "sent " + world->client.sent;
    if (!sent.empty() && !sent.ends_with('\n')) sent += '\n';  // an empty line would end the expectation
    return sent + shown(*outcome);
  };
  return handlers;
}

const Registration golden{[] { register_golden("Connectors", TEST_FOLDER, make); }};

}  // namespace
}  // namespace rollcall::test
