// Reading list items for the API: whole answers of several pages, and filters that hold what users typed.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doors/services.hpp"

namespace rollcall::doors {

// `Region eq 'O''Hare'`; joined by `and` when there are several.
std::string exact_filter(const std::vector<std::pair<std::string, std::string>>& equal);
// All items that match, up to `limit` (API0104 when there are more, unless `cut`).
Result<std::vector<lists::Item>> read_items(Services& services, std::string_view list,
                                            odata::Options options, std::size_t limit, bool cut);

}  // namespace rollcall::doors
