// Connectors called as a flow's turn calls them: `list` makes a list, `kql` prepares the warehouse,
// `call` shows what an operation answers. Those that go out speak to a client that answers from
// `answer`, and `then` for the answers after that, and shows what it was sent. `custom` defines a
// custom connector with its connection.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <deque>

#include "base/text.hpp"
#include "connectors/custom/custom.hpp"
#include "connectors/http.hpp"
#include "connectors/kusto.hpp"
#include "connectors/mail.hpp"
#include "connectors/notifications.hpp"
#include "connectors/sharepoint_site.hpp"
#include "connectors/sharepointonline.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::test {
namespace {

const auto now = *parse_iso("2026-01-01T12:00:00Z");

// An empty line would end the expectation.
std::string lines_of(std::string_view text) {
  std::string lines;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return lines;
  for (auto line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines += (line.empty() ? "~" : std::string(line)) + "\n";
  }
  return lines;
}

class ScriptedClient final : public http::Client {
 public:
  Result<http::Response> send(const http::ClientRequest& request) override {
    sent += fmt::format("sent {} {}\n", request.method, request.url);
    for (const auto& header : request.headers) sent += header.name + ": " + header.value + "\n";
    sent += lines_of(request.body);
    if (error) return std::unexpected(*error);
    auto response = responses.front();
    if (responses.size() > 1) responses.pop_front();
    return response;
  }

  std::string sent;
  std::deque<http::Response> responses{{}};  // the last one again and again
  std::optional<Error> error;
};

class ScriptedMailer final : public http::Mailer {
 public:
  explicit ScriptedMailer(ScriptedClient& client) : client_(client) {}
  Result<void> send(const http::MailRequest& mail) override {
    client_.sent +=
        fmt::format("mail {} from {} to {}{}\n", mail.url, mail.from, fmt::join(mail.to, " "),
                    mail.username.empty() ? "" : " as " + mail.username);
    client_.sent += lines_of(mail.message);
    if (client_.error) return std::unexpected(*client_.error);
    return {};
  }

 private:
  ScriptedClient& client_;
};

http::Response response_of(const GoldenCase& one) {
  http::Response response{std::stoi(one.arguments.at(0)), {}, one.body};
  for (std::size_t i = 1; i + 1 < one.arguments.size(); i += 2) {
    auto value = one.arguments[i + 1];
    std::ranges::replace(value, '~', ' ');  // an argument has no spaces
    response.headers.add(one.arguments[i], std::move(value));
  }
  return response;
}

// {"definition", "properties", "script", "values", "oauth"}
Result<std::unique_ptr<flow::Connector>> custom_of(const std::string& id, const json::value& about,
                                                   http::Client& client, const Clock& clock) {
  const auto* properties = find(about, "properties");
  const auto* definition = find(about, "definition");
  const auto text = definition->is_string() ? std::string(definition->get_string())
                                            : json::serialize(*definition);
  TRY(auto read, connectors::read_api_definition(
                     {text, properties == nullptr ? "" : json::serialize(*properties),
                      find(about, "script") != nullptr}));
  connectors::CustomConnection connection;
  connection.name = id;
  if (const auto* values = find(about, "values")) {
    for (const auto& [name, value] : values->get_object())
      connection.values.emplace(name, value.get_string());
  }
  if (const auto* oauth = find(about, "oauth")) {
    using Grant = connectors::OAuthSettings::Grant;
    connectors::OAuthSettings settings;
    const auto grant = text_or(*oauth, "grant");
    settings.grant = grant == "client_credentials"   ? Grant::client_credentials
                     : grant == "authorization_code" ? Grant::authorization_code
                                                     : Grant::given;
    settings.token = text_or(*oauth, "token");
    settings.token_url = text_or(*oauth, "token_url");
    settings.client_id = text_or(*oauth, "client_id");
    settings.client_secret = text_or(*oauth, "client_secret");
    settings.refresh_token = text_or(*oauth, "refresh_token");
    settings.basic = find(*oauth, "basic") != nullptr;
    TRY_DO(connectors::complete_oauth(read, connection.values, settings));
    connection.tokens =
        std::make_unique<connectors::OAuthTokens>(std::move(settings), client, clock);
  }
  return connectors::make_custom(id,
                                 std::make_shared<const connectors::ApiDefinition>(std::move(read)),
                                 std::move(connection), client);
}

struct World {
  std::unique_ptr<store::Database> database =
      *store::open_sqlite(":memory:", store::Durability::process);
  std::unique_ptr<lists::ListStore> lists = *lists::ListStore::open(*database);
  std::unique_ptr<warehouse::Warehouse> warehouse = *warehouse::open_embedded({});
  ScriptedClient client;
  ScriptedMailer mailer{client};
  ManualClock clock{now};
  flow::Connectors connectors;
  Principal principal{Principal::Kind::flow_run, "7"};

  World() {
    connectors.add(connectors::make_sharepointonline(*lists));
    connectors.add(connectors::make_kusto(*warehouse));
    connectors.add(connectors::make_http(client, clock));
    for (const auto* id : {"shared_smtp", "shared_office365"}) {
      connectors.add(connectors::make_mail(
          id,
          {"smtp://mail.example.com:587", "robot", "secret", false, "Rollcall <robot@example.com>"},
          mailer));
    }
    for (const auto* id : {"shared_teams", "shared_slack", "webhook", "cdevents"}) {
      connectors.add(connectors::make_notifications(
          id,
          {"https://hooks.example.com/s3cret",
           {},
           std::string_view(id) == "webhook" ? "It's a Secret to Everybody" : "",
           "/fleet"},
          client));
    }
    connectors.add(connectors::make_notifications("shared_slack", {{}, "xoxb-1", {}, {}}, client),
                   "api");
    connectors::OAuthSettings given;
    given.token = "t0";
    connectors.add(connectors::make_sharepoint_site(
                       "https://contoso.example.com/sites/ops/",
                       std::make_unique<connectors::OAuthTokens>(given, client, clock), client),
                   "site");
  }

  std::string location, callback, connection;  // of the next call
  bool chunked = false;

  Result<flow::Outcome> call(const flow::BoundOperation& operation, const json::object& parameters,
                             std::optional<int> most) {
    const auto ask = [&](store::Transaction* transaction) {
      const flow::IdempotencyKey key{7, "Action", {}, 1};
      return operation.connector->call(
          operation.index,
          {parameters, "", principal, key, now, transaction, most, location, callback, chunked});
    };
    if (operation.operation().place != flow::Place::store) return ask(nullptr);
    return database->write([&](store::Transaction& transaction) { return ask(&transaction); });
  }
};

std::string shown(const flow::Outcome& outcome) {
  auto text = pretty(outcome.outputs.value());
  if (!outcome.succeeded()) {
    text += fmt::format("failed {}: {}{}\n", outcome.code, outcome.message,
                        outcome.may_retry ? " (may be retried)" : "");
    if (outcome.retry_after)
      text += fmt::format("after {}\n", format_timespan(*outcome.retry_after));
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
    world->client.responses = {response_of(one)};
    return {};
  };
  handlers["then"] = [world](const GoldenCase& one) -> std::string {
    world->client.responses.push_back(response_of(one));
    return {};
  };
  // custom ID
  handlers["custom"] = [world](const GoldenCase& one) -> std::string {
    const auto about = parse_json(one.body);
    if (!about) return render(about.error(), one.body);
    auto made = custom_of(one.arguments.at(0), *about, world->client, world->clock);
    if (!made) return render(made.error(), "");
    world->connectors.add(*std::move(made));
    return {};
  };
  handlers["location"] = [world](const GoldenCase& one) -> std::string {
    world->location = one.arguments.empty() ? "" : one.arguments[0];
    return {};
  };
  handlers["callback"] = [world](const GoldenCase& one) -> std::string {
    world->callback = one.arguments.empty() ? "" : one.arguments[0];
    return {};
  };
  handlers["unreachable"] = [world](const GoldenCase& one) -> std::string {
    world->client.error = Error{one.arguments.at(0), "nobody there", std::nullopt};
    return {};
  };
  // connection NAME: of the calls that follow
  handlers["connection"] = [world](const GoldenCase& one) -> std::string {
    world->connection = one.arguments.empty() ? "" : one.arguments[0];
    return {};
  };
  // chunked [no]: how the content of the calls that follow is transferred
  handlers["chunked"] = [world](const GoldenCase& one) -> std::string {
    world->chunked = one.arguments.empty();
    return {};
  };
  // call CONNECTOR OPERATION [most]
  handlers["call"] = [world](const GoldenCase& one) -> std::string {
    const auto operation = flow::bind_operation(world->connectors, one.arguments.at(0),
                                                one.arguments.at(1), world->connection);
    if (!operation) return render(operation.error(), "");
    const auto parameters = parse_json(one.body);
    if (!parameters) return render(parameters.error(), one.body);
    std::optional<int> most;
    if (one.arguments.size() > 2) most = std::stoi(one.arguments[2]);
    world->client.sent.clear();
    const auto outcome = world->call(*operation, parameters->get_object(), most);
    if (!outcome) return render(outcome.error(), "");
    return world->client.sent + shown(*outcome);
  };
  return handlers;
}

const Registration golden{[] { register_golden("Connectors", TEST_FOLDER, make); }};

}  // namespace
}  // namespace rollcall::test
