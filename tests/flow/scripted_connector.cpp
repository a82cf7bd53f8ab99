#include "flow/scripted_connector.hpp"

#include <fmt/format.h>

#include <sstream>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::test {
namespace {

sql::ColumnDefinition text_column(std::string name) {
  sql::ColumnDefinition column;
  column.name = std::move(name);
  column.type = sql::Type::text;
  return column;
}

sql::Statement insert_statement() {
  sql::Insert insert;
  insert.table = "TestWrites";
  insert.columns = {"Key", "Operation", "Parameters"};
  insert.rows = {{sql::slot(0), sql::slot(1), sql::slot(2)}};
  return insert;
}

flow::Place place_of(const std::string& text) {
  if (text == "store") return flow::Place::store;
  if (text == "read") return flow::Place::read;
  CHECK(text == "outside");
  return flow::Place::outside;
}

}  // namespace

Result<void> prepare_writes(store::Database& database) {
  sql::CreateTable table;
  table.name = "TestWrites";
  table.columns = {text_column("Key"), text_column("Operation"), text_column("Parameters")};
  table.if_not_exists = true;
  return database.write(
      [&](store::Transaction& transaction) { return transaction.execute_once(table); });
}

Result<std::vector<std::string>> read_writes(store::Database& database) {
  sql::Select select;
  select.items = {
      {sql::column("Key"), {}}, {sql::column("Operation"), {}}, {sql::column("Parameters"), {}}};
  select.from = sql::table("TestWrites");
  const auto statement = database.prepare(sql::query(std::move(select)));
  std::vector<std::string> lines;
  TRY_DO(database.read([&](store::Connection& connection) {
    return connection.query(statement, {}, [&](const store::Row& row) {
      lines.push_back(fmt::format("{} {} {}", row.text(0), row.text(1), row.text(2)));
    });
  }));
  return lines;
}

ScriptedConnector::ScriptedConnector(std::string id, const std::string& script,
                                     store::Database& database)
    : id_(std::move(id)), insert_(database.prepare(insert_statement())) {
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    std::istringstream words(line);
    std::string name, second, place, rest;
    words >> name >> second;
    flow::Operation operation{name, flow::Place::store, name, {}, {}};
    if (second.starts_with('/')) {
      words >> place;
      operation.method = name;
      operation.path = second;
      operation.id = name + second;
    } else {
      place = second;
    }
    operation.place = place_of(place);
    std::getline(words, rest);
    std::vector<std::string> answers;
    for (const auto answer : split(rest, '|')) answers.emplace_back(trim(answer));
    operation.asynchronous = trim(rest) == "later" || trim(rest) == "feed";
    operations_.push_back(std::move(operation));
    answers_.push_back(std::move(answers));
  }
}

Result<flow::Outcome> ScriptedConnector::call(std::size_t operation, const flow::Call& call) {
  const auto& about = operations_[operation];
  CHECK((call.transaction != nullptr) == (about.place == flow::Place::store));
  if (about.place == flow::Place::outside) {
    outside_.push_back(
        fmt::format("{} {} {}", call.key.to_string(), about.id, json::serialize(call.parameters)));
  }
  if (about.place == flow::Place::store) TRY_DO(write(call, about.id));
  const auto& answers = answers_[operation];
  // `runs:` — the first run gets the first answer, the second run the second.
  const bool by_run = answers.front().starts_with("runs:");
  const auto which = by_run ? static_cast<std::size_t>(std::max<std::int64_t>(call.key.run, 1))
                            : std::size_t{call.key.attempt};
  const auto& given = answers[std::min(which, answers.size()) - 1];
  const auto answer =
      given.starts_with("runs:") ? std::string(trim(std::string_view(given).substr(5))) : given;
  if (answer == "feed") return feed(call);
  if (answer == "later") return later(call);
  if (answer == "echo") return flow::answered(200, call.parameters);
  if (answer == "gone") return fail("TEST", "nobody there");
  std::istringstream words(answer);
  int status = 0;
  std::string body;
  words >> status;
  std::getline(words, body);
  auto text = trim(body);
  std::optional<Timespan> after;
  if (text.starts_with("after=")) {
    const auto end = text.find(' ');
    after = seconds(std::stoll(std::string(text.substr(6, end - 6))));
    text = end == std::string_view::npos ? std::string_view("null") : text.substr(end + 1);
  }
  TRY(auto value, parse_json(text.empty() ? std::string_view("null") : text));
  auto outcome = flow::answered(status, std::move(value));
  if (status >= 400) {
    outcome.code = fmt::format("Status{}", status);
    outcome.message = "refused by the script";
    outcome.may_retry = status == 408 || status == 429 || status >= 500;
    outcome.retry_after = after;
  }
  return outcome;
}

// A polling trigger's other side: at every other Location there is something new.
flow::Outcome ScriptedConnector::feed(const flow::Call& call) {
  const auto at = call.location.empty() ? 0 : std::stoi(std::string(call.location));
  auto outcome =
      flow::answered(at % 2 == 0 ? 200 : 202,
                     at % 2 == 0 ? json::value{{"value", {at, at + 100}}} : json::value());
  auto outputs = outcome.outputs.value().as_object();
  outputs["headers"] = json::object{{"Location", std::to_string(at + 1)}};
  outcome.outputs = std::move(outputs);
  if (at % 2 == 1) outcome.retry_after = minutes(1);
  return outcome;
}

// A long operation: 202 twice, then done.
flow::Outcome ScriptedConnector::later(const flow::Call& call) {
  std::string at(call.location);
  if (const auto* uri = call.parameters.if_contains("uri")) at = json::value_to<std::string>(*uri);
  const bool done = at.ends_with("/2");
  auto outcome = flow::answered(done ? 200 : 202, done ? json::value("done") : json::value());
  auto outputs = outcome.outputs.value().as_object();
  if (!done)
    outputs["headers"] =
        json::object{{"Location", at.ends_with("/1") ? "http://x/2" : "http://x/1"}};
  outcome.outputs = std::move(outputs);
  if (at.ends_with("/1")) outcome.retry_after = seconds(5);
  return outcome;
}

Result<void> ScriptedConnector::write(const flow::Call& call, const std::string& operation) {
  const auto key = call.key.to_string();
  const auto parameters = json::serialize(call.parameters);
  TRY_DO(call.transaction->execute(insert_, {key, operation, parameters}));
  return {};
}

}  // namespace rollcall::test
