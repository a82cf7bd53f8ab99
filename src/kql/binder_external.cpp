#include "kql/operators.hpp"

// externaldata: records of files that whoever runs the query reads (compile.hpp), as one text whose
// elements are the rows. https://learn.microsoft.com/kusto/query/externaldata-operator

namespace rollcall::kql {
namespace {

std::optional<ExternalRecords> bind_wanted(Binder& binder, const ast::ExternalData& data,
                                           const EnvironmentPtr& environment) {
  ExternalRecords wanted;
  for (const auto& source : data.sources) {
    const auto name = binder.bind_constant(*source, environment, Type::string, "the file's name");
    if (!name) return std::nullopt;
    wanted.sources.push_back(std::get<std::string>(*name));
  }
  for (const auto& [name, type] : data.schema.columns) wanted.columns.push_back(name.text);
  wanted.format = option_text(data.with, "format");
  wanted.skips_first = option_text(data.with, "ignoreFirstRecord") == "true";
  return wanted;
}

// The place of each row, and the row itself, an array.
Relation elements_of(Binder& binder, std::string records) {
  const auto array = sql::cast(sql::parameter(std::move(records)), sql::Type::text);
  const std::string id = binder.fresh_id(), place = binder.fresh_id();
  const auto places = sql::call("range", {big(0), native("_element_count", {array})});
  auto query = binder.select_of(Relation{},
                                {{sql::call("unnest", {sql::call("kql__elements", {array})}), id},
                                 {sql::call("unnest", {places}), place}});
  Relation rows = binder.from_query(std::move(query), {{"$row", Type::dynamic, id, false}});
  rows.order = {order_term(sql::column(place), false, "")};
  rows.serialized = true;
  return rows;
}

}  // namespace

Relation bind_external_data(Binder& binder, const ast::ExternalData& data, Span span,
                            const EnvironmentPtr& environment) {
  if (!binder.options().external) {
    binder.complain("KQL0109", span,
                    "externaldata reads files only where the server's configuration names a folder "
                    "for them: ingest_folder");
    return binder.broken();
  }
  const auto wanted = bind_wanted(binder, data, environment);
  if (!wanted) return binder.broken();
  auto records = binder.options().external(*wanted);
  if (!records) {
    binder.complain("KQL0110", span, records.error().message);
    return binder.broken();
  }
  Relation rows = elements_of(binder, *std::move(records));
  const auto row = rows.columns[0].scalar();
  std::vector<MadeColumn> columns;
  NameMaker names;
  for (std::size_t i = 0; i < data.schema.columns.size(); ++i) {
    const auto& [name, type] = data.schema.columns[i];
    const Scalar field{native("_element", {row.sql, big(static_cast<std::int64_t>(i))}),
                       Type::dynamic,
                       true,
                       "",
                       {}};
    const Scalar text = convert(field, Type::string);
    columns.push_back(binder.made(names.unique(name.text),
                                  convert(text, type_named(type).value_or(Type::string))));
  }
  return binder.nest(std::move(rows), std::move(columns));
}

}  // namespace rollcall::kql
