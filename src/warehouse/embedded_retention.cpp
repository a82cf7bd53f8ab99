// What is removed and why: rows older than their table's retention policy, observations older than theirs, and the rows that came
// first where more is kept than the configuration allows; see embedded.hpp. It goes in slices, between which ingestion takes its turn. DuckDB drops the
// row groups that deletions emptied at its next checkpoint, and uses their blocks again.
#include <algorithm>

#include "base/text.hpp"
#include "warehouse/embedded.hpp"
#include "warehouse/policies.hpp"
#include "warehouse/removals.hpp"
#include "warehouse/schema.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;
using sql::column;
using sql::literal;

constexpr std::int64_t slice_rows = 500'000;
constexpr std::int64_t row_group_rows = 122'880;  // DuckDB's: what is worth a checkpoint
constexpr std::int64_t block_bytes = 262'144;     // DuckDB's
constexpr const char* row_id = "rowid";           // DuckDB's own, of every table

// Whether `rowid` is a column of the table's own, and its rows cannot be named.
bool hides_row_ids(const kql::Table& table) {
  return std::ranges::any_of(
      table.columns, [](const auto& one) { return equals_ignoring_case(one.name, row_id); });
}

sql::ExprPtr ingestion() { return column(std::string(kql::ingestion_column)); }

// The rows that stand first, which is about the order in which they came, whatever the clock did meanwhile.
sql::Query first_rows(const std::string& table, const std::string& what, sql::ExprPtr where,
                      std::int64_t most) {
  sql::Select select;
  select.items.push_back({column(what), ""});
  select.from = sql::table(table);
  select.where = std::move(where);
  return {{}, std::move(select), {}, literal(most), nullptr};
}

std::optional<std::int64_t> whole_number(const Table& table, std::size_t at) {
  const auto* number = std::get_if<std::int64_t>(&table.cells.at(at));
  return number == nullptr ? std::nullopt : std::optional(*number);
}

// What a table takes: its blocks on disk, of which rows that are deleted and still stand there are not counted.
struct TableSize {
  double bytes = 0;
  double bytes_a_row = 0;
};
Result<TableSize> size_of(Connection& connection, const std::string& table) {
  std::string quoted = "\"";
  for (const char c : table) quoted += c == '"' ? "\"\"" : std::string(1, c);
  const auto number = [](const char* name) { return sql::cast(column(name), sql::Type::bigint); };
  const auto compare = [](sql::BinaryOperator op, const char* name, sql::ExprPtr value) {
    return sql::binary(op, column(name), std::move(value));
  };
  sql::Select segments;
  segments.items = {
      {sql::cast(sql::make(sql::Call{.function = "count",
                                     .arguments = {column("block_id")},
                                     .distinct = true,
                                     .order_by = {},
                                     .filter = compare(sql::BinaryOperator::greater_equal,
                                                       "block_id", literal(std::int64_t{0})),
                                     .over = {}}),
                 sql::Type::bigint),
       ""},
      {sql::cast(sql::call("sum", {sql::call("len", {column("additional_block_ids")})}),
                 sql::Type::bigint),
       ""},
      {sql::cast(sql::make(sql::Call{
                     .function = "sum",
                     .arguments = {number("count")},
                     .distinct = false,
                     .order_by = {},
                     .filter = sql::and_also(
                         column("persistent"),
                         sql::and_also(compare(sql::BinaryOperator::equal, "column_id",
                                               literal(std::int64_t{0})),
                                       compare(sql::BinaryOperator::not_equal, "segment_type",
                                               literal(std::string("VALIDITY"))))),
                     .over = {}}),
                 sql::Type::bigint),
       ""}};
  segments.from = std::make_shared<const sql::TableRef>(sql::TableRef{
      sql::FunctionTable{"pragma_storage_info", {sql::parameter(quoted + "\"")}, "segments", {}}});
  TRY(const auto stored,
      connection.select(*sql::query(std::move(segments)), {{"Blocks", Type::long_integer},
                                                           {"MoreBlocks", Type::long_integer},
                                                           {"Rows", Type::long_integer}}));
  const auto rows = whole_number(stored, 2).value_or(0);
  if (rows == 0) return TableSize{};  // nothing of it has been through a checkpoint
  sql::Select counting;
  counting.items.push_back({sql::call("count", {sql::make(sql::Star{})}), ""});
  counting.from = sql::table(table);
  TRY(const auto live,
      connection.select(*sql::query(std::move(counting)), {{"n", Type::long_integer}}));
  const auto blocks = whole_number(stored, 0).value_or(0) + whole_number(stored, 1).value_or(0);
  TableSize size;
  size.bytes_a_row =
      static_cast<double>(blocks) * static_cast<double>(block_bytes) / static_cast<double>(rows);
  size.bytes = size.bytes_a_row * static_cast<double>(whole_number(live, 0).value_or(0));
  return size;
}

}  // namespace

// Rows to be removed: those that came before a time, or so many of the first.
struct Embedded::Excess {
  std::string table;
  std::optional<Timestamp> before;
  std::int64_t rows = INT64_MAX;
  std::string came = std::string(kql::ingestion_column);  // the column that says when
  std::string name() const { return table == schema::bins ? std::string(observations) : table; }
};

namespace {

sql::ExprPtr came_before(const std::string& column_name, Timestamp before) {
  return sql::binary(sql::BinaryOperator::less, column(column_name), literal(before.ticks));
}

// The keys that were heard last in their cells: how long a cell is silent is known for ever.
sql::QueryPtr last_of_cells() {
  sql::Select select;
  select.items.push_back({sql::call("arg_max", {column("Id"), column("LatestIngested")}), ""});
  select.from = sql::table(schema::keys);
  select.group_by = {column("Cell")};
  return sql::query(std::move(select));
}

}  // namespace

Timestamp Embedded::observed_since(Timestamp now) const {
  const auto kept =
      kept_by(state()->notes.find(observations, retention_note)).value_or(observations_kept);
  return kept.ticks >= now.ticks ? Timestamp{0} : now - kept;
}

Result<std::optional<Embedded::Excess>> Embedded::too_long_observed(Timestamp now) {
  const auto before = observed_since(now);
  TRY(const auto found, writer_.select(first_rows(schema::bins, "LatestIngested",
                                                  came_before("LatestIngested", before), 1),
                                       {{"LatestIngested", Type::datetime}}));
  if (found.row_count() == 0) return std::nullopt;
  return Excess{schema::bins, before, INT64_MAX, "LatestIngested"};
}

// A process that is not heard any more, and of which no observation is kept. True: there may be more.
Result<bool> Embedded::forget_sightings(Timestamp now) {
  const auto where = sql::and_also(
      came_before("LatestIngested", observed_since(now)),
      sql::make(sql::InQuery{.operand = column("Id"), .query = last_of_cells(), .negated = true}));
  auto query = first_rows(schema::keys, "Id", where, slice_rows);
  query.order_by = {{column("Id")}};
  TRY(const auto found, writer_.select(query, {{"Id", Type::long_integer}}));
  if (found.row_count() == 0) return false;
  std::vector<std::int64_t> ids;
  for (const auto& cell : found.cells) ids.push_back(std::get<std::int64_t>(cell));
  const auto in_slice = sql::and_also(
      where, sql::binary(sql::BinaryOperator::less_equal, column("Id"), literal(ids.back())));
  TRY_DO(in_transaction([&] { return writer_.run(sql::Delete{schema::keys, in_slice}); },
                        [&] {
                          removed_ += static_cast<std::int64_t>(ids.size());
                          observations_.forget(ids);
                        }));
  return static_cast<std::int64_t>(ids.size()) == slice_rows;
}

Result<std::optional<Embedded::Excess>> Embedded::too_old(Timestamp now) {
  const auto current = state();
  for (const auto& [table, said] : current->notes.all()) {
    const auto kept = kept_by(current->notes.find(table, retention_note));
    if (!kept || kept->ticks >= now.ticks || !current->catalog.tables.contains(table)) continue;
    if (table == observations) continue;  // a view; see too_long_observed
    const auto before = now - *kept;
    const auto old = sql::binary(sql::BinaryOperator::less, ingestion(), literal(before.ticks));
    TRY(const auto found,
        writer_.select(first_rows(table, std::string(kql::ingestion_column), old, 1),
                       {{"Ingestion", Type::datetime}}));
    if (found.row_count() > 0) return Excess{table, before};
  }
  return std::nullopt;
}

Result<std::optional<Embedded::Excess>> Embedded::too_much() {
  const auto& limits = options_.size_limits;
  if (!limits.warehouse_bytes && limits.table_bytes.empty()) return std::nullopt;
  const auto excess_of = [](const std::string& table, double bytes, const TableSize& size) {
    return Excess{table, {}, static_cast<std::int64_t>(bytes / size.bytes_a_row) + 1};
  };
  double whole = 0;
  std::string first;  // whose oldest row came first
  Timestamp first_came = timestamp_max;
  TableSize first_size;
  const auto current = state();
  for (const auto& [name, table] : current->catalog.tables) {
    if (is_built_in(name) && name != schema::logs) continue;
    TRY(const auto size, size_of(writer_, name));
    whole += size.bytes;
    const auto limit = limits.table_bytes.find(name);
    if (limit != limits.table_bytes.end() && !hides_row_ids(table) &&
        size.bytes > static_cast<double>(limit->second))
      return excess_of(name, size.bytes - static_cast<double>(limit->second), size);
    if (size.bytes == 0 || hides_row_ids(table)) continue;
    TRY(const auto oldest,
        writer_.select(first_rows(name, std::string(kql::ingestion_column), nullptr, 1),
                       {{"Ingestion", Type::datetime}}));
    const auto* came = std::get_if<Timestamp>(&oldest.cells.at(0));
    if (came == nullptr || *came >= first_came) continue;
    first = name;
    first_came = *came;
    first_size = size;
  }
  if (!limits.warehouse_bytes || first.empty()) return std::nullopt;
  for (const char* name : {schema::bins, schema::keys}) {
    TRY(const auto size, size_of(writer_, name));
    whole += size.bytes;
  }
  const auto most = static_cast<double>(*limits.warehouse_bytes);
  if (whole <= most) return std::nullopt;
  return excess_of(first, whole - most, first_size);
}

Result<bool> Embedded::remove_slice(const Excess& excess, Timestamp now) {
  sql::ExprPtr where;
  if (excess.before) where = came_before(excess.came, *excess.before);
  const auto current = state();
  const auto table = current->catalog.tables.find(excess.table);  // not of what is ours alone
  const bool whole = table != current->catalog.tables.end() && hides_row_ids(table->second);
  const auto most = whole ? INT64_MAX : std::min(slice_rows, excess.rows);
  sql::Select select;
  for (const auto& [function, type] : {std::pair{"count", 0}, {"min", 1}, {"max", 1}})
    select.items.push_back({sql::call(function, {column(excess.came)}), ""});
  select.from = sql::derived(
      std::make_shared<const sql::Query>(first_rows(excess.table, excess.came, where, most)),
      "slice");
  TRY(const auto slice,
      writer_.select(
          *sql::query(std::move(select)),
          {{"n", Type::long_integer}, {"Oldest", Type::datetime}, {"Newest", Type::datetime}}));
  const auto rows = whole_number(slice, 0).value_or(0);
  if (rows == 0) return false;
  removals::Removal removal{excess.name(), excess.before ? "age" : "size", now, rows, {}, {}};
  removal.oldest = std::get<Timestamp>(slice.cells.at(1));
  removal.newest = std::get<Timestamp>(slice.cells.at(2));
  // All that is too old needs no list of its rows.
  if (!excess.before || rows == most) {
    const auto in_slice =
        sql::make(sql::InQuery{column(row_id), std::make_shared<const sql::Query>(
                                                   first_rows(excess.table, row_id, where, most))});
    where = sql::and_also(sql::binary(sql::BinaryOperator::less_equal, column(excess.came),
                                      literal(removal.newest.ticks)),
                          in_slice);
  }
  TRY_DO(in_transaction(
      [&]() -> Result<void> {
        TRY_DO(removals::note(writer_, removal));
        return writer_.run(sql::Delete{excess.table, where});
      },
      [&] { removed_ += rows; }));
  return true;
}

Result<bool> Embedded::apply_retention(Timestamp now) {
  const std::lock_guard lock(write_mutex_);
  TRY_DO(forget_sent_if_due(now));
  TRY(auto excess, too_old(now));
  if (!excess) {
    TRY(excess, too_long_observed(now));
  }
  if (!excess) {
    TRY(excess, too_much());
  }
  if (excess) return remove_slice(*excess, now);
  TRY(const bool more, forget_sightings(now));
  if (more) return true;
  if (removed_ < row_group_rows) return false;
  TRY_DO(writer_.checkpoint());
  removed_ = 0;
  return false;
}

Result<Table> Embedded::removals(const std::string& table, const QueryOptions& options) {
  TRY(auto lease, places_->take(options.lane, stop_of(options)));
  return removals::all(lease.connection(), table);
}

}  // namespace rollcall::warehouse
