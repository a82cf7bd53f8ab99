// A query of the owner's own on a PostgreSQL database. With `$1` and `$2` in it, it is asked for a slice of time, as the log stores are;
// without them for what runs now. https://www.postgresql.org/docs/current/sql-prepare.html
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "sources/kinds.hpp"
#include "store/postgresql_query.hpp"

namespace rollcall::sources {
namespace {

using telemetry::Attributes;
using telemetry::Names;

constexpr std::size_t most_rows = 200'000;

// `2026-01-01 12:00:00.5+00`, as the server writes it in UTC; or without an offset, which is taken for UTC too.
std::optional<Timestamp> read_time(std::string text) {
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  if (text.ends_with("+00")) text.resize(text.size() - 3);
  if (!text.contains('T')) return parse_iso(text);
  return parse_iso(text + "Z");
}

class Postgresql final : public Source {
 public:
  explicit Postgresql(SourceOptions options) : options_(std::move(options)) {}
  Result<Pulled> pull(Timestamp now, std::string_view position) override {
    const auto slice = slice_of(options_, now, position);
    Pulled pulled;
    if (slice.from >= slice.to) return pulled.watermark = slice.from, pulled;
    TRY(const auto answer,
        store::ask_postgresql(options_.url, options_.query,
                              {format_iso(slice.from), format_iso(slice.to)}, most_rows));
    for (const auto& row : answer.rows) append(pulled, answer.columns, row, now);
    pulled.watermark = answer.parameters == 0 ? now : slice.to;
    if (answer.parameters != 0) pulled.position = format_iso(slice.to);
    return pulled;
  }

 private:
  // Columns are found by the names of OTelLogs, or as labels are; all are kept as attributes.
  void append(Pulled& pulled, const std::vector<std::string>& columns,
              const std::vector<std::optional<std::string>>& values, Timestamp now) const {
    Names names;
    Attributes attributes;
    std::string body;
    Timestamp at = now;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!values[i]) continue;
      const auto column = to_lower(columns[i]);
      if (column == "timestamp") {
        const auto time = read_time(*values[i]);
        if (!time) {
          ++pulled.bad;
          return;
        }
        at = *time;
        continue;
      }
      if (column == "body") body = *values[i];
      names.take_label(column, *values[i]);
      append_json(attributes.next(columns[i]), *values[i]);
    }
    append_row(pulled.rows, names, options_.names, at, body, attributes.finish());
  }

  SourceOptions options_;
};

}  // namespace

std::unique_ptr<Source> make_postgresql(const SourceOptions& options) {
  return std::make_unique<Postgresql>(options);
}

}  // namespace rollcall::sources
