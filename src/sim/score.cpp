#include "sim/score.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>

#include "base/text.hpp"

namespace rollcall::sim {
namespace {

constexpr Timespan match_window = hours(1);
constexpr Timespan believed_after = minutes(5);  // an old image may be there for some minutes

std::string key(const Cell& cell) {
  return cell.environment + '\n' + cell.role + '\n' + cell.region;
}

std::unordered_map<std::string, std::size_t> index_cells(const Truth& truth) {
  std::unordered_map<std::string, std::size_t> found;
  for (std::size_t i = 0; i < truth.cells.size(); ++i) found.emplace(key(truth.cells[i]), i);
  return found;
}

// What a perfect tracker would have recorded of one cell. Optional is what happened but could not be told from
// what was delivered, and may be guessed: by a stray of its version, or by what came before and after it.
struct Expected {
  Episode episode;        // previous and kind by what could be observed
  std::size_t index = 0;  // in the cell's episodes
  bool optional = false;
  bool untold = false;  // optional, since what came of it is what restarts or an old image send
  // What is recorded of it may have begun with one of its version before it, when neither that nor what lies between could be told.
  Timestamp since;
  Timestamp until;  // and be complete only with one behind it that could not
};

std::vector<Expected> expect(const std::vector<Episode>& episodes, unsigned instances) {
  std::vector<Episode> seen;
  std::uint64_t places = 0;  // where the version of the last one seen was heard
  std::unordered_map<std::uint32_t, std::uint64_t> since;  // where others were since each was last
  std::vector<Expected> all;
  Timestamp heard_since = timestamp_max;
  for (const Episode& episode : episodes) {
    if (episode.observable()) heard_since = std::min(heard_since, episode.first_heard);
  }
  for (std::size_t i = 0; i < episodes.size(); ++i) {
    const Episode& episode = episodes[i];
    if (!episode.observable()) {
      all.push_back({episode, i, true, false, {}, {}});
      continue;
    }
    const bool echo =
        !seen.empty() && seen.back().version == episode.version && episode.kind != Kind::redeploy;
    // A redeploy is that most instances are new. Where not in most places both the new one and one of
    // the same version before it was heard, restarts of a few deliver the same lines.
    const bool again = !seen.empty() && seen.back().version == episode.version;
    const auto told = static_cast<unsigned>(std::popcount(places & episode.slots_heard));
    // Nor when it comes as soon as anything of the cell is heard.
    const bool at_once = episode.start < heard_since + believed_after;
    const bool restarts = again && !echo && (told * 2 <= instances || at_once);
    // Of one instance alone, a return to an earlier version delivers what an old image does; unless it
    // was the only one that had left it, and stayed.
    const auto left = since.find(episode.version);
    const std::uint64_t had_left = left == since.end() ? 0 : left->second;
    const int returned = std::popcount(had_left & episode.slots_heard);
    const bool stayed = episode.last_heard - episode.first_heard >= believed_after;
    const bool stray = !again && left != since.end() && instances > 1 && returned <= 1 &&
                       (returned < std::popcount(had_left) || !stayed);
    for (auto& [version, elsewhere] : since) elsewhere |= episode.slots_heard;
    since[episode.version] = 0;
    const bool untold = restarts || stray;
    places = again ? places | episode.slots_heard : episode.slots_heard;
    all.push_back({episode, i, echo || untold, untold, {}, {}});
    if (!echo && !untold) seen.push_back(episode);
  }
  for (std::size_t i = all.size(); i-- > 0;) {
    all[i].until = std::max(all[i].episode.completion, all[i].episode.all_heard);
    const bool after = i + 1 < all.size() && all[i + 1].untold &&
                       all[i + 1].episode.version == all[i].episode.version;
    if (after) all[i].until = std::max(all[i].until, all[i + 1].until);
  }
  number_episodes(seen);
  std::size_t next = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Expected& expected = all[i];
    expected.since = expected.episode.start;
    for (std::size_t j = i; j > 0 && all[j - 1].optional; --j) {
      const Episode& before = all[j - 1].episode;
      if (before.observable() && before.version == expected.episode.version)
        expected.since = before.start;
    }
    if (expected.optional) continue;
    expected.episode.previous = seen[next].previous;
    expected.episode.kind = seen[next].kind;
    ++next;
  }
  return all;
}

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

// How far the record's start is from what it could say.
Timespan distance(const Expected& expected, const Record& record) {
  const Timestamp low = expected.since;
  const Timestamp high = std::max(expected.episode.first_heard, expected.episode.start);
  return record.started < low    ? low - record.started
         : record.started > high ? record.started - high
                                 : Timespan{0};
}

// Pairs expected deployments with records, both in order: as many as can be, rather those that had to be
// recorded, then as near in time as can be.
// Answers for each expected one its record, or none.
std::vector<std::size_t> align(const std::vector<Expected>& expected,
                               const std::vector<const Record*>& records,
                               const std::vector<std::string>& versions) {
  struct Best {
    std::int64_t pairs = 0, needed = 0, ticks = 0;
    bool better(const Best& other) const {
      return std::tuple(pairs, needed, -ticks) >
             std::tuple(other.pairs, other.needed, -other.ticks);
    }
  };
  const std::size_t n = expected.size(), m = records.size();
  std::vector<Best> best((n + 1) * (m + 1));
  std::vector<char> step((n + 1) * (m + 1), 's');  // pair, skip an expected one, skip a record
  const auto at = [m](std::size_t i, std::size_t j) { return i * (m + 1) + j; };
  for (std::size_t i = 0; i <= n; ++i) {
    for (std::size_t j = 0; j <= m; ++j) {
      if (i == 0 && j == 0) continue;
      Best chosen{-1, 0, 0};
      char how = 'e';
      if (i > 0) chosen = best[at(i - 1, j)];
      if (j > 0 && (i == 0 || best[at(i, j - 1)].better(chosen))) {
        chosen = best[at(i, j - 1)];
        how = 'r';
      }
      if (i > 0 && j > 0 && versions[expected[i - 1].episode.version] == records[j - 1]->version) {
        const Timespan off = distance(expected[i - 1], *records[j - 1]);
        Best paired = best[at(i - 1, j - 1)];
        ++paired.pairs;
        paired.needed += expected[i - 1].optional ? 0 : 1;
        paired.ticks += off.ticks;
        if (off <= match_window && !chosen.better(paired)) {
          chosen = paired;
          how = 'p';
        }
      }
      best[at(i, j)] = chosen;
      step[at(i, j)] = how;
    }
  }
  std::vector<std::size_t> pairs(n, none);
  for (std::size_t i = n, j = m; i > 0 || j > 0;) {
    switch (step[at(i, j)]) {
      case 'p':
        pairs[--i] = --j;
        break;
      case 'e':
        --i;
        break;
      case 'r':
        --j;
        break;
    }
  }
  return pairs;
}

class CellJudge {
 public:
  CellJudge(const Truth& truth, std::size_t cell, const ScoreOptions& options, Score& score,
            std::vector<double>& delays)
      : truth_(truth), cell_(cell), options_(options), score_(score), delays_(delays) {}

  void judge(std::vector<const Record*> records) {
    std::ranges::stable_sort(records, {},
                             [](const Record* r) { return std::pair(r->sequence, r->started); });
    const std::vector<Episode>& episodes = truth_.episodes[cell_];
    score_.deployments += episodes.size();
    for (std::size_t i = 0; i < episodes.size(); ++i) {
      if (episodes[i].observable()) continue;
      ++score_.unobservable;
      find("unobservable", i, "no line of it was delivered", false);
    }
    const std::vector<Expected> expected = expect(episodes, truth_.instances_in(cell_));
    const std::vector<std::size_t> pairs = align(expected, records, truth_.versions);
    std::vector<bool> used(records.size(), false);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto kind = static_cast<std::size_t>(expected[i].episode.kind);
      score_.expected_of[kind] += expected[i].optional ? 0 : 1;
      score_.missed_of[kind] += !expected[i].optional && pairs[i] == none ? 1 : 0;
      if (pairs[i] == none) {
        if (!expected[i].optional) error("missed", score_.missed, expected[i].index, "no record");
        if (expected[i].untold) {
          ++score_.untold;
          find("untold", i,
               "too little of it was delivered to tell it from restarts or an old image", false);
        }
        continue;
      }
      used[pairs[i]] = true;
      compare(expected[i], *records[pairs[i]]);
    }
    for (std::size_t j = 0; j < records.size(); ++j) {
      if (!used[j]) extra(*records[j]);
    }
  }

 private:
  void compare(const Expected& expected, const Record& record) {
    const Episode& episode = expected.episode;
    if (expected.optional) return;
    // What really happened is right too, though it could only be guessed.
    const Episode& real = truth_.episodes[cell_][expected.index];
    if (record.previous) {
      const std::string& previous = name_of(episode.previous);
      if (*record.previous != previous && *record.previous != name_of(real.previous)) {
        error("wrong_previous", score_.wrong_previous, expected.index,
              fmt::format("recorded '{}', not '{}'", *record.previous, previous));
      }
    }
    if (record.kind && !equals_ignoring_case(*record.kind, to_string(episode.kind)) &&
        !equals_ignoring_case(*record.kind, to_string(real.kind))) {
      error("wrong_kind", score_.wrong_kind, expected.index,
            fmt::format("recorded as {}, not {}", *record.kind, to_string(episode.kind)));
    }
    judge_times(expected, record);
    if (episode.kind != Kind::initial) {
      const auto late = (record.detected - episode.completion).ticks;
      delays_.push_back(
          std::max(0.0, static_cast<double>(late) / static_cast<double>(ticks_per_second)));
    }
  }

  const std::string& name_of(std::optional<std::uint32_t> version) const {
    return version ? truth_.versions[*version] : empty_;
  }

  void judge_times(const Expected& expected, const Record& record) {
    const Episode& episode = expected.episode;
    const Timespan slack = options_.heartbeat + options_.skew + truth_.slack_in(cell_);
    if (distance(expected, record) > slack) {
      return error(
          "wrong_time", score_.wrong_time, expected.index,
          fmt::format("recorded at {}, first heard at {}", format_iso_seconds(record.started),
                      format_iso_seconds(episode.first_heard)));
    }
    // Completion shows when the last old instance has been silent for a while, or the last new one is heard.
    if (!record.completed) return;
    if (*record.completed < expected.since - slack ||
        *record.completed > expected.until + slack + options_.heartbeat) {
      error(
          "wrong_time", score_.wrong_time, expected.index,
          fmt::format("recorded as completed at {}, not {}", format_iso_seconds(*record.completed),
                      format_iso_seconds(episode.completion)));
    }
  }

  void extra(const Record& record) {
    const std::vector<Episode>& episodes = truth_.episodes[cell_];
    std::size_t nearest = 0;
    const auto off = [&](std::size_t i) {
      return std::abs((record.started - episodes[i].start).ticks);
    };
    for (std::size_t i = 1; i < episodes.size(); ++i) {
      if (off(i) < off(nearest)) nearest = i;
    }
    const bool undecidable = crowded(nearest);
    ++score_.duplicated;
    if (undecidable) ++score_.undecidable;
    score_.findings.push_back(
        {"duplicated",
         fmt::format("{} {} at {} ({}): nothing such happened, or it is recorded already",
                     to_string(truth_.cells[cell_]), record.version,
                     format_iso_seconds(record.started), record.kind.value_or("")),
         undecidable});
  }

  // Has a neighbour too close to be told apart from it.
  bool crowded(std::size_t index) const {
    const std::vector<Episode>& episodes = truth_.episodes[cell_];
    const Timespan bound = std::max(options_.heartbeat, options_.skew * 2);
    return (index > 0 && episodes[index].start - episodes[index - 1].start < bound) ||
           (index + 1 < episodes.size() &&
            episodes[index + 1].start - episodes[index].start < bound);
  }

  void error(const char* what, std::uint64_t& count, std::size_t index, const std::string& text) {
    const bool undecidable = crowded(index);
    ++count;
    if (undecidable) ++score_.undecidable;
    find(what, index, text, undecidable);
  }

  void find(const char* what, std::size_t index, const std::string& text, bool undecidable) {
    const Episode& episode = truth_.episodes[cell_][index];
    score_.findings.push_back(
        {what,
         fmt::format("{} {} at {}: {}", to_string(truth_.cells[cell_]),
                     truth_.versions[episode.version], format_iso_seconds(episode.start), text),
         undecidable});
  }

  const Truth& truth_;
  std::size_t cell_;
  const ScoreOptions& options_;
  Score& score_;
  std::vector<double>& delays_;
  const std::string empty_;
};

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank));
  return values[rank];
}

void judge_snapshot(const Truth& truth, const std::vector<SnapshotRow>& snapshot, Score& score) {
  const auto cell_of = index_cells(truth);
  std::vector<const SnapshotRow*> rows(truth.cells.size(), nullptr);
  const auto wrong = [&](const std::string& text) {
    ++score.snapshot_wrong_at_end;
    score.findings.push_back({"snapshot", text, false});
  };
  for (const SnapshotRow& row : snapshot) {
    const auto found = cell_of.find(key(row.cell));
    if (found == cell_of.end())
      wrong(to_string(row.cell) + ": there is no such cell");
    else if (rows[found->second] != nullptr)
      wrong(to_string(row.cell) + ": two rows");
    else
      rows[found->second] = &row;
  }
  for (std::size_t cell = 0; cell < truth.cells.size(); ++cell) {
    std::vector<Expected> expected = expect(truth.episodes[cell], truth.instances_in(cell));
    // Who recorded it again, because what was between could not be observed, shows it as its own previous version.
    const bool again =
        !expected.empty() && expected.back().optional && expected.back().episode.observable();
    std::erase_if(expected, [](const Expected& e) { return e.optional; });
    const std::string name = to_string(truth.cells[cell]);
    if (expected.empty()) continue;
    const Episode& last = expected.back().episode;
    const Episode& real = truth.episodes[cell][expected.back().index];
    if (rows[cell] == nullptr) {
      wrong(name + ": no row");
    } else if (rows[cell]->version != truth.versions[last.version]) {
      wrong(fmt::format("{}: shows {}, not {}", name, rows[cell]->version,
                        truth.versions[last.version]));
    } else if (last.kind != Kind::redeploy && rows[cell]->previous &&
               !(again && *rows[cell]->previous == rows[cell]->version) &&
               *rows[cell]->previous != (last.previous ? truth.versions[*last.previous] : "") &&
               *rows[cell]->previous != (real.previous ? truth.versions[*real.previous] : "")) {
      wrong(fmt::format("{}: shows {} as the previous version", name, *rows[cell]->previous));
    }
  }
}

}  // namespace

Score judge(const Truth& truth, const std::vector<Record>& records,
            const std::vector<SnapshotRow>& snapshot, const ScoreOptions& options) {
  Score score;
  std::vector<double> delays;
  const auto cell_of = index_cells(truth);
  std::vector<std::vector<const Record*>> by_cell(truth.cells.size());
  for (const Record& record : records) {
    const auto found = cell_of.find(key(record.cell));
    if (found != cell_of.end()) {
      by_cell[found->second].push_back(&record);
      continue;
    }
    ++score.duplicated;
    score.findings.push_back(
        {"duplicated", to_string(record.cell) + ": there is no such cell", false});
  }
  for (std::size_t cell = 0; cell < truth.cells.size(); ++cell) {
    CellJudge(truth, cell, options, score, delays).judge(std::move(by_cell[cell]));
  }
  judge_snapshot(truth, snapshot, score);
  score.delay_p50_s = percentile(delays, 0.5);
  score.delay_p99_s = percentile(delays, 0.99);
  return score;
}

SnapshotWatch::SnapshotWatch(const Truth& truth, Timespan settle)
    : truth_(truth), settle_(settle), cell_of_(index_cells(truth)), due_(truth.cells.size(), 0) {}

void SnapshotWatch::poll(Timestamp now, const std::vector<SnapshotRow>& rows, double minutes) {
  std::vector<const SnapshotRow*> row_of(truth_.cells.size(), nullptr);
  for (const SnapshotRow& row : rows) {
    const auto found = cell_of_.find(key(row.cell));
    if (found != cell_of_.end())
      row_of[found->second] = &row;
    else
      wrong_cell_minutes_ += minutes;
  }
  for (std::size_t cell = 0; cell < truth_.cells.size(); ++cell) {
    const std::vector<Episode>& episodes = truth_.episodes[cell];
    for (std::size_t i = due_[cell]; i < episodes.size() && episodes[i].start <= now; ++i) {
      if (episodes[i].arrived && *episodes[i].arrived + settle_ + truth_.slack_in(cell) <= now)
        due_[cell] = i + 1;
    }
    if (row_of[cell] == nullptr) {
      if (due_[cell] > 0) wrong_cell_minutes_ += minutes;
      continue;
    }
    bool right = false;
    for (std::size_t i = due_[cell] == 0 ? 0 : due_[cell] - 1; i < episodes.size() && !right; ++i) {
      if (episodes[i].start > now) break;
      right =
          episodes[i].observable() && truth_.versions[episodes[i].version] == row_of[cell]->version;
    }
    if (!right) wrong_cell_minutes_ += minutes;
  }
}

}  // namespace rollcall::sim
