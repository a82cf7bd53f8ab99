// The table of all functions, and the readings of arguments that they share.
#include "expr/functions.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "expr/template.hpp"
#include "expr/text.hpp"

namespace rollcall::expr {
namespace {

struct Table {
  std::unordered_map<std::string, Function> by_name;  // in lower case
  std::vector<std::string> names;                     // as documented, sorted

  Table() {
    add("collection", collection_functions());
    add("convert", convert_functions());
    add("date", date_functions());
    add("logical", logical_functions());
    add("math", math_functions());
    add("object", object_functions());
    add("string", string_functions());
    add("uri", uri_functions());
    add("workflow", workflow_functions());
    add("xml", xml_functions());
    std::ranges::sort(names);
  }

  void add(std::string_view family, std::span<const Function> functions) {
    for (Function function : functions) {
      function.family = family;
      names.emplace_back(function.name);
      CHECK(by_name.emplace(to_lower(function.name), function).second);
    }
  }
};

const Table& table() {
  static const Table all;  // constant once made
  return all;
}

std::string count_of(int least, int most) {
  const auto plural = [](int n) { return n == 1 ? "1 argument" : fmt::format("{} arguments", n); };
  if (most == any_number) return "at least " + plural(least);
  if (least == most) return plural(least);
  return fmt::format("{} to {} arguments", least, most);
}

constexpr std::array ordinals = {"first", "second", "third", "fourth", "fifth", "sixth"};

}  // namespace

const Function* find_function(std::string_view name) {
  const auto found = table().by_name.find(to_lower(name));
  return found == table().by_name.end() ? nullptr : &found->second;
}

std::optional<Error> check_call(const Call& call) {
  const auto where = call.span.length > 0 ? std::optional(call.span) : std::nullopt;
  if (!call.function) {
    const std::string near = nearest_name(call.name, table().names);
    return Error{"EXPR0201",
                 near.empty() ? fmt::format("there is no function '{}'", call.name)
                              : fmt::format("there is no function '{}'; did you mean '{}'?",
                                            call.name, near),
                 where};
  }
  const auto count = static_cast<int>(call.arguments.size());
  const auto [least, most] = std::pair(call.function->least, call.function->most);
  if (count >= least && (most == any_number || count <= most)) return std::nullopt;
  return Error{
      "EXPR0202",
      fmt::format("{} takes {}, not {}", call.function->name, count_of(least, most), count), where};
}

std::vector<FunctionInfo> all_functions() {
  std::vector<FunctionInfo> result;
  for (const std::string& name : table().names) {
    const Function& function = *find_function(name);
    result.push_back({function.name, function.family, function.least, function.most});
  }
  return result;
}

std::string describe(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "the number " + to_json(value);
    case json::kind::array:
      return fmt::format("an array of {}", value.get_array().size());
    case json::kind::object:
      return "an object";
    case json::kind::string:
      break;
  }
  const std::string_view text = view(value.get_string());
  if (text.size() <= 40) return fmt::format("'{}'", text);
  return fmt::format("'{}…'", text.substr(0, utf16_offset(text, 40)));
}

std::string name_argument(std::size_t i, std::size_t count) {
  if (count == 1) return "the argument";
  return fmt::format("the {} argument",
                     i < ordinals.size() ? ordinals[i] : fmt::format("{}th", i + 1));
}

std::unexpected<Error> Arguments::error(std::string_view code, std::string_view message) const {
  return fail(std::string(code), fmt::format("{}: {}", function, message));
}

std::unexpected<Error> Arguments::wrong(std::size_t i, std::string_view wanted) const {
  const std::string came = values[i].decimal() ? "a decimal" : describe((*this)[i]);
  return error("EXPR0301",
               fmt::format("{} must be {}, not {}", name_argument(i, size()), wanted, came));
}

Result<std::string_view> Arguments::text(std::size_t i) const {
  if (const json::string* text = (*this)[i].if_string()) return view(*text);
  return wrong(i, "a text");
}

Result<std::string_view> Arguments::text_or(std::size_t i, std::string_view otherwise) const {
  if (i >= size() || (*this)[i].is_null()) return otherwise;
  return text(i);
}

Result<std::int64_t> Arguments::integer(std::size_t i) const {
  const json::value& value = (*this)[i];
  if (const std::int64_t* integer = value.if_int64()) return *integer;
  if (const double* number = value.if_double();
      number && std::floor(*number) == *number && std::abs(*number) < 9e15)
    return static_cast<std::int64_t>(*number);
  return wrong(i, "a whole number");
}

Result<const json::array*> Arguments::array(std::size_t i) const {
  if (const json::array* array = (*this)[i].if_array()) return array;
  return wrong(i, "an array");
}

Result<const json::object*> Arguments::object(std::size_t i) const {
  if (const json::object* object = (*this)[i].if_object()) return object;
  return wrong(i, "an object");
}

}  // namespace rollcall::expr
