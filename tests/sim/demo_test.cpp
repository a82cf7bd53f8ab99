// What the demo promises to show: a rollout under way, a rollback behind it, errors where the bad version ran.
#include "sim/demo.hpp"

#include <gtest/gtest.h>

#include <set>

namespace rollcall::sim {
namespace {

TEST(Demo, ShowsARolloutUnderWayAndARollbackBehindIt) {
  const Timestamp now = *parse_iso("2026-11-30T09:00Z");
  Demo demo(now);
  telemetry::LogBatch batch;
  std::map<std::string, std::string> running;  // role/region → newest version
  std::set<std::string> bad_regions;
  std::map<bool, std::pair<int, int>> errors;  // bad version? → errors, lines
  Timestamp at = demo.begins();
  for (; at <= now; at = at + minutes(5)) {
    batch.clear();
    demo.append_until(at, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const telemetry::LogRow row = batch.row(i);
      const bool bad = row.version == demo.incident().version;
      running[std::string(row.role) + "/" + std::string(row.region)] = row.version;
      if (bad) bad_regions.emplace(row.region);
      errors[bad].first += row.severity_number >= 17 ? 1 : 0;
      ++errors[bad].second;
    }
  }
  EXPECT_EQ(running.size(), demo_regions().size() * demo_roles().size());
  EXPECT_EQ(bad_regions,
            std::set<std::string>(demo.incident().regions.begin(), demo.incident().regions.end()));
  EXPECT_GT(errors[true].first * 100 / errors[true].second, 8);
  EXPECT_LT(errors[false].first * 100 / errors[false].second, 2);
  EXPECT_EQ(running["backend/westcentralus"], "5.14.0");
  EXPECT_EQ(running["backend/westus2"], "5.13.0");
  EXPECT_EQ(running["portal/westcentralus"], demo.incident().good_version);
  EXPECT_LT(demo.incident().opened, demo.incident().resolved);
  EXPECT_LT(demo.incident().resolved, now);

  batch.clear();
  demo.append_until(now + hours(3), batch);
  EXPECT_GT(batch.size(), 10'000U) << "it goes on";
}

}  // namespace
}  // namespace rollcall::sim
