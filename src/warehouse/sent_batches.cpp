#include "warehouse/sent_batches.hpp"

namespace rollcall::warehouse {
namespace {

constexpr const char* batches = "$batches";
constexpr const char* positions = "$positions";
constexpr Timespan remembered = hours(1);
constexpr std::size_t most_remembered = 2'000'000;  // some 100 MB

sql::CreateTable table_of(const char* name, std::initializer_list<AppendColumn> columns) {
  sql::CreateTable create;
  create.name = name;
  create.if_not_exists = true;
  for (const auto& one : columns)
    create.columns.push_back({one.name, one.type, false, false, nullptr});
  return create;
}

sql::Query all_of(const char* table, std::initializer_list<const char*> columns) {
  sql::Select select;
  for (const char* one : columns) select.items.push_back({sql::column(one), ""});
  select.from = sql::table(table);
  return *sql::query(std::move(select));
}

}  // namespace

Result<void> SentBatches::load(Connection& connection) {
  using sql::Type::bigint;
  using sql::Type::text;
  TRY_DO(
      connection.run(table_of(batches, {{"Sender", bigint}, {"Content", bigint}, {"At", bigint}})));
  TRY_DO(connection.run(table_of(positions, {{"Source", text}, {"Position", text}})));
  auto query = all_of(batches, {"Sender", "Content", "At"});
  query.order_by = {{sql::column("At")}};
  TRY(const auto sent, connection.select(query, {{"Sender", kql::Type::long_integer},
                                                 {"Content", kql::Type::long_integer},
                                                 {"At", kql::Type::datetime}}));
  for (std::size_t i = 0; i < sent.row_count(); ++i) {
    const Ingestion::Key key{std::get<std::int64_t>(sent.at(i, 0)),
                             std::get<std::int64_t>(sent.at(i, 1))};
    known_.insert(key);
    in_order_.push_back({key, std::get<Timestamp>(sent.at(i, 2))});
  }
  TRY(const auto read,
      connection.select(all_of(positions, {"Source", "Position"}),
                        {{"Source", kql::Type::string}, {"Position", kql::Type::string}}));
  for (std::size_t i = 0; i < read.row_count(); ++i) {
    positions_.insert_or_assign(std::get<std::string>(read.at(i, 0)),
                                std::get<std::string>(read.at(i, 1)));
  }
  return {};
}

std::string_view SentBatches::position(std::string_view source) const {
  const auto found = positions_.find(source);
  return found == positions_.end() ? std::string_view() : std::string_view(found->second);
}

void SentBatches::add(const Ingestion& ingestion) {
  if (ingestion.once && added_set_.insert(*ingestion.once).second)
    added_.push_back({*ingestion.once, ingestion.at});
  if (ingestion.position)
    moved_.insert_or_assign(ingestion.position->source, ingestion.position->text);
}

Result<void> SentBatches::write(Connection& connection) {
  if (!added_.empty()) {
    TRY(auto appender, Appender::into_table(connection, batches,
                                            {{"Sender", sql::Type::bigint},
                                             {"Content", sql::Type::bigint},
                                             {"At", sql::Type::bigint}}));
    for (const auto& one : added_) {
      appender.bigint(0, one.key.sender);
      appender.bigint(1, one.key.content);
      appender.bigint(2, one.at.ticks);
      TRY_DO(appender.end_row());
    }
    TRY_DO(appender.finish());
  }
  for (const auto& [source, text] : moved_) {
    TRY_DO(connection.run(sql::Delete{
        positions,
        sql::binary(sql::BinaryOperator::equal, sql::column("Source"), sql::parameter(source))}));
    sql::Insert insert;
    insert.table = positions;
    insert.columns = {"Source", "Position"};
    insert.rows.push_back({sql::parameter(source), sql::parameter(text)});
    TRY_DO(connection.run(insert));
  }
  return {};
}

void SentBatches::committed() {
  for (const auto& one : added_) {
    known_.insert(one.key);
    in_order_.push_back(one);
  }
  for (; in_order_.size() > most_remembered; in_order_.pop_front())
    known_.erase(in_order_.front().key);
  for (auto& [source, text] : moved_) positions_.insert_or_assign(source, std::move(text));
  rolled_back();
}

void SentBatches::rolled_back() {
  added_.clear();
  added_set_.clear();
  moved_.clear();
}

Result<void> SentBatches::forget_old(Connection& connection, Timestamp now) {
  const auto since = now - remembered;
  if (in_order_.empty() || in_order_.front().at >= since) return {};
  for (; !in_order_.empty() && in_order_.front().at < since; in_order_.pop_front())
    known_.erase(in_order_.front().key);
  return connection.run(sql::Delete{
      batches,
      sql::binary(sql::BinaryOperator::less, sql::column("At"), sql::literal(since.ticks))});
}

}  // namespace rollcall::warehouse
