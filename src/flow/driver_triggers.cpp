// Triggers that ask others: those that poll, and webhooks, which subscribe when their flow is enabled and are
// then called. What a trigger has seen (a Location) or subscribed is durable, written in the transaction that
// creates the runs of the same answer: no answer starts a run twice, and none is lost.
//   answer to a poll             what happens                                next poll
//   success but 202              a run (one per item of splitOn)             Retry-After, else the recurrence
//   202                          nothing is new                              Retry-After, else the recurrence
//   a failure                    is said in Driver::problems()               Retry-After, else the recurrence
// A Location in the answer is asked next time, in place of what the trigger's inputs say; not when a run cannot be
// made of the answer: it is asked for again, and Driver::problems() says why.
// https://learn.microsoft.com/azure/logic-apps/logic-apps-create-api-app, “Trigger patterns”
#include <fmt/format.h>

#include "flow/calls.hpp"
#include "flow/driver_impl.hpp"

namespace rollcall::flow {
namespace {

constexpr Timespan pause_after_failed_subscription = minutes(1);
constexpr Timespan least_poll = seconds(1);

bool is_news(const Outcome& outcome) {
  const auto* status = find(outcome.outputs.value(), "statusCode");
  return outcome.succeeded() &&
         (status == nullptr || !status->is_int64() || status->get_int64() != 202);
}

// The same for one due time, also after a crash.
std::string key_of(const LoadedFlow& flow) {
  return fmt::format("{}/{}@{}", flow.record.name, flow.scheduled->name,
                     flow.record.next_fire.value_or(Timestamp{}).ticks);
}

std::string connection_of(const Trigger& trigger) {
  const auto* kind = std::get_if<ConnectorTrigger>(&trigger.kind);
  return kind == nullptr ? std::string() : kind->call.connection;
}

const Principal trigger_principal{Principal::Kind::flow_run, "trigger"};

}  // namespace

void Driver::Impl::set_url(std::string url) {
  site_.set_url(options_.public_url.empty() ? std::move(url) : options_.public_url);
  // Whoever was given another address would call in vain.
  for (auto& [name, flow] : flows_) {
    if (!flow.subscribes() || !flow.record.enabled) continue;
    const auto state = parse_trigger_state(flow.record.trigger_state);
    if (!state.subscribed || state.url != site_.trigger_url(name, flow.scheduled->name))
      flow.record.next_fire = clock_.now();
  }
}

Result<void> Driver::Impl::ask(LoadedFlow& flow) {
  const auto state = parse_trigger_state(flow.record.trigger_state);
  auto call = trigger_call(flow, state, site_.trigger_url(flow.record.name, flow.scheduled->name),
                           false, clock_.now());
  flow.asking = ++questions_;
  flow.asked_at = clock_.now();
  const bool called = std::exchange(flow.called, false);  // what is announced from now on is news
  flow.news.reset();  // the list of that name may be another by then
  if (!call) return answered(flow.record.name, flow.asking, refused(call.error()));
  if (!*call)
    return answered(flow.record.name, flow.asking,
                    refused(400, "FLOW0328", "the trigger has nothing to ask"));
  auto& question = **call;
  auto action = key_of(flow);
  if (question.operation.operation().place == Place::outside) {
    CallOperation asked{{},
                        1,
                        question.operation,
                        std::move(question.inputs),
                        std::move(question.location),
                        std::move(question.callback_url)};
    outside_.ask({0, std::move(asked), std::move(action), connection_of(*flow.scheduled),
                  trigger_principal, clock_.now(), std::nullopt, flow.record.name, flow.asking});
    return {};
  }
  const IdempotencyKey key{0, action, {}, 1};
  const auto connection = connection_of(*flow.scheduled);
  const auto ask_it = [&](store::Transaction* transaction) {
    return question.operation.connector->call(
        question.operation.index,
        {question.inputs.get_object(), connection, trigger_principal, key, clock_.now(),
         transaction, std::nullopt, question.location, question.callback_url});
  };
  if (question.operation.operation().place == Place::read) {
    auto outcome = ask_it(nullptr);
    if (outcome) return answered(flow.record.name, flow.asking, *std::move(outcome));
    flow.asking = 0;
    return std::unexpected(std::move(outcome).error());
  }
  std::vector<NewRun> runs;
  auto record = flow.record;
  auto written = database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY_DO(is_state_of_all(flow));
    TRY(auto outcome, ask_it(&transaction));
    return answered_in(transaction, flow, outcome, record, runs);
  });
  flow.asking = 0;
  if (!written) {
    flow.called = called;
    return written;
  }
  flow.record = std::move(record);
  TRY_DO(reached(CrashPoint::after_commit));
  for (auto& run : runs) adopt(std::move(run));
  return {};
}

Result<void> Driver::Impl::answered(const std::string& name, std::uint64_t question,
                                    Outcome outcome) {
  if (auto left = left_.extract(question)) {
    end_late_subscription(std::move(left.mapped()), outcome);
    return {};
  }
  const auto found = flows_.find(name);
  // Removed meanwhile, or deployed with other triggers: then it is no answer to what they ask.
  if (found == flows_.end() || found->second.asking != question) return {};
  auto& flow = found->second;
  flow.asking = 0;
  if (!flow.record.enabled || !flow.record.next_fire) {
    end_late_subscription(flow, outcome);
    return {};
  }
  std::vector<NewRun> runs;
  auto record = flow.record;
  TRY_DO(database_.write([&](store::Transaction& transaction) {
    return answered_in(transaction, flow, outcome, record, runs);
  }));
  flow.record = std::move(record);
  TRY_DO(reached(CrashPoint::after_commit));
  for (auto& run : runs) adopt(std::move(run));
  return {};
}

Result<Timestamp> Driver::Impl::next_poll(const LoadedFlow& flow, const Outcome* outcome) const {
  const auto now = clock_.now();
  if (outcome != nullptr && outcome->retry_after)
    return now + std::max(*outcome->retry_after, least_poll);
  if (!flow.recurrence) return now + pause_after_failed_subscription;
  if (now < *flow.record.next_fire) return *flow.record.next_fire;  // it was asked before its time
  return next_fire(*flow.recurrence, *flow.record.next_fire, std::max(*flow.record.next_fire, now));
}

Result<void> Driver::Impl::answered_in(store::Transaction& transaction, const LoadedFlow& flow,
                                       const Outcome& outcome, FlowRecord& record,
                                       std::vector<NewRun>& runs) {
  auto state = parse_trigger_state(record.trigger_state);
  const auto due = std::min(*record.next_fire, clock_.now());
  std::optional<Timestamp> next;
  if (outcome.succeeded())
    broken_flows_.erase(record.name);
  else
    broken_flows_[record.name] =
        fmt::format("the trigger {}: {} {}", flow.scheduled->name, outcome.code, outcome.message);
  if (flow.subscribes()) {
    state.subscribed = outcome.succeeded();
    state.url = site_.trigger_url(record.name, flow.scheduled->name);
    state.subscription = outcome.outputs.value();
    if (!state.subscribed) {
      TRY(next, next_poll(flow, &outcome));
    }
  } else {
    TRY(next, next_poll(flow, &outcome));
    bool taken = outcome.succeeded();
    if (is_news(outcome)) {
      auto made = new_runs(flow, *flow.scheduled, outcome.outputs.value(), "schedule");
      taken = made.has_value();
      if (made)
        runs = *std::move(made);
      else
        broken_flows_[record.name] = made.error().message;
    }
    // News that could not become runs is asked for again.
    if (auto location = header_of(outcome.outputs.value(), "Location"); taken && !location.empty())
      state.location = std::move(location);
  }
  for (auto& run : runs) TRY_DO(create(transaction, run));
  if (flow.claimed)
    TRY_DO(store_.fired(transaction, record.name, *flow.claimed,
                        *flow.claimed));  // nobody else has asked meanwhile
  TRY_DO(store_.set_fire(transaction, record.name, due, next));
  auto text = to_text(state);
  if (text != record.trigger_state)
    TRY_DO(store_.set_trigger_state(transaction, record.name, text));
  TRY_DO(reached(CrashPoint::before_commit));
  record.trigger_state = std::move(text);
  record.last_fire = due;
  record.next_fire = next;
  return {};
}

void Driver::Impl::leave(const LoadedFlow& flow) {
  end_subscription(flow);
  if (flow.asking != 0 && flow.subscribes()) left_.emplace(flow.asking, flow);
}

void Driver::Impl::end_late_subscription(LoadedFlow flow, const Outcome& outcome) {
  if (!outcome.succeeded() || !flow.subscribes()) return;
  auto state = parse_trigger_state(flow.record.trigger_state);
  state.subscribed = true;
  state.url = site_.trigger_url(flow.record.name, flow.scheduled->name);
  state.subscription = outcome.outputs.value();
  flow.record.trigger_state = to_text(state);
  end_subscription(flow);
}

// Asked once, and the answer is not waited for: the other side forgets who does not answer.
void Driver::Impl::end_subscription(const LoadedFlow& flow) {
  const auto state = parse_trigger_state(flow.record.trigger_state);
  if (!state.subscribed || !flow.subscribes()) return;
  auto call = trigger_call(flow, state, state.url, true, clock_.now());
  if (!call || !*call || (*call)->operation.operation().place != Place::outside) return;
  CallOperation asked{{}, 1, (*call)->operation, std::move((*call)->inputs), {}, state.url};
  outside_.ask({0,
                std::move(asked),
                key_of(flow) + "/end",
                connection_of(*flow.scheduled),
                trigger_principal,
                clock_.now(),
                std::nullopt,
                {}});
}

}  // namespace rollcall::flow
