// Bytes → decompressed bytes → records → fields → rows or records; see reader.hpp.
#include "telemetry/reader.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "telemetry/decompress.hpp"
#include "telemetry/fields.hpp"
#include "telemetry/log_fields.hpp"
#include "telemetry/record_splitter.hpp"

namespace rollcall::telemetry {

// What both readers share: everything up to the fields of a line.
class LineReader {
 public:
  // Takes the fields of a good line; a reason makes it a bad one after all.
  struct Handler {
    std::function<Result<OrReason<void>>(std::uint64_t line, std::vector<FieldView>& fields)>
        fields;
    std::function<Result<void>()> flush;
    std::function<Result<void>(const std::vector<std::string>&)> heading;  // of CSV
  };
  LineReader(ReaderOptions options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        splitter_(
            options.format == Format::csv, options.max_line_bytes,
            {[this](std::uint64_t line, std::string_view record) { return take(line, record); },
             [this](std::uint64_t line, std::uint64_t count, std::string reason) {
               bad(line, count, std::move(reason));
             }}) {}

  Result<void> feed(std::string_view bytes) {
    if (error_) return std::unexpected(*error_);
    auto result = feed_compressed(bytes);
    if (!result) error_ = result.error();
    return result;
  }

  Result<ReadReport> finish() {
    if (error_) return std::unexpected(*error_);
    if (auto result = read_to_the_end(); !result) {
      error_ = result.error();
      return std::unexpected(*error_);
    }
    return report_;
  }

  const ReadReport& report() const { return report_; }

 private:
  Result<void> feed_compressed(std::string_view bytes) {
    if (!started_) {
      head_ += bytes;
      if (head_.size() < 4) return {};
      return start();
    }
    return pass_on(bytes);
  }

  Result<void> start() {
    started_ = true;
    compression_ = options_.compression == Compression::automatic ? detect_compression(head_)
                                                                  : options_.compression;
    decompressor_ = make_decompressor(compression_);
    const std::string head = std::exchange(head_, {});
    return pass_on(head);
  }

  Result<void> pass_on(std::string_view bytes) {
    if (decompressor_ == nullptr) return split(bytes);
    auto result =
        decompressor_->feed(bytes, [this](std::string_view plain) { return split(plain); });
    if (!result && result.error().code == "INGEST0104")
      return std::unexpected(with_progress(result.error()));
    return result;
  }

  // What was read before a stream broke is handed over, and counted in the message.
  Error with_progress(Error error) {
    if (auto flushed = handler_.flush(); !flushed) return flushed.error();
    error.message += fmt::format("; before it, {} rows were read from {} lines ({} of them bad)",
                                 report_.rows, report_.lines, report_.bad);
    return error;
  }

  Result<void> split(std::string_view plain) {
    plain_bytes_ += plain.size();
    if (plain_bytes_ > options_.max_bytes) {
      return fail("INGEST0105",
                  fmt::format("more than {} bytes after decompression; send it in several parts",
                              options_.max_bytes));
    }
    if (!past_mark_ && !plain.empty()) {
      // A byte order mark comes in one piece from any sender; a broken one is a bad first line.
      past_mark_ = true;
      if (plain.starts_with("\xEF\xBB\xBF")) plain.remove_prefix(3);
    }
    return splitter_.feed(plain);
  }

  Result<void> read_to_the_end() {
    if (!started_) TRY_DO(start());
    if (decompressor_ != nullptr && !decompressor_->is_complete()) {
      return std::unexpected(with_progress(
          {"INGEST0103", fmt::format("the {} stream ends before its end: the file was cut off",
                                     name_of(compression_))}));
    }
    TRY_DO(splitter_.finish());
    return handler_.flush();
  }

  Result<void> take(std::uint64_t line, std::string_view record) {
    if (!is_utf8(record)) return bad_line(line, "not valid UTF-8");
    const bool csv = options_.format == Format::csv;
    auto parsed = csv ? parser_.parse_csv_record(record) : parser_.parse_json_line(record);
    auto& fields = parser_.fields();
    if (csv && !has_heading_) return take_heading(line, parsed);
    if (parsed && csv && fields.size() != names_.size()) {
      parsed = std::unexpected(
          fmt::format("{} fields, where the heading has {}", fields.size(), names_.size()));
    }
    if (!parsed) return bad_line(line, parsed.error());
    if (csv) {
      for (std::size_t i = 0; i < fields.size(); ++i) fields[i].name = names_[i];
    }
    TRY(const auto taken, handler_.fields(line, fields));
    if (!taken) return bad_line(line, taken.error());
    ++report_.lines;
    return {};
  }

  Result<void> take_heading(std::uint64_t line, const OrReason<void>& parsed) {
    if (!parsed)
      return fail("INGEST0106",
                  fmt::format("line {}: the CSV heading cannot be read: {}", line, parsed.error()));
    for (const auto& field : parser_.fields()) {
      const std::string name(trim(field.text));
      const bool twice = std::find(names_.begin(), names_.end(), name) != names_.end();
      if (name.empty() || twice) {
        return fail("INGEST0106",
                    fmt::format("line {}: the CSV heading names {}", line,
                                twice ? "column '" + name + "' twice" : "a column ''"));
      }
      names_.push_back(name);
    }
    has_heading_ = true;
    return handler_.heading(names_);
  }

  Result<void> bad_line(std::uint64_t line, std::string reason) {
    bad(line, 1, std::move(reason));
    return {};
  }
  void bad(std::uint64_t line, std::uint64_t count, std::string reason) {
    report_.lines += count;
    report_.bad += count;
    if (report_.bad_lines.size() < options_.max_bad_lines_kept)
      report_.bad_lines.push_back({line, std::move(reason)});
  }

 public:
  ReadReport report_;  // its rows are counted by whoever hands them over

 private:
  ReaderOptions options_;
  Handler handler_;
  RecordSplitter splitter_;
  FieldParser parser_;
  std::vector<std::string> names_;  // of the CSV heading
  bool has_heading_ = false, started_ = false, past_mark_ = false;
  std::string head_;
  Compression compression_ = Compression::none;
  std::unique_ptr<Decompressor> decompressor_;
  std::uint64_t plain_bytes_ = 0;
  std::optional<Error> error_;
};

std::optional<Format> format_of_name(std::string_view name) {
  std::string lower = to_lower(name);
  for (const std::string_view ending : {".gz", ".gzip", ".zst", ".zstd"}) {
    if (lower.ends_with(ending)) lower.erase(lower.size() - ending.size());
  }
  if (lower.ends_with(".csv")) return Format::csv;
  for (const std::string_view ending : {".ndjson", ".jsonl", ".json", ".log"}) {
    if (lower.ends_with(ending)) return Format::ndjson;
  }
  return std::nullopt;
}

struct LogReader::State {
  State(const ReaderOptions& options, LogSink given)
      : batch_rows(options.batch_rows),
        batch_bytes(options.batch_bytes),
        sink(std::move(given)),
        maker(options.arrival),
        lines(options,
              {[this](std::uint64_t, std::vector<FieldView>& fields) { return take(fields); },
               [this] { return flush(); },
               [arrival = options.arrival](const auto& names) {
                 return check_heading(names, arrival);
               }}) {}

  static Result<void> check_heading(const std::vector<std::string>& names, bool arrival) {
    const auto has = [&](std::string_view wanted) {
      return std::any_of(names.begin(), names.end(),
                         [&](const auto& name) { return equals_ignoring_case(name, wanted); });
    };
    for (const std::string_view wanted : {"Timestamp", "Arrival"}) {
      if (has(wanted) || (wanted == "Arrival" && !arrival)) continue;
      return fail("INGEST0106", fmt::format("the CSV heading has no column {}", wanted));
    }
    return {};
  }

  Result<OrReason<void>> take(std::vector<FieldView>& fields) {
    auto done = maker.append(fields, batch);
    if (!done) return done;
    if (batch.size() >= batch_rows || batch.bytes() >= batch_bytes) TRY_DO(flush());
    return done;
  }
  Result<void> flush() {
    if (batch.empty()) return {};
    const std::size_t rows = batch.size();
    TRY_DO(sink(batch));
    lines.report_.rows += rows;
    batch.clear();
    return {};
  }

  std::size_t batch_rows, batch_bytes;
  LogSink sink;
  LogRowMaker maker;
  LogBatch batch;
  LineReader lines;
};

LogReader::LogReader(ReaderOptions options, LogSink sink)
    : state_(std::make_unique<State>(options, std::move(sink))) {}
LogReader::~LogReader() = default;
Result<void> LogReader::feed(std::string_view bytes) { return state_->lines.feed(bytes); }
Result<ReadReport> LogReader::finish() { return state_->lines.finish(); }
const ReadReport& LogReader::report() const { return state_->lines.report(); }

struct RecordReader::State {
  State(const ReaderOptions& options, RecordSink given)
      : sink(std::move(given)),
        lines(options,
              {[this](std::uint64_t line, std::vector<FieldView>& fields) {
                 return take(line, fields);
               },
               [] { return Result<void>{}; }, [](const auto&) { return Result<void>{}; }}) {}

  Result<OrReason<void>> take(std::uint64_t line, const std::vector<FieldView>& fields) {
    Record record;
    record.line = line;
    for (const auto& field : fields)
      record.fields.push_back({std::string(field.name), field.kind, std::string(field.text)});
    if (auto reason = sink(record)) return OrReason<void>(std::unexpected(*std::move(reason)));
    ++lines.report_.rows;
    return OrReason<void>{};
  }

  RecordSink sink;
  LineReader lines;
};

RecordReader::RecordReader(ReaderOptions options, RecordSink sink)
    : state_(std::make_unique<State>(options, std::move(sink))) {}
RecordReader::~RecordReader() = default;
Result<void> RecordReader::feed(std::string_view bytes) { return state_->lines.feed(bytes); }
Result<ReadReport> RecordReader::finish() { return state_->lines.finish(); }
const ReadReport& RecordReader::report() const { return state_->lines.report(); }

}  // namespace rollcall::telemetry
