#include "flow/status.hpp"

#include <array>

#include "base/text.hpp"

namespace rollcall::flow {
namespace {

constexpr std::array<std::string_view, 7> names{"Waiting", "Running",  "Succeeded", "Failed",
                                                "Skipped", "TimedOut", "Cancelled"};

}  // namespace

std::string_view to_string(Status status) { return names[static_cast<std::size_t>(status)]; }

std::optional<Status> parse_status(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (equals_ignoring_case(names[i], text)) return static_cast<Status>(i);
  }
  return std::nullopt;
}

}  // namespace rollcall::flow
