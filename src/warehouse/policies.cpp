#include "warehouse/policies.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "kql/values.hpp"

namespace rollcall::warehouse {

std::optional<Timespan> kept_by(std::string_view retention_policy) {
  const auto policy = parse_json(retention_policy);
  if (!policy) return std::nullopt;
  const auto ticks = kql::parse_timespan(text_or(*policy, "SoftDeletePeriod"));
  return ticks ? std::optional(Timespan{*ticks}) : std::nullopt;
}

Result<std::string> read_retention_policy(std::string_view text, std::string_view old) {
  const auto given = parse_json(text);
  if (!given || !given->is_object()) {
    return fail("WAREHOUSE0408",
                "a retention policy is a JSON object: {\"SoftDeletePeriod\": \"365.00:00:00\"}");
  }
  json::object policy{{"SoftDeletePeriod", "36500.00:00:00"}, {"Recoverability", "Disabled"}};
  if (const auto before = parse_json(old); before && before->is_object())
    policy = before->get_object();
  for (const auto& member : given->get_object()) {
    if (!policy.contains(member.key())) {
      return fail("WAREHOUSE0408",
                  fmt::format("a retention policy has SoftDeletePeriod and Recoverability, not {}",
                              std::string_view(member.key())));
    }
    policy[member.key()] = member.value();
  }
  const auto period = kql::parse_timespan(text_or(policy, "SoftDeletePeriod"));
  if (!period || *period <= 0)
    return fail("WAREHOUSE0408", "SoftDeletePeriod is a timespan such as 365.00:00:00");
  policy["SoftDeletePeriod"] = format_timespan(Timespan{*period});
  return json::serialize(policy);
}

std::string caching_policy(Timespan hot) {
  const json::object span{{"Value", format_timespan(hot)}};
  return json::serialize(json::object{{"DataHotSpan", span}, {"IndexHotSpan", span}});
}

}  // namespace rollcall::warehouse
