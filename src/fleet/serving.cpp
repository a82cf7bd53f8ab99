#include "fleet/serving.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace rollcall::fleet {
namespace {

// A shorter pause is none, and what answers so soon after its start was only warming up: two of the
// stretches by which lines are kept.
constexpr Timespan pause = minutes(10);

void absorb(Interval& one, const Interval& next) {
  one.last = std::max(one.last, next.last);
  one.earliest_ingested = std::min(one.earliest_ingested, next.earliest_ingested);
  one.latest_ingested = std::max(one.latest_ingested, next.latest_ingested);
  one.lines += next.lines;
  if (next.gaps > one.gaps) one.gap = next.gap;
  one.gaps += next.gaps;
}

// The stretches of one process and version, one behind the other with nothing else between.
struct Life {
  std::vector<Interval> parts;
  bool serves() const {
    return std::ranges::any_of(
        parts, [](const Interval& part) { return part.traffic == Traffic::serving; });
  }
};

// In a lull it cannot be told who would be served: those who were, and at first those who will be. Who has only just begun waits:
// where it is alone in its five minutes, the others' clocks may be behind.
void settle_untold(Life& life, Timestamp newest) {
  auto& parts = life.parts;
  const bool is_told = std::ranges::any_of(
      parts, [](const Interval& part) { return part.traffic != Traffic::untold; });
  if (!is_told && parts.front().first + pause > newest) parts.front().traffic = Traffic::idle;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].traffic == Traffic::untold) parts[i].traffic = parts[i - 1].traffic;
  }
  for (std::size_t i = parts.size(); i-- > 0;) {
    if (parts[i].traffic != Traffic::untold) continue;
    parts[i].traffic = i + 1 < parts.size() ? parts[i + 1].traffic : Traffic::serving;
  }
  std::vector<Interval> joined;
  for (Interval& part : parts) {
    if (!joined.empty() && joined.back().traffic == part.traffic)
      absorb(joined.back(), part);
    else
      joined.push_back(std::move(part));
  }
  parts = std::move(joined);
}

class Serving {
 public:
  explicit Serving(std::vector<Interval>& intervals) {
    std::map<std::pair<std::string, std::string>, std::size_t>
        place;  // of each process's last life
    for (Interval& one : intervals) {
      const std::pair process(one.host, one.instance);
      const bool named = !one.host.empty() || !one.instance.empty();
      const auto found = place.find(process);
      if (named && found != place.end() &&
          lives_[found->second].parts.back().version == one.version) {
        lives_[found->second].parts.push_back(std::move(one));
        continue;
      }
      place[process] = lives_.size();
      lives_.push_back({{std::move(one)}});
    }
    Timestamp newest;
    for (const Life& life : lives_) newest = std::max(newest, life.parts.back().last);
    for (Life& life : lives_) settle_untold(life, newest);
  }

  std::vector<Interval> served() const {
    std::vector<Interval> all;
    for (const Life& life : lives_) {
      if (life.serves())
        add_served(life, all);
      else
        add_unused(life, all);
    }
    std::ranges::sort(all, {}, [](const Interval& i) {
      return std::tuple(i.first, i.instance, i.version, i.last, i.host);
    });
    return all;
  }

 private:
  // Others of its version go on answering.
  bool version_serves_on(const Life& own, const Interval& idle) const {
    return std::ranges::any_of(lives_, [&](const Life& other) {
      return &other != &own && std::ranges::any_of(other.parts, [&](const Interval& part) {
        return part.version == idle.version && part.traffic == Traffic::serving &&
               part.first < idle.last && part.last > idle.first + pause;
      });
    });
  }

  void add_served(const Life& life, std::vector<Interval>& all) const {
    bool joins = false;  // what comes next goes on where the last one ended
    for (std::size_t i = 0; i < life.parts.size(); ++i) {
      Interval part = life.parts[i];
      if (part.traffic == Traffic::idle) {
        const bool last = i + 1 == life.parts.size();
        const Timestamp until = last ? part.last : life.parts[i + 1].first;
        const bool idles =
            until - part.first >= pause && (i == 0 || !version_serves_on(life, part));
        if (idles) {
          if (joins) all.back().given_up = true;
          joins = false;
          continue;
        }
      } else if (i > 0 && !joins) {
        part.started = true;  // it was warm, and now it is served
      }
      if (joins)
        absorb(all.back(), part);
      else
        all.push_back(std::move(part));
      joins = true;
    }
  }

  // It never answered anybody: with its version it is idle, beside others of it that do it is one of them.
  void add_unused(const Life& life, std::vector<Interval>& all) const {
    Timestamp since = timestamp_max;
    for (const Life& other : lives_) {
      for (const Interval& part : other.parts) {
        if (part.version == life.parts.front().version && part.traffic == Traffic::serving)
          since = std::min(since, part.first);
      }
    }
    Interval whole = life.parts.front();
    if (since > whole.last) return;
    if (since > whole.first + pause) {
      whole.first = since;
      whole.started = true;
    }
    all.push_back(std::move(whole));
  }

  std::vector<Life> lives_;
};

}  // namespace

void keep_serving(std::vector<Interval>& intervals) {
  const auto serves = [](const Interval& one) { return one.traffic == Traffic::serving; };
  if (std::ranges::all_of(intervals, serves)) return;
  intervals = Serving(intervals).served();
}

}  // namespace rollcall::fleet
