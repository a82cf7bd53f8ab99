#include "warehouse/records.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "kql/values.hpp"
#include "telemetry/fields.hpp"
#include "warehouse/mapping.hpp"
#include "warehouse/rows.hpp"

namespace rollcall::warehouse {
namespace {

using telemetry::Field;

struct Format {
  std::string_view name;
  enum class Kind { separated, line, whole, json_lines, json_values } kind;
  char separator = ',';
};
constexpr Format formats[] = {
    {"csv", Format::Kind::separated, ','},
    {"tsv", Format::Kind::separated, '\t'},
    {"psv", Format::Kind::separated, '|'},
    {"scsv", Format::Kind::separated, ';'},
    {"sohsv", Format::Kind::separated, '\1'},
    {"txt", Format::Kind::line},
    {"raw", Format::Kind::whole},
    {"json", Format::Kind::json_lines},
    {"singlejson", Format::Kind::json_values},
    {"multijson", Format::Kind::json_values},
};

Result<Format> format_named(std::string_view name) {
  for (const auto& format : formats) {
    if (equals_ignoring_case(format.name, name)) return format;
  }
  return fail("WAREHOUSE0409", fmt::format("the format '{}' is not read here; csv, tsv, psv, scsv, "
                                           "sohsv, txt, raw, json, singlejson and "
                                           "multijson are",
                                           name));
}

bool is_json(const Format& format) {
  return format.kind == Format::Kind::json_lines || format.kind == Format::Kind::json_values;
}

constexpr std::uint64_t most_row_bytes = std::uint64_t{1} << 30;  // in memory, before any is stored

// Rows being made, and where in the text.
class RowMaker {
 public:
  RowMaker(Table& rows, std::optional<std::vector<MappedColumn>> mapping, bool skip_first)
      : rows_(rows), mapping_(std::move(mapping)), skip_(skip_first) {}

  std::unexpected<Error> wrong(std::string_view reason) const {
    return fail("WAREHOUSE0404",
                fmt::format("record {}: {}; nothing was ingested", record_, reason));
  }
  // False: the record is to be passed over.
  bool next() {
    ++record_;
    return !(std::exchange(skip_, false));
  }

  Result<void> take_fields(const std::vector<Field>& fields) {
    if (!next()) return {};
    begin_row();
    if (!mapping_) {
      if (fields.size() > rows_.columns.size()) {
        return wrong(fmt::format("{} fields, where the table has {} columns", fields.size(),
                                 rows_.columns.size()));
      }
      for (std::size_t i = 0; i < fields.size(); ++i) TRY_DO(put(i, fields[i]));
    } else {
      for (const auto& mapped : *mapping_) {
        TRY_DO(
            put_mapped(mapped, mapped.ordinal < fields.size() ? fields[mapped.ordinal] : Field{}));
      }
    }
    return end_row();
  }

  Result<void> take_object(std::string_view text) {
    if (!next()) return {};
    begin_row();
    if (mapping_) {
      const auto document = parse_json(text);
      if (!document) return wrong(document.error().message);
      for (const auto& mapped : *mapping_) TRY_DO(put_mapped(mapped, field_at(mapped, *document)));
    } else {
      if (const auto parsed = parser_.parse_json_line(text); !parsed) return wrong(parsed.error());
      // Members of no column are passed over, as Kusto does.
      for (const auto& view : parser_.fields()) {
        const auto column = rows_.find_column(view.name);
        if (column != Table::npos) TRY_DO(put(column, {"", view.kind, std::string(view.text)}));
      }
    }
    return end_row();
  }

 private:
  void begin_row() {
    row_.assign(rows_.columns.size(), Cell{});
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (rows_.columns[i].type == kql::Type::string) row_[i] = std::string();
    }
  }
  Result<void> end_row() {
    for (const auto& cell : row_) {
      const auto* text = std::get_if<std::string>(&cell);
      bytes_ += sizeof cell + (text == nullptr ? 0 : text->size());
    }
    if (bytes_ > most_row_bytes)
      return wrong("the rows need more than 1 GiB; send them in several pieces");
    rows_.cells.insert(rows_.cells.end(), std::make_move_iterator(row_.begin()),
                       std::make_move_iterator(row_.end()));
    return {};
  }

  Result<void> put_mapped(const MappedColumn& mapped, Field field) {
    if (mapped.constant) field = {"", Field::Kind::text, *mapped.constant};
    if (mapped.unix_ticks != 0 && field.kind != Field::Kind::null) {
      const auto number = kql::parse_real(field.text);
      if (!number)
        return wrong(fmt::format("column {}: '{}' is no Unix time",
                                 rows_.columns[mapped.column].name, field.text.substr(0, 40)));
      const double ticks =
          *number * static_cast<double>(mapped.unix_ticks) + static_cast<double>(unix_epoch_ticks);
      if (!(ticks >= 0 && ticks <= static_cast<double>(timestamp_max.ticks)))
        return wrong("a Unix time is out of range");
      const auto whole = kql::parse_long(field.text);
      const auto exact =
          whole ? unix_epoch_ticks + *whole * mapped.unix_ticks : static_cast<std::int64_t>(ticks);
      field = {"", Field::Kind::text, format_iso(Timestamp{exact})};
    }
    return put(mapped.column, std::move(field));
  }

  Result<void> put(std::size_t column, Field field) {
    field.name = rows_.columns[column].name;
    auto cell = to_cell(field, rows_.columns[column].type);
    if (!cell) return wrong(cell.error());
    row_[column] = *std::move(cell);
    return {};
  }

  Table& rows_;
  std::optional<std::vector<MappedColumn>> mapping_;
  bool skip_;
  std::uint64_t record_ = 0, bytes_ = 0;
  std::vector<Cell> row_;
  telemetry::FieldParser parser_;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

// record = field *( SEPARATOR field ) ( LF / CR LF ); a field may stand in double quotes, and has them doubled inside.
Result<void> read_separated(RowMaker& maker, std::string_view text, char separator) {
  std::vector<Field> fields;
  std::size_t at = 0;
  const auto ends = [&](char c) { return c == separator || c == '\n' || c == '\r'; };
  while (at < text.size()) {
    fields.clear();
    const auto solid = std::min(text.find_first_not_of(" \t", at), text.size());
    if (separator != '\t' && (solid == text.size() || text[solid] == '\n' || text[solid] == '\r')) {
      at = solid + 1;  // a blank line
      continue;
    }
    for (bool more = true; more;) {
      Field field{"", Field::Kind::text, ""};
      if (at < text.size() && text[at] == '"') {
        for (++at;; ++at) {
          const auto quote = text.find('"', at);
          if (quote == std::string_view::npos) {
            maker.next();
            return maker.wrong("a quoted field is not closed");
          }
          field.text += text.substr(at, quote - at);
          at = quote + 1;
          if (at >= text.size() || text[at] != '"') break;
          field.text += '"';
        }
        if (at < text.size() && !ends(text[at])) {
          maker.next();
          return maker.wrong("a quoted field is followed by text");
        }
      } else {
        auto end = at;
        while (end < text.size() && !ends(text[end])) ++end;
        field.text = text.substr(at, end - at);
        at = end;
      }
      fields.push_back(std::move(field));
      more = at < text.size() && text[at] == separator;
      if (more) ++at;
    }
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] == '\n') ++at;
    TRY_DO(maker.take_fields(fields));
  }
  return {};
}

Result<void> read_lines(std::string_view text,
                        const std::function<Result<void>(std::string_view)>& take) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_blank(line)) TRY_DO(take(line));
    at = end + 1;
  }
  return {};
}

// Objects one after another, with commas and space between them; an array of objects is read as its elements.
Result<void> read_values(RowMaker& maker, std::string_view text) {
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false, in_array = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"' && depth > 0) {
      quoted = true;
    } else if (c == '{') {
      if (depth++ == 0) begin = i;
    } else if (c == '}' && depth > 0) {
      if (--depth == 0) TRY_DO(maker.take_object(text.substr(begin, i + 1 - begin)));
    } else if (depth == 0 && (c == '[' || c == ']') && in_array == (c == ']')) {
      in_array = c == '[';
    } else if (depth == 0 && std::string_view(" \t\r\n,").find(c) == std::string_view::npos) {
      maker.next();
      return maker.wrong("an object, or an array of objects, was expected");
    }
  }
  if (depth == 0 && !in_array) return {};
  maker.next();
  return maker.wrong(depth == 0 ? "the array is not closed" : "the object is not closed");
}

}  // namespace

Result<std::string> mapping_kind_of(std::string_view format) {
  TRY(const auto found, format_named(format));
  return is_json(found) ? "json" : "csv";
}

std::string mapping_note(std::string_view kind, std::string_view name) {
  return fmt::format("mapping {} {}", kind, name);
}

Result<void> check_mapping(const std::vector<Column>& columns, std::string_view kind,
                           std::string_view mapping) {
  TRY_DO(read_mapping(columns, kind, mapping));
  return {};
}

Result<void> read_records(Table& rows, const RecordText& given, std::string_view mapping) {
  TRY(const auto format, format_named(given.format));
  std::optional<std::vector<MappedColumn>> mapped;
  if (!mapping.empty()) {
    TRY(mapped, read_mapping(rows.columns, is_json(format) ? "json" : "csv", mapping));
  }
  RowMaker maker(rows, std::move(mapped), given.ignore_first_record);
  auto text = given.text;
  std::string
      repaired;  // wrong bytes become U+FFFD here, so that all that is kept of a row says the same
  if (!is_utf8(text)) text = repaired = repaired_utf8(text);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto one_field = [&](std::string_view whole) {
    return maker.take_fields({Field{"", Field::Kind::text, std::string(whole)}});
  };
  switch (format.kind) {
    case Format::Kind::separated:
      return read_separated(maker, text, format.separator);
    case Format::Kind::line:
      return read_lines(text, one_field);
    case Format::Kind::whole:
      return one_field(text);
    case Format::Kind::json_lines:
      return read_lines(text, [&](auto line) { return maker.take_object(line); });
    case Format::Kind::json_values:
      return read_values(maker, text);
  }
  return {};
}

Result<telemetry::LogBatch> to_log_batch(const Table& rows) {
  telemetry::LogBatch batch;
  const auto time = [](const Cell& cell) { return std::get_if<Timestamp>(&cell); };
  const auto text = [](const Cell& cell) {
    return is_null(cell) ? std::string_view() : std::string_view(std::get<std::string>(cell));
  };
  for (std::size_t i = 0; i < rows.row_count(); ++i) {
    const auto row = rows.row(i);
    const auto* timestamp = time(row[0]);
    if (timestamp == nullptr)
      return fail("WAREHOUSE0404",
                  fmt::format("record {}: it has no Timestamp; nothing was ingested", i + 1));
    const auto* observed = time(row[1]);
    telemetry::LogRow log;
    log.timestamp = *timestamp;
    log.observed_timestamp = observed == nullptr ? *timestamp : *observed;
    std::string_view* const names[] = {&log.environment, &log.role,     &log.region,
                                       &log.version,     &log.instance, &log.host};
    for (std::size_t k = 0; k < std::size(names); ++k) *names[k] = text(row[2 + k]);
    if (const auto* severity = std::get_if<std::int64_t>(&row[8]))
      log.severity_number = static_cast<std::int32_t>(*severity);
    std::string_view* const texts[] = {
        &log.severity_text,       &log.body,          &log.trace_id, &log.span_id,
        &log.resource_attributes, &log.log_attributes};
    for (std::size_t k = 0; k < std::size(texts); ++k) *texts[k] = text(row[9 + k]);
    batch.append(log);
  }
  return batch;
}

}  // namespace rollcall::warehouse
