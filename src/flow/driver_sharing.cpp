// Several processes on one database share its runs. Each has a row of its own, whose beat it counts up while it
// lives, and runs that name it as their owner.
//   what                     who                                       how two never do it
//   begin a run              who fires its trigger, or is called       the trigger's time is moved on in the same transaction
//   take it forward          its owner                                 a turn's commit asks for owner and events
//   take over                who sees a beat stand still for the       the row goes if the beat is still the one that was
//                            lease, by its own clock                   seen; whose row is gone has no runs any more
//   ask for a trigger        who has moved its time on by the claim    the answer's commit asks for that time, and one
//                                                                      that is taken before it, for what was seen last
// No clock is compared with another's. What others did (flows that were deployed, letters to runs that are here)
// is looked for again and again.
#include <fmt/format.h>

#include <random>

#include "flow/driver_impl.hpp"

namespace rollcall::flow {
namespace {

// The longest that a trigger's question takes; who has not answered by then has it asked by another.
constexpr Timespan question_claim = minutes(3);
constexpr std::string_view key_mark = "processes that share flows";

std::int64_t new_worker_id() {
  std::random_device device;
  return static_cast<std::int64_t>((std::uint64_t{device()} << 31 | device()) &
                                   0x7fff'ffff'ffff'ffff) |
         1;
}

}  // namespace

Result<void> Driver::Impl::may_share() {
  TRY(const auto workers, store_.workers());
  const auto mark = site_.seal().sign(key_mark);
  if (std::ranges::all_of(workers, [&](const Worker& worker) { return worker.key == mark; }))
    return {};
  return fail("FLOW0518",
              "another process drives the flows of this database with another key, so that neither "
              "could read what the other "
              "hides: give both the same file flow.key");
}

// Alone, whatever is under way is ours.
Result<void> Driver::Impl::enter() {
  TRY(const auto workers, store_.workers());
  if (!options_.lease) {
    if (workers.empty()) {
      TRY(const bool any, store_.has_orphans());
      if (!any) return {};
    }
    return database_.write([&](store::Transaction& transaction) -> Result<void> {
      for (const auto& worker : workers)
        TRY_DO(store_.end_worker(transaction, worker.id, std::nullopt));
      return store_.take_orphans(transaction);
    });
  }
  const Worker me{new_worker_id(), 0, site_.seal().sign(key_mark)};
  store_.work_as(me.id);
  TRY_DO(database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY_DO(store_.put_worker(transaction, me));
    return store_.take_orphans(transaction);
  }));
  next_look_ = clock_.now();
  next_beat_ = clock_.now() + Timespan{options_.lease->ticks / 3};
  return {};
}

Result<void> Driver::Impl::leave() {
  if (!options_.lease || !taken_up_ || dead_) return {};
  lose_all();
  dead_ = true;
  return database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY_DO(store_.end_worker(transaction, store_.owner(), std::nullopt));
    return {};
  });
}

Result<void> Driver::Impl::look_around() {
  const auto now = clock_.now();
  if (now < next_look_) return {};
  next_look_ = now + options_.look_every;
  TRY_DO(keep_lease());
  TRY_DO(watch_others());
  TRY_DO(take_orphans());
  TRY_DO(take_up_flows());
  TRY_DO(take_up_letters());
  TRY(others_runs_, store_.runs_of_others());
  for (const auto& flow : live_.flows_with_parked()) unpark(flow);
  return {};
}

// Who was held up so long that others took its runs away begins anew, as another.
Result<void> Driver::Impl::keep_lease() {
  const auto now = clock_.now();
  if (now < next_beat_) return {};
  TRY(const bool kept,
      database_.write([&](store::Transaction& transaction) { return store_.beat(transaction); }));
  next_beat_ = now + Timespan{options_.lease->ticks / 3};
  if (kept) return {};
  lose_all();
  return take_up_runs();
}

void Driver::Impl::lose_all() {
  taken_up_ = false;
  live_.clear();
  ready_.clear();
  wakes_.clear();
  to_load_.clear();
  outside_.forget_runs();
}

Result<void> Driver::Impl::watch_others() {
  TRY(const auto workers, store_.workers());
  const auto now = clock_.now();
  std::map<std::int64_t, Seen> seen;
  for (const auto& worker : workers) {
    if (worker.id == store_.owner()) continue;
    const auto before = seen_.find(worker.id);
    const bool moved = before == seen_.end() || before->second.beat != worker.beat;
    const auto& last = seen[worker.id] = moved ? Seen{worker.beat, now} : before->second;
    if (now - last.at < *options_.lease) continue;
    TRY_DO(database_.write([&](store::Transaction& transaction) {
      return store_.end_worker(transaction, worker.id, last.beat);
    }));
  }
  seen_ = std::move(seen);
  return {};
}

Result<void> Driver::Impl::take_orphans() {
  TRY(const bool any, store_.has_orphans());
  if (!any) return {};
  TRY_DO(database_.write(
      [&](store::Transaction& transaction) { return store_.take_orphans(transaction); }));
  TRY(const auto ours, store_.unfinished());
  for (const auto id : ours) {
    if (live_.contains(id) || to_load_.contains(id)) continue;
    if (auto loaded = load_run(id); !loaded) broken_runs_[id] = loaded.error().message;
  }
  return {};
}

Result<void> Driver::Impl::take_up_flows() {
  TRY(auto all, store_.flows_in_short());
  std::set<std::string, std::less<>> present;
  for (auto& now : all) {
    present.insert(now.name);
    const auto found = flows_.find(now.name);
    if (found != flows_.end() && found->second.record.version == now.version) {
      auto& known = found->second;
      if (known.asking) continue;
      known.record.enabled = now.enabled;
      known.record.next_fire = now.next_fire;
      known.record.last_fire = now.last_fire;
      known.record.trigger_state = std::move(now.trigger_state);
      continue;
    }
    TRY(auto record, store_.flow(now.name));
    if (!record) continue;
    auto workflow = workflow_of(record->name, record->version);
    auto loaded = workflow ? load_flow(*std::move(record), *std::move(workflow), clock_.now())
                           : std::unexpected(workflow.error());
    if (loaded)
      flows_.insert_or_assign(now.name, *std::move(loaded));
    else
      broken_flows_[now.name] = loaded.error().message;
  }
  std::erase_if(flows_, [&](const auto& flow) { return !present.contains(flow.first); });
  return {};
}

// Somebody cancelled a run, or was called back, in another process.
Result<void> Driver::Impl::take_up_letters() {
  TRY(const auto letters, store_.letters_here());
  for (const auto& [id, letter] : letters) {
    auto* live = live_.find(id);
    if (live == nullptr) continue;
    auto& run = *live;
    if (std::ranges::find(run.incoming, letter.id, &Incoming::letter) != run.incoming.end())
      continue;
    TRY(auto event, parse_event_line(*run.workflow, letter.event));
    const bool cancels = std::holds_alternative<CancelRequested>(event.what);
    run.incoming.push_back({std::move(event), letter.id});
    if (cancels) live_.begin(run);
    ready_.push_back(id);
  }
  return {};
}

// What is answered at once needs no claim of its own: its transaction asks whether the trigger is due still.
Result<void> Driver::Impl::ask_for_all(LoadedFlow& flow) {
  const auto name = flow.record.name;
  const auto due = *flow.record.next_fire;
  flow.claimed = due;
  const auto& operation = flow.workflow->plan(*flow.scheduled).operation;
  auto asked = Result<void>();
  if (operation.connector == nullptr || operation.operation().place == Place::outside) {
    const auto until = clock_.now() + question_claim;
    asked = database_.write([&](store::Transaction& transaction) {
      return store_.fired(transaction, name, due, until);
    });
    flow.claimed = until;
  }
  if (asked) asked = ask(flow);
  if (asked || asked.error().code != "FLOW0404") return asked;
  TRY(auto stored, store_.flow(name));  // another process was faster
  flow.record.next_fire = stored ? stored->next_fire : std::nullopt;
  if (stored) flow.record.trigger_state = std::move(stored->trigger_state);
  flow.called = false;
  return {};
}

OthersRuns Driver::Impl::of_others(std::string_view flow) const {
  const auto found = others_runs_.find(flow);
  return found == others_runs_.end() ? OthersRuns{} : found->second;
}

Result<void> Driver::Impl::count_others(store::Transaction& transaction, const std::string& flow) {
  if (!options_.lease) return {};
  TRY(others_runs_[flow], store_.runs_of_others(transaction, flow));
  return {};
}

}  // namespace rollcall::flow
