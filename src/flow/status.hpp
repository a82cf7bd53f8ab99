// How an action or a run stands, with the names that definitions and people use.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace rollcall::flow {

enum class Status : std::uint8_t {
  waiting,  // for the actions before it; of a run: for an answer or a time
  running,
  succeeded,
  failed,
  skipped,
  timed_out,
  cancelled,
};

// "Succeeded", "TimedOut", …
std::string_view to_string(Status status);
// Letter case is ignored.
std::optional<Status> parse_status(std::string_view text);
constexpr bool finished(Status status) { return status >= Status::succeeded; }

}  // namespace rollcall::flow
