#include "flow/recurrence.hpp"

#include <fmt/format.h>

#include <set>

#include "expr/date_time.hpp"

namespace rollcall::flow {
namespace {

using Frequency = Recurrence::Frequency;

constexpr int most_days = 3'660;

// A civil time of the zone, as ticks; never compared with a Timestamp.
struct Local {
  std::int64_t ticks = 0;
};
constexpr std::int64_t day_of(Local local) { return local.ticks / ticks_per_day; }

Result<Local> to_local(const Recurrence& recurrence, Timestamp time) {
  if (recurrence.time_zone.empty()) return Local{time.ticks};
  TRY(const auto local, expr::from_utc(time, recurrence.time_zone));
  return Local{local.time.ticks};
}

Result<Timestamp> to_utc(const Recurrence& recurrence, Local local) {
  if (recurrence.time_zone.empty()) return Timestamp{local.ticks};
  return expr::to_utc(Timestamp{local.ticks}, recurrence.time_zone);
}

bool has_schedule(const Recurrence& recurrence) {
  return !recurrence.hours.empty() || !recurrence.minutes.empty() ||
         !recurrence.week_days.empty() || !recurrence.month_days.empty();
}

std::int64_t months_of(const CivilTime& civil) {
  return civil.year * std::int64_t{12} + civil.month - 1;
}

int days_in_month(int year, int month) {
  for (const int day : {31, 30, 29}) {
    if (from_civil({year, month, day})) return day;
  }
  return 28;
}

Local add_months(Local start, std::int64_t months) {
  auto civil = to_civil(Timestamp{start.ticks});
  const auto total = months_of(civil) + months;
  civil.year = static_cast<int>(total / 12);
  civil.month = static_cast<int>(total % 12) + 1;
  civil.day = std::min(civil.day, days_in_month(civil.year, civil.month));
  return Local{from_civil(civil).value_or(timestamp_max).ticks};
}

// ---- without a schedule: the anchor, and every `interval` units behind it

std::int64_t unit_ticks(Frequency frequency) {
  switch (frequency) {
    case Frequency::second:
      return ticks_per_second;
    case Frequency::minute:
      return ticks_per_minute;
    case Frequency::hour:
      return ticks_per_hour;
    case Frequency::day:
      return ticks_per_day;
    case Frequency::week:
      return 7 * ticks_per_day;
    case Frequency::month:
    case Frequency::year:
      break;
  }
  return 0;
}

Result<Timestamp> next_by_interval(const Recurrence& recurrence, Timestamp anchor,
                                   Timestamp after) {
  if (after < anchor) return anchor;
  // Seconds, minutes and hours pass evenly; from days on the local time of day is kept.
  if (recurrence.frequency <= Frequency::hour) {
    const auto step = unit_ticks(recurrence.frequency) * recurrence.interval;
    return anchor + Timespan{((after - anchor).ticks / step + 1) * step};
  }
  TRY(const auto start, to_local(recurrence, anchor));
  TRY(const auto past, to_local(recurrence, after));
  const bool by_month = recurrence.frequency >= Frequency::month;
  const std::int64_t months =
      recurrence.interval * std::int64_t{recurrence.frequency == Frequency::year ? 12 : 1};
  const std::int64_t step = unit_ticks(recurrence.frequency) * recurrence.interval;
  // One step early, since a shift of the clock may put it on either side.
  auto count =
      by_month
          ? (months_of(to_civil({past.ticks})) - months_of(to_civil({start.ticks}))) / months - 1
          : (past.ticks - start.ticks) / step - 1;
  for (count = std::max<std::int64_t>(count, 0);; ++count) {
    const Local local =
        by_month ? add_months(start, count * months) : Local{start.ticks + count * step};
    TRY(const auto time, to_utc(recurrence, local));
    if (time > after) return time;
  }
}

// ---- with a schedule: days that fit, and the times of day on them

// Whether the recurrence fires on this day (counted from 0001-01-01), `anchor` being one it counts from.
bool day_fits(const Recurrence& recurrence, std::int64_t day, std::int64_t anchor) {
  const auto civil = to_civil({day * ticks_per_day});
  const auto anchor_civil = to_civil({anchor * ticks_per_day});
  const auto contains = [](const std::vector<int>& list, int value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  const int week_day = day_of_week({day * ticks_per_day});
  switch (recurrence.frequency) {
    case Frequency::second:
    case Frequency::minute:
    case Frequency::hour:
    case Frequency::day:
      return (day - anchor) % recurrence.interval == 0;
    case Frequency::week: {
      const auto week = [](std::int64_t of) {
        return (of - day_of_week({of * ticks_per_day})) / 7;
      };
      const int wanted = day_of_week({anchor * ticks_per_day});
      const bool weekday = recurrence.week_days.empty() ? week_day == wanted
                                                        : contains(recurrence.week_days, week_day);
      return weekday && (week(day) - week(anchor)) % recurrence.interval == 0;
    }
    case Frequency::month: {
      if ((months_of(civil) - months_of(anchor_civil)) % recurrence.interval != 0) return false;
      if (recurrence.month_days.empty()) return civil.day == anchor_civil.day;
      const int last = days_in_month(civil.year, civil.month);
      return contains(recurrence.month_days, civil.day) ||
             contains(recurrence.month_days, civil.day - last - 1);
    }
    case Frequency::year:
      return (civil.year - anchor_civil.year) % recurrence.interval == 0 &&
             civil.month == anchor_civil.month && civil.day == anchor_civil.day;
  }
  return false;
}

// In seconds of the day, in order.
std::set<int> times_of_day(const Recurrence& recurrence, const CivilTime& anchor) {
  const auto hours = recurrence.hours.empty() ? std::vector<int>{anchor.hour} : recurrence.hours;
  const auto minutes =
      recurrence.minutes.empty() ? std::vector<int>{anchor.minute} : recurrence.minutes;
  const int second = recurrence.start_time.empty() ? 0 : anchor.second;
  std::set<int> times;
  for (const int hour : hours) {
    for (const int minute : minutes) times.insert(hour * 3600 + minute * 60 + second);
  }
  return times;
}

Result<Timestamp> next_by_schedule(const Recurrence& recurrence, Timestamp anchor,
                                   Timestamp after) {
  TRY(const auto start, to_local(recurrence, anchor));
  TRY(const auto past, to_local(recurrence, after));
  const auto times = times_of_day(recurrence, to_civil({start.ticks}));
  const auto first = std::max(day_of(past) - 1, day_of(start));
  for (auto day = first; day < first + most_days; ++day) {
    if (!day_fits(recurrence, day, day_of(start))) continue;
    for (const int time : times) {
      TRY(const auto candidate,
          to_utc(recurrence, {day * ticks_per_day + time * ticks_per_second}));
      if (candidate > after && candidate >= anchor) return candidate;
    }
  }
  return fail("FLOW0151", "the recurrence's schedule fits no day of the next ten years");
}

Result<std::optional<Timestamp>> start_time(const Recurrence& recurrence) {
  if (recurrence.start_time.empty()) return std::nullopt;
  const auto parsed = parse_iso(recurrence.start_time);
  if (!parsed) return fail("FLOW0151", fmt::format("'{}' is no start time", recurrence.start_time));
  if (recurrence.start_time.ends_with('Z')) return parsed;
  TRY(const auto utc, to_utc(recurrence, {parsed->ticks}));
  return utc;
}

}  // namespace

Result<Timestamp> next_fire(const Recurrence& recurrence, Timestamp anchor, Timestamp after) {
  TRY(const auto start, start_time(recurrence));
  const auto from = start.value_or(anchor);
  if (has_schedule(recurrence)) return next_by_schedule(recurrence, from, after);
  return next_by_interval(recurrence, from, after);
}

Result<Timestamp> first_fire(const Recurrence& recurrence, Timestamp deployed) {
  TRY(const auto start, start_time(recurrence));
  if (!start && !has_schedule(recurrence)) return deployed;
  const auto before = std::max(start.value_or(deployed), deployed) - Timespan{1};
  return next_fire(recurrence, deployed, before);
}

}  // namespace rollcall::flow
