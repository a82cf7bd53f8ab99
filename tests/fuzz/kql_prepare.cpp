// Whatever SQL comes of a text, DuckDB prepares it: no error of ours is left for it to find.
#include "base/check.hpp"
#include "fuzz.hpp"
#include "sql/render.hpp"
#include "warehouse/duckdb.hpp"
#include "warehouse/schema.hpp"

namespace {

using namespace rollcall;

warehouse::Connection& connection() {
  static auto database = *warehouse::DuckDb::open({});
  static auto made = [] {
    auto opened = *database->connect();
    for (const auto& [name, table] : fuzz::catalog().tables) {
      sql::CreateTable create;
      create.name = name;
      for (const auto& column : warehouse::schema::storage_of(table.columns, true)) {
        sql::ColumnDefinition definition;
        definition.name = column.name;
        definition.type = column.type;
        create.columns.push_back(definition);
      }
      CHECK(opened.run(create));
    }
    return opened;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  kql::Options options;
  options.now = fuzz::now;
  const auto compiled = kql::compile(fuzz::text_of(data, size), fuzz::catalog(), options);
  if (!compiled) return 0;
  for (const auto& output : *compiled) {
    if (const auto prepared = connection().prepares(*output.query); !prepared) {
      fuzz::found(prepared.error().message + "\n" +
                  sql::render(*output.query, sql::Dialect::duckdb).text);
    }
  }
  return 0;
}
