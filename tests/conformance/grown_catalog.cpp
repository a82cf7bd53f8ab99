#include "conformance/grown_catalog.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.hpp"
#include "kql/lexer.hpp"

namespace rollcall::conformance {
namespace {

constexpr int most_rounds = 60;

// The name in quotes of "unknown column 'Level'".
std::string quoted_name(std::string_view message) {
  const std::size_t begin = message.find('\''), end = message.find('\'', begin + 1);
  return end == message.npos ? "" : std::string(message.substr(begin + 1, end - begin - 1));
}

kql::Type type_of_name(std::string_view name) {
  const std::string lower = to_lower(name);
  return lower.find("time") != lower.npos || lower.find("date") != lower.npos ? kql::Type::datetime
                                                                              : kql::Type::string;
}

// Makes what the diagnostic misses; false when that is no name.
bool supply(kql::Catalog& catalog, const kql::Diagnostic& diagnostic) {
  const bool any_table = diagnostic.message.contains("no table to search in");
  const std::string name = any_table ? "Searched" : quoted_name(diagnostic.message);
  if (name.empty()) return false;
  if (any_table)
    return catalog.tables
        .emplace(name, kql::Table{name, {{"TimeGenerated", kql::Type::datetime}}, true, ""})
        .second;
  if (diagnostic.code == "KQL0101") {
    return catalog.tables
        .emplace(name, kql::Table{name, {{"TimeGenerated", kql::Type::datetime}}, true, ""})
        .second;
  }
  if (diagnostic.code != "KQL0103" || catalog.tables.empty()) return false;
  bool added = false;
  for (auto& [table_name, table] : catalog.tables) {
    if (std::ranges::find(table.columns, name, &kql::Column::name) != table.columns.end()) continue;
    table.columns.push_back({name, type_of_name(name)});
    added = true;
  }
  return added;
}

std::optional<kql::Type> wanted_type(std::string_view message) {
  static constexpr std::pair<std::string_view, kql::Type> signs[] = {
      {"has no member", kql::Type::dynamic},
      {"has no elements", kql::Type::dynamic},
      {"a dynamic is wanted", kql::Type::dynamic},
      {"numbers, not a string", kql::Type::long_integer},
      {"a string with a long", kql::Type::long_integer},
      {"no string and", kql::Type::long_integer},
      {"and string", kql::Type::long_integer},
      {"order strings", kql::Type::long_integer},
      {"real is wanted", kql::Type::real},
      {"a bool is wanted", kql::Type::boolean},
      {"a condition is a bool", kql::Type::boolean}};
  for (const auto& [sign, type] : signs) {
    if (message.find(sign) != message.npos) return type;
  }
  return std::nullopt;
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// A string column that the complaint is about becomes what is wanted there; once for each name.
bool retype(kql::Catalog& catalog, const kql::Diagnostic& diagnostic, std::string_view query) {
  const auto type = wanted_type(diagnostic.message);
  if (!type) return false;
  kql::Diagnostics none;
  bool changed = false;
  const std::size_t end = diagnostic.span.offset + diagnostic.span.length;
  std::size_t begin = diagnostic.span.offset;  // a member's complaint begins behind its column
  while (begin > 0 && (is_name_character(query[begin - 1]) || query[begin - 1] == '.')) --begin;
  for (const auto& token : kql::tokenize(query.substr(begin, end - begin), none)) {
    for (auto& [table_name, table] : catalog.tables) {
      for (auto& column : table.columns) {
        if (column.name != token.text || column.type != kql::Type::string) continue;
        column.type = *type;
        changed = true;
      }
    }
  }
  return changed;
}

}  // namespace

std::expected<Grown, kql::Diagnostic> grow_catalog(std::string_view query,
                                                   const kql::Options& options) {
  Grown grown;
  kql::Diagnostic first;
  for (int round = 0; round < most_rounds; ++round) {
    auto compiled = kql::compile(query, grown.catalog, options);
    if (compiled) {
      grown.compiled = *std::move(compiled);
      return grown;
    }
    bool supplied = false;
    for (const auto& diagnostic : compiled.error()) {
      supplied =
          supply(grown.catalog, diagnostic) || retype(grown.catalog, diagnostic, query) || supplied;
    }
    first = compiled.error().front();
    if (!supplied) break;
  }
  return std::unexpected(std::move(first));
}

}  // namespace rollcall::conformance
