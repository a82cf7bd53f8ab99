// The driver of a Kusto cluster against our own door: all of the Warehouse seam, over HTTP and with a token.
#include "warehouse/cluster.hpp"

#include <gtest/gtest.h>

#include "app/server.hpp"

namespace rollcall::app {
namespace {

using warehouse::Cell;
using warehouse::Table;

class OwnDoor : public ::testing::Test {
 protected:
  void SetUp() override {
    auto serving = Serving::open(clock_, {});
    ASSERT_TRUE(serving);
    const auto secret =
        (*serving)->tokens().create("cluster", doors::Scopes::all(), {}, clock_.now());
    auto server = Server::start(*std::move(serving), {}, "127.0.0.1", 0,
                                {[](std::string_view) {}, [](std::string_view) {}});
    ASSERT_TRUE(server);
    server_ = *std::move(server);
    warehouse::ClusterOptions options;
    options.url = server_->url();
    options.database = "Rollcall";
    options.credentials = warehouse::GivenToken{*secret};
    auto cluster = warehouse::open_cluster(std::move(options), *client_, clock_);
    ASSERT_TRUE(cluster);
    cluster_ = *std::move(cluster);
  }
  warehouse::QueryOptions options() {
    return {.now = clock_.now(), .parameters = {}, .limits = {}, .principal = {}};
  }
  std::int64_t count(std::string_view kql) {
    const auto answer = cluster_->query(kql, options());
    EXPECT_TRUE(answer) << kql << "\n" << answer.error().message;
    return answer ? std::get<std::int64_t>(answer->at(0, 0)) : -1;
  }

  SystemClock clock_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<http::Client> client_ = http::make_client();
  std::unique_ptr<warehouse::Warehouse> cluster_;
};

TEST_F(OwnDoor, TakesLogsAndAnswers) {
  telemetry::LogBatch batch;
  for (int i = 0; i < 1000; ++i) {
    telemetry::LogRow row;
    const auto body = fmt::format("line {}, \"quoted\"\nof two", i);
    row.timestamp = row.observed_timestamp = clock_.now() - seconds(i);
    row.environment = "prod";
    row.role = "api";
    row.region = "O'Hare";
    row.version = "1";
    row.severity_number = 9;
    row.body = body;
    row.log_attributes = "{\"n\":1}";
    batch.append(row);
  }
  ASSERT_TRUE(cluster_->ingest(batch, clock_.now()));
  EXPECT_EQ(count("OTelLogs | where Body has 'quoted' and LogAttributes.n == 1 and SeverityNumber "
                  "== 9 | count"),
            1000);
  EXPECT_EQ(count("Sightings | where Region == \"O'Hare\" | count"), 1);
  auto limited = options();
  limited.limits.rows = 10;
  EXPECT_EQ(cluster_->query("OTelLogs", limited).error().code, "WAREHOUSE0101");
  EXPECT_EQ(cluster_->query("OTelLogs | where", options()).error().code, "KUSTO0201");
}

TEST_F(OwnDoor, KeepsTablesAndFunctions) {
  const warehouse::TableSchema schema{
      "It's",
      {{"a b", kql::Type::long_integer}, {"t", kql::Type::datetime}, {"d", kql::Type::dynamic}},
      false};
  ASSERT_TRUE(cluster_->create_table(schema, {}));
  Table rows;
  rows.columns = {schema.columns[2], schema.columns[0]};
  rows.cells = {Cell{std::string("{\"x\":[1,\"y\"]}")}, Cell{std::int64_t{5}}, Cell{}, Cell{}};
  const auto taken = cluster_->ingest("It's", rows, clock_.now());
  ASSERT_TRUE(taken) << taken.error().message;
  const auto answer = cluster_->query("['It\\'s'] | sort by ['a b'] desc", options());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->columns, schema.columns);
  EXPECT_EQ(answer->at(0, 0), Cell{std::int64_t{5}});
  EXPECT_EQ(answer->at(0, 2), Cell{std::string("{\"x\":[1,\"y\"]}")});
  EXPECT_TRUE(warehouse::is_null(answer->at(1, 1)));
  const auto tables = cluster_->tables();
  ASSERT_TRUE(tables);
  EXPECT_TRUE(std::ranges::any_of(*tables, [&](const auto& one) {
    return one.name == "It's" && one.columns == schema.columns && !one.built_in;
  }));
  EXPECT_TRUE(std::ranges::any_of(
      *tables, [](const auto& one) { return one.name == "OTelLogs" && one.built_in; }));

  const kql::Function twice{"Twice", "(n:long)", " print n * 2 ", "my folder", "says \"twice\""};
  ASSERT_TRUE(cluster_->create_or_alter_function(twice, {}));
  EXPECT_EQ(count("Twice(21)"), 42);
  const auto functions = cluster_->functions();
  ASSERT_TRUE(functions);
  const auto found = std::ranges::find(*functions, "Twice", &kql::Function::name);
  ASSERT_NE(found, functions->end());
  EXPECT_EQ(found->parameters, twice.parameters);
  EXPECT_EQ(found->folder, twice.folder);
  EXPECT_EQ(found->docstring, twice.docstring);
  ASSERT_TRUE(cluster_->drop_function("Twice", {}));
  ASSERT_TRUE(cluster_->ingest_text("It's", {"{\"a b\":6}", "json"}, options()));
  EXPECT_EQ(count("['It\\'s'] | where ['a b'] == 6 | count"), 1);
  ASSERT_TRUE(cluster_->drop_table("It's", {}));
  EXPECT_EQ(cluster_->execute(".show table ['It\\'s'] cslschema", options()).error().code,
            "KUSTO0201");
}

}  // namespace
}  // namespace rollcall::app
