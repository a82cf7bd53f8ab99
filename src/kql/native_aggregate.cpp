#include <algorithm>
#include <cmath>

#include "kql/native_table.hpp"

// What aggregates compute from the list of their values: weighted percentiles, what hll and tdigest
// keep.

namespace rollcall::kql {
namespace {

double number(const json::value& v) { return v.is_number() ? v.to_number<double>() : 0.0; }

// Pairs of value and weight: the value at which the percentage of the weight is reached.
Cell weighted_percentile(Arguments a, Scratch& s) {
  const auto& list = parsed(a[0], s);
  if (!list.is_array() || list.get_array().empty()) return {};
  std::vector<std::pair<json::value, double>> pairs;
  double total = 0;
  for (const auto& pair : list.get_array()) {
    pairs.emplace_back(pair.get_array()[0], number(pair.get_array()[1]));
    total += pairs.back().second;
  }
  std::ranges::stable_sort(pairs, [](const auto& x, const auto& y) {
    if (x.first.is_string() && y.first.is_string())
      return x.first.get_string() < y.first.get_string();
    return number(x.first) < number(y.first);
  });
  double seen = 0;
  for (const auto& [value, weight] : pairs) {
    seen += weight;
    if (seen >= total * real(a[1]) / 100.0) return cell(value);
  }
  return cell(pairs.back().first);
}

// hll: the set of all values; tdigest: the list of all values.
Cell merged(Arguments a, Scratch& s) {
  const auto& list = parsed(a[0], s);
  json::array all;
  std::unordered_map<std::string, bool> seen;
  if (list.is_array())
    for (const auto& part : list.get_array()) {
      if (!part.is_array()) continue;
      for (const auto& value : part.get_array()) {
        if (!truth(a[1]) || seen.emplace(json_text(value), true).second) all.push_back(value);
      }
    }
  return cell(json::value(all));
}

std::vector<json::value> sorted(const json::value& list) {
  std::vector<json::value> values;
  if (list.is_array()) values.assign(list.get_array().begin(), list.get_array().end());
  std::ranges::stable_sort(values, [](const auto& x, const auto& y) {
    if (x.is_string() && y.is_string()) return x.get_string() < y.get_string();
    return number(x) < number(y);
  });
  return values;
}

Cell percentile_of(Arguments a, Scratch& s) {
  const auto values = sorted(parsed(a[0], s));
  if (values.empty()) return {};
  const double rank = std::ceil(real(a[1]) / 100.0 * static_cast<double>(values.size()));
  const auto i =
      static_cast<std::size_t>(std::clamp(rank - 1, 0.0, static_cast<double>(values.size() - 1)));
  return cell(values[i]);
}

}  // namespace

std::span<const Native> aggregate_natives() {
  static const Native table[] = {
      {"kql__weighted_percentile", "j r:j", weighted_percentile},
      {"kql__merged", "j b:j", merged},
      {"kql__repeated", "j:j",
       [](Arguments a, Scratch& s) -> Cell {
         json::array all;
         const auto& list = parsed(a[0], s);
         if (list.is_array())
           for (const auto& pair : list.get_array()) {
             const auto times = std::clamp(number(pair.get_array()[1]), 0.0, 10'000.0);
             for (double i = 0; i < times && all.size() < 1'000'000; ++i)
               all.push_back(pair.get_array()[0]);
           }
         return cell(json::value(all));
       }},
      {"kql_dcount_hll", "j:l",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& list = parsed(a[0], s);
         return list.is_array() ? Cell(static_cast<std::int64_t>(list.get_array().size())) : Cell{};
       }},
      {"kql__percentile_tdigest", "j r:j", percentile_of},
      {"kql_percentiles_array_tdigest", "j j:j",
       [](Arguments a, Scratch& s) -> Cell {
         const json::value wanted = parsed(a[1], s);
         json::array out;
         if (wanted.is_array())
           for (const auto& p : wanted.get_array()) {
             const Argument arguments[] = {a[0], Argument(number(p))};
             const Cell one = percentile_of(arguments, s);
             const auto* text_value = std::get_if<std::string>(&one);
             out.push_back(text_value == nullptr ? json::value()
                                                 : read_json(*text_value).value_or(json::value()));
           }
         return cell(json::value(out));
       }},
      {"kql_rank_tdigest", "j r:r",
       [](Arguments a, Scratch& s) -> Cell {
         const auto values = sorted(parsed(a[0], s));
         return static_cast<double>(
             std::ranges::count_if(values, [&](const auto& v) { return number(v) <= real(a[1]); }));
       }},
      {"kql_percentrank_tdigest", "j r:r",
       [](Arguments a, Scratch& s) -> Cell {
         const auto values = sorted(parsed(a[0], s));
         if (values.empty()) return {};
         return 100.0 *
                static_cast<double>(std::ranges::count_if(
                    values, [&](const auto& v) { return number(v) <= real(a[1]); })) /
                static_cast<double>(values.size());
       }},
      {"kql_hll_isvalid", "j:b",
       [](Arguments a, Scratch& s) -> Cell { return parsed(a[0], s).is_array(); }},
      {"kql_tdigest_isvalid", "j:b",
       [](Arguments a, Scratch& s) -> Cell { return parsed(a[0], s).is_array(); }},
  };
  return table;
}

}  // namespace rollcall::kql
