#include "connectors/deployments.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>

#include "fleet/reconcile.hpp"
#include "fleet/well_known_lists.hpp"
#include "fleet/wire.hpp"
#include "flow/run_store.hpp"
#include "lists/list_store.hpp"
#include "odata/literal.hpp"
#include "store/database.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::string_view connector_id = "deployments";
enum OperationIndex : std::size_t { reconcile_operation, last_success_operation };

// More rows than the answer of any query has.
constexpr std::size_t max_rows = 500'000;

std::string filter_of(const fleet::Cell& cell) {
  return fmt::format("Environment eq {} and Role eq {} and Region eq {}",
                     odata::quote(cell.environment), odata::quote(cell.role),
                     odata::quote(cell.region));
}

// The items of a list, page by page.
template <class T>
Result<void> read_items(lists::ListStore& lists, store::Transaction& transaction,
                        const lists::List& list, odata::Options options, Timestamp now,
                        Result<T> (*parse)(const json::object&), std::vector<T>& out) {
  const std::size_t most =
      options.top ? out.size() + static_cast<std::size_t>(*options.top) : SIZE_MAX;
  options.top =
      std::min<std::int64_t>(options.top.value_or(lists::max_page_size), lists::max_page_size);
  do {
    TRY(const lists::Page page, lists.query(transaction, list, options, now));
    for (const lists::Item& item : page.items) {
      TRY(T parsed, parse(item.fields));
      out.push_back(std::move(parsed));
    }
    options.skiptoken = page.skiptoken;
  } while (options.skiptoken && out.size() < most);
  return {};
}

class History final : public fleet::HistoryReader {
 public:
  History(lists::ListStore& lists, store::Transaction& transaction, lists::ListPtr list,
          Timestamp now)
      : lists_(lists), transaction_(transaction), list_(std::move(list)), now_(now) {}

  Result<std::vector<fleet::Deployment>> before(const fleet::Cell& cell, std::int64_t sequence,
                                                std::int64_t count) override {
    odata::Options options;
    options.filter = fmt::format("{} and Sequence lt {}", filter_of(cell), sequence);
    options.orderby = "Sequence desc";
    options.top = count;
    return read(std::move(options));
  }
  Result<std::vector<fleet::Deployment>> of_versions(
      const fleet::Cell& cell, std::span<const std::string> versions) override {
    if (versions.empty()) return std::vector<fleet::Deployment>();
    std::string texts;
    for (const std::string& version : versions)
      texts += (texts.empty() ? "" : ",") + odata::quote(version);
    odata::Options options;
    options.filter = fmt::format("{} and Version in ({})", filter_of(cell), texts);
    return read(std::move(options));
  }

 private:
  Result<std::vector<fleet::Deployment>> read(odata::Options options) {
    std::vector<fleet::Deployment> items;
    TRY_DO(read_items(lists_, transaction_, *list_, std::move(options), now_,
                      fleet::parse_deployment, items));
    return items;
  }

  lists::ListStore& lists_;
  store::Transaction& transaction_;
  lists::ListPtr list_;
  Timestamp now_;
};

class Deployments final : public flow::Connector {
 public:
  Deployments(lists::ListStore& lists, flow::RunStore& runs, fleet::CellRules rules)
      : lists_(lists), runs_(runs), rules_(std::move(rules)) {}

  std::string_view id() const override { return connector_id; }

  std::span<const flow::Operation> operations() const override {
    static const std::array<flow::Operation, 2> all{{
        {"Reconcile", flow::Place::store, "Reconcile deployments", "post", "/reconcile"},
        {"GetLastSuccess", flow::Place::read, "Get the last successful run", "get", "/lastsuccess"},
    }};
    return all;
  }

  Result<flow::Outcome> call(std::size_t operation, const flow::Call& call) override {
    return operation == reconcile_operation ? reconcile(call) : last_success(call);
  }

 private:
  // body/intervals: the rows of Deployments(lookback); body/since: now - lookback. Answers
  // {"value": changes}.
  Result<flow::Outcome> reconcile(const flow::Call& call) {
    const json::value* rows = parameter(call, "intervals");
    if (rows == nullptr || !rows->is_array()) {
      return flow::refused(400, "BadRequest",
                           "Reconcile needs 'body/intervals': the rows of Deployments(lookback)");
    }
    if (rows->get_array().size() > max_rows) {
      return flow::refused(413, "TooLarge",
                           fmt::format("{} rows; at most {} are reconciled at once",
                                       rows->get_array().size(), max_rows));
    }
    const json::value* since_text = parameter(call, "since");
    const std::optional<Timestamp> since = since_text != nullptr && since_text->is_string()
                                               ? parse_iso(since_text->get_string())
                                               : std::nullopt;
    if (!since)
      return flow::refused(400, "BadRequest",
                           "Reconcile needs 'body/since': the time that the look-back began");
    auto intervals = fleet::parse_intervals(rows->get_array());
    if (!intervals) return flow::refused(intervals.error());
    std::erase_if(*intervals, [this](const fleet::Interval& interval) {
      return !rules_.is_expected(interval.cell);
    });

    std::map<fleet::Cell, std::vector<fleet::Interval>> cells;
    for (const fleet::Interval& interval : *intervals) cells[interval.cell].push_back(interval);
    TRY(const Known known, read(*call.transaction, call.now, cells));

    json::array changes;
    const fleet::Input input{known.history,
                             known.pasts,
                             known.snapshots,
                             *intervals,
                             *since,
                             call.now,
                             std::to_string(call.key.run)};
    for (const fleet::Change& change : fleet::reconcile(input))
      changes.push_back(fleet::to_json(change));
    return flow::answered(200, json::object{{"value", std::move(changes)}});
  }

  // When the last successful run of the calling flow started, or null when none has succeeded yet.
  Result<flow::Outcome> last_success(const flow::Call& call) {
    TRY(const auto own, runs_.run(call.key.run));
    if (!own)
      return flow::refused(404, "NotFound", fmt::format("there is no run {}", call.key.run));
    flow::RunQuery query;
    query.flow = own->flow;
    query.status = flow::Status::succeeded;
    query.limit = 1;
    TRY(const auto found, runs_.runs(query));
    json::object body;
    body["startTime"] =
        found.empty() ? json::value(nullptr) : json::value(format_iso(found.front().started));
    return flow::answered(200, std::move(body));
  }

  // As OpenApiConnection has it, "body/since", or as a part of `body`.
  static const json::value* parameter(const flow::Call& call, std::string_view name) {
    if (const json::value* flat = call.parameters.if_contains(fmt::format("body/{}", name)))
      return flat;
    const json::value* body = call.parameters.if_contains("body");
    return body == nullptr ? nullptr : rollcall::find(*body, name);
  }

  // What the lists say of the cells, as far as it may change.
  struct Known {
    std::vector<fleet::Deployment> history;
    std::vector<fleet::Past> pasts;
    std::vector<fleet::Snapshot> snapshots;
  };
  Result<Known> read(store::Transaction& transaction, Timestamp now,
                     const std::map<fleet::Cell, std::vector<fleet::Interval>>& cells) {
    TRY(const lists::ListPtr rows, lists_.find_list(transaction, fleet::current_snapshot_list));
    TRY(lists::ListPtr items, lists_.find_list(transaction, fleet::deployment_history_list));
    History history(lists_, transaction, std::move(items), now);
    Known known;
    for (const auto& [cell, intervals] : cells) {
      const std::size_t before = known.snapshots.size();
      odata::Options options;
      options.filter = filter_of(cell);
      TRY_DO(read_items(lists_, transaction, *rows, std::move(options), now, fleet::parse_snapshot,
                        known.snapshots));
      const auto* row = known.snapshots.size() > before ? &known.snapshots.back() : nullptr;
      TRY(fleet::Recent recent, fleet::read_recent(history, cell, intervals, row));
      std::ranges::move(recent.items, std::back_inserter(known.history));
      known.pasts.push_back(std::move(recent.past));
    }
    return known;
  }

  lists::ListStore& lists_;
  flow::RunStore& runs_;
  fleet::CellRules rules_;
};

}  // namespace

std::unique_ptr<flow::Connector> make_deployments(lists::ListStore& lists, flow::RunStore& runs,
                                                  fleet::CellRules cells) {
  return std::make_unique<Deployments>(lists, runs, std::move(cells));
}

}  // namespace rollcall::connectors
