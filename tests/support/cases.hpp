// A file of a test binary that has text cases says so with a global of type Registration:
//   const rollcall::test::Registration golden{[] { register_golden("Kql", TEST_FOLDER, make); }};
#pragma once
#include <functional>
#include <utility>
#include <vector>

namespace rollcall::test {

inline std::vector<std::function<void()>>& registrations() {
  static std::vector<std::function<void()>> all;
  return all;
}

struct Registration {
  explicit Registration(std::function<void()> registration) {
    registrations().push_back(std::move(registration));
  }
};

}  // namespace rollcall::test
