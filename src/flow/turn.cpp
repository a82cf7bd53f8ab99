#include "flow/turn.hpp"

#include "base/check.hpp"

namespace rollcall::flow {
namespace {

class Turn {
 public:
  Turn(RunStore& store, const Clock& clock, LiveRun& run, const TurnLimits& limits,
       const TurnHooks& hooks)
      : store_(store),
        clock_(clock),
        run_(run),
        limits_(limits),
        hooks_(hooks),
        writer_(*run.workflow, store.history_memory()),
        began_(clock.now()) {}

  // Events and local commands, until there is none left that this phase may carry out.
  Result<void> go(store::Transaction* transaction);
  Result<void> commit(store::Transaction& transaction);

 private:
  bool within_limits() const {
    return writer_.count() < limits_.events && writer_.bytes() < limits_.history_bytes &&
           clock_.now() - began_ < limits_.time;
  }
  Result<void> call(store::Transaction* transaction);

  RunStore& store_;
  const Clock& clock_;
  LiveRun& run_;
  const TurnLimits& limits_;
  const TurnHooks& hooks_;
  HistoryWriter writer_;
  Timestamp began_;
  std::vector<std::int64_t> read_letters_;
};

Result<void> Turn::go(store::Transaction* transaction) {
  while (within_limits()) {
    if (!run_.incoming.empty()) {
      auto incoming = std::move(run_.incoming.front());
      run_.incoming.pop_front();
      if (incoming.letter != 0) read_letters_.push_back(incoming.letter);
      run_.take_in(std::move(incoming.event), &writer_);
    } else if (run_.state.has_more()) {
      run_.take_in({clock_.now(), Continued{}}, &writer_);
    } else if (!run_.children.empty() && transaction != nullptr) {
      auto child = std::move(run_.children.back());
      run_.children.pop_back();
      const auto instance = child.instance;
      TRY(auto refusal, hooks_.start_child(*transaction, run_, std::move(child)));
      if (refusal)
        run_.take_in({clock_.now(), Completed{instance, 1, *std::move(refusal)}}, &writer_);
    } else if (!run_.calls.empty() &&
               (transaction != nullptr) ==
                   (run_.calls.front().operation.operation().place == Place::store)) {
      TRY_DO(call(transaction));
    } else {
      return {};
    }
  }
  return {};
}

Result<void> Turn::call(store::Transaction* transaction) {
  auto call = std::move(run_.calls.front());
  run_.calls.pop_front();
  const auto& action = run_.workflow->action(call.instance.action);
  const auto* kind = std::get_if<ConnectorCall>(&action.kind);
  const auto now = clock_.now();
  const IdempotencyKey key{run_.record.id, action.name, call.instance.iterations.view(),
                           call.attempt};
  TRY(auto outcome,
      call.operation.connector->call(
          call.operation.index,
          {call.inputs.get_object(), kind == nullptr ? std::string_view() : kind->connection,
           run_.principal, key, now, transaction, action.most_items, call.location,
           call.callback_url}));
  run_.take_in({now, Completed{call.instance, call.attempt, std::move(outcome)}}, &writer_);
  return {};
}

Result<void> Turn::commit(store::Transaction& transaction) {
  // Children that the limits left over must not be lost: they are created in the turn that asked for them.
  while (!run_.children.empty()) {
    auto child = std::move(run_.children.back());
    run_.children.pop_back();
    const auto instance = child.instance;
    TRY(auto refusal, hooks_.start_child(transaction, run_, std::move(child)));
    if (refusal)
      run_.take_in({clock_.now(), Completed{instance, 1, *std::move(refusal)}}, &writer_);
  }
  for (const auto letter : read_letters_) TRY_DO(store_.delete_letter(transaction, letter));
  if (!run_.state.over()) {
    run_.record.status = run_.state.status;
    run_.record.wake = run_.state.next_time();
  } else {
    run_.record.wake = std::nullopt;
    TRY_DO(hooks_.ended(transaction, run_));
  }
  std::string row;
  if (writer_.count() > 0) {
    TRY(row, writer_.pack());
  }
  TRY_DO(store_.append(transaction, run_.record, row, static_cast<std::int64_t>(writer_.count())));
  return hooks_.before_commit(transaction, run_);
}

}  // namespace

Result<void> take_turn(store::Database& database, RunStore& store, const Clock& clock, LiveRun& run,
                       const TurnLimits& limits, const TurnHooks& hooks) {
  Turn turn(store, clock, run, limits, hooks);
  TRY_DO(turn.go(nullptr));
  return database.write([&](store::Transaction& transaction) -> Result<void> {
    TRY_DO(turn.go(&transaction));
    return turn.commit(transaction);
  });
}

}  // namespace rollcall::flow
