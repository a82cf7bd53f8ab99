// `.export to parquet`: read back with DuckDB, and that nothing goes elsewhere.
#include <gtest/gtest.h>

#include <fstream>

#include "temporary_folder.hpp"
#include "warehouse/duckdb.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {
namespace {

namespace fs = std::filesystem;

class Export : public testing::Test {
 protected:
  Export() {
    EmbeddedOptions options;
    options.file = folder_.path() / "warehouse.duckdb";
    options.export_folder = out();
    auto opened = open_embedded(options);
    EXPECT_TRUE(opened) << opened.error().message;
    warehouse_ = *std::move(opened);
  }
  fs::path out() const { return folder_.path() / "it's out"; }
  // The answer's row as text, or the error.
  std::string command(std::string_view text) {
    const QueryOptions options{
        .now = *parse_iso("2026-01-02"), .parameters = {}, .limits = {}, .principal = {}};
    const auto answer = warehouse_->execute(text, options);
    if (!answer) return answer.error().code + " " + answer.error().message;
    std::string shown;
    for (const auto& cell : answer->cells) shown += to_text(cell) + " ";
    return shown;
  }
  // What DuckDB reads in a file: its columns' types, or its rows.
  std::string read(const std::string& name, bool types) {
    const auto database = DuckDb::open({.file = {}, .export_folder = fs::canonical(out())});
    EXPECT_TRUE(database) << database.error().message;
    auto connection = (*database)->connect();
    sql::Select select;
    select.items.push_back(
        {sql::call("to_json", {sql::column("whole")}), ""});  // a whole row as text
    select.from = std::make_shared<const sql::TableRef>(
        sql::TableRef{sql::FunctionTable{types ? "parquet_schema" : "read_parquet",
                                         {sql::parameter((fs::canonical(out()) / name).string())},
                                         "whole",
                                         {}}});
    if (types) {
      select.items = {{sql::column("name"), ""},
                      {sql::column("type"), ""},
                      {sql::column("converted_type"), ""}};
    }
    const auto rows = connection->select_text(*sql::query(std::move(select)), 100);
    EXPECT_TRUE(rows) << rows.error().message;
    std::string shown;
    for (const auto& row : *rows) {
      for (const auto& value : row) shown += value.value_or("null") + " | ";
      shown += "\n";
    }
    return shown;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Warehouse> warehouse_;
};

constexpr const char* all_types =
    "print b = true, i = int(7), l = 8, r = 1.5, d = decimal(0.1), s = \"it's\", "
    "t = datetime(2026-01-02T03:04:05.1234567Z), early = datetime(0001-01-01), "
    "late = datetime(9999-12-31), ts = 1.5h, dyn = dynamic({\"a\":[1]}), "
    "g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), nothing = long(null), "
    "none = decimal(null)";

TEST_F(Export, TypesAreThoseThatOthersRead) {
  const auto answer = command(std::string(".export to parquet (h@\"all\") <| ") + all_types);
  EXPECT_TRUE(answer.starts_with("all.parquet 1 ")) << answer;
  EXPECT_EQ(
      read("all.parquet", false),
      R"({"b":true,"i":7,"l":8,"r":1.5,"d":"0.1","s":"it's","t":"2026-01-02 03:04:05.123456",)"
      R"("early":"0001-01-01 00:00:00","late":"9999-12-31 00:00:00","ts":54000000000,)"
      R"("dyn":"{\"a\":[1]}","g":"74be27de-1e4e-49d9-b579-fe0b331d3642","nothing":null,"none":null})"
      " | \n");
  EXPECT_EQ(read("all.parquet", true),
            "duckdb_schema | null | null | \nb | BOOLEAN | null | \ni | INT32 | INT_32 | \n"
            "l | INT64 | INT_64 | \nr | DOUBLE | null | \nd | BYTE_ARRAY | UTF8 | \n"
            "s | BYTE_ARRAY | UTF8 | \nt | INT64 | TIMESTAMP_MICROS | \n"
            "early | INT64 | TIMESTAMP_MICROS | \nlate | INT64 | TIMESTAMP_MICROS | \n"
            "ts | INT64 | INT_64 | \ndyn | BYTE_ARRAY | UTF8 | \ng | BYTE_ARRAY | UTF8 | \n"
            "nothing | INT64 | INT_64 | \nnone | BYTE_ARRAY | UTF8 | \n");
}

TEST_F(Export, TableAndParametersAndFolders) {
  command(".create table T (Name:string, N:long)");
  command(".append T <| range N from 1 to 300000 step 1 | project Name = strcat('n', N), N");
  const auto answer = command(
      ".export compressed to parquet (\"2026/january/t.parquet\") <| T | where N > 299997 | order "
      "by N desc");
  EXPECT_TRUE(answer.starts_with("2026/january/t.parquet 3 ")) << answer;
  EXPECT_EQ(read("2026/january/t.parquet", false), R"({"Name":"n300000","N":300000} | )"
                                                   "\n"
                                                   R"({"Name":"n299999","N":299999} | )"
                                                   "\n"
                                                   R"({"Name":"n299998","N":299998} | )"
                                                   "\n");
  EXPECT_TRUE(command(".export to parquet ('whole') <| T").starts_with("whole.parquet 300000 "));
}

TEST_F(Export, NothingElsewhereAndNothingTwice) {
  const auto refused = [&](const std::string& name, std::string_view why) {
    const auto answer = command(".export to parquet (\"" + name + "\") <| print 1");
    EXPECT_TRUE(answer.starts_with("WAREHOUSE0414 ")) << answer;
    EXPECT_NE(answer.find(why), std::string::npos) << answer;
  };
  refused("../out", "below the export folder");
  refused("/etc/rollcall.parquet", "below the export folder");
  refused("https://account.blob.core.windows.net/c;key", "files of this machine");
  fs::create_directory_symlink("/tmp", out() / "link");
  refused("link/x", "below the export folder");
  std::ofstream(out() / "there.parquet") << "mine";
  refused("there", "already");
  EXPECT_NE(command(".export to parquet ('x') <| print 1; print 2").find("one query"),
            std::string::npos);
  EXPECT_TRUE(command(".export to csv ('x') <| print 1").starts_with("WAREHOUSE0401 "));
  EXPECT_TRUE(command(".export to parquet ('x') <| print y").starts_with("KQL"));
  // Neither a half file nor another one is left.
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(out())) left.push_back(entry.path().filename());
  std::ranges::sort(left);
  EXPECT_EQ(left, (std::vector<std::string>{"link", "there.parquet"}));
}

// What the lock leaves open is the one folder, and nothing of the configuration.
TEST(DuckDbLock, HoldsAlsoWithAnExportFolder) {
  const TemporaryFolder folder, outside;
  const auto database = DuckDb::open(
      {.file = folder.path() / "x.duckdb", .export_folder = fs::canonical(folder.path())});
  ASSERT_TRUE(database) << database.error().message;
  auto connection = (*database)->connect();
  const auto one = [] {
    sql::Select select;
    select.items.push_back({sql::literal(std::int64_t{1}), "a"});
    return sql::query(std::move(select));
  };
  EXPECT_TRUE(connection->copy({one(), (folder.path() / "a.parquet").string()}, {}));
  EXPECT_FALSE(connection->copy({one(), (outside.path() / "a.parquet").string()}, {}));
  EXPECT_FALSE(connection->copy({one(), (folder.path() / ".." / "a.parquet").string()}, {}));
  EXPECT_FALSE(connection->lock_down("/"));
  for (const char* function : {"read_text", "read_csv", "read_parquet"}) {
    sql::Select select;
    select.items.push_back({sql::make(sql::Star{}), ""});
    select.from = std::make_shared<const sql::TableRef>(sql::TableRef{
        sql::FunctionTable{function, {sql::literal(std::string("/etc/passwd"))}, "t", {}}});
    EXPECT_FALSE(connection->select_text(*sql::query(std::move(select)), 1)) << function;
  }
}

TEST(ExportFolder, WithoutOneNothingIsExported) {
  const auto warehouse = open_embedded({});
  const auto answer =
      (*warehouse)
          ->execute(
              ".export to parquet ('x') <| print 1",
              {.now = *parse_iso("2026-01-02"), .parameters = {}, .limits = {}, .principal = {}});
  EXPECT_EQ(answer.error().code, "WAREHOUSE0414");
}

}  // namespace
}  // namespace rollcall::warehouse
