// What the drivers share: a transaction over a handle, and writers that wait together and share one
// commit. A Handle is one connection of a driver:
//   static constexpr sql::Dialect dialect;
//   Result<void> begin_write();                  // waits for other processes' writers
//   Result<void> run(const char* text);          // SAVEPOINT and the like
//   Result<void> commit(const Announced&);       // tells other processes, too
//   Result<std::int64_t> run(prepared, arguments, each);  // answers how many rows a write changed
//   bool in_transaction() const;
#pragma once
#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/check.hpp"
#include "store/database.hpp"

namespace rollcall::store {

constexpr std::size_t max_batch = 256;  // writers that share a commit

using Announced = std::set<std::string>;

template <class Handle>
class HandleTransaction final : public Transaction {
 public:
  explicit HandleTransaction(Handle& handle) : handle_(handle) {}

  Result<std::int64_t> execute(const Prepared& statement,
                               std::span<const Argument> arguments) override {
    return handle_.run(statement, arguments, [](const Row&) -> Result<void> { return {}; });
  }
  Result<void> execute_once(const sql::Statement& statement) override {
    TRY_DO(execute(Prepared(sql::render(statement, Handle::dialect)), {}));
    return {};
  }
  Result<void> nested(const std::function<Result<void>()>& work) override {
    const auto calls = on_commit_.size();
    const auto announced = announced_.size();
    TRY_DO(handle_.run("SAVEPOINT nested"));
    auto answer = work();
    if (!answer) {
      on_commit_.resize(calls);
      announced_.resize(announced);
      forget_slots();
      // A full disk ends the whole transaction; there is no savepoint to go back to then.
      if (handle_.in_transaction()) TRY_DO(handle_.run("ROLLBACK TO nested"));
    }
    if (handle_.in_transaction()) TRY_DO(handle_.run("RELEASE nested"));
    return answer;
  }
  std::vector<std::function<void()>> take_on_commit() { return std::move(on_commit_); }
  const std::vector<std::string>& announced() const { return announced_; }

 protected:
  Result<void> do_query(const Prepared& statement, std::span<const Argument> arguments,
                        const std::function<Result<void>(const Row&)>& each) override {
    TRY_DO(handle_.run(statement, arguments, each));
    return {};
  }

 private:
  Handle& handle_;
};

// One writer at a time; those who come while one works join its batch and its commit.
template <class Handle>
class Writers {
 public:
  // `tell`: what was announced, after the commit.
  Writers(std::unique_ptr<Handle> handle, std::function<void(std::string_view)> tell)
      : handle_(std::move(handle)), tell_(std::move(tell)) {}

  Result<void> write(const std::function<Result<void>(Transaction&)>& work) {
    Writer me{&work};
    std::unique_lock lock(mutex_);
    CHECK(committer_ !=
          std::this_thread::get_id());  // a write inside a write would wait for itself
    waiting_.push_back(&me);
    turn_.wait(lock, [&] { return me.done || committer_ == std::thread::id{}; });
    // More than max_batch may wait: the first batch of a committer can be others' alone.
    while (!me.done) {
      committer_ = std::this_thread::get_id();
      auto batch = take_waiting();
      lock.unlock();
      run_batch(batch);
      lock.lock();
      committer_ = {};
      for (auto* writer : batch) writer->done = true;
      turn_.notify_all();
    }
    lock.unlock();
    if (me.exception) std::rethrow_exception(me.exception);
    return std::move(me.answer);
  }

  // Lends the handle while nobody writes.
  Result<void> borrow(const std::function<Result<void>(Handle&)>& work) {
    std::unique_lock lock(mutex_);
    CHECK(committer_ != std::this_thread::get_id());
    turn_.wait(lock, [&] { return committer_ == std::thread::id{}; });
    committer_ = std::this_thread::get_id();
    lock.unlock();
    struct Release {
      Writers& writers;
      ~Release() {
        const std::scoped_lock relock(writers.mutex_);
        writers.committer_ = {};
        writers.turn_.notify_all();
      }
    } release{*this};
    return work(*handle_);
  }

 private:
  struct Writer {
    const std::function<Result<void>(Transaction&)>* work;
    Result<void> answer = {};
    std::exception_ptr exception = nullptr;
    std::vector<std::function<void()>> on_commit = {};
    bool done = false;
  };

  // Needs the lock.
  std::vector<Writer*> take_waiting() {
    const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), max_batch));
    std::vector<Writer*> batch(waiting_.begin(), waiting_.begin() + count);
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    return batch;
  }

  // Runs the writers' work and commits once for all that succeeded. Those who come while it runs
  // join in.
  void run_batch(std::vector<Writer*>& batch) {
    bool wrote = false;  // somebody's work stands in the open transaction
    Announced announced;
    Result<void> whole = {};
    for (std::size_t i = 0; i < batch.size() && whole; ++i) {
      if (!handle_->in_transaction()) {
        whole = wrote ? fail("STORE0102", "the transaction was ended by an error")
                      : handle_->begin_write();
        if (!whole) break;
      }
      run_one(*batch[i], wrote, announced);
      wrote = wrote || batch[i]->answer.has_value();
      if (i + 1 == batch.size() && batch.size() < max_batch) {
        const std::scoped_lock lock(mutex_);
        const auto more = take_waiting();
        batch.insert(batch.end(), more.begin(), more.end());
      }
    }
    if (whole && wrote) {
      whole = handle_->in_transaction()
                  ? handle_->commit(announced)
                  : fail("STORE0102", "the transaction was ended by an error");
    }
    if (handle_->in_transaction()) static_cast<void>(handle_->run("ROLLBACK"));
    for (auto* writer : batch) {
      if (!whole && writer->answer) writer->answer = whole;
      if (writer->answer) {
        for (const auto& call : writer->on_commit) call();
      }
    }
    if (!whole) return;
    for (const auto& news : announced) tell_(news);
  }

  // One writer's work: undone alone when it fails and somebody's work stands before it.
  void run_one(Writer& writer, bool wrote, Announced& announced) {
    if (wrote) writer.answer = handle_->run("SAVEPOINT writer");
    if (!writer.answer) return;
    HandleTransaction<Handle> transaction(*handle_);
    try {
      writer.answer = (*writer.work)(transaction);
    } catch (...) {
      writer.exception = std::current_exception();
      writer.answer = fail("STORE0102", "the work threw");
    }
    if (writer.answer) {
      writer.on_commit = transaction.take_on_commit();
      if (wrote) writer.answer = handle_->run("RELEASE writer");
      if (writer.answer)
        announced.insert(transaction.announced().begin(), transaction.announced().end());
    } else if (handle_->in_transaction()) {
      if (!wrote) {
        static_cast<void>(handle_->run("ROLLBACK"));
      } else {
        static_cast<void>(handle_->run("ROLLBACK TO writer"));
        static_cast<void>(handle_->run("RELEASE writer"));
      }
    }
  }

  std::unique_ptr<Handle> handle_;  // used by the committer only
  const std::function<void(std::string_view)> tell_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::thread::id committer_;  // who runs a batch; none: the default id
  std::vector<Writer*> waiting_;
};

// Handles that read: some are kept while nobody uses them.
template <class Handle>
class Readers {
 public:
  explicit Readers(std::size_t max_idle) : max_idle_(max_idle) {}
  template <class Open>
  Result<void> with(Open&& open, const std::function<Result<void>(Handle&)>& work) {
    std::unique_ptr<Handle> handle;
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        handle = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!handle) {
      TRY(handle, open());
    }
    auto answer = work(*handle);
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < max_idle_) idle_.push_back(std::move(handle));
    return answer;
  }

 private:
  const std::size_t max_idle_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace rollcall::store
