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
#include <span>
#include <string>
#include <vector>

#include "flow/advance.hpp"
#include "flow/workflow.hpp"

struct ZSTD_CCtx_s;

namespace rollcall::flow {

// The memory that writers work in, one after the other: setting it up anew would cost a short turn more than
// all of its events.
class HistoryMemory {
 public:
  HistoryMemory();
  ~HistoryMemory();
  HistoryMemory(const HistoryMemory&) = delete;
  HistoryMemory& operator=(const HistoryMemory&) = delete;

 private:
  friend class HistoryWriter;
  ZSTD_CCtx_s* context_;
  std::string lines_;
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
  void close_block();

  const Workflow& workflow_;
  HistoryMemory& memory_;
  std::string row_;         // the blocks that are closed, compressed
  std::size_t closed_ = 0;  // their bytes before
  std::string& lines_;      // of the open block
  std::size_t last_ = 0;    // where the last line begins in it
  std::size_t count_ = 0;
  bool failed_ = false;
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
