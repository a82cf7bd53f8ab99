#include "flow/live_run.hpp"

#include <array>

#include "base/check.hpp"
#include "flow/seal.hpp"

namespace rollcall::flow {
namespace {

constexpr std::size_t max_trigger_depth = 1'000;
constexpr std::size_t most_resting_bytes = 2'048;  // of a trigger as text

}  // namespace

RunFacts facts_of(const RunRecord& record) {
  // A resumed run draws the numbers that the run it resumes has drawn.
  std::uint64_t seed = static_cast<std::uint64_t>(record.origin.value_or(record.id));
  return {record.id, record.flow, next_random(seed)};
}

LiveRun::LiveRun(RunRecord run_record, std::shared_ptr<const Workflow> its_workflow,
                 const Site* site)
    : record(std::move(run_record)),
      workflow(std::move(its_workflow)),
      principal{Principal::Kind::flow_run, std::to_string(record.id)},
      state(*workflow, facts_of(record)) {
  state.run.site = site;
}

Result<std::unique_ptr<LiveRun>> LiveRun::load(RunStore& store, RunRecord record,
                                               std::shared_ptr<const Workflow> workflow,
                                               const Site* site) {
  auto run = std::make_unique<LiveRun>(std::move(record), std::move(workflow), site);
  TRY(auto events, store.events(run->record.id, *run->workflow));
  for (auto& event : events) {
    run->take_in(std::move(event), nullptr);
    run->children.clear();  // created in the turn of this event
  }
  TRY(const auto letters, store.letters(run->record.id));
  for (const auto& letter : letters) {
    TRY(auto event, parse_event_line(*run->workflow, letter.event));
    run->incoming.push_back({std::move(event), letter.id});
  }
  return run;
}

void LiveRun::take_in(Event event, HistoryWriter* writer) {
  // Time does not run backwards within a run, whatever the machine's clock does.
  event.at = std::max(event.at, last_event);
  last_event = event.at;
  if (const auto* completed = std::get_if<Completed>(&event.what)) {
    const auto answers = [&](const CallOperation& call) {
      return call.attempt == completed->attempt && call.instance == completed->instance;
    };
    if (const auto call = std::find_if(calls.begin(), calls.end(), answers); call != calls.end())
      calls.erase(call);
    std::erase_if(outside, answers);
    std::erase_if(children,
                  [&](const StartChild& child) { return child.instance == completed->instance; });
  }
  if (writer != nullptr) writer->add(event);
  if (state.trigger.is_string()) wake_trigger();
  std::vector<Command> commands;
  if (!advance(*workflow, state, std::move(event), commands)) {
    if (writer != nullptr) writer->drop_last();
    return;
  }
  for (auto& command : commands) carry_out(std::move(command));
}

void LiveRun::rest() {
  incoming.shrink_to_fit();
  calls.shrink_to_fit();
  outside.shrink_to_fit();
  children.shrink_to_fit();
  state.ready.shrink_to_fit();
  rest_trigger();
}

// An object takes three times the room of its text. A large one stays, or each answer would have to read it again.
void LiveRun::rest_trigger() {
  if (!state.trigger.is_object()) return;
  std::array<char, most_resting_bytes> room;
  json::serializer serializer;
  serializer.reset(&state.trigger);
  const auto text = serializer.read(room.data(), room.size());
  if (serializer.done()) state.trigger = json::string(text);
}

void LiveRun::wake_trigger() {
  auto trigger = parse_json(std::string_view(state.trigger.get_string()), max_trigger_depth);
  CHECK(trigger);
  state.trigger = *std::move(trigger);
}

void LiveRun::carry_out(Command command) {
  if (auto* call = std::get_if<CallOperation>(&command)) {
    if (call->operation.operation().place == Place::outside) {
      outside.push_back(std::move(*call));
    } else {
      calls.push_back(std::move(*call));
    }
  } else if (auto* child = std::get_if<StartChild>(&command)) {
    children.push_back(std::move(*child));
  } else if (auto* respond = std::get_if<Respond>(&command)) {
    const auto* seal = workflow->seal();
    record.response = json::serialize(
        respond->secure && seal != nullptr ? seal->close(respond->outputs) : respond->outputs);
  } else if (auto* finish = std::get_if<Finish>(&command)) {
    record.status = finish->status;
    record.code = std::move(finish->code);
    record.message = std::move(finish->message);
    record.ended = last_event;
    calls.clear();
    outside.clear();
  }
}

}  // namespace rollcall::flow
