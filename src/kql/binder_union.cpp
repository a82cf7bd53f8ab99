#include <algorithm>

#include "base/text.hpp"
#include "kql/operators.hpp"

// union: rows below rows, columns by name. A name with several types becomes a column for each
// (x_long, x_int).

namespace rollcall::kql {
namespace {

struct Target {
  std::string name;
  Type type;
};

std::vector<Target> targets_of(const std::vector<UnionInput>& inputs, bool outer) {
  std::vector<Target> all;
  for (const auto& input : inputs) {
    for (const auto& column : input.rows.columns) {
      const bool there = std::ranges::any_of(
          all, [&](const auto& t) { return t.name == column.name && t.type == column.type; });
      if (there) continue;
      // A name's further types stand behind its first.
      const auto last = std::ranges::find(all.rbegin(), all.rend(), column.name, &Target::name);
      all.insert(last == all.rend() ? all.end() : last.base(), {column.name, column.type});
    }
  }
  if (!outer) {
    std::erase_if(all, [&](const auto& target) {
      return !std::ranges::all_of(inputs, [&](const auto& input) {
        const auto* column = input.rows.find(target.name);
        return column != nullptr && column->type == target.type;
      });
    });
  }
  return all;
}

// The name shown; one that a column has by itself is taken.
std::string shown_name(const std::vector<Target>& targets, const Target& target) {
  const auto has = [&](const std::string& name) {
    return std::ranges::any_of(targets, [&](const auto& t) { return t.name == name; });
  };
  const auto same =
      std::ranges::count_if(targets, [&](const auto& t) { return t.name == target.name; });
  if (same < 2) return target.name;
  const std::string typed = target.name + "_" + std::string(name_of(target.type));
  std::string name = typed;
  for (int i = 1; has(name); ++i) name = typed + std::to_string(i);
  return name;
}

}  // namespace

Relation unite(Binder& binder, std::vector<UnionInput> inputs, bool outer,
               const std::string& source_column) {
  if (std::ranges::any_of(inputs, [](const auto& input) { return input.rows.open; }))
    return binder.broken();
  if (inputs.empty()) return binder.broken();
  const auto targets = targets_of(inputs, outer);
  Relation result;
  result.weight = 1;
  std::vector<std::string> ids;
  if (!source_column.empty())
    result.columns.push_back({source_column, Type::string, binder.fresh_id(), false});
  for (const auto& target : targets) {
    result.columns.push_back(
        {shown_name(targets, target), target.type, binder.fresh_id(), target.type != Type::string});
  }
  const bool keeps_ingestion =
      std::ranges::all_of(inputs, [](const auto& input) { return !input.rows.ingestion.empty(); });
  if (keeps_ingestion) result.ingestion = binder.fresh_id();
  const std::size_t partitions = inputs[0].rows.partition.size();
  for (std::size_t i = 0; i < partitions; ++i) result.partition.push_back(binder.fresh_id());
  // Rows of an earlier input come first, each in its own order.
  const bool keeps_order = std::ranges::all_of(
      inputs, [](const auto& input) { return !input.rows.order.empty() && !input.rows.sorted; });
  const std::string input_id = keeps_order ? binder.fresh_id() : "",
                    place_id = keeps_order ? binder.fresh_id() : "";
  sql::SetQuery set{sql::SetOperator::union_all, {}};
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    const auto& input = inputs[n];
    std::vector<sql::SelectItem> items;
    std::size_t at = 0;
    if (!source_column.empty())
      items.push_back({text_constant(input.source).sql, result.columns[at++].id});
    for (const auto& target : targets) {
      const auto* column = input.rows.find(target.name);
      const bool fits = column != nullptr && column->type == target.type;
      items.push_back(
          {fits ? sql::column(column->id) : null_of(target.type).sql, result.columns[at++].id});
    }
    if (keeps_ingestion) items.push_back({sql::column(input.rows.ingestion), result.ingestion});
    for (std::size_t i = 0; i < partitions; ++i) {
      items.push_back(
          {i < input.rows.partition.size() ? sql::column(input.rows.partition[i]) : sql::null(),
           result.partition[i]});
    }
    if (keeps_order) {
      items.push_back({sql::literal(static_cast<std::int64_t>(n)), input_id});
      items.push_back({binder.window(input.rows, "row_number", {}), place_id});
    }
    result.weight += input.rows.weight;
    set.inputs.push_back(binder.select_of(input.rows, std::move(items)));
  }
  sql::Query query;
  query.body = std::move(set);
  result.from =
      sql::derived(std::make_shared<const sql::Query>(std::move(query)), binder.fresh_alias());
  if (keeps_order)
    result.order = {order_term(sql::column(input_id), false, ""),
                    order_term(sql::column(place_id), false, "")};
  return result;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Union& node,
                       const EnvironmentPtr& environment) {
  std::vector<UnionInput> inputs;
  std::string absent;  // the first table that is not there
  if (rows.from) inputs.push_back({rows, rows.name.empty() ? "union_arg0" : rows.name});
  const bool fuzzy = option_text(node.options, "isfuzzy") == "true";
  for (const auto& table : node.tables) {
    if (const auto* wildcard = std::get_if<ast::Wildcard>(&table->node)) {
      bool any = false;
      for (auto env = environment; env; env = env->parent) {
        for (const auto& [name, symbol] : env->symbols) {
          if (!matches_wildcard(wildcard->pattern, name)) continue;
          if (const auto* relation = std::get_if<Relation>(&symbol)) {
            inputs.push_back({binder.fresh(*relation), name});
          } else if (const auto* function = std::get_if<FunctionSymbol>(&symbol);
                     function != nullptr && function->parameters->empty() &&
                     binder.is_tabular_function(*function)) {
            Scope scope{environment};
            inputs.push_back(
                {binder.call_table_function(*function, ast::Call{{name, table->span}, {}},
                                            table->span, scope, nullptr),
                 name});
          } else {
            continue;
          }
          any = true;
        }
      }
      for (const auto& [name, known] : binder.catalog().tables) {
        if (!matches_wildcard(wildcard->pattern, name)) continue;
        inputs.push_back({binder.scan(known), name});
        any = true;
      }
      if (!any && !fuzzy)
        binder.complain("KQL0101", table->span,
                        fmt::format("no table is named '{}'", wildcard->pattern));
      continue;
    }
    if (fuzzy && !binder.is_tabular(*table, environment)) {
      if (absent.empty()) absent = path_name(*table);
      continue;
    }
    const auto* ref = std::get_if<ast::NameRef>(&table->node);
    std::string source = ref != nullptr ? ref->name : fmt::format("union_arg{}", inputs.size());
    if (fuzzy) {
      const ast::Expr* first = table.get();
      while (const auto* pipeline = std::get_if<ast::Pipeline>(&first->node)) {
        if (!pipeline->source) break;
        first = pipeline->source.get();
      }
      if (!binder.is_tabular(*first, environment)) {
        if (absent.empty()) absent = path_name(*first);
        continue;
      }
    }
    Relation input = binder.bind_table(*table, environment);
    if (const auto* pipeline = std::get_if<ast::Pipeline>(&table->node);
        pipeline != nullptr && std::holds_alternative<ast::As>(pipeline->operators.back().node))
      source = input.name;
    if (!input.from) {
      binder.complain("KQL0106", table->span, "a table is wanted here");
      return binder.broken();
    }
    inputs.push_back({std::move(input), source});
  }
  if (inputs.empty()) {
    if (fuzzy) {
      binder.complain("KQL0101", {},
                      absent.empty()
                          ? "no table of the union is there"
                          : fmt::format("no table of the union is there, neither '{}'", absent));
    }
    return binder.broken();
  }
  std::string source = option_text(node.options, "withsource");
  if (source.empty()) source = option_text(node.options, "with_source");
  const std::string kind = option_text(node.options, "kind");
  if (!kind.empty() && kind != "inner" && kind != "outer") {
    binder.complain("KQL0106", find_option(node.options, "kind")->value->span,
                    fmt::format("'{}' is no kind of union", kind));
  }
  return unite(binder, std::move(inputs), kind != "inner", source);
}

}  // namespace rollcall::kql
