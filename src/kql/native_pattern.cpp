#include <algorithm>
#include <cmath>
#include <map>

#include "kql/native_table.hpp"

// Patterns: which values of which columns many rows have in common (autocluster, basket,
// diffpatterns). Rows are [weight, group, cell …]; answers are [segment, number …, cell …], where
// null stands for any value. https://learn.microsoft.com/kusto/query/autocluster-plugin

namespace rollcall::kql {
namespace {

constexpr std::size_t most_patterns = 10'000;
constexpr std::size_t most_steps = 1'000'000;

using RowSet = std::vector<std::uint32_t>;
struct Item {
  std::size_t column;
  json::value value;
  RowSet rows;
};
struct Data {
  std::size_t columns = 0;
  std::vector<std::array<double, 2>> weights;  // of each row in each group
  std::array<double, 2> total{};
  std::vector<Item> items;                      // values that are neither null nor empty
  std::vector<std::vector<std::int32_t>> rows;  // of each row and column the item, or -1

  std::array<double, 2> weight_of(const RowSet& set) const {
    std::array<double, 2> sum{};
    for (const auto row : set)
      for (std::size_t g = 0; g < 2; ++g) sum[g] += weights[row][g];
    return sum;
  }
};

bool is_nothing(const json::value& v) {
  return v.is_null() || (v.is_string() && v.get_string().empty());
}

double weight_of(const json::value& v) {
  return v.is_number() ? std::max(0.0, v.to_number<double>()) : 0.0;
}

// Group 0 is of rows whose group equals `first`, group 1 of those that equal `second`; others are
// left out.
Data read_rows(const json::value& rows, const json::value& first, const json::value& second) {
  Data data;
  if (!rows.is_array()) return data;
  std::vector<std::map<std::string, std::size_t>> known;
  for (const auto& row : rows.get_array()) {
    const auto& cells = row.get_array();
    const bool in_first = cells[1] == first, in_second = cells[1] == second;
    if (!in_first && !in_second) continue;
    data.columns = cells.size() - 2;
    known.resize(data.columns);
    const double weight = weight_of(cells[0]);
    data.weights.push_back({in_first ? weight : 0, in_second && !in_first ? weight : 0});
    for (std::size_t g = 0; g < 2; ++g) data.total[g] += data.weights.back()[g];
    data.rows.emplace_back(data.columns, -1);
    for (std::size_t c = 0; c < data.columns; ++c) {
      if (is_nothing(cells[c + 2])) continue;
      const auto [at, is_new] = known[c].try_emplace(json_text(cells[c + 2]), data.items.size());
      if (is_new) data.items.push_back({c, cells[c + 2], {}});
      data.items[at->second].rows.push_back(static_cast<std::uint32_t>(data.rows.size() - 1));
      data.rows.back()[c] = static_cast<std::int32_t>(at->second);
    }
  }
  return data;
}

struct Pattern {
  std::vector<std::size_t> items;  // one of a column at most
  std::array<double, 2> weight;
};

RowSet common(const RowSet& a, const RowSet& b) {
  RowSet both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return both;
}

// All patterns of at most so many items that are in a share of the rows of a group. Items are tried
// in an order of columns, each behind the last one of the pattern, and given up as soon as the
// share is missed.
class Miner {
 public:
  Miner(const Data& data, double threshold, std::size_t most_items)
      : data_(data), most_items_(most_items) {
    for (std::size_t g = 0; g < 2; ++g)
      least_[g] = data.total[g] > 0 ? std::max(threshold * data.total[g], 1e-9) : HUGE_VAL;
    for (std::size_t i = 0; i < data.items.size(); ++i) {
      if (is_frequent(data.weight_of(data.items[i].rows))) frequent_.push_back(i);
    }
    std::ranges::stable_sort(frequent_, {}, [&](std::size_t i) { return data.items[i].column; });
  }
  std::vector<Pattern> mine() {
    for (std::size_t i = 0; i < frequent_.size(); ++i)
      extend({}, data_.items[frequent_[i]].rows, i);
    return std::move(found_);
  }

 private:
  bool is_frequent(const std::array<double, 2>& weight) const {
    return weight[0] >= least_[0] || weight[1] >= least_[1];
  }
  void extend(std::vector<std::size_t> items, const RowSet& rows, std::size_t last) {
    if (++steps_ > most_steps || found_.size() >= most_patterns) return;
    const auto weight = data_.weight_of(rows);
    if (!is_frequent(weight)) return;
    items.push_back(frequent_[last]);
    found_.push_back({items, weight});
    if (items.size() >= most_items_) return;
    for (std::size_t i = last + 1; i < frequent_.size(); ++i) {
      const auto& item = data_.items[frequent_[i]];
      if (item.column != data_.items[frequent_[last]].column)
        extend(items, common(rows, item.rows), i);
    }
  }

  const Data& data_;
  std::size_t most_items_;
  std::array<double, 2> least_{};
  std::vector<std::size_t> frequent_;
  std::vector<Pattern> found_;
  std::size_t steps_ = 0;
};

// What stands for any value, by the kind of the column: `~` is null.
void put_cells(json::array& row, const Data& data, const Pattern& pattern,
               const json::array& wildcards) {
  for (std::size_t c = 0; c < data.columns; ++c) {
    json::value shown = c < wildcards.size() ? wildcards[c] : json::value();
    for (const auto i : pattern.items) {
      if (data.items[i].column == c) shown = data.items[i].value;
    }
    row.push_back(std::move(shown));
  }
}

double percent(double part, double whole) { return whole > 0 ? part * 100 / whole : 0; }
std::int64_t rounded(double weight) { return static_cast<std::int64_t>(std::llround(weight)); }

Cell segments(const Data& data, const std::vector<Pattern>& patterns,
              const json::array& wildcards) {
  json::array answer;
  for (const auto& pattern : patterns) {
    json::array row{static_cast<std::int64_t>(answer.size()), rounded(pattern.weight[0]),
                    percent(pattern.weight[0], data.total[0])};
    put_cells(row, data, pattern, wildcards);
    answer.emplace_back(std::move(row));
  }
  return cell(json::value(std::move(answer)));
}

double number_or(const json::value& v, double otherwise) {
  return v.is_number() ? v.to_number<double>() : otherwise;
}

// threshold, most items, wildcards
Cell basket(Arguments a, Scratch& s) {
  const auto& given = parsed(a[1], s).get_array();
  const auto data = read_rows(parsed(a[0], s), json::value(), json::value());
  const auto most = static_cast<std::size_t>(std::clamp(number_or(given[1], 5), 1.0, 50.0));
  auto patterns = Miner(data, std::clamp(number_or(given[0], 0.05), 0.001, 1.0), most).mine();
  std::ranges::stable_sort(patterns, std::ranges::greater(),
                           [](const auto& p) { return p.weight[0]; });
  return segments(data, patterns, given[2].get_array());
}

// --- autocluster: from frequent rows as seeds, values are dropped as long as that makes the
// pattern better
struct Seed {
  std::vector<std::int32_t> row;
  double weight = 0;
};

std::vector<Seed> seeds_of(const Data& data, std::size_t most) {
  std::map<std::vector<std::int32_t>, double> counts;
  for (std::size_t r = 0; r < data.rows.size(); ++r) counts[data.rows[r]] += data.weights[r][0];
  std::vector<Seed> seeds;
  for (const auto& [row, weight] : counts) seeds.push_back({row, weight});
  std::ranges::stable_sort(seeds, std::ranges::greater(), &Seed::weight);
  if (seeds.size() > most) seeds.resize(most);
  return seeds;
}

Pattern pattern_of(const Data& data, const std::vector<std::size_t>& items) {
  if (items.empty()) return {items, data.total};
  RowSet rows = data.items[items[0]].rows;
  for (std::size_t i = 1; i < items.size(); ++i) rows = common(rows, data.items[items[i]].rows);
  return {items, data.weight_of(rows)};
}

// The weighted geometric mean of how much is covered and how much is said.
double score_of(const Data& data, const Pattern& pattern, double size_weight) {
  const double covered = percent(pattern.weight[0], data.total[0]) / 100;
  const double said = static_cast<double>(pattern.items.size()) /
                      static_cast<double>(std::max<std::size_t>(data.columns, 1));
  return std::pow(covered, size_weight) * std::pow(said, 1 - size_weight);
}

Pattern expanded(const Data& data, const Seed& seed, double size_weight) {
  std::vector<std::size_t> items;
  for (const auto i : seed.row) {
    if (i >= 0) items.push_back(static_cast<std::size_t>(i));
  }
  Pattern best = pattern_of(data, items), current = best;
  double best_score = score_of(data, best, size_weight);
  while (current.items.size() > 1) {
    std::optional<Pattern> next;
    for (std::size_t drop = 0; drop < current.items.size(); ++drop) {
      auto fewer = current.items;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(drop));
      auto candidate = pattern_of(data, fewer);
      if (!next || candidate.weight[0] > next->weight[0]) next = std::move(candidate);
    }
    current = *std::move(next);
    if (const double score = score_of(data, current, size_weight); score > best_score) {
      best = current;
      best_score = score;
    }
  }
  return best;
}

// size weight, seeds, wildcards
Cell autocluster(Arguments a, Scratch& s) {
  const auto& given = parsed(a[1], s).get_array();
  const auto data = read_rows(parsed(a[0], s), json::value(), json::value());
  const double size_weight = std::clamp(number_or(given[0], 0.5), 0.0, 1.0);
  const auto most = static_cast<std::size_t>(std::clamp(number_or(given[1], 25), 1.0, 200.0));
  std::vector<Pattern> patterns;
  for (const auto& seed : seeds_of(data, most)) {
    auto pattern = expanded(data, seed, size_weight);
    const bool known =
        std::ranges::any_of(patterns, [&](const auto& p) { return p.items == pattern.items; });
    if (!known && !pattern.items.empty() && pattern.weight[0] > 0)
      patterns.push_back(std::move(pattern));
  }
  std::ranges::stable_sort(patterns, std::ranges::greater(),
                           [&](const auto& p) { return score_of(data, p, size_weight); });
  // A pattern that says less of the same is left out, and so is what is far below the best.
  std::vector<Pattern> kept;
  for (auto& pattern : patterns) {
    const bool far = !kept.empty() && score_of(data, pattern, size_weight) <
                                          0.2 * score_of(data, kept.front(), size_weight);
    if (!far) kept.push_back(std::move(pattern));
  }
  return segments(data, kept, given[2].get_array());
}

// value of A, value of B, threshold, most items, wildcards: patterns whose shares of A and of B
// differ by the threshold
Cell diffpatterns(Arguments a, Scratch& s) {
  const auto& given = parsed(a[1], s).get_array();
  const auto data = read_rows(parsed(a[0], s), given[0], given[1]);
  const double threshold = std::clamp(number_or(given[2], 0.05), 0.015, 1.0);
  const auto most = static_cast<std::size_t>(
      std::clamp(number_or(given[3], static_cast<double>(data.columns)), 1.0, 50.0));
  const auto difference = [&](const Pattern& p) {
    return std::abs(percent(p.weight[0], data.total[0]) - percent(p.weight[1], data.total[1]));
  };
  auto patterns = Miner(data, threshold, most).mine();
  std::erase_if(patterns, [&](const auto& p) { return difference(p) < threshold * 100; });
  // Of patterns of the same rows, the one that says most.
  std::ranges::stable_sort(patterns, std::ranges::greater(),
                           [](const auto& p) { return p.items.size(); });
  std::vector<Pattern> kept;
  for (auto& pattern : patterns) {
    const bool said = std::ranges::any_of(kept, [&](const auto& p) {
      return p.weight == pattern.weight && std::ranges::all_of(pattern.items, [&](std::size_t i) {
               return std::ranges::find(p.items, i) != p.items.end();
             });
    });
    if (!said) kept.push_back(std::move(pattern));
  }
  std::ranges::stable_sort(kept, std::ranges::greater(), difference);
  json::array answer;
  for (const auto& pattern : kept) {
    const double in_a = percent(pattern.weight[0], data.total[0]),
                 in_b = percent(pattern.weight[1], data.total[1]);
    json::array row{static_cast<std::int64_t>(answer.size()),
                    rounded(pattern.weight[0]),
                    rounded(pattern.weight[1]),
                    in_a,
                    in_b,
                    std::abs(in_a - in_b)};
    put_cells(row, data, pattern, given[4].get_array());
    answer.emplace_back(std::move(row));
  }
  return cell(json::value(std::move(answer)));
}

}  // namespace

std::span<const Native> pattern_natives() {
  static const Native table[] = {
      {"kql__basket", "j j:j", basket},
      {"kql__autocluster", "j j:j", autocluster},
      {"kql__diffpatterns", "j j:j", diffpatterns},
  };
  return table;
}

}  // namespace rollcall::kql
