#include "warehouse/command_text.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace rollcall::warehouse {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::unexpected<Error> lacks(std::string_view what) {
  return fail("WAREHOUSE0402", fmt::format("the command lacks {}", what));
}

std::string unescape(std::string_view raw) {
  std::string out;
  constexpr std::string_view kinds = "ntr0", meanings("\n\t\r\0", 4);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      out += raw[i];
      continue;
    }
    const auto known = kinds.find(raw[++i]);
    out += known == std::string_view::npos ? raw[i] : meanings[known];
  }
  return out;
}

}  // namespace

void CommandText::skip_space() {
  for (;;) {
    while (!rest_.empty() &&
           std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos)
      rest_.remove_prefix(1);
    if (!rest_.starts_with("//")) return;
    rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
  }
}

bool CommandText::at(std::string_view word) {
  skip_space();
  if (!equals_ignoring_case(rest_.substr(0, word.size()), word)) return false;
  const bool is_word = is_name_char(word.back());
  return !(is_word && rest_.size() > word.size() &&
           (is_name_char(rest_[word.size()]) || rest_[word.size()] == '-'));
}

bool CommandText::take(std::string_view word) {
  if (!at(word)) return false;
  rest_.remove_prefix(word.size());
  return true;
}

Result<void> CommandText::expect(std::string_view word) {
  if (take(word)) return {};
  return lacks(fmt::format("`{}`", word));
}

Result<std::string> CommandText::name(std::string_view what) {
  skip_space();
  if (rest_.starts_with("['") || rest_.starts_with("[\"")) {
    auto at = *this;
    at.rest_.remove_prefix(1);
    auto quoted = at.text(what);
    if (!quoted || !at.take("]")) return lacks(what);
    *this = at;
    return quoted;
  }
  std::size_t length = 0;
  while (length < rest_.size() && is_name_char(rest_[length])) ++length;
  if (length == 0) return lacks(what);
  std::string plain(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return plain;
}

Result<std::vector<std::string>> CommandText::names(std::string_view what) {
  TRY_DO(expect("("));
  std::vector<std::string> all;
  do {
    TRY(auto one, name(what));
    all.push_back(std::move(one));
  } while (take(","));
  TRY_DO(expect(")"));
  return all;
}

Result<std::string> CommandText::text(std::string_view what) {
  skip_space();
  auto at = rest_;
  if (at.starts_with("```")) {
    const auto end = at.find("```", 3);
    if (end == std::string_view::npos) return lacks("the closing ```");
    rest_.remove_prefix(end + 3);
    return std::string(at.substr(3, end - 3));
  }
  if (at.size() > 1 && (at[0] == 'h' || at[0] == 'H') &&
      (at[1] == '"' || at[1] == '\'' || at[1] == '@'))
    at.remove_prefix(1);
  const bool verbatim = at.starts_with('@');
  if (verbatim) at.remove_prefix(1);
  if (!at.starts_with('"') && !at.starts_with('\'')) {
    const auto length = std::min(rest_.find_first_of(" \t\r\n,;)"), rest_.size());
    if (length == 0 || verbatim) return lacks(what);
    std::string bare(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return bare;
  }
  std::size_t end = 1;
  while (end < at.size() && at[end] != at[0]) end += !verbatim && at[end] == '\\' ? 2U : 1U;
  if (end >= at.size()) return lacks(fmt::format("the quote that closes {}", what));
  const auto raw = at.substr(1, end - 1);
  rest_ = at.substr(end + 1);
  return verbatim ? std::string(raw) : unescape(raw);
}

Result<std::vector<Column>> CommandText::columns() {
  if (!take("(")) return lacks("the columns: (name:type, …)");
  std::vector<Column> all;
  do {
    TRY(auto column, name("a column's name"));
    if (!take(":")) return fail("WAREHOUSE0402", fmt::format("column {} lacks its type", column));
    TRY(const auto type_name, name("a type"));
    const auto type = kql::type_named(type_name);
    if (!type)
      return fail("WAREHOUSE0402",
                  fmt::format("column {}: there is no type {}", column, type_name));
    all.push_back({std::move(column), *type});
  } while (take(","));
  if (!take(")")) return fail("WAREHOUSE0402", "the list of columns is not closed");
  return all;
}

Result<CommandText::Properties> CommandText::properties() {
  Properties all;
  if (!take("with")) return all;
  TRY_DO(expect("("));
  while (!take(")")) {
    TRY(const auto key, name("a property's name"));
    TRY_DO(expect("="));
    TRY(all[to_lower(key)], text("a property's value"));
    if (!take(",") && !at(")")) return lacks("the `)` that closes its properties");
  }
  return all;
}

Result<void> CommandText::end() {
  skip_space();
  if (rest_.empty() || rest_ == ";") return {};
  return fail("WAREHOUSE0402",
              fmt::format("the command was expected to end before '{}'", rest_.substr(0, 40)));
}

std::string_view CommandText::rest() {
  skip_space();
  return rest_;
}

}  // namespace rollcall::warehouse
