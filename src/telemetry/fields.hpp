// One line becomes its fields: a JSON object's members, or a CSV record's values. Texts are borrowed from the line, or from
// an arena that holds what had to be unescaped; both live until the next line.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/reader.hpp"

namespace rollcall::telemetry {

struct FieldView {
  std::string_view name;
  Field::Kind kind = Field::Kind::null;
  std::string_view text;
};

// The reason why a line is a bad one.
template <class T>
using OrReason = std::expected<T, std::string>;

class FieldParser {
 public:
  // A line of NDJSON: one object. Nested values come as compact JSON text.
  OrReason<void> parse_json_line(std::string_view line);
  // A record of CSV (RFC 4180) without its line end; its fields have no names.
  OrReason<void> parse_csv_record(std::string_view record);
  std::vector<FieldView>& fields() { return fields_; }

 private:
  std::vector<FieldView> fields_;
  std::string arena_;
};

// The text as a JSON string, with its quotes.
void append_json_string(std::string& out, std::string_view text);
// The document without its spaces; nullopt when the text is no JSON document.
std::optional<std::string> compact_json(std::string_view text);

}  // namespace rollcall::telemetry
