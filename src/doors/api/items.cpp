#include "doors/api/items.hpp"

#include <fmt/format.h>

#include <iterator>

namespace rollcall::doors {

std::string exact_filter(const std::vector<std::pair<std::string, std::string>>& equal) {
  std::string filter;
  for (const auto& [column, value] : equal) {
    filter += (filter.empty() ? "" : " and ") + column + " eq '";
    for (const char c : value) filter += c == '\'' ? "''" : std::string(1, c);
    filter += "'";
  }
  return filter;
}

Result<std::vector<lists::Item>> read_items(Services& services, std::string_view list,
                                            odata::Options options, std::size_t limit, bool cut) {
  return services.database.read(
      [&](store::Connection& connection) -> Result<std::vector<lists::Item>> {
        TRY(const auto found, services.lists.find_list(connection, list));
        std::vector<lists::Item> items;
        for (;;) {
          const auto wanted = std::min<std::size_t>(limit + 1 - items.size(), lists::max_page_size);
          options.top = static_cast<std::int64_t>(wanted);
          TRY(auto page, services.lists.query(connection, *found, options, services.clock.now()));
          std::move(page.items.begin(), page.items.end(), std::back_inserter(items));
          if (items.size() > limit) break;
          if (!page.skiptoken) return items;
          options.skiptoken = page.skiptoken;
        }
        if (!cut)
          return fail("API0104", fmt::format("more than {} items match; narrow it down", limit));
        items.resize(limit);
        return items;
      });
}

}  // namespace rollcall::doors
