#include "doors/health/pulse.hpp"

#include <fmt/format.h>

namespace rollcall::doors {
namespace {

constexpr std::string_view tracker = "track-deployments";

Result<std::optional<Timestamp>> last_heard(Services& services) {
  warehouse::QueryOptions options;
  options.now = services.clock.now();
  options.limits.timeout = seconds(5);
  TRY(const auto table,
      services.warehouse.query("Sightings | summarize max(LatestIngested)", options));
  const auto* at = std::get_if<Timestamp>(&table.at(0, 0));
  return at == nullptr ? std::nullopt : std::optional(*at);
}

// nullopt: there is no such flow, or nobody wants it to run.
Result<std::optional<Timestamp>> last_poll(Services& services, bool& wanted) {
  TRY(const auto flow, services.runs.flow(tracker));
  wanted = flow && flow->enabled;
  flow::RunQuery query;
  query.flow = tracker;
  query.status = flow::Status::succeeded;
  query.limit = 1;
  TRY(const auto runs, services.runs.runs(query));
  return runs.empty() ? std::nullopt : runs.front().ended;
}

class Examination {
 public:
  explicit Examination(Services& services) : services_(services), now_(services.clock.now()) {}

  Pulse pulse() {
    lists();
    poll();
    logs();
    sources();
    return std::move(pulse_);
  }

 private:
  void problem(std::string text) { pulse_.problems.push_back(std::move(text)); }
  bool is_late(const std::optional<Timestamp>& at) const {
    return now_ - std::max(at.value_or(Timestamp{}), services_.started) > services_.patience;
  }
  static std::string shown(const std::optional<Timestamp>& at) {
    return at ? "since " + format_iso_seconds(*at) : std::string("yet");
  }

  void lists() {
    const auto answer = services_.database.read(
        [&](store::Connection& connection) { return services_.lists.all_lists(connection); });
    if (!answer) problem(fmt::format("the lists do not answer: {}", answer.error().message));
  }
  void poll() {
    bool wanted = false;
    const auto found = last_poll(services_, wanted);
    if (!found) return problem(fmt::format("the runs do not answer: {}", found.error().message));
    pulse_.last_poll = *found;
    if (wanted && is_late(*found))
      problem(fmt::format("the flow {} has not succeeded {}", tracker, shown(*found)));
  }
  void logs() {
    const auto found = last_heard(services_);
    if (!found)
      return problem(fmt::format("the warehouse does not answer: {}", found.error().message));
    pulse_.last_heard = *found;
    if (*found && is_late(*found))
      problem(fmt::format("no log has come in {}: what sends them stands still, or all regions do",
                          shown(*found)));
  }
  void sources() {
    if (!services_.sources) return;
    for (const auto& one : services_.sources()) {
      if (text_or(one, "state") != "stopped") continue;
      const auto since = text_or(one, "lastSuccess");
      problem(fmt::format("source {} stopped: nothing was read {}{}; {}", text_or(one, "name"),
                          since.empty() ? "yet" : "since ", since, text_or(one, "error")));
    }
  }

  Services& services_;
  const Timestamp now_;
  Pulse pulse_;
};

}  // namespace

Pulse take_pulse(Services& services) { return Examination(services).pulse(); }

}  // namespace rollcall::doors
