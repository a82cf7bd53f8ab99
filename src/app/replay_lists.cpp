#include "app/replay_lists.hpp"

#include <fstream>

#include "base/json.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::app {
namespace {

std::string text(const lists::Item& item, std::string_view column) {
  const json::value* value = item.fields.if_contains(column);
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

std::optional<std::string> text_if_kept(const lists::Item& item, std::string_view column) {
  if (!item.fields.contains(column)) return std::nullopt;
  return text(item, column);
}

std::optional<Timestamp> time(const lists::Item& item, std::string_view column) {
  return parse_iso(text(item, column));
}

// The first of the columns that holds a time; lists of other flows name theirs otherwise.
Timestamp first_time(const lists::Item& item, std::initializer_list<std::string_view> columns) {
  for (const std::string_view column : columns) {
    if (const auto found = time(item, column)) return *found;
  }
  return {};
}

sim::Cell cell(const lists::Item& item) {
  return {text(item, "Environment"), text(item, "Role"), text(item, "Region")};
}

std::string csv_field(const std::string& value) {
  if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Result<void> export_list(store::Database& database, lists::ListStore& store,
                         const std::string& list, const std::filesystem::path& file,
                         Timestamp now) {
  TRY(const auto definition, database.read([&](store::Connection& connection) {
    return store.find_list(connection, list);
  }));
  TRY(const auto items, read_items(database, store, list, "", now));
  std::ofstream out(file, std::ios::binary);
  std::vector<std::string> columns{"ID"};
  for (const lists::Column& column : definition->columns) columns.push_back(column.name);
  columns.insert(columns.end(), {"Created", "Modified"});
  out << fmt::format("{}\n", fmt::join(columns, ","));
  for (const lists::Item& item : items) {
    std::string line;
    for (const std::string& column : columns) {
      if (!line.empty()) line += ',';
      line += csv_field(column == "ID" ? std::to_string(item.id) : text(item, column));
    }
    out << line << '\n';
  }
  out.close();
  if (!out) return fail("REPLAY0105", fmt::format("cannot write {}", file.string()));
  return {};
}

}  // namespace

ReplayLists ReplayLists::of(bool plain) {
  if (plain)
    return {std::string(fleet::plain_history_list), std::string(fleet::plain_snapshot_list)};
  return {std::string(fleet::deployment_history_list), std::string(fleet::current_snapshot_list)};
}

Result<std::vector<lists::Item>> read_items(store::Database& database, lists::ListStore& store,
                                            const std::string& list, const std::string& filter,
                                            Timestamp now) {
  return database.read([&](store::Connection& connection) -> Result<std::vector<lists::Item>> {
    TRY(const auto found, store.find_list(connection, list));
    std::vector<lists::Item> items;
    odata::Options options;
    options.top = lists::max_page_size;
    if (!filter.empty()) options.filter = filter;
    for (;;) {
      TRY(auto page, store.query(connection, *found, options, now));
      std::ranges::move(page.items, std::back_inserter(items));
      if (page.items.empty() ||
          (!page.skiptoken && page.items.size() < static_cast<std::size_t>(*options.top)))
        break;
      const std::string behind = fmt::format("ID gt {}", items.back().id);
      options.filter = filter.empty() ? behind : fmt::format("({}) and {}", filter, behind);
    }
    return items;
  });
}

Result<std::vector<sim::Record>> read_records(store::Database& database, lists::ListStore& store,
                                              const ReplayLists& names, Timestamp now) {
  TRY(const auto items, read_items(database, store, names.history, "", now));
  std::vector<sim::Record> records;
  for (const lists::Item& item : items) {
    sim::Record record;
    record.cell = cell(item);
    record.version = text(item, "Version");
    record.previous = text_if_kept(item, "PreviousVersion");
    record.kind = text_if_kept(item, "Kind");
    const json::value* sequence = item.fields.if_contains("Sequence");
    record.sequence = sequence != nullptr && sequence->is_int64() ? sequence->get_int64() : item.id;
    record.started = first_time(item, {"StartedAt", "FirstSeen", "DetectedAt", "Created"});
    record.completed = time(item, "CompletedAt");
    record.detected = first_time(item, {"DetectedAt", "Created"});
    records.push_back(std::move(record));
  }
  return records;
}

Result<void> SnapshotMirror::refresh(store::Database& database, lists::ListStore& store,
                                     const ReplayLists& names, Timestamp now) {
  TRY(const auto items, read_items(database, store, names.snapshot,
                                   fmt::format("Modified ge {}", format_iso(read_at_)), now));
  for (const lists::Item& item : items) {
    const auto [place, is_new] = row_of_.try_emplace(item.id, rows_.size());
    if (is_new) rows_.emplace_back();
    rows_[place->second] = {cell(item), text(item, "Version"),
                            text_if_kept(item, "PreviousVersion")};
  }
  read_at_ = now;
  return {};
}

Result<void> export_lists(store::Database& database, lists::ListStore& store,
                          const ReplayLists& names, const std::filesystem::path& folder,
                          Timestamp now) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return fail("REPLAY0105", fmt::format("cannot make {}: {}", folder.string(), failed.message()));
  TRY_DO(export_list(database, store, names.history, folder / "deployment-history.csv", now));
  return export_list(database, store, names.snapshot, folder / "current-snapshot.csv", now);
}

}  // namespace rollcall::app
