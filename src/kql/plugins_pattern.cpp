#include <algorithm>

#include "kql/plugins.hpp"
#include "kql/values.hpp"

// autocluster, basket, diffpatterns: the rows as they are go to one native pass
// (native_pattern.cpp).

namespace rollcall::kql {
namespace {

// An argument that says `~` stands for its default.
bool is_given(const PluginSite& site, std::size_t i) {
  if (i >= site.size()) return false;
  const auto* literal = std::get_if<ast::Literal>(&site.argument(i).node);
  return literal == nullptr || literal->type != Type::string || literal->text != "~";
}

sql::ExprPtr number_json(Binder& binder, const PluginSite& site, std::size_t i) {
  if (!is_given(site, i)) return text_constant("null").sql;
  const auto value =
      binder.bind_constant(site.argument(i), site.environment, Type::real, "the number");
  return text_constant(value ? real_text(std::get<double>(*value)) : "null").sql;
}

// For each column the value that stands for any: of its type among the call's last arguments, or
// null.
sql::ExprPtr wildcards_json(Binder& binder, const PluginSite& site, std::size_t first,
                            const Relation& rows) {
  std::vector<Scalar> given;
  Scope scope{site.environment};
  for (std::size_t i = first; i < site.size(); ++i) {
    if (is_given(site, i)) given.push_back(binder.bind(site.argument(i), scope));
  }
  std::vector<sql::ExprPtr> wildcards;
  for (const auto& column : rows.columns) {
    const auto fits = std::ranges::find(given, column.type, &Scalar::type);
    wildcards.push_back(fits == given.end() ? text_constant("null").sql : to_json(*fits));
  }
  return native("_array", std::move(wildcards));
}

struct Prepared {
  std::vector<Scalar> inputs;  // weight, group, the columns
  std::vector<Column> columns;
};

std::optional<Prepared> prepare(Binder& binder, Relation& rows, const PluginSite& site,
                                std::size_t weight_place, std::optional<std::size_t> group_place) {
  Prepared prepared;
  Scalar weight = long_constant(1), group = null_of(Type::dynamic);
  if (is_given(site, weight_place)) {
    auto bound = plugin_column(binder, rows, site, weight_place);
    if (!bound) return std::nullopt;
    weight = binder.coerce(*bound, Type::real, site.argument(weight_place).span);
  }
  if (group_place) {
    auto bound = plugin_column(binder, rows, site, *group_place);
    if (!bound) return std::nullopt;
    group = *std::move(bound);
  }
  if (weight.type == Type::unknown) return std::nullopt;
  prepared.inputs = {weight, group};
  // The weight says nothing about a row, nor does the column by which rows are told apart.
  std::vector<std::string> silent;
  if (is_given(site, weight_place)) silent.push_back(path_name(site.argument(weight_place)));
  if (group_place) silent.push_back(path_name(site.argument(*group_place)));
  for (const auto& column : rows.columns) {
    const bool is_silent = std::ranges::find(silent, column.name) != silent.end();
    prepared.columns.push_back({column.name, column.type});
    prepared.inputs.push_back(is_silent ? null_of(Type::dynamic) : column.scalar());
  }
  return prepared;
}

Relation with_patterns(Binder& binder, Relation rows, Prepared prepared,
                       std::vector<Column> columns, std::string_view function, sql::ExprPtr given) {
  std::ranges::move(prepared.columns, std::back_inserter(columns));
  return through_native(binder, std::move(rows), prepared.inputs, function, {std::move(given)},
                        columns);
}

const std::vector<Column> segment{
    {"SegmentId", Type::long_integer}, {"Count", Type::long_integer}, {"Percent", Type::real}};

// What autocluster and basket have in common: a number, a weight column, a number, wildcards.
Relation segments(Binder& binder, Relation rows, const PluginSite& site, std::string_view name) {
  auto prepared = prepare(binder, rows, site, 1, std::nullopt);
  if (!prepared) return binder.broken();
  auto given = native("_array", {number_json(binder, site, 0), number_json(binder, site, 2),
                                 wildcards_json(binder, site, 3, rows)});
  return with_patterns(binder, std::move(rows), *std::move(prepared), segment, name,
                       std::move(given));
}

// autocluster([size weight [, weight column [, seeds [, wildcard …]]]])
Relation autocluster(Binder& binder, Relation rows, const PluginSite& site) {
  return segments(binder, std::move(rows), site, "_autocluster");
}

// basket([threshold [, weight column [, most dimensions [, wildcard …]]]])
Relation basket(Binder& binder, Relation rows, const PluginSite& site) {
  return segments(binder, std::move(rows), site, "_basket");
}

// diffpatterns(split column, value A, value B [, weight column [, threshold [, most dimensions [,
// wildcard …]]]])
Relation diffpatterns(Binder& binder, Relation rows, const PluginSite& site) {
  auto prepared = prepare(binder, rows, site, 3, 0);
  if (!prepared) return binder.broken();
  const Type split = prepared->inputs[1].type;
  const auto value = [&](std::size_t i) {
    Scope scope{site.environment};
    return to_json(convert(binder.bind(site.argument(i), scope), split));
  };
  auto given =
      native("_array", {value(1), value(2), number_json(binder, site, 4),
                        number_json(binder, site, 5), wildcards_json(binder, site, 6, rows)});
  const std::vector<Column> columns{
      {"SegmentId", Type::long_integer}, {"CountA", Type::long_integer},
      {"CountB", Type::long_integer},    {"PercentA", Type::real},
      {"PercentB", Type::real},          {"PercentDiffAB", Type::real}};
  return with_patterns(binder, std::move(rows), *std::move(prepared), columns, "_diffpatterns",
                       std::move(given));
}

}  // namespace

std::span<const Plugin> pattern_plugins() {
  static const Plugin table[] = {{"autocluster", 0, 60, autocluster},
                                 {"basket", 0, 60, basket},
                                 {"diffpatterns", 3, 60, diffpatterns}};
  return table;
}

}  // namespace rollcall::kql
