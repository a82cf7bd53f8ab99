// The fleet of `rollcall demo`: two roles in fourteen regions that are deployed to in sequence order, least used
// first. Behind it lies a day with a rollout that went through and one that hurt and was rolled back; at
// `now` a rollout is under way; from then on it lives for weeks. Beside heartbeats it logs requests, some of which fail.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "sim/player.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::sim {

inline constexpr std::string_view demo_environment = "production";
std::span<const std::string_view> demo_regions();  // in sequence order
std::span<const std::string_view> demo_roles();    // portal, backend

// The rollout that hurt: what a person or a monitor would have reported.
struct DemoIncident {
  Timestamp opened, resolved;
  std::string role, version, good_version;
  std::span<const std::string_view> regions;
};

class Demo {
 public:
  explicit Demo(Timestamp now, std::uint64_t seed = 1);
  Timestamp begins() const { return begins_; }
  const DemoIncident& incident() const { return incident_; }
  // Appends, in order of arrival, all rows not given out yet that have arrived by `until`. To have the
  // history found as it would have been, go from begins() in steps of a poll.
  void append_until(Timestamp until, telemetry::LogBatch& batch);

 private:
  void append_requests(const Line& line, telemetry::LogBatch& batch);

  Timestamp begins_;
  DemoIncident incident_;
  std::uint64_t seed_;
  Player player_;
  std::optional<Line> next_;
};

}  // namespace rollcall::sim
