#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "kql/native_table.hpp"

// The passes behind the activity plugins. Rows are [id, time, dimension …], numbers in the call's
// order.

namespace rollcall::kql {
namespace {

struct Event {
  std::string id;
  std::int64_t time = 0;
};
using Groups = std::map<std::string, std::vector<Event>>;  // by the dimensions' JSON

std::int64_t whole_of(const json::value& v) {
  if (v.is_int64()) return v.get_int64();
  return v.is_double() ? static_cast<std::int64_t>(v.get_double()) : 0;
}

Groups groups_of(const json::value& rows) {
  Groups groups;
  if (rows.is_array())
    for (const auto& row : rows.get_array()) {
      const auto& cells = row.get_array();
      json::array dimensions(cells.begin() + 2, cells.end());
      if (cells[1].is_null()) continue;
      groups[json_text(dimensions)].push_back({json_text(cells[0]), whole_of(cells[1])});
    }
  return groups;
}

struct Numbers {
  std::vector<std::int64_t> values;
  std::int64_t operator[](std::size_t i) const { return values[i]; }
};
Numbers numbers_of(const json::value& list) {
  Numbers numbers;
  for (const auto& v : list.get_array()) numbers.values.push_back(whole_of(v));
  return numbers;
}

class Answer {
 public:
  void add(std::vector<std::int64_t> times, const std::string& dimensions,
           std::vector<json::value> values) {
    json::array row;
    for (const auto t : times) row.emplace_back(t);
    const auto listed = read_json(dimensions);
    if (listed && listed->is_array())
      for (const auto& d : listed->get_array()) row.push_back(d);
    for (auto& v : values) row.push_back(std::move(v));
    rows_.emplace_back(std::move(row));
  }
  Cell take() { return cell(json::value(rows_)); }

 private:
  json::array rows_;
};

using Ids = std::set<std::string>;

std::int64_t count_of(const Ids& ids) { return static_cast<std::int64_t>(ids.size()); }
double ratio(std::int64_t a, std::int64_t b) {
  return b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b);
}

// The ids seen in each bin from the start.
std::map<std::int64_t, Ids> bins_of(const std::vector<Event>& events, std::int64_t start,
                                    std::int64_t end, std::int64_t step) {
  std::map<std::int64_t, Ids> bins;
  for (const auto& e : events) {
    if (e.time < start || e.time > end || step <= 0) continue;
    bins[start + (e.time - start) / step * step].insert(e.id);
  }
  return bins;
}

Cell activity_counts(Arguments a, Scratch& s) {
  const auto groups = groups_of(parsed(a[0], s));
  const auto n = numbers_of(parsed(a[1], s));
  Answer answer;
  for (const auto& [dimensions, events] : groups) {
    std::map<std::int64_t, std::int64_t> counts;
    for (const auto& e : events) {
      if (e.time >= n[0] && e.time <= n[1] && n[2] > 0)
        ++counts[n[0] + (e.time - n[0]) / n[2] * n[2]];
    }
    Ids seen;
    for (const auto& [bin, ids] : bins_of(events, n[0], n[1], n[2])) {
      std::int64_t fresh = 0;
      for (const auto& id : ids) fresh += seen.insert(id).second ? 1 : 0;
      answer.add({bin}, dimensions, {counts[bin], count_of(ids), fresh, count_of(seen)});
    }
  }
  return answer.take();
}

Cell activity_metrics(Arguments a, Scratch& s) {
  const auto groups = groups_of(parsed(a[0], s));
  const auto n = numbers_of(parsed(a[1], s));
  Answer answer;
  for (const auto& [dimensions, events] : groups) {
    Ids seen, before;
    for (const auto& [bin, ids] : bins_of(events, n[0], n[1], n[2])) {
      std::int64_t fresh = 0, kept = 0;
      for (const auto& id : ids) {
        kept += before.contains(id) ? 1 : 0;
        fresh += seen.insert(id).second ? 1 : 0;
      }
      const double retention = ratio(kept, count_of(before));
      answer.add({bin}, dimensions,
                 {count_of(ids), fresh, retention, before.empty() ? 0.0 : 1 - retention});
      before = ids;
    }
  }
  return answer.take();
}

// inner window against the longer one that ends with it
Cell activity_engagement(Arguments a, Scratch& s) {
  const auto groups = groups_of(parsed(a[0], s));
  const auto n = numbers_of(parsed(a[1], s));
  Answer answer;
  for (const auto& [dimensions, events] : groups) {
    const auto bins = bins_of(events, n[0], n[1], n[2]);
    for (const auto& [bin, ids] : bins) {
      Ids outer;
      for (auto at = bins.upper_bound(bin - n[3]); at != bins.end() && at->first <= bin; ++at)
        outer.insert(at->second.begin(), at->second.end());
      answer.add({bin}, dimensions,
                 {count_of(ids), count_of(outer), ratio(count_of(ids), count_of(outer))});
    }
  }
  return answer.take();
}

// start, end, look-back, period, active periods, bin: ids active in so many periods of the
// look-back before each bin's end
Cell active_users(Arguments a, Scratch& s) {
  const auto groups = groups_of(parsed(a[0], s));
  const auto n = numbers_of(parsed(a[1], s));
  Answer answer;
  for (const auto& [dimensions, events] : groups) {
    std::map<std::int64_t, Ids> active;
    std::map<std::string, std::set<std::int64_t>> times;
    for (const auto& e : events)
      if (n[3] > 0) times[e.id].insert(e.time - ((e.time % n[3]) + n[3]) % n[3]);
    for (const auto& [id, periods] : times) {
      for (const auto period : periods) {
        if (period < n[0] || period > n[1]) continue;
        std::int64_t count = 0;
        for (const auto other : periods) count += other > period - n[2] && other <= period ? 1 : 0;
        if (count >= n[4] && n[5] > 0) active[n[0] + (period - n[0]) / n[5] * n[5]].insert(id);
      }
    }
    for (const auto& [bin, ids] : active) answer.add({bin}, dimensions, {count_of(ids)});
  }
  return answer.take();
}

// start, end, bin, cohort: of those first seen in one bin (of the cohort only, when it is given),
// how many come again in each later one; and how many that were in none so far come there. Who is
// in the last argument is not new.
Cell new_activity(Arguments a, Scratch& s) {
  const auto groups = groups_of(parsed(a[0], s));
  const auto n = numbers_of(parsed(a[1], s));
  const bool has_cohort = !parsed(a[1], s).get_array()[3].is_null();
  Ids known;
  if (const auto& list = parsed(a[2], s); list.is_array())
    for (const auto& id : list.get_array()) known.insert(json_text(id));
  Answer answer;
  for (const auto& [dimensions, events] : groups) {
    auto bins = bins_of(events, n[0], n[1], n[2]);
    for (std::int64_t at = n[0]; n[2] > 0 && at <= n[1] && bins.size() < 10'000;) {
      bins.try_emplace(at);
      if (__builtin_add_overflow(at, n[2], &at)) break;
    }
    Ids seen = known;
    for (const auto& [from, ids] : bins) {
      Ids fresh;
      for (const auto& id : ids)
        if (seen.insert(id).second) fresh.insert(id);
      if (ids.empty() || (has_cohort && from != n[3])) continue;
      for (auto to = bins.find(from); to != bins.end(); ++to) {
        std::int64_t kept = 0, others = 0;
        for (const auto& id : fresh) kept += to->second.contains(id) ? 1 : 0;
        for (const auto& id : to->second) others += seen.contains(id) ? 0 : 1;
        const double rate = ratio(kept, count_of(fresh));
        answer.add({from, to->first}, dimensions,
                   {to->first == from ? count_of(fresh) : others, kept, count_of(fresh) - kept,
                    rate, 1 - rate});
      }
    }
  }
  return answer.take();
}

// start, end, bin, look-back: a session begins when nothing was seen for as long as the look-back
Cell session_count(Arguments a, Scratch& s) {
  const auto groups = groups_of(parsed(a[0], s));
  const auto n = numbers_of(parsed(a[1], s));
  Answer answer;
  for (const auto& [dimensions, events] : groups) {
    std::map<std::string, std::set<std::int64_t>> times;
    for (const auto& e : events) times[e.id].insert(e.time);
    std::map<std::int64_t, std::int64_t> counts;
    for (const auto& [id, seen] : times) {
      std::optional<std::int64_t> before;
      for (const auto t : seen) {
        const bool begins = !before || t - *before >= n[3];
        before = t;
        if (t < n[0] || t > n[1] || !begins || n[2] <= 0) continue;
        ++counts[t - ((t % n[2]) + n[2]) % n[2]];
      }
    }
    for (const auto& [bin, count] : counts) answer.add({bin}, dimensions, {count});
  }
  return answer.take();
}

// start, end, look-back, bin
Cell sliding_counts(Arguments a, Scratch& s) {
  const auto groups = groups_of(parsed(a[0], s));
  const auto n = numbers_of(parsed(a[1], s));
  Answer answer;
  for (const auto& [dimensions, events] : groups) {
    for (std::int64_t bin = n[0]; bin <= n[1] && n[3] > 0; bin += n[3]) {
      Ids ids;
      std::int64_t count = 0;
      for (const auto& e : events) {
        if (e.time < bin - n[2] + n[3] || e.time >= bin + n[3]) continue;
        ++count;
        ids.insert(e.id);
      }
      if (count > 0) answer.add({bin}, dimensions, {count, count_of(ids)});
    }
  }
  return answer.take();
}

// percentile, bin, bins: rows are [value, index, dimension …]
Cell rolling_percentile(Arguments a, Scratch& s) {
  const auto& rows = parsed(a[0], s);
  const json::value list = parsed(a[1], s);
  const double percent =
      list.get_array()[0].is_number() ? list.get_array()[0].to_number<double>() : 0;
  const std::int64_t width = whole_of(list.get_array()[1]), bins = whole_of(list.get_array()[2]);
  std::map<std::string, std::map<std::int64_t, std::vector<json::value>>> groups;
  if (rows.is_array() && width > 0)
    for (const auto& row : rows.get_array()) {
      const auto& cells = row.get_array();
      if (cells[0].is_null() || cells[1].is_null()) continue;
      const std::int64_t at = whole_of(cells[1]);
      groups[json_text(json::array(cells.begin() + 2, cells.end()))]
            [at - ((at % width) + width) % width]
                .push_back(cells[0]);
    }
  Answer answer;
  const auto number = [](const json::value& v) {
    return v.is_number() ? v.to_number<double>() : 0.0;
  };
  for (const auto& [dimensions, by_bin] : groups) {
    for (const auto& [bin, ignored] : by_bin) {
      std::vector<json::value> values;
      for (auto it = by_bin.upper_bound(bin - bins * width); it != by_bin.end() && it->first <= bin;
           ++it)
        values.insert(values.end(), it->second.begin(), it->second.end());
      std::ranges::stable_sort(values,
                               [&](const auto& x, const auto& y) { return number(x) < number(y); });
      const double rank = std::ceil(percent / 100 * static_cast<double>(values.size())) - 1;
      answer.add({bin}, dimensions,
                 {values[static_cast<std::size_t>(
                     std::clamp(rank, 0.0, static_cast<double>(values.size() - 1)))]});
    }
  }
  return answer.take();
}

// Schemas below each other: a name of two types, or in another place, is an error that the row
// tells.
Cell merged_schema(Arguments a, Scratch& s) {
  const auto& rows = parsed(a[0], s);
  struct Entry {
    std::string name, clr, type;
    std::int64_t place;
  };
  std::vector<Entry> entries;
  if (rows.is_array())
    for (const auto& row : rows.get_array()) {
      const auto& c = row.get_array();
      Entry entry{std::string(c[0].get_string()), std::string(c[2].get_string()),
                  std::string(c[3].get_string()), whole_of(c[1])};
      const auto existing = std::ranges::find(entries, entry.name, &Entry::name);
      if (existing == entries.end()) {
        entries.push_back(entry);
        continue;
      }
      if (existing->place != entry.place && existing->place >= 0) {
        existing->place = -1;
        existing->clr = "ERROR(unknown CSL type:ERROR(columns are out of order))";
        existing->type = "ERROR(columns are out of order)";
      } else if (existing->type != entry.type && existing->place >= 0) {
        existing->place = -1;
        existing->clr = "ERROR(unknown CSL type:ERROR(multiple types))";
        existing->type = "ERROR(multiple types)";
      }
    }
  json::array result;
  std::ranges::stable_sort(entries, [](const auto& x, const auto& y) {
    return static_cast<std::uint64_t>(x.place) < static_cast<std::uint64_t>(y.place);
  });
  for (const auto& e : entries)
    result.emplace_back(
        json::array{json::string(e.name), e.place, json::string(e.clr), json::string(e.type)});
  return cell(json::value(result));
}

// The properties of bags by name, with the type that all their values have.
Cell properties(Arguments a, Scratch& s) {
  const auto& bags = parsed(a[0], s);
  std::map<std::string, std::string> types;
  if (bags.is_array())
    for (const auto& bag : bags.get_array()) {
      if (!bag.is_object()) continue;
      for (const auto& member : bag.get_object()) {
        const auto& v = member.value();
        std::string type = v.is_string()   ? "string"
                           : v.is_int64()  ? "long"
                           : v.is_double() ? "real"
                           : v.is_bool()   ? "bool"
                                           : "dynamic";
        if (v.is_string() && v.get_string().size() > 18 && v.get_string()[4] == '-' &&
            parse_datetime(v.get_string()))
          type = "datetime";
        auto [at, is_new] = types.emplace(std::string(member.key()), v.is_null() ? "" : type);
        if (is_new || v.is_null() || at->second == type) continue;
        if (at->second.empty())
          at->second = type;
        else if ((at->second == "long" && type == "real") ||
                 (at->second == "real" && type == "long"))
          at->second = "real";
        else
          at->second = "dynamic";
      }
    }
  json::object out;
  for (const auto& [name, type] : types) out[name] = type.empty() ? "dynamic" : type;
  return cell(json::value(out));
}

// --- reduce: texts cut into words; words that vary become asterisks
struct Shape {
  std::vector<std::string> words;
  std::int64_t count = 0;
  std::string representative;
};

std::vector<std::string> words_of(std::string_view line, std::string_view within_words) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : line) {
    const bool part = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c & 0x80) != 0;
    if (part) {
      word += c;
      continue;
    }
    if (!word.empty()) words.push_back(std::exchange(word, {}));
    if (!within_words.contains(c)) words.emplace_back(1, c);
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

bool is_near(const Shape& shape, const std::vector<std::string>& words, double threshold) {
  if (shape.words.size() != words.size()) return false;
  std::size_t same = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (shape.words[i] == words[i] || shape.words[i] == "*") ++same;
  }
  return words.empty() || static_cast<double>(same) >= (1 - std::clamp(threshold * 3, 0.1, 1.0)) *
                                                           static_cast<double>(words.size());
}

// Takes the line into the first shape that is near, or into a new one; its place.
std::size_t reduce_line(std::vector<Shape>& shapes, const std::string& line, double threshold,
                        std::string_view within_words) {
  constexpr std::size_t most_shapes = 10'000;
  const auto words = words_of(line, within_words);
  auto at = std::ranges::find_if(
      shapes, [&](const auto& shape) { return is_near(shape, words, threshold); });
  if (at == shapes.end() && shapes.size() >= most_shapes) at = shapes.end() - 1;
  if (at == shapes.end()) at = shapes.insert(shapes.end(), {words, 0, line});
  ++at->count;
  for (std::size_t i = 0; i < std::min(words.size(), at->words.size()); ++i) {
    if (at->words[i] != words[i]) at->words[i] = "*";
  }
  return static_cast<std::size_t>(at - shapes.begin());
}

// Rows of [text, cell …]: the shapes as [pattern, count, representative]; or, where rows are kept, each row's cells before those.
Cell reduced(Arguments a, Scratch& s) {
  const auto& rows = parsed(a[0], s);
  const bool keeps_rows = truth(a[3]);
  std::vector<Shape> shapes;
  std::vector<std::size_t> shape_of_row;
  if (!rows.is_array()) return cell("[]");
  for (const auto& row : rows.get_array()) {
    const auto& value = row.get_array()[0];
    const std::string line(value.is_string() ? std::string(value.get_string()) : json_text(value));
    shape_of_row.push_back(reduce_line(shapes, line, real(a[1]), text(a[2])));
  }
  const auto shown = [](const Shape& shape, json::array cells) {
    std::string pattern;
    for (const auto& word : shape.words) pattern += word;
    cells.emplace_back(json::string(pattern));
    cells.emplace_back(shape.count);
    cells.emplace_back(json::string(shape.representative));
    return cells;
  };
  json::array out;
  if (keeps_rows) {
    for (std::size_t i = 0; i < shape_of_row.size(); ++i) {
      const auto& cells = rows.get_array()[i].get_array();
      out.emplace_back(shown(shapes[shape_of_row[i]], json::array(cells.begin() + 1, cells.end())));
    }
    return cell(json::value(out));
  }
  std::ranges::stable_sort(shapes, [](const auto& x, const auto& y) { return x.count > y.count; });
  for (const auto& shape : shapes) out.emplace_back(shown(shape, {}));
  return cell(json::value(out));
}

}  // namespace

std::span<const Native> activity_natives() {
  static const Native table[] = {
      {"kql__activity_counts", "j j:j", activity_counts},
      {"kql__activity_metrics", "j j:j", activity_metrics},
      {"kql__activity_engagement", "j j:j", activity_engagement},
      {"kql__active_users", "j j:j", active_users},
      {"kql__new_activity", "j j j:j", new_activity},
      {"kql__session_count", "j j:j", session_count},
      {"kql__sliding_counts", "j j:j", sliding_counts},
      {"kql__merged_schema", "j:j", merged_schema},
      {"kql__rolling_percentile", "j j:j", rolling_percentile},
      {"kql__properties", "j:j", properties},
      {"kql__reduced", "j r s b:j", reduced},
  };
  return table;
}

}  // namespace rollcall::kql
