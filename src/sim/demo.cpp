#include "sim/demo.hpp"

#include <array>

#include "sim/random.hpp"

namespace rollcall::sim {
namespace {

constexpr std::array<std::string_view, 14> regions{
    "westcentralus", "koreasouth",  "southindia",    "canadaeast",    "ukwest",
    "japanwest",     "brazilsouth", "australiaeast", "southeastasia", "northeurope",
    "uksouth",       "westeurope",  "eastus",        "westus2"};
constexpr std::array<std::string_view, 2> roles{"portal", "backend"};

constexpr Timespan history = hours(26);
constexpr std::size_t hurt_regions = 5;
constexpr std::string_view bad_version = "2026.11.5", good_version = "2026.11.4";

constexpr Timespan bake = minutes(9);

// One version of a role, region by region.
void roll_out(Timeline& timeline, Timestamp start, std::string_view role, std::string_view version,
              std::size_t count = regions.size()) {
  for (std::size_t i = 0; i < count; ++i) {
    timeline.add(start + bake * static_cast<std::int64_t>(i),
                 {std::string(demo_environment), std::string(role), std::string(regions[i])},
                 version);
  }
}

Timestamp hurt_at(Timestamp now) { return now - hours(5); }
Timestamp rolled_back_at(Timestamp now) {
  return hurt_at(now) + bake * std::int64_t{hurt_regions} + minutes(20);
}

Timeline demo_timeline(Timestamp now) {
  Timeline timeline;
  for (const std::string_view region : regions) {
    const std::string environment(demo_environment), name(region);
    timeline.add(now - history - hours(1), {environment, "portal", name}, "2026.11.3");
    timeline.add(now - history - hours(1), {environment, "backend", name}, "5.12.0");
  }
  roll_out(timeline, now - hours(25), "backend", "5.13.0");
  roll_out(timeline, now - hours(21), "portal", good_version);
  roll_out(timeline, hurt_at(now), "portal", bad_version, hurt_regions);
  for (std::size_t i = 0; i < hurt_regions; ++i) {
    timeline.add(rolled_back_at(now) + seconds(40) * static_cast<std::int64_t>(i),
                 {std::string(demo_environment), "portal", std::string(regions[i])}, good_version);
  }
  roll_out(timeline, now - bake * 5 - minutes(2), "backend", "5.14.0");
  // For as long as somebody leaves it running.
  for (int i = 0; i < 60; ++i) {
    const Timestamp start = now + hours(6) + hours(9) * i;
    if (i % 2 == 0)
      roll_out(timeline, start, "portal", fmt::format("2026.12.{}", i / 2 + 1));
    else
      roll_out(timeline, start, "backend", fmt::format("5.{}.0", 15 + i / 2));
  }
  return timeline;
}

FleetOptions demo_options(std::uint64_t seed) {
  FleetOptions options;
  options.skip_quiet = false;
  options.seed = seed;
  return options;
}

}  // namespace

std::span<const std::string_view> demo_regions() { return regions; }
std::span<const std::string_view> demo_roles() { return roles; }

Demo::Demo(Timestamp now, std::uint64_t seed)
    : begins_(now - history),
      incident_{hurt_at(now) + bake * std::int64_t{hurt_regions} + minutes(4),
                rolled_back_at(now) + minutes(10),
                "portal",
                std::string(bad_version),
                std::string(good_version),
                std::span(regions).first(hurt_regions)},
      seed_(seed),
      player_(demo_options(seed), demo_timeline(now), now - history),
      next_(player_.next()) {}

void Demo::append_until(Timestamp until, telemetry::LogBatch& batch) {
  while (next_ && next_->arrival <= until) {
    player_.append(*next_, batch);
    if (!next_->started) append_requests(*next_, batch);
    next_ = player_.next();
  }
}

// What the instance served since its last heartbeat: a few requests, of which the bad version fails many.
void Demo::append_requests(const Line& line, telemetry::LogBatch& batch) {
  Random random(hash(seed_, line.instance, line.timestamp.ticks));
  const Cell& cell = player_.truth().cells[line.cell];
  const std::string_view version = player_.truth().versions[line.version];
  const bool portal = cell.role == "portal";
  const double failures = version == bad_version ? 0.18 : 0.006;
  for (std::uint64_t n = 2 + random.below(3); n > 0; --n) {
    const bool failed = random.chance(failures);
    const std::int64_t duration = failed ? random.between(900, 5000) : random.between(8, 240);
    const std::string_view route =
        portal ? (random.chance(0.5) ? "/flows" : "/flows/{id}/runs") : "/api/triggers";
    const std::string attributes =
        fmt::format(R"({{"http.route":"{}","http.response.status_code":{},"duration_ms":{}}})",
                    route, failed ? 500 : 200, duration);
    const std::string body =
        failed ? fmt::format("GET {} failed: upstream connector timed out after {} ms", route,
                             duration)
               : fmt::format("GET {} 200 in {} ms", route, duration);
    telemetry::LogRow row;
    row.timestamp = row.observed_timestamp =
        line.timestamp - random.between(seconds(0), seconds(50));
    row.environment = cell.environment;
    row.role = cell.role;
    row.region = cell.region;
    row.version = version;
    row.instance = player_.instance_name(line.instance);
    row.host = player_.host_name(line.host);
    row.severity_number = failed ? 17 : 9;
    row.severity_text = failed ? "ERROR" : "INFO";
    row.body = body;
    row.log_attributes = attributes;
    batch.append(row);
  }
}

}  // namespace rollcall::sim
