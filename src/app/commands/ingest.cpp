// `rollcall ingest FILE`: unpacks the file and sends it in pieces of whole lines, so that a file of any size goes
// through the same door as everything else.
#include <fmt/format.h>

#include <array>

#include "app/commands/commands.hpp"
#include "app/packed_file.hpp"
#include "telemetry/reader.hpp"

namespace rollcall::app {
namespace {

constexpr std::size_t piece_bytes = 8U << 20U;

// Collects unpacked bytes and hands on pieces that end where a line (of CSV: a record) ends; CSV's heading goes
// before each piece.
class Sender {
 public:
  Sender(Connection& connection, const IngestOptions& options, bool csv)
      : connection_(connection), csv_(csv) {
    target_ = fmt::format("/ingest/{}?format={}", http::encode_percent(options.table),
                          csv ? "csv" : "ndjson");
  }

  Result<void> feed(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '"') quoted_ = !quoted_;
      if (c == '\n' && !(csv_ && quoted_)) whole_ = pending_.size() + 1;
      pending_ += c;
    }
    return whole_ >= piece_bytes ? send(whole_) : Result<void>();
  }
  Result<void> finish() { return pending_.empty() ? Result<void>() : send(pending_.size()); }

  std::uint64_t lines = 0, rows = 0, bad = 0;
  std::vector<std::pair<std::uint64_t, std::string>> bad_lines;  // the first ones

 private:
  Result<void> send(std::size_t size) {
    http::Request request;
    request.method = "POST";
    request.target = target_;
    request.body = heading_ + pending_.substr(0, size);
    const auto piece_lines = static_cast<std::uint64_t>(
        std::ranges::count(std::string_view(pending_).substr(0, size), '\n'));
    if (csv_ && heading_.empty()) heading_ = pending_.substr(0, pending_.find('\n') + 1);
    TRY(const auto answer, connection_.send(request));
    TRY(const auto body, parse_json(answer.body));
    if (find(body, "badLines") == nullptr)
      return fail(std::string(text_or(body, "code")), std::string(text_or(body, "detail")));
    lines += body.at("lines").to_number<std::uint64_t>();
    rows += body.at("rows").to_number<std::uint64_t>();
    bad += body.at("bad").to_number<std::uint64_t>();
    for (const auto& line : body.at("badLines").as_array()) {
      const auto number = line.at("line").to_number<std::uint64_t>() + lines_before_ -
                          (csv_ && lines_before_ > 0 ? 1 : 0);
      bad_lines.emplace_back(number, std::string(text_or(line, "reason")));
    }
    lines_before_ += piece_lines;
    pending_.erase(0, size);
    whole_ = 0;
    return {};
  }

  Connection& connection_;
  bool csv_;
  std::string target_;
  std::string heading_;
  std::string pending_;
  std::size_t whole_ = 0;  // bytes of pending_ that are whole lines
  bool quoted_ = false;
  std::uint64_t lines_before_ = 0;
};

Result<void> send_file(const std::string& name, Sender& sender) {
  TRY(const auto unpacked,
      read_unpacked(name, [&](std::string_view plain) { return sender.feed(plain); }));
  TRY_DO(sender.finish());
  if (unpacked.complete) return {};
  auto error = cut_off(name, unpacked);
  error.message += fmt::format("; what came before was taken (rows: {})", sender.rows);
  return std::unexpected(std::move(error));
}

}  // namespace

int ingest(const IngestOptions& options, const Console& console, const Clock& clock) {
  const auto named =
      telemetry::format_of_name(options.format.empty() ? options.file : "x." + options.format);
  if (!named) {
    return report(
        console, {"INGEST0202",
                  fmt::format("{}: the name does not say what it holds; add --format ndjson or csv",
                              options.file)});
  }
  auto connect_options = options.connect;
  connect_options.create = true;
  const auto connection = connect(connect_options, clock, console);
  if (!connection) return report(console, connection.error());
  Sender sender(**connection, options, *named == telemetry::Format::csv);
  const auto sent = send_file(options.file, sender);
  if (!sent && sender.lines == 0) return report(console, sent.error());
  if (options.json) {
    json::array bad_lines;
    for (const auto& [line, reason] : sender.bad_lines)
      bad_lines.push_back({{"line", line}, {"reason", reason}});
    console.out(pretty(json::object{{"lines", sender.lines},
                                    {"rows", sender.rows},
                                    {"bad", sender.bad},
                                    {"badLines", bad_lines}}));
  } else {
    console.out(fmt::format("{} row{} into {}, {} bad line{}\n", sender.rows,
                            sender.rows == 1 ? "" : "s", options.table, sender.bad,
                            sender.bad == 1 ? "" : "s"));
    for (const auto& [line, reason] : sender.bad_lines)
      console.out(fmt::format("  line {}: {}\n", line, reason));
    if (sender.bad > sender.bad_lines.size()) console.out("  …\n");
  }
  if (!sent) return report(console, sent.error());
  return sender.bad == 0 ? done : went_wrong;
}

}  // namespace rollcall::app
