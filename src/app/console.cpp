#include "app/console.hpp"

#include <fmt/format.h>

namespace rollcall::app {

int report(const Console& console, const Error& error, std::string_view source) {
  console.err(fmt::format("rollcall: {}\n", render(error, source)));
  return went_wrong;
}

}  // namespace rollcall::app
