#include "sql/copy.hpp"

namespace rollcall::sql {
namespace {

void append_quoted(std::string& text, std::string_view value) {
  text += '\'';
  for (const char c : value) text.append(c == '\'' ? 2 : 1, c);
  text += '\'';
}

}  // namespace

Rendered render(const CopyToParquet& copy) {
  Rendered rendered = render(*copy.query, Dialect::duckdb);
  rendered.text = "COPY (" + rendered.text + ") TO ";
  append_quoted(rendered.text, copy.file);
  rendered.text += " (FORMAT parquet, COMPRESSION zstd)";
  return rendered;
}

std::string set_texts(std::string_view setting, const std::vector<std::string>& texts) {
  std::string text = "SET " + std::string(setting) + " = [";
  for (const auto& one : texts) {
    if (text.back() != '[') text += ", ";
    append_quoted(text, one);
  }
  return text + "]";
}

}  // namespace rollcall::sql
