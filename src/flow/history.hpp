// The history of a run as it is stored: the events of a turn packed into one row, a JSON array a line,
// compressed block by block as it grows. What can be computed from them (inputs, local steps, statuses) is
// not stored.
//   ["s", ticks, trigger]                                             Started
//   ["c", ticks, "Action", [iterations], attempt, outputs]            Completed; when it failed (or says to wait) also
//                                         , code, message, may_retry, retry_after]
//   ["t", ticks, "Action", [iterations]]                              TimeCame
//   ["m", ticks]                                                      Continued
//   ["x", ticks, by]                                                  CancelRequested
//   ["b", ticks, "Action", [iterations], outputs]                     CalledBack
//   ["r", ticks]                                                      Released
//   ["e", ticks]                                                      Expired
// Outputs of an action or trigger that hides them are {"$sealed": …} (seal.hpp); so is the message of a failure.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "flow/advance.hpp"
#include "flow/workflow.hpp"

struct ZSTD_CCtx_s;

namespace rollcall::flow {

// The memory that writers work in, one after the other (setting it up anew would cost a short turn more than all
// of its events), and the thread that compresses the closed blocks of a long turn while the turn goes on. What
// comes out does not depend on which thread compresses a block.
class HistoryMemory {
 public:
  HistoryMemory();
  ~HistoryMemory();
  HistoryMemory(const HistoryMemory&) = delete;
  HistoryMemory& operator=(const HistoryMemory&) = delete;

 private:
  friend class HistoryWriter;
  // For one thread.
  struct Compressor {
    Compressor();
    ~Compressor();
    // False: there was no memory.
    bool compress(std::string_view lines, std::string& frame);
    ZSTD_CCtx_s* context;
    std::string room;
  };
  struct Block {
    std::string lines, frame;
    bool failed = false;
  };

  // What a writer before has left, whose turn failed.
  void forget();
  void close(std::string& lines);
  // Appends all that were closed; false: there was no memory.
  bool finish(std::string& row);
  void start_thread();
  void work();
  void compress_next(std::unique_lock<std::mutex>& lock, Compressor& compressor);

  std::string lines_;
  Compressor here_, there_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Block> blocks_;
  std::size_t begun_ = 0;  // so many are compressed, or being so
  std::size_t done_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

class HistoryWriter {
 public:
  HistoryWriter(const Workflow& workflow, HistoryMemory& memory);
  void add(const Event& event);
  // Takes the last one back: it did not fit.
  void drop_last();
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return closed_ + lines_.size(); }  // before they are compressed
  // The row's bytes; the writer is used up.
  Result<std::string> pack();

 private:
  const Workflow& workflow_;
  HistoryMemory& memory_;
  std::size_t closed_ = 0;  // bytes of the blocks that are closed
  std::string& lines_;      // of the open block
  std::size_t last_ = 0;    // where the last line begins in it
  std::size_t count_ = 0;
};

// One event as a line, without its line feed; for letters.
std::string event_line(const Workflow& workflow, const Event& event);
Result<Event> parse_event_line(const Workflow& workflow, std::string_view line);
// FLOW0402: the row is damaged, or names an action that the definition does not have.
Result<std::vector<Event>> unpack_events(std::span<const std::byte> row, const Workflow& workflow);

// `Create_item` or `Create_item/3.0`: how an instance is written where people and other runs read it.
std::string to_string(const Workflow& workflow, const Instance& instance);
Result<Instance> parse_instance(const Workflow& workflow, std::string_view text);

}  // namespace rollcall::flow
