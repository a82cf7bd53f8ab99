#include "fleet/wire.hpp"

#include <cmath>

#include "fleet/fields.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::fleet {
namespace {

Timespan from_seconds(double seconds) {
  return {std::llround(seconds * static_cast<double>(ticks_per_second))};
}

Result<Interval> parse_interval(const json::object& row) {
  const FieldReader read(row);
  Interval interval;
  TRY(interval.cell, read.cell());
  TRY(interval.host, read.text_or_empty("Host"));
  TRY(interval.instance, read.text_or_empty("Instance"));
  TRY(interval.version, read.text("Version"));
  TRY(interval.first, read.time("First"));
  TRY(interval.last, read.time("Last"));
  TRY(interval.started, read.boolean("Started"));
  TRY(interval.lines, read.integer("Lines"));
  TRY(interval.earliest_ingested, read.time("EarliestIngested"));
  TRY(interval.latest_ingested, read.time("LatestIngested"));
  TRY(const double host_lag, read.real("HostLagSeconds"));
  TRY(const double usual_lag, read.real("UsualLagSeconds"));
  interval.host_lag = from_seconds(host_lag);
  interval.usual_lag = from_seconds(usual_lag);
  TRY(interval.host_lines, read.integer("HostLines"));
  // Functions of an older Rollcall, on a cluster, do not say these.
  if (read.has("GapSeconds")) {
    TRY(const double gap, read.real("GapSeconds"));
    interval.gap = from_seconds(gap);
  }
  if (read.has("Gaps")) {
    TRY(interval.gaps, read.integer("Gaps"));
  }
  if (read.has("Traffic")) {
    TRY(const auto traffic, read.integer("Traffic"));
    interval.traffic = traffic < 0   ? Traffic::idle
                       : traffic > 0 ? Traffic::serving
                                     : Traffic::untold;
  }
  return interval;
}

}  // namespace

Result<std::vector<Interval>> parse_intervals(const json::array& rows) {
  std::vector<Interval> intervals;
  intervals.reserve(rows.size());
  for (const json::value& row : rows) {
    if (!row.is_object())
      return fail("FLEET0102", fmt::format("row {} is no object", intervals.size() + 1));
    auto interval = parse_interval(row.get_object());
    if (!interval) {
      return fail("FLEET0102", fmt::format("row {} is no row of Deployments(): {}",
                                           intervals.size() + 1, interval.error().message));
    }
    intervals.push_back(*std::move(interval));
  }
  return intervals;
}

json::object to_json(const Change& change) {
  json::object out;
  out["Action"] = !change.action                            ? "none"
                  : change.action == Change::Action::create ? "create"
                                                            : "update";
  for (const auto& field : to_fields(change.deployment)) out[field.key()] = field.value();
  out["Snapshot"] =
      change.snapshot ? json::value(to_fields(*change.snapshot)) : json::value(nullptr);
  return out;
}

}  // namespace rollcall::fleet
