#include <algorithm>

#include "kql/operators.hpp"
#include "kql/plugins.hpp"

// Plugins that follow ids from state to state: funnel_sequence, funnel_sequence_completion,
// sequence_detect. The passes stand in native_sequence.cpp.

namespace rollcall::kql {
namespace {

struct Followed {
  std::vector<Scalar> inputs;  // id, time, state
  std::string time_name, state_name;
  Type time_type, state_type;
};

std::optional<Followed> bind_followed(Binder& binder, Relation& rows, const PluginSite& site,
                                      std::size_t state_place) {
  auto id = plugin_column(binder, rows, site, 0);
  auto time = plugin_column(binder, rows, site, 1);
  auto state = plugin_column(binder, rows, site, state_place);
  if (!id || !time || !state) return std::nullopt;
  return Followed{{*id, ticks_of(*time), *state},
                  path_name(site.argument(1)),
                  path_name(site.argument(state_place)),
                  time->type,
                  state->type};
}

sql::ExprPtr number_json(Binder& binder, const PluginSite& site, std::size_t i) {
  return native("_json_long", {plugin_number(binder, site, i)});
}

// A constant array of the call, as JSON.
sql::ExprPtr array_json(Binder& binder, const PluginSite& site, std::size_t i) {
  Scope scope{site.environment};
  return to_json(
      binder.coerce(binder.bind(site.argument(i), scope), Type::dynamic, site.argument(i).span));
}

// funnel_sequence(id, time, start, end, step window, bin, state, sequence): by what came before and
// behind the sequence, and beside that, as results of their own, by what came before it and by what
// came behind it.
Relation funnel_sequence(Binder& binder, Relation rows, const PluginSite& site) {
  const auto followed = bind_followed(binder, rows, site, 6);
  if (!followed) return binder.broken();
  const auto table = [&](const char* sides) {
    const auto numbers =
        native("_array", {number_json(binder, site, 2), number_json(binder, site, 3),
                          number_json(binder, site, 4), number_json(binder, site, 5),
                          array_json(binder, site, 7), to_json(text_constant(sides))});
    std::vector<Column> columns{{followed->time_name, Type::long_integer}};
    if (std::string_view(sides).contains('p')) columns.push_back({"prev", followed->state_type});
    if (std::string_view(sides).contains('n')) columns.push_back({"next", followed->state_type});
    columns.push_back({"dcount", Type::long_integer});
    columns.push_back({"samples", Type::dynamic});
    return with_times(
        through_native(binder, rows, followed->inputs, "_funnel_sequence", {numbers}, columns),
        {followed->time_name}, followed->time_type);
  };
  binder.side_results.emplace_back("", table("p"));
  binder.side_results.emplace_back("", table("n"));
  return table("pn");
}

// funnel_sequence_completion(id, time, start, end, bin, state, sequence, windows)
Relation funnel_completion(Binder& binder, Relation rows, const PluginSite& site) {
  const auto followed = bind_followed(binder, rows, site, 5);
  if (!followed) return binder.broken();
  Scope scope{site.environment};
  const Scalar windows =
      binder.coerce(binder.bind(site.argument(7), scope), Type::dynamic, site.argument(7).span);
  if (windows.type == Type::unknown) return binder.broken();
  const auto numbers = native(
      "_array", {number_json(binder, site, 2), number_json(binder, site, 3),
                 number_json(binder, site, 4), array_json(binder, site, 6), to_json(windows)});
  const std::vector<Column> columns{{followed->time_name, Type::long_integer},
                                    {followed->state_name, Type::string},
                                    {"Period", Type::long_integer},
                                    {"dcount", Type::long_integer}};
  const Type period = followed->time_type == Type::datetime ? Type::timespan : followed->time_type;
  return with_times(with_times(through_native(binder, std::move(rows), followed->inputs,
                                              "_funnel_completion", {numbers}, columns),
                               {followed->time_name}, followed->time_type),
                    {"Period"}, period);
}

// sequence_detect(time, step window, whole span, name = condition …, dimension …)
Relation sequence_detect(Binder& binder, Relation rows, const PluginSite& site) {
  auto time = plugin_column(binder, rows, site, 0);
  if (!time) return binder.broken();
  const std::string time_name = path_name(site.argument(0));
  std::vector<Scalar> conditions, dimensions;
  std::vector<Column> columns, times;
  std::vector<std::string> time_columns;
  for (std::size_t i = 3; i < site.size(); ++i) {
    auto column = plugin_column(binder, rows, site, i);
    if (!column) return binder.broken();
    const NamedExpr named = named_of(*site.call.arguments[i]);
    const std::string name = named.names.empty() ? path_name(site.argument(i)) : named.names[0];
    if (column->type == Type::boolean) {
      time_columns.push_back(name + "_" + time_name);
      times.push_back({time_columns.back(), Type::long_integer});
      conditions.push_back(*std::move(column));
    } else {
      columns.push_back({name, column->type});
      dimensions.push_back(*std::move(column));
    }
  }
  if (conditions.empty()) {
    binder.complain("KQL0106", site.span,
                    "sequence_detect needs a condition at least: name = condition");
    return binder.broken();
  }
  std::vector<Scalar> inputs{ticks_of(*time)};
  const auto numbers = native("_array", {number_json(binder, site, 1), number_json(binder, site, 2),
                                         text_constant(std::to_string(conditions.size())).sql});
  std::ranges::move(conditions, std::back_inserter(inputs));
  std::ranges::move(dimensions, std::back_inserter(inputs));
  columns.insert(columns.end(), times.begin(), times.end());
  columns.push_back({"Duration", Type::long_integer});
  return with_times(with_times(through_native(binder, std::move(rows), inputs, "_sequence_detect",
                                              {numbers}, columns),
                               time_columns, time->type),
                    {"Duration"}, Type::timespan);
}

}  // namespace

std::span<const Plugin> sequence_plugins() {
  static const Plugin table[] = {{"funnel_sequence", 8, 8, funnel_sequence},
                                 {"funnel_sequence_completion", 8, 8, funnel_completion},
                                 {"sequence_detect", 4, 32, sequence_detect}};
  return table;
}

}  // namespace rollcall::kql
