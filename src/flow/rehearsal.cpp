#include "flow/rehearsal.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "expr/uri.hpp"

namespace rollcall::flow {
namespace {

constexpr std::size_t most_jumps = 10'000;

// Operations are made up as they are asked for, and never forgotten.
class StandIn final : public Connector {
 public:
  StandIn(std::string id, Answering answering)
      : id_(std::move(id)), answering_(std::move(answering)) {
    for (const auto* method : {"get", "post", "put", "patch", "delete", "head"}) {
      operations_.push_back(
          {fmt::format("{} /", method), Place::outside, method, method, "/{path...}"});
    }
    operations_.reserve(most_operations);
  }
  std::string_view id() const override { return id_; }
  std::span<const Operation> operations() const override { return operations_; }
  std::optional<std::size_t> find(std::string_view operation) const override {
    if (const auto known = Connector::find(operation)) return known;
    if (operations_.size() >= most_operations) return std::nullopt;
    operations_.push_back({std::string(operation), Place::outside, std::string(operation), {}, {}});
    return operations_.size() - 1;
  }
  Result<Outcome> call(std::size_t operation, const Call& call) override {
    const auto& about = operations_[operation];
    auto name = about.id;
    if (const auto* path = call.parameters.if_contains("path");
        !about.path.empty() && path != nullptr && path->is_string()) {
      name = fmt::format("{} /{}", about.method, std::string_view(path->get_string()));
    }
    return answering_({id_, name, std::string(call.key.action), call.key.attempt, call.parameters,
                       call.callback_url});
  }

 private:
  static constexpr std::size_t most_operations = 1'000;
  std::string id_;
  Answering answering_;
  mutable std::vector<Operation> operations_;  // reserved: references to them stay
};

}  // namespace

std::unique_ptr<Connector> make_stand_in(std::string id, Answering answering) {
  return std::make_unique<StandIn>(std::move(id), std::move(answering));
}

Result<std::unique_ptr<Rehearsal>> Rehearsal::open(Answering answering, Timestamp start) {
  auto made = std::unique_ptr<Rehearsal>(new Rehearsal(std::move(answering), start));
  TRY(made->database_, store::open_sqlite(":memory:", store::Durability::process));
  DriverOptions options;
  options.key = "rehearsal";
  TRY(made->driver_,
      Driver::open(*made->database_, made->connectors_, made->clock_, std::move(options)));
  made->driver_->set_url("http://rehearsal");
  return made;
}

Result<Deployed> Rehearsal::deploy(std::string_view name, const json::value& document,
                                   const DeployOptions& options) {
  TRY(const auto definition, parse_definition(document));
  const auto answer = [this](const AskedCall& call) {
    if (!call.callback_url.empty()) callback_urls_.emplace_back(call.callback_url);
    if (const auto* inputs = call.parameters.if_contains("body"); inputs != nullptr) {
      const auto text = json::serialize(*inputs);
      if (const auto at = text.find("http://rehearsal/hooks/runs/"); at != std::string::npos)
        callback_urls_.push_back(text.substr(at, text.find('"', at) - at));
    }
    return answering_(call);
  };
  std::vector<std::string> ids{"http"};
  for (auto& id : connectors_of(definition, {options.parameters, options.connections}))
    ids.push_back(std::move(id));
  for (const auto& id : ids) {
    if (connectors_.find(id) == nullptr) connectors_.add(make_stand_in(id, answer));
  }
  return driver_->deploy(name, document, {}, options);
}

Result<void> Rehearsal::go(Timestamp until) {
  for (std::size_t jumps = 0; jumps < most_jumps; ++jumps) {
    TRY_DO(driver_->run_until_idle(200'000));
    const auto due = driver_->next_due();
    if (!due || *due > until) return {};
    clock_.set(std::max(clock_.now(), *due));
  }
  return fail("FLOW0502", fmt::format("the flow does not come to an end: {} delays", most_jumps));
}

std::vector<std::pair<RunId, std::string>> Rehearsal::waiting() const {
  std::vector<std::pair<RunId, std::string>> found;
  constexpr std::string_view prefix = "http://rehearsal/hooks/runs/";
  for (const auto& url : callback_urls_) {
    if (!url.starts_with(prefix)) continue;
    const auto rest = std::string_view(url).substr(prefix.size());
    const auto slash = rest.find('/');
    RunId run = 0;
    std::from_chars(rest.data(), rest.data() + std::min(slash, rest.size()), run);
    const auto instance = rest.substr(std::min(slash + 1, rest.size()));
    found.emplace_back(run, expr::decode_uri(instance.substr(0, instance.find('?'))));
  }
  return found;
}

Result<RunRecord> rehearse_with_samples(const json::value& document) {
  constexpr std::string_view name = "flow";
  const auto start = *parse_iso("2026-01-01T00:00:00Z");
  TRY(const auto definition, parse_definition(document));
  const Samples samples(definition);
  TRY(const auto rehearsal,
      Rehearsal::open(
          [&](const AskedCall& call) { return Outcome{samples.outputs_of(call.action), {}, {}}; },
          start));
  DeployOptions options;
  options.parameters = samples.parameters();
  options.enabled = false;  // its triggers do not fire by themselves meanwhile
  TRY_DO(rehearsal->deploy(name, document, options));
  const auto trigger =
      definition.triggers.empty() ? std::string() : definition.triggers.front().name;
  if (trigger.empty()) return fail("FLOW0506", "the flow has no trigger");
  TRY(const auto run,
      rehearsal->driver().start_with_outputs(name, trigger, samples.trigger_outputs(), {}));
  for (std::size_t answered = 0;;) {
    TRY_DO(rehearsal->go(start + days(30)));
    const auto waiting = rehearsal->waiting();
    if (answered == waiting.size()) break;
    for (; answered < waiting.size(); ++answered) {
      const auto& [of, instance] = waiting[answered];
      (void)rehearsal->driver().call_back(
          of, instance, samples.outputs_of(instance.substr(0, instance.rfind('/'))));
    }
  }
  TRY(const auto record, rehearsal->driver().runs().run(run));
  if (!record) return fail("FLOW0504", "the run is gone");
  return *record;
}

}  // namespace rollcall::flow
