// A file that is served, or carried in the binary.
#pragma once
#include <string_view>

namespace rollcall::doors {

struct File {
  std::string_view name;  // `index.html`, `assets/portal.js`
  std::string_view content;
};

}  // namespace rollcall::doors
