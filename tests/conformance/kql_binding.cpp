// Queries that people run, bound against the tables they speak of: how many compile; and what they are said to answer, in
// kql/bound_queries.jsonl, for a comparison with the official binder (binding.mjs).
#include <fstream>

#include "conformance/conformance.hpp"
#include "conformance/grown_catalog.hpp"
#include "kql/parser.hpp"

namespace rollcall::conformance {
namespace {

json::object schema_of(const kql::Catalog& catalog) {
  json::object schema;
  for (const auto& [name, table] : catalog.tables) {
    json::object columns;
    for (const auto& column : table.columns) columns[column.name] = kql::name_of(column.type);
    schema[name] = std::move(columns);
  }
  return schema;
}

json::array columns_of(const kql::Output& output) {
  json::array columns;
  for (const auto& column : output.columns)
    columns.push_back(json::object{{"name", column.name}, {"type", kql::name_of(column.type)}});
  return columns;
}

const Suite bound_queries{
    "kql/bound_queries", [](Run& run) {
      std::filesystem::create_directories(run.out() / "kql");
      std::ofstream file(run.out() / "kql/bound_queries.jsonl");
      kql::Options options;
      options.now = *parse_iso("2026-01-01T12:00:00Z");
      // Plugins that ask the data see none, and files have no records: it is about columns.
      options.probe = [](const sql::Query&, std::size_t) -> Result<kql::ProbeRows> {
        return kql::ProbeRows{};
      };
      options.external = [](const kql::ExternalRecords&) -> Result<std::string> { return "[]"; };
      for (const auto& one : run.lines("kql/real_queries.jsonl.gz")) {
        const std::string query(one.at("query").as_string());
        const std::string id(one.at("id").as_string());
        const auto grown = grow_catalog(query, options);
        run.check(grown.has_value(), id, grown ? "" : grown.error().message);
        if (!grown) continue;
        // Of several results the official binder tells the last.
        file << json::serialize(json::object{{"id", id},
                                             {"query", query},
                                             {"schema", schema_of(grown->catalog)},
                                             {"columns", columns_of(grown->compiled.back())}})
             << '\n';
      }
    }};

}  // namespace
}  // namespace rollcall::conformance
