// `rollcall token create|list|revoke`.
#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/text_table.hpp"

namespace rollcall::app {

int create_token(const TokenOptions& options, const Console& console, const Clock& clock) {
  auto connect_options = options.connect;
  connect_options.create = true;
  const auto connection = connect(connect_options, clock, console);
  if (!connection) return report(console, connection.error());
  const auto answer = (*connection)
                          ->post("/api/v1/tokens",
                                 json::object{{"name", options.name}, {"scopes", options.scopes}});
  if (!answer) return report(console, answer.error());
  if (options.json) {
    console.out(pretty(*answer));
  } else {
    console.err("keep it: it is not shown again\n");
    console.out(std::string(text_or(*answer, "token")) + "\n");
  }
  return done;
}

int list_tokens(const TokenOptions& options, const Console& console, const Clock& clock) {
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  const auto answer = (*connection)->get("/api/v1/tokens");
  if (!answer) return report(console, answer.error());
  if (options.json) {
    console.out(pretty(*answer));
    return done;
  }
  std::vector<std::vector<std::string>> rows{{"token", "scopes", "created", "by"}};
  for (const auto& token : answer->at("tokens").as_array()) {
    rows.push_back({std::string(text_or(token, "name")), std::string(text_or(token, "scopes")),
                    std::string(text_or(token, "created")),
                    std::string(text_or(token, "createdBy"))});
  }
  console.out(rows.size() == 1 ? "there are no tokens\n" : text_table(rows));
  return done;
}

int revoke_token(const TokenOptions& options, const Console& console, const Clock& clock) {
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  http::Request request;
  request.method = "DELETE";
  request.target = "/api/v1/tokens/" + http::encode_percent(options.name);
  const auto answer = (*connection)->call(std::move(request));
  if (!answer) return report(console, answer.error());
  if (!options.json) console.out(fmt::format("token {} is revoked\n", options.name));
  return done;
}

}  // namespace rollcall::app
