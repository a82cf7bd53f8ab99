// Who does something. Every write carries one; items keep it with each of their versions.
#pragma once
#include <string>

namespace rollcall {

struct Principal {
  enum class Kind { local_admin, person, token, flow_run };
  Kind kind = Kind::local_admin;
  std::string name = "local";  // the person's or token's name, or the run's identifier
  bool operator==(const Principal&) const = default;
};

// `local`, `person:ada`, `token:ci`, `flow_run:0858…`: how a principal is stored and shown.
std::string to_string(const Principal& principal);

}  // namespace rollcall
