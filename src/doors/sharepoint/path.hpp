// The path behind `/_api/`, cut into steps: `web/lists/getByTitle('x')/items(3)`. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "http/message.hpp"

namespace rollcall::doors::sharepoint {

// One part of the path. Names are compared without letter case; arguments are texts without their
// quotes.
struct Step {
  std::string name;
  std::vector<std::string> arguments = {};
  bool called = false;  // it has parentheses

  bool is(std::string_view other) const;
  // The first argument; "" when there is none.
  std::string_view argument() const {
    return arguments.empty() ? std::string_view() : arguments.front();
  }
};

// `decoded` is percent-decoded already. `@alias` arguments are looked up in the query. SP0101: no
// such path.
Result<std::vector<Step>> parse_path(std::string_view decoded, const http::Parameters& query);
// A number that stands for an item.
Result<std::int64_t> parse_id(std::string_view text);

}  // namespace rollcall::doors::sharepoint
