// `rollcall list import` and `export`: CSV and NDJSON, in pieces, so that a file of any size passes
// through, and what was interrupted goes on where it was.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>

#include "app/commands/list.hpp"
#include "app/packed_file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "telemetry/fields.hpp"
#include "telemetry/record_splitter.hpp"

namespace rollcall::app {
namespace {

constexpr std::size_t lines_of_piece = 1000;
constexpr std::size_t bytes_of_piece = std::size_t{8} << 20U;
constexpr std::size_t max_record_bytes = std::size_t{4} << 20U;
constexpr std::string_view own_columns[] = {"ID", "Id", "Created", "Modified", "Author", "Editor"};

bool is_own(std::string_view name) {
  return std::ranges::find(own_columns, name) != std::end(own_columns) || name.starts_with('@');
}

Result<std::string> format_of(const ListOptions& options) {
  if (!options.format.empty()) return options.format;
  const auto named = telemetry::format_of_name(options.file);
  if (!named)
    return fail("INGEST0202",
                fmt::format("{}: the name does not say what it holds; add --format ndjson or csv",
                            options.file));
  return std::string(*named == telemetry::Format::csv ? "csv" : "ndjson");
}

// Records become lines of JSON, sent in pieces; pieces that were taken in an earlier run are passed
// over.
class Importer {
 public:
  Importer(Connection& connection, const ListOptions& options, const Console& console, bool csv,
           std::string key)
      : connection_(connection),
        options_(options),
        console_(console),
        csv_(csv),
        key_(std::move(key)) {}

  Result<void> begin() {
    TRY(const auto list, connection_.get(list_target(options_)));
    for (const auto& column : list.at("columns").as_array()) {
      const std::string name(text_or(column, "name"));
      columns_.push_back(name);
      if (text_or(column, "type") == "json") json_columns_.push_back(name);
      if (find(column, "formula") != nullptr) calculated_.push_back(name);
    }
    TRY(const auto progress, connection_.get(list_target(options_, "/import?key=" + key_)));
    skip_ = progress.at("lines").to_number<std::int64_t>();
    if (skip_ > 0)
      console_.err(fmt::format("{} lines were taken before; going on behind them\n", skip_));
    return {};
  }

  Result<void> record(std::string_view text) {
    if (csv_ && heading_.empty()) return read_heading(text);
    if (seen_++ < skip_) return {};
    if (trim(text).empty()) {
      piece_ += '\n';
    } else if (csv_) {
      TRY_DO(append_csv(text));
    } else {
      append_json(text);
    }
    if (++piece_lines_ >= lines_of_piece || piece_.size() >= bytes_of_piece) return send();
    return {};
  }

  Result<void> send() {
    if (piece_lines_ == 0) return {};
    http::Request request;
    request.method = "POST";
    request.target = list_target(options_, fmt::format("/import?key={}&from={}", key_, taken()));
    request.headers.add("Content-Type", "application/x-ndjson");
    request.body = std::move(piece_);
    TRY(const auto answer, connection_.call(std::move(request)));
    if (!answer.at("taken").as_bool()) {
      return fail(
          "APP0108",
          "the same import went on elsewhere meanwhile; run it again when that one has ended");
    }
    rows += answer.at("rows").to_number<std::int64_t>();
    bad += answer.at("bad").to_number<std::int64_t>();
    for (const auto& line : answer.at("badLines").as_array()) {
      if (bad_lines.size() < 20) bad_lines.push_back(line);
    }
    sent_ += static_cast<std::int64_t>(piece_lines_);
    piece_.clear();
    piece_lines_ = 0;
    return {};
  }

  std::int64_t taken() const { return skip_ + sent_; }
  std::int64_t rows = 0, bad = 0;
  json::array bad_lines;

 private:
  Result<void> read_heading(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    TRY_DO(parse_csv(text));
    for (const auto& field : parser_.fields()) {
      heading_.emplace_back(field.text);
      if (is_own(field.text) || std::ranges::find(columns_, field.text) != columns_.end()) continue;
      return fail("LIST0106", fmt::format("the file has a column '{}', and list '{}' has not",
                                          field.text, options_.list));
    }
    return {};
  }
  Result<void> parse_csv(std::string_view text) {
    if (auto parsed = parser_.parse_csv_record(text); !parsed)
      return fail("INGEST0101", parsed.error());
    return {};
  }
  // Texts, which the list takes for numbers and times where it has such columns; empty is no value.
  Result<void> append_csv(std::string_view text) {
    json::object item;
    if (const auto parsed = parse_csv(text); !parsed) {
      piece_ += json::serialize(json::value(parsed.error().message)) +
                "\n";  // no object: the server names the line
      return {};
    }
    const auto& fields = parser_.fields();
    for (std::size_t i = 0; i < std::min(fields.size(), heading_.size()); ++i) {
      if (is_kept(heading_[i]) || fields[i].text.empty()) continue;
      if (std::ranges::find(json_columns_, heading_[i]) != json_columns_.end()) {
        auto value = parse_json(fields[i].text);
        item[heading_[i]] = value ? *std::move(value) : json::value(fields[i].text);
      } else {
        item[heading_[i]] = fields[i].text;
      }
    }
    piece_ += json::serialize(item) + "\n";
    return {};
  }
  // As it is, but for what the list keeps by itself.
  void append_json(std::string_view text) {
    auto item = parse_json(text);
    if (!item || !item->is_object()) {
      piece_ += std::string(trim(text)) + "\n";
      return;
    }
    json::object kept;
    for (auto& member : item->get_object()) {
      if (!is_kept(member.key())) kept.insert(std::move(member));
    }
    piece_ += json::serialize(kept) + "\n";
  }

  // By the list itself.
  bool is_kept(std::string_view name) const {
    return is_own(name) || std::ranges::find(calculated_, name) != calculated_.end();
  }

  Connection& connection_;
  const ListOptions& options_;
  const Console& console_;
  bool csv_;
  std::string key_;
  std::vector<std::string> columns_, json_columns_, calculated_, heading_;
  telemetry::FieldParser parser_;
  std::int64_t skip_ = 0, seen_ = 0, sent_ = 0;
  std::string piece_;
  std::size_t piece_lines_ = 0;
};

Result<void> read_file(const std::string& name,
                       const std::function<Result<void>(std::string_view)>& feed) {
  TRY(const auto unpacked, read_unpacked(name, feed));
  if (!unpacked.complete) return std::unexpected(cut_off(name, unpacked));
  return {};
}

// The same file is the same import: by its name, its size and what it begins with.
Result<std::string> key_of(const ListOptions& options) {
  if (!options.key.empty()) return http::encode_percent(options.key);
  std::ifstream file(options.file, std::ios::binary | std::ios::ate);
  if (!file) return fail("INGEST0201", fmt::format("{} cannot be opened", options.file));
  const auto size = static_cast<std::size_t>(file.tellg());
  std::string beginning(std::min<std::size_t>(size, 65536), '\0');
  file.seekg(0).read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  const auto name = std::filesystem::path(options.file).filename().string();
  return http::encode_percent(
      fmt::format("{} {} {:016x}", name.substr(0, 100), size, xxhash64(beginning)));
}

std::string csv_field(const std::string& value) {
  if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

// The ID in the last whole line of a file that an export wrote; what is behind that line is cut
// off.
Result<std::int64_t> last_id(const std::string& name, bool csv) {
  std::ifstream file(name, std::ios::binary);
  if (!file) return std::int64_t{0};
  std::string line, last;
  std::uintmax_t whole = 0;
  for (std::size_t at = 0; std::getline(file, line) && !file.eof();) {
    at += line.size() + 1;
    whole = at;
    last = line;
  }
  file.close();
  std::error_code failed;
  std::filesystem::resize_file(name, whole, failed);
  if (failed)
    return fail("APP0107", fmt::format("{} cannot be written: {}", name, failed.message()));
  if (last.empty() || (csv && last.starts_with("ID,"))) return std::int64_t{0};
  std::int64_t id = 0;
  if (csv) {
    std::from_chars(last.data(), last.data() + last.size(), id);
  } else if (const auto item = parse_json(last)) {
    const auto* value = find(*item, "ID");
    if (value != nullptr && value->is_int64()) id = value->get_int64();
  }
  if (id == 0)
    return fail(
        "APP0107",
        fmt::format("{}: its last line is no item of an export, so it cannot be resumed", name));
  return id;
}

class Exporter {
 public:
  Exporter(Connection& connection, const ListOptions& options, bool csv)
      : connection_(connection), options_(options), csv_(csv) {}

  Result<std::int64_t> run(const std::function<void(std::string_view)>& write) {
    TRY(const auto list, connection_.get(list_target(options_)));
    std::vector<std::string> columns{"ID"};
    for (const auto& column : list.at("columns").as_array())
      columns.emplace_back(text_or(column, "name"));
    for (const char* own : {"Created", "Modified", "Author", "Editor"}) columns.emplace_back(own);
    std::int64_t after = 0;
    if (options_.resume) {
      TRY(after, last_id(options_.file, csv_));
    }
    if (csv_ && after == 0) write(fmt::format("{}\n", fmt::join(columns, ",")));
    std::int64_t count = 0;
    for (;;) {
      // At first as it was given, so that what is wrong with it is said at its place.
      const auto filter = options_.filter.empty() ? fmt::format("ID gt {}", after)
                          : after == 0            ? options_.filter
                                       : fmt::format("({}) and ID gt {}", options_.filter, after);
      TRY(const auto page,
          connection_.get(list_target(options_, "/items?%24orderby=ID&%24top=1000&%24filter=" +
                                                    http::encode_percent(filter))));
      const auto& items = page.at("value").as_array();
      for (const auto& item : items) write(line_of(item.as_object(), columns));
      count += static_cast<std::int64_t>(items.size());
      if (items.size() < 1000) return count;
      after = items.back().at("ID").to_number<std::int64_t>();
    }
  }

 private:
  std::string line_of(const json::object& item, const std::vector<std::string>& columns) const {
    if (!csv_) {
      json::object kept;
      for (const auto& name : columns) kept[name] = item.at(name);
      return json::serialize(kept) + "\n";
    }
    std::string line;
    for (const auto& name : columns)
      line += (&name == &columns.front() ? "" : ",") + csv_field(shown_value(item.at(name)));
    return line + "\n";
  }

  Connection& connection_;
  const ListOptions& options_;
  bool csv_;
};

}  // namespace

int import_list(const ListOptions& options, const Console& console, const Clock& clock) {
  const auto format = format_of(options);
  if (!format) return report(console, format.error());
  const auto key = key_of(options);
  if (!key) return report(console, key.error());
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  Importer importer(**connection, options, console, *format == "csv", *key);
  Result<void> too_long = {};
  telemetry::RecordSplitter splitter(
      *format == "csv", max_record_bytes,
      {[&](std::uint64_t, std::string_view record) { return importer.record(record); },
       [&](std::uint64_t line, std::uint64_t, const std::string& reason) {
         too_long = fail("INGEST0101", fmt::format("{}: line {}: {}", options.file, line, reason));
       }});
  const auto taken = [&]() -> Result<void> {
    TRY_DO(importer.begin());
    TRY_DO(read_file(options.file, [&](std::string_view bytes) { return splitter.feed(bytes); }));
    TRY_DO(splitter.finish());
    TRY_DO(importer.send());
    return too_long;
  }();
  if (options.json) {
    console.out(pretty(json::object{{"rows", importer.rows},
                                    {"bad", importer.bad},
                                    {"badLines", importer.bad_lines},
                                    {"lines", importer.taken()}}));
  } else {
    console.out(fmt::format("{} item{} into {}, {} bad line{}\n", importer.rows,
                            importer.rows == 1 ? "" : "s", options.list, importer.bad,
                            importer.bad == 1 ? "" : "s"));
    for (const auto& line : importer.bad_lines)
      console.out(fmt::format("  line {}: {}\n", json::serialize(line.at("line")),
                              text_or(line, "reason")));
  }
  if (!taken) return report(console, taken.error());
  return importer.bad == 0 ? done : went_wrong;
}

int export_list(const ListOptions& options, const Console& console, const Clock& clock) {
  const bool to_screen = options.file.empty() || options.file == "-";
  auto named = options;
  if (to_screen && named.format.empty()) named.format = "ndjson";
  const auto format = format_of(named);
  if (!format) return report(console, format.error());
  if (to_screen && options.resume)
    return report(console, {"APP0106", "--resume goes on with a file; name one"});
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  Exporter exporter(**connection, options, *format == "csv");
  std::ofstream file;
  const auto count = exporter.run([&](std::string_view line) {
    if (to_screen) return console.out(line);
    if (!file.is_open())
      file.open(options.file, options.resume ? std::ios::binary | std::ios::app
                                             : std::ios::binary | std::ios::trunc);
    file << line;
  });
  if (!count) return report(console, count.error(), options.filter);
  if (!to_screen) {
    if (!file.is_open() && !options.resume)
      file.open(options.file, std::ios::binary | std::ios::trunc);
    file.close();
    if (file.fail())
      return report(console, {"APP0107", fmt::format("{} cannot be written", options.file)});
    console.out(fmt::format("{} item{} into {}\n", *count, *count == 1 ? "" : "s", options.file));
  }
  return done;
}

}  // namespace rollcall::app
