#include "flow/history.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <charconv>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::flow {
namespace {

constexpr char plain = 'J', compressed = 'Z';
constexpr std::size_t worth_compressing = 256;
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

void append(std::string& out, std::string_view text) { append(out, json::value(text)); }

class Line {
 public:
  Line(std::string& out, const Workflow& workflow, Timestamp at) : out_(out), workflow_(workflow), at_(at) {}

  void operator()(const Started& event) {
    head('s');
    out_ += ',';
    append(out_, event.trigger);
  }
  void operator()(const Completed& event) {
    head('c');
    instance(event.instance);
    fmt::format_to(std::back_inserter(out_), ",{},", event.attempt);
    append(out_, event.outcome.outputs);
    if (event.outcome.succeeded()) return;
    out_ += ',';
    append(out_, event.outcome.code);
    out_ += ',';
    append(out_, event.outcome.message);
    fmt::format_to(std::back_inserter(out_), ",{}", event.outcome.may_retry);
    if (event.outcome.retry_after) fmt::format_to(std::back_inserter(out_), ",{}", event.outcome.retry_after->ticks);
  }
  void operator()(const TimeCame& event) {
    head('t');
    instance(event.instance);
  }
  void operator()(const Continued&) { head('m'); }
  void operator()(const CancelRequested& event) {
    head('x');
    out_ += ',';
    append(out_, event.by);
  }

 private:
  void head(char kind) { fmt::format_to(std::back_inserter(out_), "[\"{}\",{}", kind, at_.ticks); }
  void instance(const Instance& instance) {
    out_ += ',';
    append(out_, workflow_.action(instance.action).name);
    fmt::format_to(std::back_inserter(out_), ",[{}]", fmt::join(instance.iterations.view(), ","));
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
  LineReader(const json::array& line, const Workflow& workflow) : line_(line), workflow_(workflow) {}

  Result<Event> read() {
    if (line_.size() < 2 || !line_[0].is_string() || !line_[1].is_int64()) return damaged("a line without a head");
    const Timestamp at{line_[1].get_int64()};
    const auto kind = line_[0].get_string();
    if (kind == "s" && line_.size() == 3) return Event{at, Started{line_[2]}};
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
  Result<Instance> instance() const {
    if (line_.size() < 4 || !line_[2].is_string() || !line_[3].is_array()) return damaged("an event of no action");
    Instance instance;
    instance.action = workflow_.find(line_[2].get_string());
    if (instance.action == no_action) return damaged("an event of an action that the flow does not have");
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
    Completed completed{of, static_cast<std::uint32_t>(line_[4].get_int64()), {line_[5], {}, {}}};
    if (line_.size() < 9) return completed;
    if (!line_[6].is_string() || !line_[7].is_string() || !line_[8].is_bool()) return damaged("a failure without a code");
    completed.outcome.code = line_[6].get_string();
    completed.outcome.message = line_[7].get_string();
    completed.outcome.may_retry = line_[8].get_bool();
    if (line_.size() > 9 && line_[9].is_int64()) completed.outcome.retry_after = Timespan{line_[9].get_int64()};
    return completed;
  }

  const json::array& line_;
  const Workflow& workflow_;
};

Result<std::string> unpacked(std::span<const std::byte> row) {
  if (row.empty()) return damaged("an empty row");
  const auto* data = reinterpret_cast<const char*>(row.data());
  if (data[0] == plain) return std::string(data + 1, row.size() - 1);
  if (data[0] != compressed) return damaged("a row of another format");
  const auto size = ZSTD_getFrameContentSize(data + 1, row.size() - 1);
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > max_unpacked) {
    return damaged("a row of no size");
  }
  std::string lines(size, '\0');
  const auto got = ZSTD_decompress(lines.data(), lines.size(), data + 1, row.size() - 1);
  if (ZSTD_isError(got) != 0 || got != size) return damaged("a row that does not unpack");
  return lines;
}

}  // namespace

void HistoryWriter::add(const Event& event) {
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

Result<std::string> HistoryWriter::pack() const {
  if (lines_.size() < worth_compressing) return plain + lines_;
  std::string row(1 + ZSTD_compressBound(lines_.size()), compressed);
  const auto size = ZSTD_compress(row.data() + 1, row.size() - 1, lines_.data(), lines_.size(), 1);
  if (ZSTD_isError(size) != 0) return fail("FLOW0403", "the history could not be compressed: no memory");
  row.resize(1 + size);
  return row;
}

Result<std::vector<Event>> unpack_events(std::span<const std::byte> row, const Workflow& workflow) {
  TRY(const auto lines, unpacked(row));
  std::vector<Event> events;
  for (const auto line : split(lines, '\n')) {
    if (line.empty()) continue;
    TRY(const auto value, parse_json(line, 1'000));
    if (!value.is_array()) return damaged("a line that is no array");
    TRY(auto event, LineReader(value.get_array(), workflow).read());
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
  if (instance.action == no_action) return damaged("an instance of an action that the flow does not have");
  if (slash == std::string_view::npos) return instance;
  const auto numbers = split(text.substr(slash + 1), '.');
  if (numbers.size() > Iterations::max_depth) return damaged("an instance in too many loops");
  for (const auto number : numbers) {
    std::uint32_t iteration = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), iteration);
    if (error != std::errc() || end != number.data() + number.size()) return damaged("an instance of no iteration");
    instance.iterations.push(iteration);
  }
  return instance;
}

}  // namespace rollcall::flow
