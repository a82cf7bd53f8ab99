#include "memory_fleet.hpp"

#include <algorithm>
#include <map>

#include "base/hash.hpp"

namespace rollcall::fleet::test {
namespace {

constexpr Timespan bin_width = minutes(5);
constexpr Timespan quiet = minutes(5);
constexpr Timespan context = hours(3);
constexpr std::int64_t enough_requests = 20;     // in a bin, to tell who is served
constexpr std::ptrdiff_t enough_clocks = 5'000;  // to tell the usual lag

}  // namespace

void MemoryFleet::fold(const Seen& line) {
  if (line.cell >= cells_.size()) cells_.resize(line.cell + 1);
  OwnCell& cell = cells_[line.cell];
  cell.latest = std::max(cell.latest, line.ingested);
  auto pair = std::find_if(cell.pairs.rbegin(), cell.pairs.rend(), [&](const Pair& p) {
    return p.instance == line.instance && p.version == line.version && p.host == line.host;
  });
  if (pair == cell.pairs.rend()) {
    // Pairs that nobody will hear of any more are dropped here, so that long replays stay small.
    std::erase_if(cell.pairs, [&](const Pair& p) { return p.latest + days(40) < line.ingested; });
    cell.pairs.push_back({line.host,
                          line.instance,
                          line.version,
                          line.timestamp,
                          line.timestamp,
                          line.ingested,
                          line.ingested,
                          {}});
    pair = cell.pairs.rbegin();
  }
  pair->first = std::min(pair->first, line.timestamp);
  pair->last = std::max(pair->last, line.timestamp);
  pair->latest = std::max(pair->latest, line.ingested);
  const std::int64_t number = line.timestamp.ticks / bin_width.ticks;
  auto bin = std::find_if(pair->bins.rbegin(), pair->bins.rend(),
                          [&](const Bin& b) { return b.number == number; });
  const Timespan lag = line.ingested - line.timestamp;
  if (bin == pair->bins.rend()) {
    if (pair->bins.size() > 400) pair->bins.erase(pair->bins.begin(), pair->bins.begin() + 200);
    pair->bins.push_back({number, line.timestamp, line.timestamp, line.ingested, line.ingested, lag,
                          1, line.request ? 1 : 0});
    return;
  }
  bin->first = std::min(bin->first, line.timestamp);
  bin->last = std::max(bin->last, line.timestamp);
  bin->latest = std::max(bin->latest, line.ingested);
  bin->least_lag = std::min(bin->least_lag, lag);
  ++bin->lines;
  bin->requests += line.request ? 1 : 0;
}

// What all of the cell's rows of one bin say of traffic: how much the busiest of them answered, and
// whether two versions were there at all.
struct MemoryFleet::Busy {
  std::int64_t requests = 0, lines = 0;
  std::uint32_t version = 0;
  bool two_versions = false;
  bool newest = false;  // of the last two bins: others may be there whose clocks are behind
};

Traffic MemoryFleet::traffic_of(const Bin& bin, const Busy& busy) {
  const bool enough = busy.requests >= enough_requests;
  if (!busy.two_versions && (enough || !busy.newest)) return Traffic::serving;
  if (!enough) return Traffic::untold;
  const bool idle = bin.requests * 20 < busy.requests && bin.lines * 4 < busy.lines;
  return idle ? Traffic::idle : Traffic::serving;
}

// Something began, ended while its cell went on, or two versions were seen.
bool MemoryFleet::touched(const OwnCell& cell, Timestamp now, Timespan lookback) const {
  const Timestamp since = now - lookback;
  for (const Pair& pair : cell.pairs) {
    if (pair.latest < since) continue;
    if (pair.earliest >= since) return true;
    if (pair.latest + quiet < cell.latest) return true;
    for (const Pair& other : cell.pairs) {
      if (other.latest >= since && other.version != pair.version) return true;
    }
  }
  return false;
}

// Of a large fleet no more than some clocks are asked: those whose names have the least hashes. This is the greatest of them.
std::int64_t MemoryFleet::last_asked(Timestamp since) const {
  std::vector<const Pair*> heard;
  for (const OwnCell& cell : cells_) {
    for (const Pair& pair : cell.pairs) {
      if (pair.latest >= since) heard.push_back(&pair);
    }
  }
  if (std::ssize(heard) <= enough_clocks) return INT64_MAX;
  std::vector<std::int64_t> hashes;
  for (const Pair* pair : heard) hashes.push_back(clock_hash(*pair));
  const auto last = hashes.begin() + enough_clocks - 1;
  std::ranges::nth_element(hashes, last);
  return *last;
}

std::int64_t MemoryFleet::clock_hash(const Pair& pair) const {
  return static_cast<std::int64_t>(
      xxhash64(pair.host >= 0 ? names_.host(pair.host) : names_.instance(pair.instance)));
}

Timespan MemoryFleet::usual_lag(Timestamp since) const {
  std::vector<Timespan> lags;
  const std::int64_t last = last_asked(since);
  for (const OwnCell& cell : cells_) {
    std::map<std::int64_t, Timespan> least;
    for (const Pair& pair : cell.pairs) {
      if (pair.latest < since || (last != INT64_MAX && clock_hash(pair) > last)) continue;
      for (const Bin& bin : pair.bins) {
        if (bin.latest < since) continue;
        const auto [found, isnew] =
            least.try_emplace(pair.host >= 0 ? pair.host : pair.instance, bin.least_lag);
        if (!isnew) found->second = std::min(found->second, bin.least_lag);
      }
    }
    for (const auto& [clock, lag] : least) lags.push_back(lag);
  }
  if (lags.empty()) return {0};
  const auto middle = lags.begin() + static_cast<std::ptrdiff_t>((lags.size() - 1) / 2);
  std::ranges::nth_element(lags, middle);
  return *middle;
}

void MemoryFleet::answer(std::uint32_t number, const OwnCell& cell, Timestamp since, Timespan usual,
                         std::vector<Interval>& rows) const {
  struct Row {
    const Pair* pair;
    const Bin* bin;
  };
  std::vector<Row> own;
  const auto is_anonymous = [](const Pair& pair) { return pair.host < 0 && pair.instance < 0; };
  const auto same_process = [&](const Pair& a, const Pair& b) {
    return a.instance == b.instance && a.host == b.host &&
           (!is_anonymous(a) || a.version == b.version);
  };
  struct ClockLag {
    Timespan least = {INT64_MAX};
    std::int64_t lines = 0;
  };
  std::map<std::int64_t, ClockLag> clocks;
  std::map<std::int64_t, Busy> busy;
  const auto clock_of = [](const Pair& pair) { return pair.host >= 0 ? pair.host : pair.instance; };
  for (const Pair& pair : cell.pairs) {
    for (const Bin& bin : pair.bins) {
      if (bin.latest < since) continue;
      own.push_back({&pair, &bin});
      ClockLag& clock = clocks[clock_of(pair)];
      clock.least = std::min(clock.least, bin.least_lag);
      clock.lines += bin.lines;
      const auto [found, fresh] =
          busy.try_emplace(bin.number, Busy{bin.requests, bin.lines, pair.version});
      Busy& of_bin = found->second;
      of_bin.requests = std::max(of_bin.requests, bin.requests);
      of_bin.lines = std::max(of_bin.lines, bin.lines);
      of_bin.two_versions = of_bin.two_versions || of_bin.version != pair.version;
    }
  }
  if (!busy.empty()) {
    const std::int64_t last = busy.rbegin()->first;
    for (auto& [bin, of_bin] : busy) of_bin.newest = bin >= last - 1;
  }
  // Where nowhere enough is answered to tell, all serve.
  const bool told = std::ranges::any_of(
      busy, [](const auto& one) { return one.second.requests >= enough_requests; });
  const auto traffic = [&](const Row& row) {
    return told && !is_anonymous(*row.pair) ? traffic_of(*row.bin, busy.at(row.bin->number))
                                            : Traffic::serving;
  };
  const bool somebody_idles =
      std::ranges::any_of(own, [&](const Row& row) { return traffic(row) == Traffic::idle; });
  std::ranges::stable_sort(own, {}, [&](const Row& row) {
    return std::tuple(row.pair->host, row.pair->instance,
                      is_anonymous(*row.pair) ? row.pair->version : 0, row.bin->number,
                      row.bin->first);
  });
  for (std::size_t i = 0; i < own.size();) {
    const Pair& pair = *own[i].pair;
    const bool again = i > 0 && same_process(*own[i - 1].pair, pair);
    Interval row;
    row.cell = names_.cell(number);
    if (pair.host >= 0) row.host = names_.host(pair.host);
    row.instance = names_.instance(pair.instance);
    row.version = names_.version(pair.version);
    row.first = own[i].bin->first;
    row.last = own[i].bin->last;
    row.earliest_ingested = own[i].bin->earliest;
    row.latest_ingested = own[i].bin->latest;
    row.traffic = traffic(own[i]);
    const std::size_t begin = i;
    std::vector<Timespan> gaps;
    for (; i < own.size() && own[i].pair == &pair && traffic(own[i]) == row.traffic; ++i) {
      if (i > begin && is_anonymous(pair) && own[i].bin->number - own[i - 1].bin->number > 3) break;
      if (i > begin) gaps.push_back(own[i].bin->first - own[i - 1].bin->last);
      row.first = std::min(row.first, own[i].bin->first);
      row.last = std::max(row.last, own[i].bin->last);
      row.earliest_ingested = std::min(row.earliest_ingested, own[i].bin->earliest);
      row.latest_ingested = std::max(row.latest_ingested, own[i].bin->latest);
      row.lines += own[i].bin->lines;
    }
    std::ranges::sort(gaps);
    row.gaps = static_cast<std::int64_t>(gaps.size());
    if (!gaps.empty()) row.gap = gaps[(gaps.size() * 3 + 3) / 4 - 1];
    // Whole when nothing of the instance with this version was before what is asked for, or
    // something else was in between.
    row.started = again || pair.first >= row.first;
    const bool only =
        !is_anonymous(pair) && std::ranges::none_of(cell.pairs, [&](const Pair& other) {
          return other.latest >= since && other.instance == pair.instance &&
                 other.host == pair.host && other.version != pair.version;
        });
    // An instance that has run only this version started when it was first heard; but where somebody idles, what the
    // look-back cuts off may have idled.
    if (!again && only && (!somebody_idles || row.first <= pair.first)) {
      row.first = pair.first;
      row.earliest_ingested = pair.earliest;
      row.started = true;
    }
    const ClockLag& clock = clocks.at(clock_of(pair));
    row.host_lag = clock.least;
    row.host_lines = clock.lines;
    row.usual_lag = usual;
    rows.push_back(std::move(row));
  }
}

std::vector<Interval> MemoryFleet::deployments(Timestamp now, Timespan lookback) {
  std::vector<Interval> rows;
  std::optional<Timespan> usual;
  for (std::uint32_t number = 0; number < cells_.size(); ++number) {
    const OwnCell& cell = cells_[number];
    if (!touched(cell, now, lookback)) continue;
    if (!usual) usual = usual_lag(now - lookback);
    answer(number, cell, now - lookback - context, *usual, rows);
  }
  return rows;
}

}  // namespace rollcall::fleet::test
