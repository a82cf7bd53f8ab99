#include "warehouse/observations.hpp"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstring>

#include "base/hash.hpp"
#include "warehouse/schema.hpp"

namespace rollcall::warehouse {
namespace {

using sql::column;
using sql::literal;

constexpr const char* appended = "appended";  // how Appender names its rows
const std::vector<std::string> bin_columns{
    "Id",      "Bin", "First", "Last", "Lines", "LeastLag", "EarliestIngested", "LatestIngested",
    "Requests"};

Timestamp bin_of(Timestamp time) { return {time.ticks - time.ticks % bin_width.ticks}; }

void add_field(std::string& text, std::string_view field) {
  const auto size = static_cast<std::uint32_t>(field.size());
  char bytes[sizeof size];
  std::memcpy(bytes, &size, sizeof size);
  text.append(bytes, sizeof size);
  text.append(field);
}

// What the columns Cell, Process and Clock hold; the schema's upgrade computes the same in SQL.
struct Numbers {
  std::int64_t cell, process, clock;
};
Numbers numbers_of(const telemetry::LogRow& row) {
  const auto hash = [](std::string_view text) { return static_cast<std::int64_t>(xxhash64(text)); };
  std::string text = fmt::format("{}\n{}\n{}", row.environment, row.role, row.region);
  const auto cell = hash(text);
  fmt::format_to(std::back_inserter(text), "\n{}\n{}", row.host, row.instance);
  if (row.host.empty() && row.instance.empty())
    fmt::format_to(std::back_inserter(text), "\n{}", row.version);
  return {cell, hash(text), hash(row.host.empty() ? row.instance : row.host)};
}

std::vector<AppendColumn> bigints(const std::vector<std::string>& names) {
  std::vector<AppendColumn> columns;
  for (const auto& name : names) columns.push_back({name, sql::Type::bigint});
  return columns;
}

sql::ExprPtr compare(sql::BinaryOperator op, sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(op, std::move(a), std::move(b));
}
// low <= column <= high, so that the merge reads only the blocks of rows in between.
sql::ExprPtr within(const char* table, const char* name, std::int64_t low, std::int64_t high) {
  return sql::and_also(
      compare(sql::BinaryOperator::greater_equal, column(table, name), literal(low)),
      compare(sql::BinaryOperator::less_equal, column(table, name), literal(high)));
}

// How a stored row and an appended one become one; the columns that say when are widened.
std::vector<std::pair<std::string, sql::ExprPtr>> widened(const char* table, bool is_bin) {
  const auto merged = [&](const char* function, const char* name) {
    return std::pair{std::string(name),
                     sql::call(function, {column(table, name), column(appended, name)})};
  };
  const auto added = [&](const char* name) {
    return std::pair{std::string(name), sql::binary(sql::BinaryOperator::add, column(table, name),
                                                    column(appended, name))};
  };
  std::vector<std::pair<std::string, sql::ExprPtr>> set{
      merged("least", "First"), merged("greatest", "Last"), added("Lines"),
      merged("least", "EarliestIngested"), merged("greatest", "LatestIngested")};
  if (is_bin) {
    set.push_back(merged("least", "LeastLag"));
    set.push_back(added("Requests"));
  }
  return set;
}

Result<void> append_bin(Appender& appender, const FoldedBin& one) {
  appender.bigint(0, one.key);
  appender.bigint(1, one.bin.ticks);
  appender.bigint(2, one.first.ticks);
  appender.bigint(3, one.last.ticks);
  appender.bigint(4, one.lines);
  appender.bigint(5, one.least_lag.ticks);
  appender.bigint(6, one.earliest_ingested.ticks);
  appender.bigint(7, one.latest_ingested.ticks);
  appender.bigint(8, one.requests);
  return appender.end_row();
}

// One instance and version over all of a batch's bins.
struct FoldedKey {
  std::int64_t key;
  Timestamp first, last;
  std::int64_t lines;
  Timestamp earliest_ingested, latest_ingested;
};

// Whether one of the members of a JSON object has a name that begins so: with its quotation mark.
bool has_member(std::string_view object, std::string_view beginning) {
  for (auto at = object.find(beginning); at != std::string_view::npos;
       at = object.find(beginning, at + 1)) {
    const auto end = object.find('"', at + 1);
    if (end == std::string_view::npos) return false;
    const auto next = object.find_first_not_of(" \n\t\r", end + 1);
    if (next != std::string_view::npos && object[next] == ':') return true;
  }
  return false;
}

// Whether the line was written while a request was answered: it is part of a trace, or says what was asked
// (OpenTelemetry's attributes http.…, rpc.…). functions/cluster/observations.kql says the same in KQL.
bool tells_of_request(const telemetry::LogBatch& batch, std::size_t row) {
  if (!batch.trace_id[row].empty()) return true;
  const std::string_view attributes = batch.log_attributes[row];
  return has_member(attributes, "\"http.") || has_member(attributes, "\"rpc.");
}

// Whether the row names the same instance and version as the one before it.
bool names_repeat(const telemetry::LogBatch& batch, std::size_t row) {
  for (const auto* field : {&batch.instance, &batch.version, &batch.role, &batch.region,
                            &batch.host, &batch.environment}) {
    if ((*field)[row] != (*field)[row - 1]) return false;
  }
  return true;
}

std::vector<FoldedKey> fold_keys(std::vector<FoldedBin> bins) {
  std::sort(bins.begin(), bins.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  std::vector<FoldedKey> keys;
  for (const auto& bin : bins) {
    if (keys.empty() || keys.back().key != bin.key) {
      keys.push_back(
          {bin.key, bin.first, bin.last, bin.lines, bin.earliest_ingested, bin.latest_ingested});
      continue;
    }
    auto& key = keys.back();
    key.first = std::min(key.first, bin.first);
    key.last = std::max(key.last, bin.last);
    key.lines += bin.lines;
    key.earliest_ingested = std::min(key.earliest_ingested, bin.earliest_ingested);
    key.latest_ingested = std::max(key.latest_ingested, bin.latest_ingested);
  }
  return keys;
}

}  // namespace

Result<void> ObservationKeeper::load(Connection& connection) {
  constexpr std::int64_t page = 65'536;
  const std::vector<Column> columns{
      {"Id", kql::Type::long_integer}, {"Environment", kql::Type::string},
      {"Role", kql::Type::string},     {"Region", kql::Type::string},
      {"Host", kql::Type::string},     {"Instance", kql::Type::string},
      {"Version", kql::Type::string}};
  sql::Select select;
  for (const auto& one : columns) select.items.push_back({column(one.name), ""});
  select.from = sql::table(schema::keys);
  for (;;) {
    select.where = compare(sql::BinaryOperator::greater_equal, column("Id"), literal(next_key_));
    sql::Query query{{}, select, {{column("Id")}}, literal(page), nullptr};
    TRY(const auto found, connection.select(query, columns));
    for (std::size_t i = 0; i < found.row_count(); ++i) {
      const auto row = found.row(i);
      std::string text;
      for (std::size_t part = 1; part < row.size(); ++part)
        add_field(text, std::get<std::string>(row[part]));
      next_key_ = std::get<std::int64_t>(row[0]) + 1;
      keys_.emplace(std::move(text), next_key_ - 1);
    }
    if (found.row_count() < static_cast<std::size_t>(page)) break;
  }
  sql::Select latest;
  latest.items.push_back({sql::call("max", {column("Bin")}), ""});
  latest.from = sql::table(schema::bins);
  TRY(const auto found,
      connection.select(*sql::query(std::move(latest)), {{"Bin", kql::Type::datetime}}));
  if (const auto* bin = std::get_if<Timestamp>(&found.cells.at(0))) latest_bin_ = *bin;
  return {};
}

std::int64_t ObservationKeeper::key_of(const telemetry::LogBatch& batch, std::size_t row) {
  // A sender's lines come together, and all say who it is.
  if (row > 0 && row - 1 == last_row_ && names_repeat(batch, row)) {
    last_row_ = row;
    return last_key_;
  }
  last_key_ = find_key(batch, row);
  last_row_ = row;
  return last_key_;
}

std::int64_t ObservationKeeper::find_key(const telemetry::LogBatch& batch, std::size_t row) {
  key_text_.clear();
  for (const auto* field : {&batch.environment, &batch.role, &batch.region, &batch.host,
                            &batch.instance, &batch.version}) {
    add_field(key_text_, (*field)[row]);
  }
  if (const auto found = keys_.find(std::string_view(key_text_)); found != keys_.end())
    return found->second;
  const std::int64_t key = next_key_;
  new_keys_.push_back({key, row, key_text_});  // first: rolled_back() undoes by it
  ++next_key_;
  keys_.emplace(key_text_, key);
  return key;
}

void ObservationKeeper::fold(const telemetry::LogBatch& batch, Timestamp ingested_at) {
  struct Place {
    std::int64_t key, bin;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const {
      const auto mixed = static_cast<std::uint64_t>(place.key) * 0x9E3779B97F4A7C15U;
      return (mixed ^ (mixed >> 32) ^ static_cast<std::uint64_t>(place.bin / bin_width.ticks)) *
             0xD6E8FEB86659FD93U;
    }
  };
  boost::unordered_flat_map<Place, std::size_t, PlaceHash> places;
  folded_.clear();
  last_row_ = SIZE_MAX;
  for (std::size_t row = 0; row < batch.size(); ++row) {
    const bool complete = !batch.version[row].empty() && !batch.environment[row].empty() &&
                          !batch.role[row].empty() && !batch.region[row].empty();
    if (!complete) continue;
    const std::int64_t key = key_of(batch, row);
    const Timestamp time = batch.timestamp[row];
    const Timestamp bin = bin_of(time);
    const Timestamp ingested = batch.ingestion(row, ingested_at);
    const std::int64_t request = tells_of_request(batch, row) ? 1 : 0;
    const auto [place, is_new] = places.try_emplace({key, bin.ticks}, folded_.size());
    if (is_new) {
      folded_.push_back({key, bin, time, time, 1, ingested - time, ingested, ingested, request});
      continue;
    }
    auto& folded = folded_[place->second];
    folded.first = std::min(folded.first, time);
    folded.last = std::max(folded.last, time);
    folded.lines += 1;
    folded.requests += request;
    folded.least_lag = std::min(folded.least_lag, ingested - time);
    folded.earliest_ingested = std::min(folded.earliest_ingested, ingested);
    folded.latest_ingested = std::max(folded.latest_ingested, ingested);
  }
  std::sort(folded_.begin(), folded_.end(), [](const FoldedBin& a, const FoldedBin& b) {
    return std::pair(a.bin, a.key) < std::pair(b.bin, b.key);
  });
}

Result<void> ObservationKeeper::merge(Connection& connection, const telemetry::LogBatch& batch,
                                      Timestamp ingested_at) {
  fold(batch, ingested_at);
  if (folded_.empty()) return {};
  TRY_DO(write_keys(connection, batch));
  return write_bins(connection);
}

Result<void> ObservationKeeper::write_keys(Connection& connection,
                                           const telemetry::LogBatch& batch) {
  const auto folded = fold_keys(folded_);
  const std::int64_t first_new = next_key_ - static_cast<std::int64_t>(new_keys_.size());
  const auto old_end = std::find_if(folded.begin(), folded.end(),
                                    [&](const auto& one) { return one.key >= first_new; });
  if (old_end != folded.begin()) {
    const auto on = sql::and_also(
        compare(sql::BinaryOperator::equal, column(schema::keys, "Id"), column(appended, "Id")),
        within(schema::keys, "Id", folded.front().key, std::prev(old_end)->key));
    const sql::Merge statement{schema::keys, appended, on, widened(schema::keys, false), {}};
    TRY(auto appender, Appender::into_statement(connection, statement,
                                                bigints({"Id", "First", "Last", "Lines",
                                                         "EarliestIngested", "LatestIngested"})));
    for (auto one = folded.begin(); one != old_end; ++one) {
      const std::int64_t values[] = {one->key,
                                     one->first.ticks,
                                     one->last.ticks,
                                     one->lines,
                                     one->earliest_ingested.ticks,
                                     one->latest_ingested.ticks};
      for (std::size_t i = 0; i < std::size(values); ++i) appender.bigint(i, values[i]);
      TRY_DO(appender.end_row());
    }
    TRY_DO(appender.finish());
  }
  if (new_keys_.empty()) return {};
  std::vector<AppendColumn> columns{{"Id", sql::Type::bigint}};
  for (const char* name : {"Environment", "Role", "Region", "Host", "Instance", "Version"})
    columns.push_back({name, sql::Type::text});
  for (const char* name : {"First", "Last", "Lines", "EarliestIngested", "LatestIngested", "Cell",
                           "Process", "Clock"}) {
    columns.push_back({name, sql::Type::bigint});
  }
  TRY(auto appender, Appender::into_table(connection, schema::keys, columns));
  for (std::size_t i = 0; i < new_keys_.size(); ++i) {
    const auto row = batch.row(new_keys_[i].row);
    const auto& one = old_end[static_cast<std::ptrdiff_t>(i)];  // both stand in order of keys
    appender.bigint(0, one.key);
    const std::string_view texts[] = {row.environment, row.role,     row.region,
                                      row.host,        row.instance, row.version};
    for (std::size_t part = 0; part < std::size(texts); ++part)
      appender.text(1 + part, texts[part]);
    const auto [cell, process, clock] = numbers_of(row);
    const std::int64_t values[] = {
        one.first.ticks,           one.last.ticks, one.lines, one.earliest_ingested.ticks,
        one.latest_ingested.ticks, cell,           process,   clock};
    for (std::size_t part = 0; part < std::size(values); ++part)
      appender.bigint(7 + part, values[part]);
    TRY_DO(appender.end_row());
  }
  return appender.finish();
}

// Bins of new keys, and bins later than all that are stored, are new for sure and only appended. The others are merged,
// neighbouring bins together: a late line of yesterday costs yesterday's blocks, not the whole table.
Result<void> ObservationKeeper::write_bins(Connection& connection) {
  const std::int64_t first_new = next_key_ - static_cast<std::int64_t>(new_keys_.size());
  const auto is_known = [&](const FoldedBin& one) {
    return one.key < first_new && one.bin <= latest_bin_;
  };
  std::vector<FoldedBin> known;
  std::copy_if(folded_.begin(), folded_.end(), std::back_inserter(known), is_known);
  constexpr Timespan near = hours(1);
  for (std::size_t begin = 0; begin < known.size();) {
    std::size_t end = begin + 1;
    while (end < known.size() && known[end].bin - known[end - 1].bin <= near) ++end;
    TRY_DO(merge_bins(connection, std::span(known).subspan(begin, end - begin)));
    begin = end;
  }
  if (known.size() == folded_.size()) return {};
  TRY(auto appender, Appender::into_table(connection, schema::bins, bigints(bin_columns)));
  for (const auto& one : folded_) {
    if (is_known(one)) continue;
    TRY_DO(append_bin(appender, one));
  }
  return appender.finish();
}

Result<void> ObservationKeeper::merge_bins(Connection& connection,
                                           std::span<const FoldedBin> bins) {
  auto on = within(schema::bins, "Bin", bins.front().bin.ticks, bins.back().bin.ticks);
  for (const char* name : {"Bin", "Id"}) {
    on = sql::and_also(
        compare(sql::BinaryOperator::equal, column(schema::bins, name), column(appended, name)),
        on);
  }
  const sql::Merge statement{schema::bins, appended, on, widened(schema::bins, true), bin_columns};
  TRY(auto appender, Appender::into_statement(connection, statement, bigints(bin_columns)));
  for (const auto& one : bins) TRY_DO(append_bin(appender, one));
  return appender.finish();
}

void ObservationKeeper::committed() {
  if (!folded_.empty()) latest_bin_ = std::max(latest_bin_, folded_.back().bin);
  new_keys_.clear();
  folded_.clear();
}

void ObservationKeeper::forget(const std::vector<std::int64_t>& keys) {
  boost::unordered_flat_set<std::int64_t> gone(keys.begin(), keys.end());
  boost::unordered::erase_if(keys_, [&](const auto& one) { return gone.contains(one.second); });
}

void ObservationKeeper::rolled_back() {
  for (const auto& one : new_keys_) keys_.erase(one.text);
  next_key_ -= static_cast<std::int64_t>(new_keys_.size());
  new_keys_.clear();
  folded_.clear();
}

}  // namespace rollcall::warehouse
