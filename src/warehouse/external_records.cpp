#include "warehouse/external_records.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "warehouse/local_file.hpp"
#include "warehouse/records.hpp"

// The files' texts become rows of texts; what their columns' types make of them is the query's own
// matter.

namespace rollcall::warehouse {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20U;

// The format that the name says when no other is given: `logs.csv.gz` is csv, `.ndjson` and
// `.jsonl` are json.
std::string format_of(const kql::ExternalRecords& wanted, std::string_view source) {
  if (!wanted.format.empty()) return to_lower(wanted.format);
  std::string name = to_lower(source);
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.resize(name.size() - packed.size());
  }
  const std::size_t point = name.rfind('.');
  const std::string ending = point == std::string::npos ? "" : name.substr(point + 1);
  return ending == "ndjson" || ending == "jsonl" ? "json" : ending.empty() ? "csv" : ending;
}

void append_rows(std::string& out, const Table& rows) {
  for (std::size_t i = 0; i < rows.row_count(); ++i) {
    if (out.size() > 1) out += ',';
    out += '[';
    for (std::size_t column = 0; column < rows.columns.size(); ++column) {
      if (column > 0) out += ',';
      out += json::serialize(json::string(to_text(rows.at(i, column))));
    }
    out += ']';
  }
}

}  // namespace

Result<std::string> read_external_records(const std::filesystem::path& folder,
                                          const kql::ExternalRecords& wanted) {
  std::string out = "[";
  std::size_t left = most_bytes;
  for (const auto& source : wanted.sources) {
    TRY(const auto path, find_file(folder, source));
    TRY(const auto text, read_file(path, source, left));
    left -= text.size();
    Table rows;
    for (const auto& name : wanted.columns) rows.columns.push_back({name, kql::Type::string});
    const auto format = format_of(wanted, source);
    if (auto read = read_records(rows, {text, format, {}, wanted.skips_first, source}, ""); !read) {
      read.error().message = source + ": " + read.error().message;
      return std::unexpected(read.error());
    }
    append_rows(out, rows);
  }
  return out + "]";
}

std::string records_of(const Table& rows) {
  std::string out = "[";
  append_rows(out, rows);
  return out + "]";
}

}  // namespace rollcall::warehouse
