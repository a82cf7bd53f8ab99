// Connections as the configuration says them: what is refused, where secrets come from, and that
// flows' calls go where the configuration says.
#include "app/connections.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/connection_reader.hpp"
#include "base/check.hpp"

namespace rollcall::app {
namespace {

namespace fs = std::filesystem;

class Recorder final : public http::Client {
 public:
  Result<http::Response> send(const http::ClientRequest& request) override {
    last = request;
    return answer;
  }
  http::ClientRequest last;
  http::Response answer{200, {{"Content-Type", "application/json"}}, "{}"};
};

class NoMail final : public http::Mailer {
 public:
  Result<void> send(const http::MailRequest& mail) override {
    last = mail;
    return {};
  }
  http::MailRequest last;
};

// A folder with a definition, gone at the end.
class Connections : public testing::Test {
 protected:
  Connections() {
    static int count = 0;
    folder_ =
        fs::temp_directory_path() / fmt::format("rollcall-connections-{}-{}", ::getpid(), ++count);
    fs::create_directories(folder_);
    write("apiDefinition.swagger.json", R"json({"swagger": "2.0", "host": "placeholder.example.com",
      "securityDefinitions": {"API Key": {"type": "apiKey", "in": "header", "name": "X-Key"}}, "paths": {"/a": {"get": {"operationId": "Get"}}}})json");
    write(
        "apiProperties.json",
        R"json({"properties": {"connectionParameters": {"api_key": {"type": "securestring"}, "region": {"type": "string"}},
      "policyTemplateInstances": [{"templateId": "dynamichosturl", "parameters": {"x-ms-apimTemplateParameter.urlTemplate": "https://@connectionParameters('region').example.com"}}]}})json");
  }
  ~Connections() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name) << text;
  }

  // "" or the error.
  std::string open(std::string_view text) {
    const toml::table table = toml::parse(text);
    connectors_ = {};
    std::vector<ConnectorSettings> connectors;
    std::vector<ConnectionSettings> connections;
    if (const auto* node = table.get("connectors")) {
      auto read = read_connectors("c.toml", folder_, *node);
      if (!read) return render(read.error(), "");
      connectors = *std::move(read);
    }
    if (const auto* node = table.get("connections")) {
      auto read = read_connections("c.toml", folder_, *node);
      if (!read) return render(read.error(), "");
      connections = *std::move(read);
    }
    const auto added = add_connections(connectors, connections,
                                       {client_, mailer_, clock_, clusters_}, connectors_);
    return added ? "" : render(added.error(), "");
  }

  flow::Outcome call(std::string_view connector, std::string_view operation,
                     std::string_view connection, const json::object& parameters = {}) {
    const auto bound = flow::bind_operation(connectors_, connector, operation, connection);
    CHECK(bound);
    const Principal principal{Principal::Kind::flow_run, "7"};
    auto outcome = bound->connector->call(
        bound->index,
        {parameters, connection, principal, {7, "Action", {}, 1}, clock_.now(), nullptr});
    CHECK(outcome);
    return *std::move(outcome);
  }

  fs::path folder_;
  Recorder client_;
  NoMail mailer_;
  ManualClock clock_{*parse_iso("2026-01-01T12:00:00Z")};
  std::vector<std::unique_ptr<warehouse::Warehouse>> clusters_;
  flow::Connectors connectors_;
};

TEST_F(Connections, OfACustomConnectorTakeSecretsFromTheEnvironmentAndFiles) {
  ::setenv("ROLLCALL_TEST_KEY", "k1", 1);
  write("key", "k2\n");
  ASSERT_EQ(open(R"(
[connectors.shared_fleet]
definition = "apiDefinition.swagger.json"
[connections.shared_fleet]
parameters = { region = "eu", api_key = { env = "ROLLCALL_TEST_KEY" } }
[connections.shared_fleet_1]
connector = "shared_fleet"
parameters = { region = "us", api_key = { file = "key" } }
)"),
            "");
  EXPECT_TRUE(call("shared_fleet", "Get", "shared_fleet").succeeded());
  EXPECT_EQ(client_.last.url + " " + std::string(client_.last.headers.value_or("X-Key")),
            "https://eu.example.com/a k1");
  EXPECT_TRUE(call("shared_fleet", "Get", "SHARED_FLEET_1").succeeded());
  EXPECT_EQ(client_.last.url + " " + std::string(client_.last.headers.value_or("X-Key")),
            "https://us.example.com/a k2");
  const auto unnamed = flow::bind_operation(connectors_, "shared_fleet", "Get", "another");
  ASSERT_FALSE(unnamed);
  EXPECT_EQ(unnamed.error().message,
            "connector 'shared_fleet' has several connections, and none is called 'another'; there "
            "are shared_fleet, shared_fleet_1");
}

TEST_F(Connections, RefuseASecretThatIsWrittenThere) {
  const std::string_view custom =
      "[connectors.shared_fleet]\ndefinition = \"apiDefinition.swagger.json\"\n";
  for (const auto& text :
       {std::string(custom) + "[connections.shared_fleet]\nparameters = { api_key = \"k1\" }",
        std::string("[connections.shared_teams]\nurl = \"https://x\""),
        std::string("[connections.shared_smtp]\nserver = \"x\"\npassword = \"p\""),
        std::string("[connections.shared_kusto]\ntoken = \"t\"")}) {
    EXPECT_TRUE(open(text).starts_with("CONNECTION0103 ")) << text << "\n" << open(text);
    EXPECT_EQ(open(text).find("k1"), std::string::npos);
  }
}

TEST_F(Connections, SayWhatIsWrongAndWhere) {
  ::unsetenv("ROLLCALL_TEST_NONE");
  EXPECT_EQ(open("[connections.a]\nconnector = \"shared_team\""),
            "CONNECTION0101 c.toml:1:1: connection 'a': there is no connector 'shared_team'; did "
            "you mean 'shared_teams'?");
  EXPECT_EQ(open("[connections.shared_teams]\nurll = { env = \"X\" }"),
            "CONNECTION0102 c.toml:1:1: connection 'shared_teams': there is no setting 'urll'; did "
            "you mean 'url'?");
  EXPECT_EQ(open("[connections.shared_teams]"),
            "CONNECTION0104 c.toml:1:1: connection 'shared_teams': url is missing");
  ::setenv("ROLLCALL_TEST_TOKEN", "t", 1);
  EXPECT_EQ(open("[connections.shared_kusto]\ncluster = \"https://x\""),
            "CONNECTION0104 c.toml:1:1: connection 'shared_kusto': cluster and database was "
            "expected");
  EXPECT_EQ(open("[connections.shared_kusto]\ncluster = \"https://x\"\ndatabase = \"d\"\n"
                 "managed_identity = true\ntoken = { env = \"ROLLCALL_TEST_TOKEN\" }"),
            "CONNECTION0104 c.toml:1:1: connection 'shared_kusto': one of token, client_secret and "
            "managed_identity was expected");
  EXPECT_EQ(
      open("[connections.shared_teams]\nurl = { env = \"ROLLCALL_TEST_NONE\" }"),
      "CONNECTION0105 c.toml:2:7: url: the environment variable ROLLCALL_TEST_NONE is not set");
  EXPECT_EQ(open("[connections.shared_teams]\nurl = { vault = \"x\" }"),
            "CONFIG0104 c.toml:2:7: url: { env = \"NAME\" } or { file = \"PATH\" } was expected");
  EXPECT_TRUE(open("[connectors.x]\ndefinition = \"none.json\"").starts_with("CONNECTION0106 "));
  write("bad.json", "{\"openapi\": \"3.0.0\"}");
  EXPECT_EQ(open("[connectors.x]\ndefinition = \"bad.json\""),
            "CONNECTION0106 connector 'x': CONNECTOR0502 it is an OpenAPI 3 document; connectors "
            "are described in OpenAPI 2.0");
}

TEST_F(Connections, OfMailAndSlack) {
  write("password", "p\n");
  ASSERT_EQ(open("[connections.shared_office365]\nserver = \"mail.example.com:587\"\nusername = "
                 "\"robot\"\npassword = { file = \"password\" }\nfrom = \"robot@example.com\"\n"
                 "[connections.shared_slack]\nurl = { file = \"password\" }"),
            "");
  EXPECT_TRUE(call("shared_office365", "SendEmailV2", "", {{"emailMessage/To", "ada@example.com"}})
                  .succeeded());
  EXPECT_EQ(mailer_.last.url + " " + mailer_.last.password, "smtp://mail.example.com:587 p");
}

TEST_F(Connections, KeepTheRefreshTokenThatReplacesTheOneBefore) {
  write("secret", "s\n");
  write("refresh", "r1\n");
  ASSERT_EQ(open(R"(
[connections.shared_sharepointonline]
site = "https://contoso.example.com/sites/ops"
oauth = { grant = "authorization_code", tenant = "contoso", client_id = "me", client_secret = { file = "secret" }, refresh_token = { file = "refresh" } }
)"),
            "");
  client_.answer.body = R"({"access_token": "t", "refresh_token": "r2", "value": []})";
  EXPECT_TRUE(call("shared_sharepointonline", "GetTables", "").succeeded());
  EXPECT_EQ(client_.last.headers.value_or("Authorization"), "Bearer t");
  std::ifstream stream(folder_ / "refresh");
  std::ostringstream text;
  text << stream.rdbuf();
  EXPECT_EQ(text.str(), "r2\n");
  EXPECT_EQ(fs::status(folder_ / "refresh").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace rollcall::app
