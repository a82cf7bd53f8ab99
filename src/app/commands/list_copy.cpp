// `rollcall list copy`: a list from one store into another. It opens both itself: neither needs a server, and one may
// run on either.
#include <fmt/format.h>

#include "app/commands/list.hpp"
#include "app/replay_progress.hpp"
#include "lists/copy.hpp"

namespace rollcall::app {
namespace {

// A data folder, or a PostgreSQL connection string.
Result<std::unique_ptr<store::Database>> open_place(const std::string& place, bool create) {
  if (place.contains("://") || place.contains('='))
    return store::open_postgresql(place, store::Durability::power);
  const auto file = std::filesystem::path(place) / "rollcall.db";
  if (create) {
    std::error_code error;
    std::filesystem::create_directories(place, error);
    if (error)
      return fail("APP0101",
                  fmt::format("the data folder {} cannot be made: {}", place, error.message()));
  } else if (!std::filesystem::exists(file)) {
    return fail(
        "APP0104",
        fmt::format("there is no data in {}: name a data folder, or a PostgreSQL connection string",
                    place));
  }
  return store::open_sqlite(file.string(), store::Durability::power);
}

Result<lists::CopiedList> copy(const ListCopyOptions& options) {
  TRY(const auto from, open_place(options.from, false));
  TRY(const auto to, open_place(options.to, true));
  ProgressBar bar("copying", can_show_progress());
  return lists::copy_list(
      *from, options.list, *to, options.as, [&](std::int64_t there, std::int64_t all) {
        bar.update(all == 0 ? 1 : static_cast<double>(there) / static_cast<double>(all),
                   fmt::format("{} of {} changes", there, all));
      });
}

}  // namespace

int copy_list(const ListCopyOptions& options, const Console& console) {
  const auto copied = copy(options);
  if (!copied) return report(console, copied.error());
  if (options.json) {
    console.out(pretty(json::object{{"name", copied->name},
                                    {"changes", copied->changes},
                                    {"before", copied->before},
                                    {"items", copied->items},
                                    {"checksum", fmt::format("{:016x}", copied->checksum)}}));
    return done;
  }
  console.out(fmt::format("{}: {} changes copied{}; {} items, checksum {:016x} in both\n",
                          copied->name, copied->changes,
                          copied->before == 0 ? "" : fmt::format(", {} were there", copied->before),
                          copied->items, copied->checksum));
  return done;
}

}  // namespace rollcall::app
