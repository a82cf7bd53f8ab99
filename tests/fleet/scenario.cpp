#include "scenario.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "golden_time.hpp"

namespace rollcall::fleet::test {
namespace {

constexpr Timespan way = seconds(2);  // from the instance to the warehouse

struct Row {
  std::string host, instance, version, cell = "production/portal/westeurope";
  Timestamp from, to;
  Timespan every = minutes(1), clock{0}, late{0};
  std::optional<std::pair<Timestamp, Timestamp>> lost, held, served;
  bool twice = false;
};

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  for (std::string_view word : split(line, ' ')) {
    if (!trim(word).empty()) found.push_back(trim(word));
  }
  return found;
}

bool read_option(std::string_view word, Row& row) {
  if (word == "twice") return row.twice = true;
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = word.substr(0, equals), value = word.substr(equals + 1);
  if (name == "cell")
    row.cell = value;
  else if (name == "every")
    row.every = read_span(value);
  else if (name == "clock")
    row.clock = read_span(value);
  else if (name == "late")
    row.late = read_span(value);
  else if (name == "lost")
    row.lost = read_range(value);
  else if (name == "held")
    row.held = read_range(value);
  else if (name == "served")
    row.served = read_range(value);
  else
    return false;
  return true;
}

std::optional<Row> read_row(std::string_view line) {
  const auto parts = words(line);
  if (parts.size() < 3) return std::nullopt;
  const auto process = split(parts[0], '/');
  if (process.size() != 2) return std::nullopt;
  Row row;
  row.host = process[0];
  row.instance = process[1];
  row.version = parts[1];
  std::tie(row.from, row.to) = read_range(parts[2]);
  for (std::size_t i = 3; i < parts.size(); ++i) {
    if (!read_option(parts[i], row)) return std::nullopt;
  }
  return row;
}

}  // namespace

std::uint32_t Scenario::number_of(std::vector<std::string>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::uint32_t>(found - names.begin());
  names.emplace_back(name);
  return static_cast<std::uint32_t>(names.size() - 1);
}

std::string Scenario::add(std::string_view rows) {
  if (fleet_ == nullptr) {
    Names names;
    names.cell = [this](std::uint32_t i) {
      const auto parts = split(cells_[i], '/');
      return Cell{std::string(parts.at(0)), std::string(parts.at(1)), std::string(parts.at(2))};
    };
    names.host = [this](std::int64_t i) { return hosts_[static_cast<std::size_t>(i)]; };
    names.instance = [this](std::int64_t i) {
      return i < 0 ? std::string() : instances_[static_cast<std::size_t>(i)];
    };
    names.version = [this](std::uint32_t i) { return versions_[i]; };
    fleet_ = std::make_unique<MemoryFleet>(names);
  }
  for (const std::string_view line : split(rows, '\n')) {
    const std::optional<Row> row = read_row(line);
    if (!row) return "cannot read: " + std::string(line) + "\n";
    Seen seen;
    seen.cell = number_of(cells_, row->cell);
    seen.host = row->host == "-" ? -1 : static_cast<std::int64_t>(number_of(hosts_, row->host));
    seen.instance =
        row->instance == "-" ? -1 : static_cast<std::int64_t>(number_of(instances_, row->instance));
    seen.version = number_of(versions_, row->version);
    for (Timestamp at = row->from; at < row->to; at = at + row->every) {
      if (row->lost && row->lost->first <= at && at < row->lost->second) continue;
      seen.timestamp = at + row->clock;
      const bool held = row->held && row->held->first <= at && at < row->held->second;
      seen.ingested = (held ? row->held->second : at + row->late) + way;
      lines_.push_back(seen);
      const bool served = row->served && row->served->first <= at && at < row->served->second;
      for (int request = 0; served && request < 10; ++request) {
        Seen answered = seen;
        answered.request = true;
        answered.timestamp = seen.timestamp + seconds(5 * request);
        answered.ingested = seen.ingested + seconds(5 * request);
        lines_.push_back(answered);
      }
      if (row->twice) {
        seen.ingested = seen.ingested + minutes(3);
        lines_.push_back(seen);
      }
    }
  }
  std::ranges::stable_sort(lines_, {}, &Seen::ingested);
  return "";
}

std::string Scenario::poll(std::string_view until, std::string_view down) {
  std::optional<std::pair<Timestamp, Timestamp>> outage;
  if (!down.empty()) outage = read_range(down);
  const Timestamp end = read_time(until);
  if (!polled_ && !lines_.empty())
    polled_ = Timestamp{lines_.front().ingested.ticks / minutes(5).ticks * minutes(5).ticks};
  std::string changes;
  for (Timestamp at = *polled_ + minutes(5); at <= end; at = at + minutes(5)) {
    polled_ = at;
    if (outage && outage->first <= at && at < outage->second) continue;
    const auto arrived = std::ranges::upper_bound(lines_, at, {}, &Seen::ingested);
    std::for_each(lines_.begin(), arrived, [&](const Seen& line) { fleet_->fold(line); });
    lines_.erase(lines_.begin(), arrived);
    const Timespan lookback = (succeeded_ ? at - *succeeded_ : Timespan{0}) + hours(1);
    for (const Change& change :
         lists_.reconcile(fleet_->deployments(at, lookback), at - lookback, at)) {
      lists_.apply(change);
      const Deployment& d = change.deployment;
      changes += show_time(at);
      if (change.action) {
        changes += fmt::format(
            " {} {} {} {} {} {}%", *change.action == Change::Action::create ? "create" : "update",
            d.sequence, d.version, to_string(d.kind), to_string(d.status), d.percent);
      }
      if (change.snapshot)
        changes +=
            fmt::format(" snapshot {} {}%", change.snapshot->version, change.snapshot->percent);
      changes += '\n';
    }
    succeeded_ = at;
  }
  return changes;
}

std::string Scenario::history() const {
  std::string out;
  for (const auto& [cell, items] : lists_.history()) {
    std::vector<Deployment> own = items;
    std::ranges::sort(own, {}, &Deployment::sequence);
    if (cells_.size() > 1) out += to_string(cell) + "\n";
    for (const Deployment& d : own) {
      out += fmt::format("{} {} <- {} {} {} {}..{} {} {}%\n", d.sequence, d.version,
                         d.previous_version.empty() ? "-" : d.previous_version, to_string(d.kind),
                         to_string(d.status), show_time(d.started_at),
                         d.completed_at ? show_time(*d.completed_at) : "", d.instances, d.percent);
    }
  }
  return out;
}

std::string Scenario::snapshot() const {
  std::string out;
  for (const auto& [cell, row] : lists_.snapshot()) {
    if (cells_.size() > 1) out += to_string(cell) + " ";
    out += fmt::format("{} <- {} {} since {} {}%\n", row.version,
                       row.previous_version.empty() ? "-" : row.previous_version,
                       to_string(row.status), show_time(row.since), row.percent);
  }
  return out;
}

}  // namespace rollcall::fleet::test
