// Text cases of the readers, and what text cannot hold: compressed streams, cut streams, pieces of any size.
// `logs ndjson|csv [arrival]` and `records ndjson|csv` print the rows, then the bad lines, then the count.
#include "telemetry/reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <zlib.h>
#include <zstd.h>

#include "support/cases.hpp"
#include "support/golden.hpp"
#include "telemetry/show.hpp"

namespace rollcall::telemetry {
namespace {

std::string summary(const Result<ReadReport>& result) {
  if (!result) return result.error().code + " " + result.error().message + "\n";
  std::string text;
  for (const auto& [line, reason] : result->bad_lines)
    text += fmt::format("line {}: {}\n", line, reason);
  return text +
         fmt::format("{} lines, {} rows, {} bad\n", result->lines, result->rows, result->bad);
}

ReaderOptions options_of(const test::GoldenCase& one) {
  ReaderOptions options;
  for (const auto& argument : one.arguments) {
    if (argument == "csv") options.format = Format::csv;
    if (argument == "arrival") options.arrival = true;
    if (argument == "short") options.max_line_bytes = 60;
  }
  return options;
}

// Where feed fails, finish says the same again.
template <class Reader>
Result<ReadReport> read_all(Reader& reader, std::string_view text, std::size_t piece = SIZE_MAX) {
  while (!text.empty()) {
    const auto part = text.substr(0, piece);
    text.remove_prefix(part.size());
    if (!reader.feed(part)) break;
  }
  return reader.finish();
}

std::string read_logs(const ReaderOptions& options, std::string_view text,
                      std::size_t piece = SIZE_MAX) {
  std::string shown;
  LogReader reader(options, [&](LogBatch& batch) {
    shown += show(batch);
    return Result<void>{};
  });
  return shown + summary(read_all(reader, text, piece));
}

std::string read_records(const test::GoldenCase& one) {
  std::string shown;
  RecordReader reader(options_of(one), [&](Record& record) -> std::optional<std::string> {
    shown += fmt::format("{}:", record.line);
    for (const auto& field : record.fields) {
      constexpr const char* kinds[] = {"null", "bool", "number", "text", "json"};
      shown +=
          fmt::format(" {}={}[{}]", field.name, kinds[static_cast<int>(field.kind)], field.text);
    }
    shown += '\n';
    const bool refused = !record.fields.empty() && record.fields[0].text == "refuse me";
    return refused ? std::optional<std::string>("refused by the table") : std::nullopt;
  });
  return shown + summary(read_all(reader, one.body));
}

const test::Registration golden{[] {
  test::register_golden("Telemetry", TEST_FOLDER, [] {
    return test::Handlers{
        {"logs", [](const test::GoldenCase& one) { return read_logs(options_of(one), one.body); }},
        {"records", read_records},
        {"otlp", read_otlp}};
  });
}};

const std::string three_lines = R"({"Timestamp":"2026-01-01T00:00:00Z","Body":"one"}
{"Timestamp":"2026-01-01T00:00:01Z","Body":"two"}
nonsense
{"Timestamp":"2026-01-01T00:00:02Z","Body":"three"}
)";

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

// Long enough that a cut stream has given whole lines before the cut; digits that do not compress to nothing.
std::string many_lines(int count) {
  std::string text;
  std::uint64_t state = 1;
  for (int i = 0; i < count; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    text += fmt::format("{{\"Timestamp\":\"2026-01-01T00:00:00Z\",\"Body\":\"{} {:016x}\"}}\n", i,
                        state);
  }
  return text;
}

TEST(Reader, ReadsCompressedStreams) {
  const auto plain = read_logs({}, three_lines);
  EXPECT_NE(plain.find("4 lines, 3 rows, 1 bad"), std::string::npos) << plain;
  EXPECT_NE(plain.find("line 3: "), std::string::npos) << plain;
  EXPECT_EQ(read_logs({}, gzip(three_lines)), plain);
  EXPECT_EQ(read_logs({}, zstd(three_lines)), plain);
  // Files glued together.
  const auto first = three_lines.substr(0, 20), rest = three_lines.substr(20);
  EXPECT_EQ(read_logs({}, gzip(first) + gzip(rest)), plain);
  EXPECT_EQ(read_logs({}, zstd(first) + zstd(rest)), plain);
}

TEST(Reader, ACutStreamIsAnErrorThatSaysWhatWasRead) {
  const auto text = many_lines(20'000);
  for (const auto& whole : {gzip(text), zstd(text)}) {
    for (const std::size_t keep : {whole.size() - 1, whole.size() / 2, std::size_t{5}}) {
      std::uint64_t rows = 0;
      LogReader reader({}, [&](LogBatch& batch) {
        rows += batch.size();
        return Result<void>{};
      });
      const auto result = read_all(reader, std::string_view(whole).substr(0, keep));
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, "INGEST0103");
      EXPECT_NE(
          result.error().message.find(fmt::format("{} rows were read from {} lines", rows, rows)),
          std::string::npos)
          << result.error().message;
      EXPECT_GE(rows, keep < 10 ? 0U : 5'000U);
      EXPECT_EQ(reader.report().rows, rows);
    }
  }
}

TEST(Reader, ADamagedStreamIsAnError) {
  auto damaged = gzip(many_lines(20'000));
  damaged[damaged.size() - 6] ^= 0x55;  // the checksum
  const auto answer = read_logs({}, damaged);
  EXPECT_NE(answer.find("INGEST0104"), std::string::npos) << answer.substr(answer.size() - 300);
  ReaderOptions options;
  options.compression = Compression::gzip;
  EXPECT_NE(read_logs(options, "no gzip at all").find("INGEST0104"), std::string::npos);
}

TEST(Reader, LimitsAreErrors) {
  ReaderOptions options;
  options.max_bytes = 1'000;
  EXPECT_NE(read_logs(options, zstd(many_lines(100))).find("INGEST0105"), std::string::npos);
}

TEST(Reader, AnErrorOfTheSinkIsFinal) {
  ReaderOptions options;
  options.batch_rows = 1;
  int calls = 0;
  LogReader reader(options, [&](LogBatch&) -> Result<void> {
    ++calls;
    return fail("TEST", "full");
  });
  EXPECT_EQ(reader.feed(three_lines).error().code, "TEST");
  EXPECT_EQ(reader.finish().error().code, "TEST");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(reader.report().rows, 0U);
}

TEST(Reader, PiecesOfAnySizeReadTheSame) {
  const std::string csv =
      "Timestamp,Body\r\n2026-01-01,\"a\r\nb\"\r\n2026-01-02,\"say "
      "\"\"x\"\"\"\r\nbad\r\n2026-01-03,end";
  ReaderOptions csv_options;
  csv_options.format = Format::csv;
  const auto whole_json = read_logs({}, three_lines), whole_csv = read_logs(csv_options, csv);
  const auto packed = gzip(three_lines);
  EXPECT_TRUE(rc::check([&] {
    const auto piece = *rc::gen::inRange<std::size_t>(1, 40);
    RC_ASSERT(read_logs({}, three_lines, piece) == whole_json);
    RC_ASSERT(read_logs(csv_options, csv, piece) == whole_csv);
    RC_ASSERT(read_logs({}, packed, piece) == whole_json);
  }));
}

TEST(Reader, NeverBreaksOnAnyBytes) {
  EXPECT_TRUE(rc::check([] {
    const auto bytes = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("{}[]\",:\\u0a1e-.+tfn \n\r\xC3\xBF\xFF")));
    for (const auto format : {Format::ndjson, Format::csv}) {
      ReaderOptions options;
      options.format = format;
      RecordReader reader(options, [](Record&) { return std::nullopt; });
      const auto result = read_all(reader, bytes);
      RC_ASSERT(!result || result->lines == result->rows + result->bad);
    }
  }));
}

TEST(Reader, KnowsTheFormatOfAName) {
  EXPECT_EQ(format_of_name("logs.ndjson.gz"), Format::ndjson);
  EXPECT_EQ(format_of_name("LOGS.CSV.ZST"), Format::csv);
  EXPECT_EQ(format_of_name("logs.parquet"), std::nullopt);
}

}  // namespace
}  // namespace rollcall::telemetry
