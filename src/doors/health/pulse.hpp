// How Rollcall itself fares, for whoever watches it from outside: whether its stores answer, its tracker polls, logs come in, and no
// source has stopped.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "doors/services.hpp"

namespace rollcall::doors {

struct Pulse {
  std::vector<std::string> problems;    // sentences; none: all is well
  std::optional<Timestamp> last_poll;   // when the tracker's flow last succeeded
  std::optional<Timestamp> last_heard;  // when a line that tells a version last came in
};

Pulse take_pulse(Services& services);

}  // namespace rollcall::doors
