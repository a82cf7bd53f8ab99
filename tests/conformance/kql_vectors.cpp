// KQL's answers against Kusto's own: queries with the columns, types and rows that the emulator,
// the documentation and another implementation's tests give. Rows are compared as a multiset; reals
// nearly, dynamics as JSON. Where a vector is marked as not deterministic, columns, types and the
// number of rows count.
#include "conformance/kql_vectors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/text.hpp"
#include "conformance/conformance.hpp"
#include "kql/values.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::conformance {
namespace {

using warehouse::Cell;
using warehouse::Table;

bool near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= 1e-6 * std::max({1.0, std::abs(a), std::abs(b)});
}

std::string text_of(const json::value& value) {
  if (value.is_null()) return "";
  return value.is_string() ? std::string(value.get_string()) : kql::json_text(value);
}

bool same_json(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return near(a.to_number<double>(), b.to_number<double>());
  if (a.is_array() && b.is_array()) {
    return std::ranges::equal(a.get_array(), b.get_array(), same_json);
  }
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    return std::ranges::all_of(a.get_object(), [&](const auto& member) {
      const auto* other = b.get_object().if_contains(member.key());
      return other != nullptr && same_json(member.value(), *other);
    });
  }
  if (a.is_string() && b.is_string() && a.get_string().size() > 18) {
    const auto x = kql::parse_datetime(a.get_string()), y = kql::parse_datetime(b.get_string());
    if (x && y) return x == y;
  }
  return a == b;
}

bool same_dynamic(const std::string& got, const json::value& expected) {
  const auto value = kql::read_json(got).value_or(json::value(json::string(got)));
  if (same_json(value, expected)) return true;
  if (!expected.is_string()) return false;
  const auto inner = kql::read_json(expected.get_string());
  return inner && same_json(value, *inner);
}

bool same_cell(const Cell& got, const json::value& expected, kql::Type type) {
  const std::string want = text_of(expected);
  if (type == kql::Type::string)
    return (warehouse::is_null(got) ? "" : std::get<std::string>(got)) == want;
  if (warehouse::is_null(got))
    return expected.is_null() || want.empty() || want == "(null)" || want == "null";
  if (expected.is_null()) return false;
  switch (type) {
    case kql::Type::boolean: {
      const auto truth = kql::parse_bool(want);
      return truth && *truth == std::get<bool>(got);
    }
    case kql::Type::integer:
    case kql::Type::long_integer:
      return kql::parse_long(want) == std::get<std::int64_t>(got);
    case kql::Type::decimal: {
      const auto number = kql::parse_real(want),
                 found = kql::parse_real(std::get<std::string>(got));
      return number && found && near(*number, *found);
    }
    case kql::Type::real: {
      const auto number = kql::parse_real(want);
      return number && near(*number, std::get<double>(got));
    }
    case kql::Type::datetime:
      return kql::parse_datetime(want) == std::get<Timestamp>(got).ticks;
    case kql::Type::timespan:
      return kql::parse_timespan(want) == std::get<Timespan>(got).ticks;
    case kql::Type::dynamic:
      return same_dynamic(std::get<std::string>(got), expected);
    case kql::Type::guid:
      return std::get<std::string>(got) == to_lower(want);
    case kql::Type::string:
    case kql::Type::unknown:
      break;
  }
  return false;
}

bool same_row(const Table& table, std::size_t row, const json::array& expected) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i >= expected.size() || !same_cell(table.at(row, i), expected[i], table.columns[i].type))
      return false;
  }
  return true;
}

// The first difference, or nothing.
std::string difference(const Table& table, const json::value& vector) {
  const auto& columns = vector.at("columns").as_array();
  const auto& types = vector.at("types").as_array();
  if (columns.size() != table.columns.size())
    return fmt::format("{} columns, not {}", table.columns.size(), columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (text_of(columns[i]) != table.columns[i].name)
      return fmt::format("column {} is '{}', not '{}'", i, table.columns[i].name,
                         text_of(columns[i]));
    if (text_of(types[i]) != name_of(table.columns[i].type)) {
      return fmt::format("column '{}' is a {}, not a {}", table.columns[i].name,
                         name_of(table.columns[i].type), text_of(types[i]));
    }
  }
  const auto* raw = find(vector, "raw_rows");
  const auto& rows = (raw != nullptr ? *raw : vector.at("rows")).as_array();
  if (rows.size() != table.row_count())
    return fmt::format("{} rows, not {}", table.row_count(), rows.size());
  const auto note = text_or(vector, "note");
  if (note.contains("nondeterministic") || note.contains("take")) return "";
  std::vector<bool> used(rows.size(), false);
  for (std::size_t r = 0; r < table.row_count(); ++r) {
    bool found = false;
    for (std::size_t k = 0; k < rows.size() && !found; ++k) {
      if (used[k] || !same_row(table, r, rows[k].as_array())) continue;
      used[k] = found = true;
    }
    if (!found) return fmt::format("row {} is not among those expected", r);
  }
  return "";
}

// How another implementation's tests show a row: cells joined by commas, without quotes.
std::string shown(const Cell& cell, kql::Type type) {
  if (warehouse::is_null(cell)) return type == kql::Type::dynamic ? "" : "<null>";
  if (const auto* truth = std::get_if<bool>(&cell)) return *truth ? "True" : "False";
  if (const auto* number = std::get_if<double>(&cell)) {
    std::string text = kql::real_text(*number);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
  }
  if (const auto* time = std::get_if<Timestamp>(&cell)) {
    std::string text = format_iso_seconds(*time);
    text[10] = ' ';
    text.pop_back();
    return text;
  }
  if (type == kql::Type::dynamic) {
    const auto value = kql::read_json(std::get<std::string>(cell));
    if (value && value->is_string()) return std::string(value->get_string());
  }
  return warehouse::to_text(cell);
}

std::string squashed(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') out += c;
  return out;
}

std::string text_difference(const Table& table, const json::value& vector) {
  const std::string_view match = text_or(vector, "match");
  std::vector<std::string> lines;
  for (std::size_t r = 0; r < table.row_count(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      line += (i > 0 ? "," : "") + shown(table.at(r, i), table.columns[i].type);
    lines.push_back(std::move(line));
  }
  std::string got = lines.empty() ? "" : lines.back();
  std::string want(text_or(vector, "expected"));
  if (match.starts_with("Result")) {
    got.clear();
    for (const auto& line : lines) got += (got.empty() ? "" : "\n") + line;
  }
  if (match.starts_with("Squashed")) {
    got = squashed(got);
    want = squashed(want);
  }
  bool good = got == want;
  if (match.ends_with(".Contain")) good = got.contains(want);
  if (match.ends_with(".StartWith")) good = got.starts_with(want);
  if (match.ends_with(".NotBe")) good = got != want;
  return good ? "" : fmt::format("'{}' instead of '{}'", got.substr(0, 120), want.substr(0, 120));
}

}  // namespace

std::string judge(const Result<std::vector<Table>>& tables, const json::value& vector) {
  if (!tables) return tables.error().code + " " + tables.error().message;
  if (const auto* columns = find(vector, "columns"); columns != nullptr && columns->is_array()) {
    return difference(tables->front(), vector);
  }
  return text_difference(tables->front(), vector);
}

namespace {

// Whether Kusto answers it, and answers the same again: nothing by chance, no text that the official parser rejects, no test
// that its own authors pass over.
bool is_deterministic(const json::value& vector) {
  const auto note = text_or(vector, "note");
  const auto* accepted = find(vector, "official_ok");
  return !note.contains("nondeterministic") && !note.contains("take") &&
         !note.contains("official-parser-rejects") && !note.contains("ignored-upstream") &&
         (accepted == nullptr || accepted->as_bool());
}

// The emulator's answers by id: where a page of the documentation shows another, the emulator counts.
std::map<std::string, json::value, std::less<>> emulator_answers(Run& run) {
  std::map<std::string, json::value, std::less<>> answers;
  for (auto& vector : run.lines("kql/emulator_vectors.jsonl")) {
    std::string id(text_or(vector, "id"));
    answers.emplace(std::move(id), std::move(vector));
  }
  return answers;
}

bool is_special(std::string_view query) {
  return std::ranges::any_of(std::array{"geo_", "graph", "autocluster", "basket", "diffpatterns"},
                             [&](std::string_view word) { return query.contains(word); });
}

void run_vectors(Run& run, const char* file) {
  const auto opened = warehouse::open_embedded({});
  if (!opened) return run.missing("the embedded warehouse");
  warehouse::QueryOptions options;
  options.now = vectors_now;
  const auto answers = emulator_answers(run);
  for (const auto& vector : run.lines(std::filesystem::path("kql") / file)) {
    const auto tables = (*opened)->query_all(text_or(vector, "query"), options);
    const auto why = judge(tables, vector);
    run.check(why.empty(), std::string(text_or(vector, "id")), why.substr(0, why.find('\n')));
    const auto answer = answers.find(text_or(vector, "emulator_id"));
    const bool right =
        why.empty() || (answer != answers.end() && judge(tables, answer->second).empty());
    if (is_deterministic(vector))
      run.part("deterministic, by the emulator's answer where it has one", right);
    if (!is_special(text_or(vector, "query")))
      run.part("without geo, graph, pattern plugins", right);
  }
}

const Suite emulator{"kql/emulator_vectors",
                     [](Run& run) { run_vectors(run, "emulator_vectors.jsonl"); }};
const Suite documentation{"kql/doc_vectors",
                          [](Run& run) { run_vectors(run, "doc_vectors.jsonl"); }};
const Suite loco{"kql/loco_vectors", [](Run& run) { run_vectors(run, "loco_vectors.jsonl"); }};

}  // namespace
}  // namespace rollcall::conformance
