// Reads logs and records as people send them: NDJSON or CSV, plain, gzip or zstd, fed in pieces of any size.
// A line that cannot be read is reported by its number with the reason, and counted; the others go on. A
// compressed stream that ends early is an error that says how much was read before it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::telemetry {

enum class Format { ndjson, csv };
// automatic: by the first bytes of the stream.
enum class Compression { automatic, none, gzip, zstd };

// `logs.ndjson.gz`, `.jsonl`, `.json`, `.csv`, `.csv.zst`: by the ending of the name; nullopt when it says nothing.
std::optional<Format> format_of_name(std::string_view name);

struct ReaderOptions {
  Format format = Format::ndjson;
  Compression compression = Compression::automatic;
  bool arrival = false;                   // logs only: a column Arrival is required, and kept
  std::size_t batch_rows = 16'384;        // rows handed to the sink at once, at most
  std::size_t batch_bytes = 16U << 20;    // and of so many bytes, about
  std::size_t max_line_bytes = 4U << 20;  // a longer line is a bad line
  std::size_t max_bytes = std::size_t{16} << 30;  // decompressed; more is an error (INGEST0105)
  std::size_t max_bad_lines_kept = 100;           // all are counted
};

struct BadLine {
  std::uint64_t line;  // from 1
  std::string reason;
  bool operator==(const BadLine&) const = default;
};

struct ReadReport {
  std::uint64_t lines = 0;  // that held something: blank lines and the CSV heading are not counted
  std::uint64_t rows = 0;   // handed to the sink
  std::uint64_t bad = 0;
  std::vector<BadLine> bad_lines;  // the first ones
};

// A field of a record: what the line said, before any table gives it a type. CSV gives only texts; of NDJSON,
// numbers keep their spelling, objects and arrays are JSON text.
struct Field {
  enum class Kind { null, boolean, number, text, json };
  std::string name;
  Kind kind = Kind::null;
  std::string text;  // `true`, `1.50`, the text, the JSON document
  bool operator==(const Field&) const = default;
};
struct Record {
  std::uint64_t line = 0;
  std::vector<Field> fields;
};

using LogSink =
    std::function<Result<void>(LogBatch&)>;  // may take the batch's content; it is cleared after
// Answers why a record is refused (then it is a bad line), or nothing.
using RecordSink = std::function<std::optional<std::string>(Record&)>;

class LineReader;

// Rows of OTelLogs. Column names are those of OTelLogs (letter case ignored); members that OTelLogs has no column for are
// kept in LogAttributes. Timestamp is required; ObservedTimestamp is Timestamp when absent. Times are
// ISO 8601, or integers: Unix seconds, milliseconds, microseconds or nanoseconds, told apart by their size.
class LogReader {
 public:
  LogReader(ReaderOptions options, LogSink sink);
  ~LogReader();
  Result<void> feed(std::string_view bytes);  // an error is final: the sink's, or the stream's
  Result<ReadReport> finish();                // hands over what is left
  const ReadReport& report() const;           // so far; also after an error

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Records for a table that people made.
class RecordReader {
 public:
  RecordReader(ReaderOptions options, RecordSink sink);
  ~RecordReader();
  Result<void> feed(std::string_view bytes);
  Result<ReadReport> finish();
  const ReadReport& report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rollcall::telemetry
