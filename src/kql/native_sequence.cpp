#include <algorithm>
#include <map>
#include <set>

#include "kql/native_table.hpp"

// The passes behind the plugins over sequences of states. Times are ticks.

namespace rollcall::kql {
namespace {

std::int64_t whole_of(const json::value& v) {
  if (v.is_int64()) return v.get_int64();
  return v.is_double() ? static_cast<std::int64_t>(v.get_double()) : 0;
}

std::string key_of(const json::value& v) {
  return v.is_string() ? std::string(v.get_string()) : json_text(v);
}

std::vector<std::string> states_of(const json::value& list) {
  std::vector<std::string> states;
  if (list.is_array())
    for (const auto& v : list.get_array()) states.push_back(key_of(v));
  return states;
}

struct Event {
  std::int64_t time;
  json::value state;
};

// Of rows [id, time, state]: each id's events between start and end, in their order, by bin.
using Path = std::vector<Event>;
std::map<std::int64_t, std::map<std::string, Path>> paths_of(const json::value& rows,
                                                             std::int64_t start, std::int64_t end,
                                                             std::int64_t step) {
  std::map<std::int64_t, std::map<std::string, Path>> paths;
  if (!rows.is_array() || step <= 0) return paths;
  for (const auto& row : rows.get_array()) {
    const auto& cells = row.get_array();
    if (cells[1].is_null()) continue;
    const std::int64_t time = whole_of(cells[1]);
    if (time < start || time > end) continue;
    const auto offset = static_cast<Int128>(time) - start;
    paths[static_cast<std::int64_t>(start + offset / step * step)][json_text(cells[0])].push_back(
        {time, cells[2]});
  }
  for (auto& [bin, ids] : paths) {
    for (auto& [id, path] : ids) std::ranges::stable_sort(path, {}, &Event::time);
  }
  return paths;
}

// A state that stays is one event.
Path changes_of(const Path& path) {
  Path changes;
  for (const auto& event : path) {
    if (changes.empty() || key_of(changes.back().state) != key_of(event.state))
      changes.push_back(event);
  }
  return changes;
}

// Whether the sequence stands at that place of the path, each step near enough to the one before
// it.
bool stands_at(const Path& path, std::size_t at, const std::vector<std::string>& sequence,
               std::int64_t window) {
  if (sequence.empty() || at + sequence.size() > path.size()) return false;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    if (key_of(path[at + i].state) != sequence[i]) return false;
    if (i > 0 && path[at + i].time - path[at + i - 1].time > window) return false;
  }
  return true;
}

// start, end, window, bin, sequence, sides: `p` the state before, `n` the one behind
Cell funnel_sequence(Arguments a, Scratch& s) {
  constexpr std::size_t most_samples = 128;
  const auto& rows = parsed(a[0], s);
  const auto& given = parsed(a[1], s).get_array();
  const auto sequence = states_of(given[4]);
  const std::string sides = key_of(given[5]);
  const bool before = sides.contains('p'), behind = sides.contains('n');
  json::array answer;
  for (const auto& [bin, ids] :
       paths_of(rows, whole_of(given[0]), whole_of(given[1]), whole_of(given[3]))) {
    std::map<std::string, std::pair<json::array, std::set<std::string>>> by_sides;
    for (const auto& [id, all] : ids) {
      const Path path = changes_of(all);
      for (std::size_t i = 0; i < path.size(); ++i) {
        if (!stands_at(path, i, sequence, whole_of(given[2]))) continue;
        const std::size_t next = i + sequence.size();
        json::array shown;
        if (before) shown.push_back(i > 0 ? path[i - 1].state : json::value(""));
        if (behind) shown.push_back(next < path.size() ? path[next].state : json::value(""));
        auto& entry = by_sides[json_text(shown)];
        entry.first = shown;
        entry.second.insert(id);
      }
    }
    std::vector<std::pair<json::array, std::set<std::string>>> sorted;
    for (auto& [key, entry] : by_sides) sorted.push_back(std::move(entry));
    std::ranges::stable_sort(sorted, std::ranges::greater(),
                             [](const auto& entry) { return entry.second.size(); });
    for (const auto& [shown, who] : sorted) {
      json::array row{bin}, samples;
      row.insert(row.end(), shown.begin(), shown.end());
      for (const auto& id : who) {
        if (samples.size() < most_samples) samples.push_back(read_json(id).value_or(json::value()));
      }
      row.emplace_back(static_cast<std::int64_t>(who.size()));
      row.emplace_back(std::move(samples));
      answer.emplace_back(std::move(row));
    }
  }
  return cell(json::value(std::move(answer)));
}

// How many steps of the sequence come one behind the other within the window from the first.
std::size_t steps_done(const Path& path, const std::vector<std::string>& sequence,
                       std::int64_t window) {
  std::size_t most = 0;
  for (std::size_t first = 0; first < path.size(); ++first) {
    if (key_of(path[first].state) != sequence[0]) continue;
    std::size_t done = 1;
    for (std::size_t i = first + 1; i < path.size() && done < sequence.size(); ++i) {
      if (path[i].time - path[first].time > window) break;
      if (key_of(path[i].state) == sequence[done]) ++done;
    }
    most = std::max(most, done);
  }
  return most;
}

// start, end, bin, sequence, windows; a window of a timespan comes as its text
Cell funnel_completion(Arguments a, Scratch& s) {
  const auto& rows = parsed(a[0], s);
  const auto& given = parsed(a[1], s).get_array();
  const auto sequence = states_of(given[3]);
  json::array answer;
  if (sequence.empty() || !given[4].is_array()) return cell(json::value(answer));
  for (const auto& [bin, ids] :
       paths_of(rows, whole_of(given[0]), whole_of(given[1]), whole_of(given[2]))) {
    for (const auto& one : given[4].get_array()) {
      const std::int64_t window =
          one.is_string() ? parse_timespan(one.get_string()).value_or(0) : whole_of(one);
      std::vector<std::int64_t> counts(sequence.size());
      for (const auto& [id, path] : ids) {
        const auto done = steps_done(path, sequence, window);
        for (std::size_t i = 0; i < done; ++i) ++counts[i];
      }
      for (std::size_t i = 0; i < sequence.size(); ++i)
        answer.emplace_back(json::array{bin, json::string(sequence[i]), window, counts[i]});
    }
  }
  return cell(json::value(std::move(answer)));
}

// Step window, whole span, number of conditions; rows are [time, condition …, dimension …]. As in
// `scan`: each row is judged against the last step first, and a step that is reached takes over the
// one before it.
Cell sequence_detect(Arguments a, Scratch& s) {
  const auto& rows = parsed(a[0], s);
  const auto& given = parsed(a[1], s).get_array();
  const std::int64_t step_window = whole_of(given[0]), span = whole_of(given[1]);
  const auto steps = static_cast<std::size_t>(whole_of(given[2]));
  std::map<std::string, std::vector<const json::array*>> groups;
  if (rows.is_array())
    for (const auto& row : rows.get_array()) {
      const auto& cells = row.get_array();
      if (cells[0].is_null()) continue;
      groups[json_text(
                 json::array(cells.begin() + 1 + static_cast<std::ptrdiff_t>(steps), cells.end()))]
          .push_back(&cells);
    }
  json::array answer;
  for (auto& [dimensions, group] : groups) {
    std::ranges::stable_sort(group, {}, [](const auto* cells) { return whole_of((*cells)[0]); });
    std::vector<std::vector<std::int64_t>> reached(steps);  // the times of the steps so far
    for (const auto* cells : group) {
      const std::int64_t time = whole_of((*cells)[0]);
      for (std::size_t k = steps; k-- > 0;) {
        const auto& fits = (*cells)[k + 1];
        if (!fits.is_bool() || !fits.get_bool()) continue;
        if (k > 0) {
          auto& before = reached[k - 1];
          if (before.empty() || time - before.back() > step_window || time - before.front() > span)
            continue;
          reached[k] = std::exchange(before, {});
        } else {
          reached[0].clear();
        }
        reached[k].push_back(time);
        if (k + 1 < steps) continue;
        json::array row = read_json(dimensions).value_or(json::array()).get_array();
        for (const auto t : reached[k]) row.emplace_back(t);
        row.emplace_back(reached[k].back() - reached[k].front());
        answer.emplace_back(std::move(row));
        reached[k].clear();
      }
    }
  }
  return cell(json::value(std::move(answer)));
}

}  // namespace

std::span<const Native> sequence_natives() {
  static const Native table[] = {
      {"kql__funnel_sequence", "j j:j", funnel_sequence},
      {"kql__funnel_completion", "j j:j", funnel_completion},
      {"kql__sequence_detect", "j j:j", sequence_detect},
  };
  return table;
}

}  // namespace rollcall::kql
