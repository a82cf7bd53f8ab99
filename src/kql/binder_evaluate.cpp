#include "base/text.hpp"
#include "kql/operators.hpp"
#include "kql/plugins.hpp"

// evaluate: finds the plugin; and the way of those that are one native pass over all rows.

namespace rollcall::kql {

const ast::Expr& PluginSite::argument(std::size_t i) const {
  return *named_of(*call.arguments[i]).expr;
}

const ast::Expr* PluginSite::find(std::string_view name, std::size_t place) const {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const NamedExpr named = named_of(*call.arguments[i]);
    if (!named.names.empty() && named.names[0] == name) return named.expr;
  }
  if (place < call.arguments.size() && named_of(*call.arguments[place]).names.empty())
    return call.arguments[place].get();
  return nullptr;
}

Relation through_native(Binder& binder, Relation rows, const std::vector<Scalar>& inputs,
                        std::string_view function, std::vector<sql::ExprPtr> more,
                        const std::vector<Column>& columns) {
  std::vector<sql::ExprPtr> cells;
  for (const auto& input : inputs) cells.push_back(to_json(input));
  sql::Call all;
  all.function = "string_agg";
  all.arguments = {native("_array", std::move(cells)), sql::literal(std::string(","))};
  all.order_by = rows.order;
  std::vector<sql::ExprPtr> arguments{
      concat({sql::literal(std::string("[")),
              coalesce(sql::make(std::move(all)), sql::literal(std::string())),
              sql::literal(std::string("]"))})};
  std::move(more.begin(), more.end(), std::back_inserter(arguments));
  const std::string id = binder.fresh_id(), place = binder.fresh_id();
  const auto result = native(function, std::move(arguments));
  auto query = binder.select_of(
      rows,
      {{sql::call("unnest", {native("_elements", {result})}), id},
       {sql::call("unnest",
                  {sql::call("range", {sql::cast(sql::literal(std::int64_t{0}), sql::Type::bigint),
                                       native("_element_count", {result})})}),
        place}});
  Relation found = binder.from_query(query, {});
  found.weight = rows.weight + 1;
  found.order = {order_term(sql::column(place), false, "")};
  std::vector<MadeColumn> made;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Scalar cell{native("_element", {sql::column(id), big(static_cast<std::int64_t>(i))}),
                Type::dynamic,
                true,
                "",
                {}};
    made.push_back(binder.made(columns[i].name, convert(std::move(cell), columns[i].type)));
  }
  return binder.nest(std::move(found), std::move(made));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Evaluate& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  const std::string& name = node.call.function.text;
  std::vector<std::string> names;
  for (const auto table : {shape_plugins(), lookup_plugins(), activity_plugins(), geo_plugins(),
                           sequence_plugins(), pattern_plugins()}) {
    for (const auto& plugin : table) {
      names.emplace_back(plugin.name);
      if (plugin.name != name) continue;
      if (node.call.arguments.size() < plugin.least || node.call.arguments.size() > plugin.most) {
        binder.complain("KQL0106", node.call_span,
                        fmt::format("the plugin '{}' takes another number of arguments", name));
        return binder.broken();
      }
      return plugin.bind(binder, std::move(rows),
                         {node.call, node.call_span, environment, node.schema});
    }
  }
  for (std::string_view known : {"python",
                                 "r",
                                 "csharp",
                                 "sql_request",
                                 "mysql_request",
                                 "postgresql_request",
                                 "cosmosdb_sql_request",
                                 "dax_request",
                                 "azure_digital_twins_query_request",
                                 "http_request",
                                 "http_request_post",
                                 "execute_query",
                                 "execute_show_command",
                                 "diffpatterns_text",
                                 "ai_embeddings",
                                 "ai_embed_text",
                                 "ai_chat_completion",
                                 "ai_chat_completion_prompt",
                                 "infer_storage_schema",
                                 "infer_storage_schema_with_suggestions",
                                 "estimate_rows_count"}) {
    if (known == name) {
      binder.complain("KQL0109", node.call.function.span,
                      fmt::format("the plugin '{}' is not supported", name));
      return binder.broken();
    }
  }
  binder.complain("KQL0102", node.call.function.span, fmt::format("unknown plugin '{}'", name),
                  nearest_name(name, names));
  return binder.broken();
}

}  // namespace rollcall::kql
