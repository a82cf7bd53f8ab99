#include "flow/history.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "base/json_text.hpp"
#include "base/text.hpp"
#include "flow/seal.hpp"

namespace rollcall::flow {
namespace {

constexpr char plain = 'J', compressed = 'Z';
constexpr std::size_t worth_compressing = 256;
constexpr std::size_t block_bytes = std::size_t{128} << 10;
constexpr std::size_t most_blocks_waiting = 4;
constexpr std::size_t max_json_depth = 1'000;
constexpr std::size_t max_unpacked = std::size_t{1} << 30;

void append(std::string& out, const json::value& value) {
  thread_local json::serializer serializer;
  serializer.reset(&value);
  std::array<char, 4096> buffer;
  while (!serializer.done()) {
    const auto piece = serializer.read(buffer.data(), buffer.size());
    out.append(piece.data(), piece.size());
  }
}

void append(std::string& out, const Document& document) {
  if (document.text().empty()) return append(out, document.value());
  out += document.text();
}

bool hides(const Workflow& workflow, ActionIndex index) {
  const auto& action = workflow.action(index);
  return workflow.seal() != nullptr && (action.secure_inputs || action.secure_outputs);
}

bool hides_trigger(const Workflow& workflow, const json::value& record) {
  if (workflow.seal() == nullptr) return false;
  return std::ranges::any_of(workflow.definition().triggers, [&](const Trigger& one) {
    return (one.secure_inputs || one.secure_outputs) && one.name == text_or(record, "name");
  });
}

json::value sealed_outputs(const Seal& seal, const json::value& record) {
  auto sealed = record;
  if (auto* outputs = sealed.as_object().if_contains("outputs")) *outputs = seal.close(*outputs);
  return sealed;
}

// What stands between a line's brackets.
class Line {
 public:
  Line(std::string& out, const Workflow& workflow, Timestamp at)
      : out_(out), workflow_(workflow), at_(at) {}

  void operator()(const Started& event) {
    head(out_, 's', at_);
    out_ += ',';
    append(out_, hides_trigger(workflow_, event.trigger)
                     ? sealed_outputs(*workflow_.seal(), event.trigger)
                     : event.trigger);
  }
  void operator()(const Completed& event) {
    head(out_, 'c', at_);
    instance(event.instance);
    if (!hides(workflow_, event.instance.action))
      return outcome(out_, event.attempt, event.outcome);
    auto sealed = event.outcome;
    sealed.outputs = workflow_.seal()->close(event.outcome.outputs.value());
    if (!sealed.message.empty())
      sealed.message = json::serialize(workflow_.seal()->close(json::value(sealed.message)));
    outcome(out_, event.attempt, sealed);
  }
  void operator()(const TimeCame& event) {
    head(out_, 't', at_);
    instance(event.instance);
  }
  void operator()(const CalledBack& event) {
    head(out_, 'b', at_);
    instance(event.instance);
    out_ += ',';
    append(out_, hides(workflow_, event.instance.action) ? workflow_.seal()->close(event.outputs)
                                                         : event.outputs);
  }
  void operator()(const Released&) { head(out_, 'r', at_); }
  void operator()(const Expired&) { head(out_, 'e', at_); }
  void operator()(const Continued&) { head(out_, 'm', at_); }
  void operator()(const CancelRequested& event) {
    head(out_, 'x', at_);
    out_ += ',';
    append_json(out_, event.by);
  }

  static void head(std::string& out, char kind, Timestamp at) {
    out += "[\"";
    out += kind;
    out += "\",";
    append_json(out, at.ticks);
  }
  static void outcome(std::string& out, std::uint32_t attempt, const Outcome& outcome) {
    out += ',';
    append_json(out, std::int64_t{attempt});
    out += ',';
    append(out, outcome.outputs);
    if (outcome.succeeded() && !outcome.retry_after) return;
    out += ',';
    append_json(out, outcome.code);
    out += ',';
    append_json(out, outcome.message);
    fmt::format_to(std::back_inserter(out), ",{}", outcome.may_retry);
    if (outcome.retry_after)
      fmt::format_to(std::back_inserter(out), ",{}", outcome.retry_after->ticks);
  }

 private:
  void instance(const Instance& instance) {
    out_ += ',';
    append_json(out_, workflow_.action(instance.action).name);
    out_ += ",[";
    for (const auto iteration : instance.iterations.view()) {
      if (out_.back() != '[') out_ += ',';
      append_json(out_, std::int64_t{iteration});
    }
    out_ += ']';
  }

  std::string& out_;
  const Workflow& workflow_;
  Timestamp at_;
};

std::unexpected<Error> damaged(std::string_view why) {
  return fail("FLOW0402", fmt::format("the history of the run is damaged: {}", why));
}

// ---- reading a line: each step fails on what is not there

class LineReader {
 public:
  LineReader(const json::array& line, const Workflow& workflow)
      : line_(line), workflow_(workflow) {}

  Result<Event> read() {
    if (line_.size() < 2 || !line_[0].is_string() || !line_[1].is_int64())
      return damaged("a line without a head");
    const Timestamp at{line_[1].get_int64()};
    const auto kind = line_[0].get_string();
    if (kind == "s" && line_.size() == 3) {
      TRY(auto record, trigger());
      return Event{at, Started{std::move(record)}};
    }
    if (kind == "r") return Event{at, Released{}};
    if (kind == "e") return Event{at, Expired{}};
    if (kind == "b" && line_.size() == 5) {
      TRY(const auto of, instance());
      TRY(auto outputs, opened(line_[4]));
      return Event{at, CalledBack{of, std::move(outputs)}};
    }
    if (kind == "m") return Event{at, Continued{}};
    if (kind == "x" && line_.size() == 3 && line_[2].is_string()) {
      return Event{at, CancelRequested{std::string(line_[2].get_string())}};
    }
    if (kind == "t") {
      TRY(const auto of, instance());
      return Event{at, TimeCame{of}};
    }
    if (kind == "c") {
      TRY(auto completed, completion());
      return Event{at, std::move(completed)};
    }
    return damaged("an unknown kind of event");
  }

 private:
  Result<json::value> opened(const json::value& stored) const {
    if (!Seal::is_sealed(stored) || workflow_.seal() == nullptr) return stored;
    return workflow_.seal()->open(stored);
  }

  Result<json::value> trigger() const {
    auto record = line_[2];
    auto* outputs = record.is_object() ? record.get_object().if_contains("outputs") : nullptr;
    if (outputs == nullptr) return record;
    TRY(*outputs, opened(*outputs));
    return record;
  }

  Result<Instance> instance() const {
    if (line_.size() < 4 || !line_[2].is_string() || !line_[3].is_array())
      return damaged("an event of no action");
    Instance instance;
    instance.action = workflow_.find(line_[2].get_string());
    if (instance.action == no_action)
      return damaged("an event of an action that the flow does not have");
    const auto& iterations = line_[3].get_array();
    if (iterations.size() > Iterations::max_depth) return damaged("too many loops");
    for (const auto& iteration : iterations) {
      if (!iteration.is_int64()) return damaged("an iteration that is no number");
      instance.iterations.push(static_cast<std::uint32_t>(iteration.get_int64()));
    }
    return instance;
  }

  Result<Completed> completion() const {
    TRY(const auto of, instance());
    if (line_.size() < 6 || !line_[4].is_int64()) return damaged("a completion without outputs");
    TRY(auto outputs, opened(line_[5]));
    Completed completed{
        of, static_cast<std::uint32_t>(line_[4].get_int64()), {std::move(outputs), {}, {}}};
    if (line_.size() < 9) return completed;
    if (!line_[6].is_string() || !line_[7].is_string() || !line_[8].is_bool())
      return damaged("a failure without a code");
    completed.outcome.code = line_[6].get_string();
    completed.outcome.message = line_[7].get_string();
    if (hides(workflow_, of.action)) TRY_DO(open_message(completed.outcome.message));
    completed.outcome.may_retry = line_[8].get_bool();
    if (line_.size() > 9 && line_[9].is_int64())
      completed.outcome.retry_after = Timespan{line_[9].get_int64()};
    return completed;
  }

  Result<void> open_message(std::string& message) const {
    const auto sealed = parse_json(message);
    if (!sealed || !Seal::is_sealed(*sealed)) return {};
    TRY(const auto clear, opened(*sealed));
    if (clear.is_string()) message = clear.get_string();
    return {};
  }

  const json::array& line_;
  const Workflow& workflow_;
};

// Each block is a frame that says its size.
Result<std::string> unpacked(std::span<const std::byte> row) {
  if (row.empty()) return damaged("an empty row");
  const auto* data = reinterpret_cast<const char*>(row.data());
  std::string_view rest(data + 1, row.size() - 1);
  if (data[0] == plain) return std::string(rest);
  if (data[0] != compressed) return damaged("a row of another format");
  if (rest.empty()) return damaged("a row of no blocks");
  std::string lines;
  while (!rest.empty()) {
    const auto frame = ZSTD_findFrameCompressedSize(rest.data(), rest.size());
    if (ZSTD_isError(frame) != 0) return damaged("a row that does not unpack");
    const auto size = ZSTD_getFrameContentSize(rest.data(), rest.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
        size > max_unpacked - lines.size()) {
      return damaged("a row of no size");
    }
    const auto before = lines.size();
    lines.resize(before + size);
    const auto got = ZSTD_decompress(lines.data() + before, size, rest.data(), frame);
    if (ZSTD_isError(got) != 0 || got != size) return damaged("a row that does not unpack");
    rest.remove_prefix(frame);
  }
  return lines;
}

}  // namespace

HistoryMemory::Compressor::Compressor() : context(ZSTD_createCCtx()) {}
HistoryMemory::Compressor::~Compressor() { ZSTD_freeCCtx(context); }

bool HistoryMemory::Compressor::compress(std::string_view lines, std::string& frame) {
  if (context == nullptr) return false;
  room.resize(std::max(room.size(), ZSTD_compressBound(lines.size())));
  const auto size =
      ZSTD_compressCCtx(context, room.data(), room.size(), lines.data(), lines.size(), 1);
  if (ZSTD_isError(size) != 0) return false;
  frame.append(room, 0, size);
  return true;
}

HistoryMemory::HistoryMemory() = default;

HistoryMemory::~HistoryMemory() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void HistoryMemory::forget() {
  lines_.clear();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_ == begun_; });
  blocks_.clear();
  begun_ = done_ = 0;
}

void HistoryMemory::close(std::string& lines) {
  if (!thread_.joinable()) start_thread();
  std::unique_lock lock(mutex_);
  blocks_.push_back({std::move(lines), {}});
  lines.clear();
  changed_.notify_all();
  const std::size_t most_waiting = thread_.joinable() ? most_blocks_waiting : 0;
  while (blocks_.size() - begun_ > most_waiting) compress_next(lock, here_);
}

bool HistoryMemory::finish(std::string& row) {
  std::unique_lock lock(mutex_);
  while (begun_ < blocks_.size()) compress_next(lock, here_);
  changed_.wait(lock, [this] { return done_ == begun_; });
  for (const auto& block : blocks_) row += block.frame;
  return std::ranges::none_of(blocks_, &Block::failed);
}

// Where there is a processor for it.
void HistoryMemory::start_thread() {
  if (std::thread::hardware_concurrency() < 2) return;
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error&) {  // there are no more
  }
}

void HistoryMemory::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || begun_ < blocks_.size(); });
    if (stopping_) return;
    compress_next(lock, there_);
  }
}

void HistoryMemory::compress_next(std::unique_lock<std::mutex>& lock, Compressor& compressor) {
  auto& block = blocks_[begun_++];
  lock.unlock();
  block.failed = !compressor.compress(block.lines, block.frame);
  block.lines = {};
  lock.lock();
  if (++done_ == begun_) changed_.notify_all();
}

HistoryWriter::HistoryWriter(const Workflow& workflow, HistoryMemory& memory)
    : workflow_(workflow), memory_(memory), lines_(memory.lines_) {
  memory_.forget();
}

void HistoryWriter::add(const Event& event) {
  if (lines_.size() >= block_bytes) {
    closed_ += lines_.size();
    memory_.close(lines_);
    lines_.reserve(block_bytes + block_bytes / 8);
  }
  last_ = lines_.size();
  std::visit(Line(lines_, workflow_, event.at), event.what);
  lines_ += "]\n";
  ++count_;
}

void HistoryWriter::drop_last() {
  CHECK(count_ > 0);
  lines_.resize(last_);
  --count_;
}

Result<std::string> HistoryWriter::pack() {
  if (closed_ == 0 && lines_.size() < worth_compressing) return plain + lines_;
  std::string row(1, compressed);
  bool packed = memory_.finish(row);
  if (!lines_.empty()) packed = memory_.here_.compress(lines_, row) && packed;
  if (!packed) return fail("FLOW0403", "the history could not be compressed: no memory");
  return row;
}

std::string event_line(const Workflow& workflow, const Event& event) {
  std::string line;
  std::visit(Line(line, workflow, event.at), event.what);
  return line + "]";
}

Result<Event> parse_event_line(const Workflow& workflow, std::string_view line) {
  TRY(const auto value, parse_json(line, max_json_depth));
  if (!value.is_array()) return damaged("a line that is no array");
  return LineReader(value.get_array(), workflow).read();
}

Result<std::vector<Event>> unpack_events(std::span<const std::byte> row, const Workflow& workflow) {
  TRY(const auto lines, unpacked(row));
  std::vector<Event> events;
  for (const auto line : split(lines, '\n')) {
    if (line.empty()) continue;
    TRY(auto event, parse_event_line(workflow, line));
    events.push_back(std::move(event));
  }
  return events;
}

std::string to_string(const Workflow& workflow, const Instance& instance) {
  const auto& name = workflow.action(instance.action).name;
  const auto iterations = instance.iterations.view();
  return iterations.empty() ? name : fmt::format("{}/{}", name, fmt::join(iterations, "."));
}

Result<Instance> parse_instance(const Workflow& workflow, std::string_view text) {
  const auto slash = text.rfind('/');
  Instance instance;
  instance.action = workflow.find(text.substr(0, slash));
  if (instance.action == no_action)
    return damaged("an instance of an action that the flow does not have");
  if (slash == std::string_view::npos) return instance;
  const auto numbers = split(text.substr(slash + 1), '.');
  if (numbers.size() > Iterations::max_depth) return damaged("an instance in too many loops");
  for (const auto number : numbers) {
    std::uint32_t iteration = 0;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), iteration);
    if (error != std::errc() || end != number.data() + number.size())
      return damaged("an instance of no iteration");
    instance.iterations.push(iteration);
  }
  return instance;
}

}  // namespace rollcall::flow
