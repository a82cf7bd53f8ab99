// The driver of a Kusto cluster against recorded exchanges: what it sends, what it makes of the answers, when it asks again.
#include "warehouse/cluster.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "base/json.hpp"
#include "http/gzip.hpp"

namespace rollcall::warehouse {
namespace {

const Timestamp start = *parse_iso("2026-01-01T12:00:00Z");

// Answers in turn, and keeps what was asked.
class Recorded final : public http::Client {
 public:
  Result<http::Response> send(const http::ClientRequest& request) override {
    asked.push_back(request);
    if (answers.empty()) return fail("HTTP0202", "no connection");
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  std::deque<http::Response> answers;
  std::vector<http::ClientRequest> asked;
};

class Cluster : public ::testing::Test {
 protected:
  void open(Credentials credentials = GivenToken{"secret"}) {
    ClusterOptions options;
    options.url = "https://example.kusto.windows.net/";
    options.database = "Logs";
    options.credentials = std::move(credentials);
    options.sleep = [this](Timespan pause) { slept.push_back(pause); };
    auto opened = open_cluster(std::move(options), client, clock);
    ASSERT_TRUE(opened);
    warehouse = *std::move(opened);
  }
  void answer(int status, std::string body, http::Headers headers = {}) {
    client.answers.push_back({status, std::move(headers), std::move(body)});
  }
  Result<Table> query(std::string_view text) {
    QueryOptions options;
    options.now = start;
    options.parameters = {{"n", "5"}};
    return warehouse->query(text, options);
  }

  Recorded client;
  ManualClock clock{start};
  std::vector<Timespan> slept;
  std::unique_ptr<Warehouse> warehouse;
};

constexpr const char* frames =
    R"([{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"},
 {"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties","TableName":"@ExtendedProperties","Columns":[],"Rows":[]},
 {"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"PrimaryResult",
  "Columns":[{"ColumnName":"b","ColumnType":"bool"},{"ColumnName":"l","ColumnType":"long"},{"ColumnName":"r","ColumnType":"real"},
   {"ColumnName":"m","ColumnType":"decimal"},{"ColumnName":"t","ColumnType":"datetime"},{"ColumnName":"s","ColumnType":"timespan"},
   {"ColumnName":"d","ColumnType":"dynamic"},{"ColumnName":"x","ColumnType":"string"}],
  "Rows":[[true,7,"NaN","1.25","2016-06-06T15:35:00.1234567Z","-1.02:03:04",{"a":[1]},"text"],[null,null,null,null,null,null,null,""]]},
 {"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}])";
constexpr const char* throttled =
    R"({"error":{"code":"TooManyRequests","@message":"Request is throttled","@permanent":false}})";

TEST_F(Cluster, AsksAndReadsEveryType) {
  open();
  answer(200, frames);
  const auto table = query("T | take 1");
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->row_count(), 2U);
  const auto row = table->row(0);
  EXPECT_EQ(row[0], Cell{true});
  EXPECT_EQ(row[1], Cell{std::int64_t{7}});
  EXPECT_TRUE(std::isnan(std::get<double>(row[2])));
  EXPECT_EQ(row[3], Cell{std::string("1.25")});
  EXPECT_EQ(row[4], Cell{*parse_iso("2016-06-06T15:35:00.1234567Z")});
  EXPECT_EQ(to_text(row[5]), "-1.02:03:04");
  EXPECT_EQ(row[6], Cell{std::string("{\"a\":[1]}")});
  EXPECT_TRUE(is_null(table->at(1, 0)));
  ASSERT_EQ(client.asked.size(), 1U);
  const auto& sent = client.asked[0];
  EXPECT_EQ(sent.url, "https://example.kusto.windows.net/v2/rest/query");
  EXPECT_EQ(sent.headers.value_or("Authorization"), "Bearer secret");
  const auto body = parse_json(sent.body).value();
  EXPECT_EQ(text_or(body, "db"), "Logs");
  EXPECT_EQ(text_or(body, "csl"), "T | take 1");
  EXPECT_EQ(body.at_pointer("/properties/Options/query_now").as_string(),
            "2026-01-01T12:00:00.0000000Z");
  EXPECT_EQ(body.at_pointer("/properties/Options/servertimeout").as_string(), "00:04:00");
  EXPECT_EQ(body.at_pointer("/properties/Parameters/n").as_string(), "5");
}

TEST_F(Cluster, TellsWhatIsWrong) {
  open();
  answer(
      400,
      R"({"error":{"code":"General_BadRequest","@message":"Semantic error: SEM0100: 'where' operator"}})");
  answer(403, R"({"error":{"code":"Forbidden","@message":"Principal is not authorized"}})");
  answer(504, R"({"error":{"code":"Timeout","@message":"Request timed out"}})");
  answer(
      200,
      R"x([{"FrameType":"DataSetCompletion","HasErrors":true,"OneApiErrors":[{"error":{"@message":"limits (80DA0003)"}}]}])x");
  answer(200, "<html>");
  for (const char* code : {"KUSTO0201", "KUSTO0202", "WAREHOUSE0103", "WAREHOUSE0101", "KUSTO0203"})
    EXPECT_EQ(query("T").error().code, code);
  EXPECT_TRUE(slept.empty());
}

TEST_F(Cluster, AsksAgainWhenItIsThrottledOrBroken) {
  open();
  answer(429, throttled);
  answer(429, throttled, {{"Retry-After", "7"}});
  answer(503, "down");
  answer(200, frames);
  EXPECT_TRUE(query("T"));
  EXPECT_EQ(slept, (std::vector<Timespan>{seconds(1), seconds(7), seconds(4)}));
  for (int i = 0; i < 5; ++i) answer(429, throttled);
  EXPECT_EQ(query("T").error().code, "WAREHOUSE0104");
  // Rows are sent twice only when they were certainly not taken.
  client.asked.clear();
  answer(503, "down");
  telemetry::LogBatch batch;
  telemetry::LogRow row;
  row.timestamp = row.observed_timestamp = start;
  row.role = "a \"role\"";
  row.body = "two\nlines";
  batch.append(row);
  EXPECT_EQ(warehouse->ingest(batch, start).error().code, "KUSTO0203");
  EXPECT_EQ(client.asked.size(), 1U);
  answer(429, throttled);
  answer(200, "{}");
  EXPECT_TRUE(warehouse->ingest(batch, start));
  EXPECT_EQ(client.asked.size(), 3U);
  EXPECT_EQ(client.asked[2].url,
            "https://example.kusto.windows.net/v1/rest/ingest/Logs/OTelLogs?streamFormat=csv");
  EXPECT_EQ(http::gunzip(client.asked[2].body, 10'000).value(),
            "2026-01-01T12:00:00.0000000Z,2026-01-01T12:00:00.0000000Z,,\"a "
            "\"\"role\"\"\",,,,,,,\"two\nlines\",,,,\n");
}

TEST_F(Cluster, AsksEntraForATokenAndKeepsIt) {
  open(ClientCredentials{"tenant", "client", "s&cret"});
  answer(200, R"({"token_type":"Bearer","expires_in":3600,"access_token":"first"})");
  answer(200, frames);
  answer(200, frames);
  EXPECT_TRUE(query("T"));
  EXPECT_TRUE(query("T"));
  ASSERT_EQ(client.asked.size(), 3U);
  EXPECT_EQ(client.asked[0].url, "https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
  EXPECT_EQ(client.asked[0].body,
            "grant_type=client_credentials&client_id=client&client_secret=s%26cret&scope=https%3A%"
            "2F%2Fexample.kusto.windows.net%2F.default");
  EXPECT_EQ(client.asked[2].headers.value_or("Authorization"), "Bearer first");
  clock.set(start + minutes(56));  // five minutes before its end
  answer(200, R"({"expires_in":3600,"access_token":"second"})");
  answer(200, frames);
  EXPECT_TRUE(query("T"));
  EXPECT_EQ(client.asked.back().headers.value_or("Authorization"), "Bearer second");
  clock.set(start + hours(3));
  answer(
      401,
      R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret"})");
  const auto refused = query("T");
  EXPECT_EQ(refused.error().code, "KUSTO0202");
  EXPECT_TRUE(refused.error().message.contains("AADSTS7000215"));
  EXPECT_FALSE(refused.error().message.contains("s&cret"));
}

TEST_F(Cluster, AsksTheMachineForItsIdentity) {
  open(ManagedIdentity{"id", "http://169.254.169.254/metadata/identity/oauth2/token"});
  answer(200, R"({"access_token":"mine","expires_in":"86399"})");
  answer(401, "{}");  // the token was taken back: a new one is asked for, once
  answer(200, R"({"access_token":"new","expires_in":"86399"})");
  answer(200, frames);
  EXPECT_TRUE(query("T"));
  ASSERT_EQ(client.asked.size(), 4U);
  EXPECT_EQ(client.asked[0].url,
            "http://169.254.169.254/metadata/identity/oauth2/"
            "token?api-version=2018-02-01&resource=https%3A%2F%2F"
            "example.kusto.windows.net&client_id=id");
  EXPECT_EQ(client.asked[0].headers.value_or("Metadata"), "true");
  EXPECT_EQ(client.asked[3].headers.value_or("Authorization"), "Bearer new");
}

TEST_F(Cluster, NeedsAUrlAndADatabase) {
  EXPECT_EQ(open_cluster({}, client, clock).error().code, "KUSTO0201");
}

}  // namespace
}  // namespace rollcall::warehouse
