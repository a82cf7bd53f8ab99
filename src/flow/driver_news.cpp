// Triggers that poll our own lists need not wait for their time: each commit announces what it has written
// (store::Transaction::announce), also to the other processes on a PostgreSQL database, and who waits for that is asked
// at once. Nothing depends on it: what is not heard is found at the trigger's time.
#include <mutex>

#include "flow/driver_impl.hpp"

namespace rollcall::flow {
namespace {

// However often its list is written, a trigger is not asked more often.
constexpr Timespan pause_between_questions = seconds(1);

bool polls(const LoadedFlow& flow) {
  if (flow.scheduled == nullptr || !flow.recurrence ||
      std::holds_alternative<RecurrenceTrigger>(flow.scheduled->kind))
    return false;
  const auto& operation = flow.workflow->plan(*flow.scheduled).operation;
  return operation.connector != nullptr && operation.operation().place == Place::store;
}

}  // namespace

Driver::Impl::~Impl() {
  if (options_.listens) database_.listen({});
}

void Driver::Impl::hear(std::string_view news) {
  {
    const std::lock_guard lock(news_mutex_);
    news_.emplace(news);
  }
  if (options_.wake) options_.wake();
}

bool Driver::Impl::has_news() const {
  const std::lock_guard lock(news_mutex_);
  return !news_.empty();
}

// A trigger whose list is not there yet is looked at again with the next news.
Result<void> Driver::Impl::take_news() {
  std::set<std::string, std::less<>> news;
  {
    const std::lock_guard lock(news_mutex_);
    news.swap(news_);
  }
  if (news.empty()) return {};
  for (auto& [name, flow] : flows_) {
    if (!flow.record.enabled || !polls(flow)) continue;
    if (!flow.news) {
      auto call = trigger_call(flow, {}, {}, false, clock_.now());
      if (!call || !*call) continue;
      const auto& question = **call;
      auto found = database_.read([&](store::Connection& connection) {
        return question.operation.connector->announcement(question.operation.index,
                                                          question.inputs.get_object(), connection);
      });
      if (found) flow.news = *std::move(found);
    }
    // "": something may have been missed.
    if (flow.news && !flow.news->empty() && (news.contains(*flow.news) || news.contains("")))
      flow.called = true;
  }
  return {};
}

std::optional<Timestamp> Driver::Impl::due_of(const LoadedFlow& flow) {
  if (!flow.called || !flow.record.next_fire) return flow.record.next_fire;
  return std::min(*flow.record.next_fire, flow.asked_at + pause_between_questions);
}

// Inside a write, when the others cannot: nobody has asked since we learnt what the trigger has seen.
Result<void> Driver::Impl::is_state_of_all(const LoadedFlow& flow) {
  if (!options_.lease) return {};
  TRY(const auto stored, store_.flow(flow.record.name));
  if (stored && stored->trigger_state == flow.record.trigger_state) return {};
  return fail("FLOW0404", "another process has asked for the trigger");
}

}  // namespace rollcall::flow
