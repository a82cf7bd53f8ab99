#include "lists/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.hpp"
#include "base/json_text.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace rollcall::lists {
namespace {

constexpr double exact_integers = 9007199254740992.0;  // 2^53

std::string shown(const json::value& value) {
  auto text = json::serialize(value);
  if (text.size() > 60) {
    text.erase(57);
    text += "...";
  }
  return text;
}

std::unexpected<Error> misfit(const Column& column, const json::value& value,
                              std::string_view wanted) {
  return fail("LIST0104",
              fmt::format("column '{}' wants {}, not {}", column.name, wanted, shown(value)));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

Result<sql::Value> text_value(const Column& column, const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr) return misfit(column, value, "a text");
  const std::string_view view(text->data(), text->size());
  if (view.contains('\0')) return misfit(column, value, "a text without the character U+0000");
  if (!is_utf8(view)) return misfit(column, "…", "a text in UTF-8");
  if (column.type == ColumnType::note) {
    const auto limit = column.max_length != 0 ? column.max_length : max_note_bytes;
    if (view.size() > limit) {
      return fail("LIST0104", fmt::format("column '{}' takes at most {} bytes, not {}", column.name,
                                          limit, view.size()));
    }
  } else {
    const auto limit = column.max_length != 0 ? column.max_length : max_text_characters;
    if (view.size() > limit && characters(view) > limit) {
      return fail("LIST0104", fmt::format("column '{}' takes at most {} characters, not {}",
                                          column.name, limit, characters(view)));
    }
  }
  if (column.required && view.empty())
    return fail("LIST0107", fmt::format("column '{}' is required", column.name));
  return std::string(view);
}

Result<sql::Value> choice_value(const Column& column, const json::value& value) {
  // The connector's form: {"Value": "Dev"}.
  if (const auto* inner = find(value, "Value")) return choice_value(column, *inner);
  if (value.is_null() && !column.required) return sql::Value();
  TRY(auto text, text_value(column, value));
  const auto& choices = column.choices;
  const auto& chosen = std::get<std::string>(text);
  if (chosen.empty()) return sql::Value();
  if (!choices.empty() && std::find(choices.begin(), choices.end(), chosen) == choices.end()) {
    return misfit(column, value, fmt::format("one of {}", fmt::join(choices, ", ")));
  }
  return text;
}

Result<sql::Value> number_value(const Column& column, const json::value& value) {
  double number = 0;
  if (value.is_double()) {
    number = value.get_double();
  } else if (value.is_int64()) {
    number = static_cast<double>(value.get_int64());
  } else if (value.is_uint64()) {
    number = static_cast<double>(value.get_uint64());
  } else if (value.is_string()) {
    const auto text = trim(std::string_view(value.get_string().data(), value.get_string().size()));
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size())
      return misfit(column, value, "a number");
  } else {
    return misfit(column, value, "a number");
  }
  if (!std::isfinite(number)) return misfit(column, value, "a finite number");
  return number;
}

Result<sql::Value> integer_value(const Column& column, const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) {
    const double number = value.get_double();
    if (std::trunc(number) == number && std::abs(number) <= exact_integers)
      return static_cast<std::int64_t>(number);
  }
  if (value.is_string()) {
    const auto text = trim(std::string_view(value.get_string().data(), value.get_string().size()));
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return number;
  }
  return misfit(column, value, "an integer");
}

Result<sql::Value> boolean_value(const Column& column, const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (value.is_int64() && (value.get_int64() == 0 || value.get_int64() == 1))
    return value.get_int64() == 1;
  if (value.is_string()) {
    const std::string_view text(value.get_string().data(), value.get_string().size());
    if (equals_ignoring_case(text, "true")) return true;
    if (equals_ignoring_case(text, "false")) return false;
  }
  return misfit(column, value, "true or false");
}

Result<sql::Value> datetime_value(const Column& column, const json::value& value) {
  if (value.is_string()) {
    if (const auto time =
            parse_iso(std::string_view(value.get_string().data(), value.get_string().size()))) {
      return time->ticks;
    }
  }
  return misfit(column, value, "a date and time such as \"2026-01-31T10:00:00Z\"");
}

Result<sql::Value> json_value(const Column& column, const json::value& value) {
  auto text = json::serialize(value);
  const auto limit = column.max_length != 0 ? column.max_length : max_note_bytes;
  if (text.size() > limit) {
    return fail("LIST0104", fmt::format("column '{}' takes at most {} bytes of JSON, not {}",
                                        column.name, limit, text.size()));
  }
  if (!parse_json(text)) return misfit(column, "…", "JSON in UTF-8, and not nested so deeply");
  return text;
}

// ["a", {"Value": "b"}], "a", or "a;#b" as SharePoint writes it; kept as a JSON array without
// repetitions.
Result<sql::Value> multichoice_value(const Column& column, const json::value& value) {
  json::array given;
  if (const auto* array = value.if_array()) {
    given = *array;
  } else if (const auto* text = value.if_string()) {
    std::string_view rest(text->data(), text->size());
    for (bool more = true; more;) {
      const auto end = rest.find(";#");
      more = end != std::string_view::npos;
      if (const auto part = rest.substr(0, end); !part.empty())
        given.emplace_back(json::string_view(part.data(), part.size()));
      rest.remove_prefix(more ? end + 2 : rest.size());
    }
  } else {
    return misfit(column, value, "an array of choices");
  }
  json::array chosen;
  for (const auto& one : given) {
    TRY(const auto choice, choice_value(column, one));
    const auto* text = std::get_if<std::string>(&choice);
    if (text == nullptr) continue;
    if (std::find(chosen.begin(), chosen.end(), json::value(*text)) == chosen.end())
      chosen.emplace_back(*text);
  }
  if (!chosen.empty()) return json::serialize(chosen);
  if (column.required) return fail("LIST0107", fmt::format("column '{}' is required", column.name));
  return sql::Value();
}

// 3, "3", {"Id": 3}: the other item's ID.
Result<sql::Value> lookup_value(const Column& column, const json::value& value) {
  for (const char* name : {"Id", "ID"}) {
    if (const auto* inner = find(value, name)) return lookup_value(column, *inner);
  }
  if (value.is_null()) return sql::Value();
  TRY(auto id, integer_value(column, value));
  if (std::get<std::int64_t>(id) < 1) return misfit(column, value, "the ID of an item");
  return id;
}

// "person:ada", {"Claims": …} or {"Email": …}, as connectors give them.
Result<sql::Value> person_value(const Column& column, const json::value& value) {
  for (const char* name : {"Claims", "Name", "Email", "EMail"}) {
    if (const auto* inner = find(value, name)) return person_value(column, *inner);
  }
  return text_value(column, value);
}

// "https://…", "https://…, what is shown", or an object.
Result<sql::Value> hyperlink_value(const Column& column, const json::value& value) {
  json::object link;
  if (const auto* text = value.if_string()) {
    const std::string_view view(text->data(), text->size());
    const auto comma = view.find(", ");
    link = {{"Url", view.substr(0, comma)},
            {"Description", comma == std::string_view::npos ? view : view.substr(comma + 2)}};
  } else if (const auto url = text_or(value, "Url"); !url.empty()) {
    link = {{"Url", url}, {"Description", text_or(value, "Description", url)}};
  } else {
    return misfit(column, value, R"({"Url": …, "Description": …})");
  }
  return json_value(column, link);
}

json::value number_to_json(double number) {
  if (std::trunc(number) == number && std::abs(number) < exact_integers)
    return static_cast<std::int64_t>(number);
  return number;
}

// Whole seconds without a fraction.
std::string time_text(Timestamp time) {
  return time.ticks % ticks_per_second == 0 ? format_iso_seconds(time) : format_iso(time);
}

json::value json_of(std::string_view text) {
  return parse_json(text).value_or(nullptr);  // what is written parses
}

}  // namespace

sql::Type storage(ColumnType type) {
  switch (type) {
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::choice:
    case ColumnType::json:
    case ColumnType::multichoice:
    case ColumnType::person:
    case ColumnType::hyperlink:
      return sql::Type::text;
    case ColumnType::number:
    case ColumnType::currency:
      return sql::Type::real;
    case ColumnType::integer:
    case ColumnType::datetime:
    case ColumnType::lookup:
      return sql::Type::bigint;
    case ColumnType::boolean:
      return sql::Type::boolean;
  }
  return sql::Type::text;
}

Result<sql::Value> to_sql(const Column& column, const json::value& value) {
  const bool is_text = column.type == ColumnType::text || column.type == ColumnType::note;
  const bool empty = value.is_null() || (!is_text && column.type != ColumnType::json &&
                                         value.is_string() && value.get_string().empty());
  if (empty) {
    if (column.required)
      return fail("LIST0107", fmt::format("column '{}' is required", column.name));
    return sql::Value();
  }
  switch (column.type) {
    case ColumnType::text:
    case ColumnType::note:
      return text_value(column, value);
    case ColumnType::choice:
      return choice_value(column, value);
    case ColumnType::number:
    case ColumnType::currency:
      return number_value(column, value);
    case ColumnType::integer:
      return integer_value(column, value);
    case ColumnType::multichoice:
      return multichoice_value(column, value);
    case ColumnType::lookup:
      return lookup_value(column, value);
    case ColumnType::person:
      return person_value(column, value);
    case ColumnType::hyperlink:
      return hyperlink_value(column, value);
    case ColumnType::boolean:
      return boolean_value(column, value);
    case ColumnType::datetime:
      return datetime_value(column, value);
    case ColumnType::json:
      return json_value(column, value);
  }
  CHECK(false);
}

void append_json(std::string& out, const FieldView& field) {
  if (std::holds_alternative<std::monostate>(field.value)) {
    out += "null";
    return;
  }
  switch (field.type) {
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::choice:
    case ColumnType::person:
      return rollcall::append_json(out, std::get<std::string_view>(field.value));
    case ColumnType::json:
    case ColumnType::multichoice:
    case ColumnType::hyperlink:
      out += std::get<std::string_view>(field.value);
      return;
    case ColumnType::number:
    case ColumnType::currency:
      out += json::serialize(number_to_json(std::get<double>(field.value)));
      return;
    case ColumnType::integer:
    case ColumnType::lookup:
      return rollcall::append_json(out, std::get<std::int64_t>(field.value));
    case ColumnType::datetime:
      out += '"';
      out += time_text({std::get<std::int64_t>(field.value)});
      out += '"';
      return;
    case ColumnType::boolean:
      out += std::get<bool>(field.value) ? "true" : "false";
      return;
  }
  CHECK(false);
}

json::value to_json(ColumnType type, const store::Argument& value) {
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  switch (type) {
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::choice:
    case ColumnType::person:
      return json::string(std::get<std::string_view>(value));
    case ColumnType::json:
    case ColumnType::multichoice:
    case ColumnType::hyperlink:
      return json_of(std::get<std::string_view>(value));
    case ColumnType::number:
    case ColumnType::currency:
      return number_to_json(std::get<double>(value));
    case ColumnType::integer:
    case ColumnType::lookup:
      return std::get<std::int64_t>(value);
    case ColumnType::datetime:
      return json::string(time_text({std::get<std::int64_t>(value)}));
    case ColumnType::boolean:
      return std::get<bool>(value);
  }
  CHECK(false);
}

store::Argument look_at(ColumnType type, const store::Row& row, std::size_t index) {
  if (row.is_null(index)) return {};
  switch (type) {
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::choice:
    case ColumnType::json:
    case ColumnType::multichoice:
    case ColumnType::person:
    case ColumnType::hyperlink:
      return row.text(index);
    case ColumnType::number:
    case ColumnType::currency:
      return row.real(index);
    case ColumnType::integer:
    case ColumnType::datetime:
    case ColumnType::lookup:
      return row.integer(index);
    case ColumnType::boolean:
      return row.boolean(index);
  }
  CHECK(false);
}

sql::Value read_value(ColumnType type, const store::Row& row, std::size_t index) {
  if (row.is_null(index)) return {};
  switch (type) {
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::choice:
    case ColumnType::json:
    case ColumnType::multichoice:
    case ColumnType::person:
    case ColumnType::hyperlink:
      return std::string(row.text(index));
    case ColumnType::number:
    case ColumnType::currency:
      return row.real(index);
    case ColumnType::integer:
    case ColumnType::datetime:
    case ColumnType::lookup:
      return row.integer(index);
    case ColumnType::boolean:
      return row.boolean(index);
  }
  CHECK(false);
}

}  // namespace rollcall::lists
