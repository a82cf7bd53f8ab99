// Retention and caching policies: JSON documents as Kusto has them, kept as notes of their table. Retention is
// carried out (Embedded::apply_retention); caching is kept and shown, all data being on this machine's disk.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace rollcall::warehouse {

inline constexpr std::string_view retention_note = "policy retention";
inline constexpr std::string_view caching_note = "policy caching";

// The view whose policy says how long the poll's own rows are kept, Sightings too; and how long, when none does.
inline constexpr std::string_view observations = "Observations";
inline constexpr Timespan observations_kept = days(30);
inline constexpr Timespan least_observations_kept = days(2);

// How long rows are kept after their ingestion; nullopt: for ever.
std::optional<Timespan> kept_by(std::string_view retention_policy);
// A policy as `.alter table policy retention` takes it; absent members come from `old`. WAREHOUSE0408 says what is wrong.
Result<std::string> read_retention_policy(std::string_view text, std::string_view old);
std::string caching_policy(Timespan hot);

}  // namespace rollcall::warehouse
