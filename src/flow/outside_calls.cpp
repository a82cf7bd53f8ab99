#include "flow/outside_calls.hpp"

namespace rollcall::flow {

OutsideCalls::OutsideCalls(unsigned threads, std::function<void()> wake) : wake_(std::move(wake)) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

OutsideCalls::~OutsideCalls() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void OutsideCalls::ask(OutsideJob job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  asked_.notify_one();
}

void OutsideCalls::forget_runs() {
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs_, [](const OutsideJob& job) { return job.flow.empty(); });
}

bool OutsideCalls::ready() const {
  const std::lock_guard lock(mutex_);
  return !answers_.empty() || (threads_.empty() && !jobs_.empty());
}

std::optional<OutsideAnswer> OutsideCalls::answer() {
  std::unique_lock lock(mutex_);
  if (!answers_.empty()) {
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  if (!threads_.empty() || jobs_.empty()) return std::nullopt;
  const auto job = std::move(jobs_.front());
  jobs_.pop_front();
  lock.unlock();
  return make(job);
}

void OutsideCalls::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    asked_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    auto answer = make(job);
    lock.lock();
    answers_.push_back(std::move(answer));
    lock.unlock();
    if (wake_) wake_();
  }
}

OutsideAnswer OutsideCalls::make(const OutsideJob& job) {
  const auto& call = job.call;
  const IdempotencyKey key{job.run, job.action, call.instance.iterations.view(), call.attempt};
  auto outcome = call.operation.connector->call(
      call.operation.index,
      {call.inputs.get_object(), job.connection, job.principal, key, job.now, nullptr,
       job.most_items, call.location, call.callback_url, job.chunked});
  if (outcome)
    return {job.run, call.instance, call.attempt, *std::move(outcome), job.flow, job.question};
  // Nobody answered: as with a connection that breaks, the retry policy decides.
  auto refusal = refused(503, outcome.error().code, outcome.error().message);
  refusal.may_retry = true;
  return {job.run, call.instance, call.attempt, std::move(refusal), job.flow, job.question};
}

}  // namespace rollcall::flow
