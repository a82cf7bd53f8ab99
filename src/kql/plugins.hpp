// The plugins of `evaluate`. Each takes the rows and its call; some ask the data for their columns.
#pragma once
#include <span>
#include <string_view>

#include "kql/binder.hpp"

namespace rollcall::kql {

struct PluginSite {
  const ast::Call& call;
  Span span;
  const EnvironmentPtr& environment;
  const std::optional<ast::Schema>& schema;  // evaluate f() : (schema)

  std::size_t size() const { return call.arguments.size(); }
  const ast::Expr& argument(std::size_t i) const;  // without its name
  // The argument of that name, or in that place; null when absent.
  const ast::Expr* find(std::string_view name, std::size_t place) const;
};

struct Plugin {
  std::string_view name;
  std::size_t least, most;
  Relation (*bind)(Binder& binder, Relation rows, const PluginSite& site);
};

std::span<const Plugin> shape_plugins();     // bag_unpack, pivot, narrow
std::span<const Plugin> lookup_plugins();    // ipv4_lookup, dcount_intersect …
std::span<const Plugin> activity_plugins();  // activity_counts_metrics, session_count …
std::span<const Plugin> geo_plugins();       // geo_polygon_lookup, geo_line_lookup
std::span<const Plugin> sequence_plugins();  // funnel_sequence, sequence_detect …
std::span<const Plugin> pattern_plugins();   // autocluster, basket, diffpatterns

// All rows as one JSON array of arrays, in the order of these columns, handed to a native function
// that gives an array of arrays: rows of `columns`.
Relation through_native(Binder& binder, Relation rows, const std::vector<Scalar>& inputs,
                        std::string_view function, std::vector<sql::ExprPtr> more,
                        const std::vector<Column>& columns);

// --- for plugins over time, whose native passes count with ticks
// The bound argument as a column of the rows; nullopt after a complaint.
std::optional<Scalar> plugin_column(Binder& binder, Relation& rows, const PluginSite& site,
                                    std::size_t i);
// A time as the number of its ticks; other scalars as they are.
Scalar ticks_of(Scalar scalar);
// The argument's value, ticks for a time, as a BIGINT.
sql::ExprPtr plugin_number(Binder& binder, const PluginSite& site, std::size_t i);
// The columns of these names have this type, if it is one of time.
Relation with_times(Relation rows, const std::vector<std::string>& names, Type type);

}  // namespace rollcall::kql
