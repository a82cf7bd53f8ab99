// Arrays, objects and texts as collections.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "expr/compare.hpp"
#include "expr/functions.hpp"
#include "expr/limits.hpp"
#include "expr/text.hpp"

namespace rollcall::expr {
namespace {

constexpr std::string_view array_or_text = "an array or a text";

// The element on its own: borrowed when the array is.
Value element(Value array, std::size_t i) {
  if (array.borrowed()) return Value::borrow(array->get_array()[i]);
  json::value all = std::move(array).take();
  return std::move(all.get_array()[i]);
}

std::string_view text_part(std::string_view text, std::size_t from, std::size_t to) {
  const std::size_t first = utf16_offset(text, from);
  return text.substr(first, utf16_offset(text, to) - first);
}

// Elements seen so far, to find an equal one without comparing with all.
class Elements {
 public:
  bool contains(const json::value& value) const {
    const auto [from, to] = by_hash_.equal_range(element_hash(value));
    return std::any_of(from, to, [&](auto& entry) { return same_element(*entry.second, value); });
  }
  // False: it was there. The value must outlive this.
  bool insert(const json::value& value) {
    if (contains(value)) return false;
    by_hash_.emplace(element_hash(value), &value);
    return true;
  }

 private:
  std::unordered_multimap<std::size_t, const json::value*> by_hash_;
};

Result<Value> contains(Arguments& arguments) {
  const json::value& collection = arguments[0];
  const json::value& sought = arguments[1];
  if (const json::string* text = collection.if_string()) {
    std::string part;
    TRY_DO(append_text(part, sought));
    return json::value(view(*text).find(part) != std::string_view::npos);
  }
  if (const json::array* array = collection.if_array())
    return json::value(
        std::ranges::any_of(*array, [&](auto& value) { return equal(value, sought); }));
  if (const json::object* object = collection.if_object()) {
    TRY(const std::string_view name, arguments.text(1));
    return json::value(find_member(*object, name) != nullptr);
  }
  return arguments.wrong(0, "an object, an array or a text");
}

Result<Value> empty(Arguments& arguments) {
  const json::value& collection = arguments[0];
  if (collection.is_null()) return json::value(true);
  if (const json::string* text = collection.if_string()) return json::value(text->empty());
  if (const json::array* array = collection.if_array()) return json::value(array->empty());
  if (const json::object* object = collection.if_object()) return json::value(object->empty());
  return arguments.wrong(0, "an object, an array or a text");
}

Result<Value> length(Arguments& arguments) {
  const json::value& collection = arguments[0];
  if (const json::string* text = collection.if_string())
    return json::value(static_cast<std::int64_t>(utf16_length(view(*text))));
  if (const json::array* array = collection.if_array())
    return json::value(static_cast<std::int64_t>(array->size()));
  return arguments.wrong(0, array_or_text);
}

Result<Value> first(Arguments& arguments) {
  if (const json::string* text = arguments[0].if_string())
    return text_value(text_part(view(*text), 0, 1));
  if (!arguments[0].is_array()) return arguments.wrong(0, array_or_text);
  if (arguments[0].get_array().empty()) return Value();
  return element(std::move(arguments.values[0]), 0);
}

Result<Value> last(Arguments& arguments) {
  if (const json::string* text = arguments[0].if_string()) {
    const std::size_t units = utf16_length(view(*text));
    return text_value(text_part(view(*text), units == 0 ? 0 : units - 1, units));
  }
  if (!arguments[0].is_array()) return arguments.wrong(0, array_or_text);
  const std::size_t size = arguments[0].get_array().size();
  if (size == 0) return Value();
  return element(std::move(arguments.values[0]), size - 1);
}

Result<std::size_t> count_argument(const Arguments& arguments, std::size_t i) {
  TRY(const std::int64_t count, arguments.integer(i));
  if (count < 0) return arguments.wrong(i, "a positive whole number");
  return static_cast<std::size_t>(count);
}

json::array copy(const json::array& array, std::size_t from, std::size_t to) {
  return json::array(array.begin() + static_cast<std::ptrdiff_t>(from),
                     array.begin() + static_cast<std::ptrdiff_t>(to));
}

Result<Value> take(Arguments& arguments) {
  TRY(const std::size_t count, count_argument(arguments, 1));
  if (const json::string* text = arguments[0].if_string())
    return text_value(text_part(view(*text), 0, count));
  if (!arguments[0].is_array()) return arguments.wrong(0, array_or_text);
  const json::array& array = arguments[0].get_array();
  return Value(copy(array, 0, std::min(count, array.size())));
}

Result<Value> skip(Arguments& arguments) {
  TRY(const std::size_t count, count_argument(arguments, 1));
  if (const json::string* text = arguments[0].if_string())
    return text_value(text_part(view(*text), count, view(*text).size()));
  if (!arguments[0].is_array()) return arguments.wrong(0, array_or_text);
  const json::array& array = arguments[0].get_array();
  return Value(copy(array, std::min(count, array.size()), array.size()));
}

Result<Value> chunk(Arguments& arguments) {
  TRY(const std::int64_t size, arguments.integer(1));
  if (size < 1) return arguments.wrong(1, "a positive whole number");
  const auto step = static_cast<std::size_t>(size);
  json::array chunks;
  if (const json::string* text = arguments[0].if_string()) {
    const std::string_view all = view(*text);
    if (all.size() / step > max_elements)
      return arguments.error("EXPR0504",
                             fmt::format("there are more than {} chunks", max_elements));
    for (std::string_view rest = all; !rest.empty();) {
      std::size_t end = utf16_offset(rest, step);
      if (end == 0) end = utf16_offset(rest, 2);  // a pair does not come apart
      chunks.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    return Value(std::move(chunks));
  }
  if (!arguments[0].is_array()) return arguments.wrong(0, array_or_text);
  const json::array& array = arguments[0].get_array();
  for (std::size_t from = 0; from < array.size(); from += std::min(step, array.size() - from))
    chunks.emplace_back(copy(array, from, from + std::min(step, array.size() - from)));
  return Value(std::move(chunks));
}

Result<Value> join(Arguments& arguments) {
  TRY(const json::array* array, arguments.array(0));
  TRY(const std::string_view delimiter, arguments.text(1));
  std::string out;
  bool first = true;
  for (const json::value& value : *array) {
    if (!std::exchange(first, false)) out += delimiter;
    TRY_DO(append_text(out, value));
    if (out.size() > max_text_bytes)
      return arguments.error("EXPR0503",
                             fmt::format("the text is longer than {} bytes", max_text_bytes));
  }
  return text_value(out);
}

Result<Value> reverse(Arguments& arguments) {
  TRY_DO(arguments.array(0));
  json::value value = std::move(arguments.values[0]).take();
  json::array& array = value.get_array();
  std::reverse(array.begin(), array.end());
  return Value(std::move(value));
}

// sort(array, 'property'?): numbers before or after each other, texts ordinally; equal ones keep
// their order.
Result<Value> sort(Arguments& arguments) {
  TRY(const json::array* array, arguments.array(0));
  TRY(const std::string_view by, arguments.text_or(1, ""));
  struct Entry {
    const json::value* key;
    const json::value* value;
  };
  std::vector<Entry> entries;
  entries.reserve(array->size());
  for (const json::value& value : *array) {
    const json::value* key = &value;
    if (!by.empty()) {
      const json::object* object = value.if_object();
      key = object ? find_member(*object, by) : nullptr;
      if (!key)
        return arguments.error("EXPR0302",
                               fmt::format("{} has no property '{}'", describe(value), by));
    }
    if (!entries.empty() && !order_of(Value::borrow(*entries.front().key), Value::borrow(*key)))
      return arguments.error(
          "EXPR0301",
          fmt::format("{} and {} have no order", describe(*entries.front().key), describe(*key)));
    entries.push_back({key, &value});
  }
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    const auto order = order_of(Value::borrow(*a.key), Value::borrow(*b.key));
    return order && *order < 0;
  });
  json::array result;
  result.reserve(entries.size());
  for (const Entry& entry : entries) result.push_back(*entry.value);
  return Value(std::move(result));
}

// All arguments must be arrays, or all objects.
Result<bool> all_arrays(const Arguments& arguments) {
  const bool arrays = arguments[0].is_array();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_array() && !arguments[i].is_object())
      return arguments.wrong(i, "an array or an object");
    if (arguments[i].is_array() != arrays)
      return arguments.error("EXPR0301", "the arguments must be all arrays or all objects");
  }
  return arrays;
}

Result<Value> union_of(Arguments& arguments) {
  TRY(const bool arrays, all_arrays(arguments));
  if (!arrays) {
    json::object result;
    for (std::size_t i = 0; i < arguments.size(); ++i)
      for (const auto& member : arguments[i].get_object())
        result.insert_or_assign(member.key(), member.value());
    return Value(std::move(result));
  }
  json::array result;
  Elements seen;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    for (const json::value& value : arguments[i].get_array())
      if (seen.insert(value)) result.push_back(value);
  return Value(std::move(result));
}

// What is in all of them, in the order of the first.
Result<Value> intersection(Arguments& arguments) {
  TRY(const bool arrays, all_arrays(arguments));
  if (!arrays) {
    json::object result;
    for (const auto& member : arguments[0].get_object()) {
      bool everywhere = true;
      for (std::size_t i = 1; i < arguments.size(); ++i) {
        const json::value* other = arguments[i].get_object().if_contains(member.key());
        everywhere = everywhere && other && same_element(*other, member.value());
      }
      if (everywhere) result.insert_or_assign(member.key(), member.value());
    }
    return Value(std::move(result));
  }
  std::vector<Elements> others(arguments.size() - 1);
  for (std::size_t i = 1; i < arguments.size(); ++i)
    for (const json::value& value : arguments[i].get_array()) others[i - 1].insert(value);
  json::array result;
  Elements seen;
  for (const json::value& value : arguments[0].get_array())
    if (std::ranges::all_of(others, [&](auto& other) { return other.contains(value); }) &&
        seen.insert(value))
      result.push_back(value);
  return Value(std::move(result));
}

constexpr Function rows[] = {
    {"chunk", 2, 2, chunk},
    {"contains", 2, 2, contains},
    {"empty", 1, 1, empty},
    {"first", 1, 1, first},
    {"intersection", 1, any_number, intersection},
    {"join", 2, 2, join},
    {"last", 1, 1, last},
    {"length", 1, 1, length},
    {"reverse", 1, 1, reverse},
    {"skip", 2, 2, skip},
    {"sort", 1, 2, sort},
    {"take", 2, 2, take},
    {"union", 1, any_number, union_of},
};

}  // namespace

std::span<const Function> collection_functions() { return rows; }

}  // namespace rollcall::expr
