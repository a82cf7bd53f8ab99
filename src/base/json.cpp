#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace rollcall {
namespace {

void write(std::string& out, const json::value& value, std::size_t level) {
  const auto line = [&](std::size_t depth) {
    out += '\n';
    out.append(2 * depth, ' ');
  };
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!std::exchange(first, false)) out += ',';
      line(level + 1);
      out += json::serialize(json::string_view(member.key()));
      out += ": ";
      write(out, member.value(), level + 1);
    }
    line(level);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& element : *array) {
      if (!std::exchange(first, false)) out += ',';
      line(level + 1);
      write(out, element, level + 1);
    }
    line(level);
    out += ']';
  } else if (const auto* real = value.if_double(); real != nullptr && std::isfinite(*real)) {
    const auto text = fmt::format("{}", *real);  // Boost would write 4.0 as 4E0
    out += text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t max_depth) {
  json::parse_options options;
  options.max_depth = max_depth;
  std::array<unsigned char, 4096> working_memory;  // enough for most, without an allocation
  json::stream_parser parser(json::storage_ptr{}, options, working_memory.data(),
                             working_memory.size());
  boost::system::error_code error;
  const std::size_t consumed = parser.write_some(text.data(), text.size(), error);
  if (!error && consumed < text.size()) error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (!error) return parser.release();
  const auto before = text.substr(0, consumed);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const auto column = consumed - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return fail(
      "JSON",
      fmt::format("not valid JSON at line {}, column {}: {}", line, column, error.message()),
      Span{static_cast<std::uint32_t>(consumed), 1});
}

std::string pretty(const json::value& value) {
  std::string out;
  write(out, value, 0);
  out += '\n';
  return out;
}

const json::value* find(const json::object& object, std::string_view key) {
  return object.if_contains(key);
}

const json::value* find(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : find(*object, key);
}

std::string_view text_or(const json::object& object, std::string_view key,
                         std::string_view otherwise) {
  const auto* member = find(object, key);
  const auto* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? otherwise : std::string_view(text->data(), text->size());
}

std::string_view text_or(const json::value& value, std::string_view key,
                         std::string_view otherwise) {
  const auto* object = value.if_object();
  return object == nullptr ? otherwise : text_or(*object, key, otherwise);
}

}  // namespace rollcall
