// `rollcall backup` and `rollcall restore`.
#include <fmt/format.h>

#include "app/backup.hpp"
#include "app/commands/commands.hpp"

namespace rollcall::app {
namespace {

constexpr Timespan longest_backup = hours(24);

std::string in_short(const BackupManifest& manifest) {
  std::uint64_t bytes = 0;
  for (const auto& file : manifest.files) bytes += file.bytes;
  std::uint64_t rows = 0;
  if (manifest.warehouse) {
    for (const auto& [table, count] : manifest.warehouse->rows) {
      if (!table.starts_with('$')) rows += count;
    }
  }
  return fmt::format("{} files, {:.1f} MB, {} rows of logs", manifest.files.size(),
                     static_cast<double>(bytes) / 1e6, rows);
}

}  // namespace

int back_up(const BackupOptions& options, const Console& console, const Clock& clock) {
  auto connect_options = options.connect;
  connect_options.longest = longest_backup;
  const auto connection = connect(connect_options, clock, console);
  if (!connection) return report(console, connection.error());
  const auto folder = std::filesystem::absolute(options.folder).lexically_normal();
  const auto answer =
      (*connection)->post("/api/v1/backup", json::object{{"folder", folder.string()}});
  if (!answer) return report(console, answer.error());
  if (options.json) {
    console.out(pretty(*answer));
    return done;
  }
  const auto manifest = parse_manifest(*answer);
  if (!manifest) return report(console, manifest.error());
  console.out(fmt::format("{}: {}\n", folder.string(), in_short(*manifest)));
  return done;
}

int restore(const RestoreCommandOptions& options, const Console& console, const Clock&) {
  const auto restored =
      restore_backup({options.backup, options.data, options.database, options.check});
  if (!restored) return report(console, restored.error());
  if (options.json) {
    console.out(pretty(to_json(*restored)));
    return done;
  }
  const auto made = format_iso_seconds(restored->made);
  if (options.check) {
    console.out(fmt::format("the backup of {} is sound: {}\n", made, in_short(*restored)));
  } else {
    console.out(
        fmt::format("{} is as it was at {}: {}\n", options.data, made, in_short(*restored)));
  }
  return done;
}

}  // namespace rollcall::app
