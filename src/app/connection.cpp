#include "app/connection.hpp"

#include <fmt/format.h>

#include "app/configuration.hpp"
#include "app/server.hpp"
#include "app/serving.hpp"
#include "http/client.hpp"

namespace rollcall::app {
namespace {

class RemoteConnection final : public Connection {
 public:
  RemoteConnection(std::string url, const ConnectOptions& options)
      : url_(std::move(url)),
        token_(options.token),
        longest_(options.longest),
        client_(http::make_client()) {}

  Result<http::Response> send(const http::Request& request) override {
    http::ClientRequest sent;
    sent.method = request.method;
    sent.url = url_ + request.target;
    sent.headers = request.headers;
    if (!token_.empty()) sent.headers.set("Authorization", "Bearer " + token_);
    sent.body = request.body;
    sent.timeout = longest_;
    return client_->send(sent);
  }
  // Whether something answers there at all.
  bool lives() {
    http::ClientRequest ask;
    ask.url = url_ + "/healthz";
    ask.timeout = seconds(5);
    const auto answer = client_->send(ask);
    return answer && answer->status == 200;
  }

 private:
  std::string url_;
  std::string token_;
  Timespan longest_;
  std::unique_ptr<http::Client> client_;
};

// Without a server nobody takes flows forward: so whatever may move them does, when it is asked for.
class LocalConnection final : public Connection {
 public:
  LocalConnection(std::unique_ptr<Serving> serving, const Console& console)
      : serving_(std::move(serving)), console_(console) {}
  Result<http::Response> send(const http::Request& request) override {
    http::Request local = request;
    local.loopback = true;
    auto answer = serving_->handle(local);
    // Nobody else takes runs forward here: whoever starts one, or asks how it goes, does.
    const bool about_runs = local.target.starts_with("/api/v1/runs/") ||
                            (local.method == "POST" && local.target.starts_with("/api/v1/flows/"));
    if (about_runs) serving_->run_due_flows(console_.err);
    return answer;
  }

 private:
  std::unique_ptr<Serving> serving_;
  const Console& console_;
};

}  // namespace

Result<json::value> Connection::call(http::Request request) {
  TRY(const auto answer, send(request));
  if (answer.body.empty() && answer.status < 300) return json::value(nullptr);
  auto body = parse_json(answer.body);
  if (answer.status < 300) return body;
  const auto code = body ? text_or(*body, "code") : std::string_view();
  if (code.empty())
    return fail("APP0105", fmt::format("{} answered {}, which no Rollcall does", request.target,
                                       answer.status));
  return fail(std::string(code), std::string(text_or(*body, "detail")));
}

Result<json::value> Connection::get(const std::string& target) {
  http::Request request;
  request.target = target;
  return call(std::move(request));
}

Result<json::value> Connection::post(const std::string& target, const json::value& body) {
  http::Request request;
  request.method = "POST";
  request.target = target;
  request.headers.add("Content-Type", "application/json");
  request.body = json::serialize(body);
  return call(std::move(request));
}

Result<std::unique_ptr<Connection>> connect(const ConnectOptions& options, const Clock& clock,
                                            const Console& console) {
  if (!options.server.empty()) {
    console.err(fmt::format("asking the server at {}\n", options.server));
    return std::make_unique<RemoteConnection>(options.server, options);
  }
  ProductOptions product;
  product.data = options.data;
  if (!options.config.empty()) {
    TRY(const auto configuration, read_configuration(options.config));
    product.data = configuration.data;
    product.database = configuration.database;
    product.kusto = configuration.kusto;
  }
  if (const auto url = noted_server(product.data)) {
    auto remote = std::make_unique<RemoteConnection>(*url, options);
    if (remote->lives()) {
      console.err(fmt::format("asking the server at {}\n", *url));
      return remote;
    }
  }
  if (!options.create && product.database.empty() &&
      !std::filesystem::exists(product.data / "rollcall.db")) {
    return fail(
        "APP0104",
        fmt::format(
            "there is no data in {}: start `rollcall serve`, or name another folder with --data",
            product.data.string()));
  }
  const auto data = product.data.string();
  TRY(auto serving, Serving::open(clock, std::move(product)));
  console.err(fmt::format("no server runs on {}; reading it directly\n", data));
  return std::make_unique<LocalConnection>(std::move(serving), console);
}

}  // namespace rollcall::app
