// How the native functions are written down: a name, a signature in letters, the function. The
// binder reads the same table, so that an entry is at once a KQL function (unless its name starts
// with `_`).
//
// Signature: argument letters, `:`, the result's letter. Behind a letter `?` makes the argument
// optional (NULL when absent), `=10` too (10 when absent), and `*` lets the last one repeat.
//   s string  l long  i int  r real  m decimal  b bool  d datetime  t timespan  g guid  j dynamic
//   (JSON text) x any value as its text  a any value as JSON  L a list of texts (result only)
#pragma once
#include <any>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "kql/native.hpp"
#include "kql/values.hpp"

namespace rollcall::kql {

__extension__ using Int128 = __int128;

struct Native {
  std::string_view name;
  std::string_view signature;
  Cell (*evaluate)(Arguments arguments, Scratch& scratch);
};

std::span<const Native> conversion_natives();
std::span<const Native> text_natives();
std::span<const Native> parsing_natives();
std::span<const Native> number_natives();
std::span<const Native> decimal_natives();
std::span<const Native> time_natives();
std::span<const Native> dynamic_natives();
std::span<const Native> array_natives();
std::span<const Native> aggregate_natives();
std::span<const Native> series_natives();
std::span<const Native> anomaly_natives();
std::span<const Native> network_natives();
std::span<const Native> hash_natives();
std::span<const Native> geo_natives();
std::span<const Native> geo_cell_natives();
std::span<const Native> geo_h3_natives();
std::span<const Native> geo_combine_natives();
std::span<const Native> geo_text_natives();
std::span<const Native> user_agent_natives();
std::span<const Native> xml_natives();
std::span<const Native> activity_natives();
std::span<const Native> sequence_natives();
std::span<const Native> pattern_natives();
std::span<const Native> unit_natives();
// All of them together; null when there is none of that name.
const Native* find_native(std::string_view name);
void for_each_native(void (*visit)(const Native&, void*), void* context);

struct Signature {
  std::string letters;                 // of the arguments
  std::vector<std::int64_t> defaults;  // as many; INT64_MIN: NULL
  std::size_t least = 0;               // arguments that must be there
  bool repeats = false;
  char result = 's';

  char letter(std::size_t argument) const {
    return letters[std::min(argument, letters.size() - 1)];
  }
};
Signature signature_of(const Native& native);

// --- reading arguments
inline bool is_null(const Argument& a) { return std::holds_alternative<std::monostate>(a); }
inline std::string_view text(const Argument& a) {
  const auto* s = std::get_if<std::string_view>(&a);
  return s == nullptr ? std::string_view() : *s;
}
inline std::int64_t whole(const Argument& a, std::int64_t otherwise = 0) {
  const auto* n = std::get_if<std::int64_t>(&a);
  return n == nullptr ? otherwise : *n;
}
inline double real(const Argument& a, double otherwise = 0) {
  const auto* n = std::get_if<double>(&a);
  return n == nullptr ? otherwise : *n;
}
inline bool truth(const Argument& a, bool otherwise = false) {
  const auto* b = std::get_if<bool>(&a);
  return b == nullptr ? otherwise : *b;
}
// The dynamic's value, parsed once for calls in a row; null for a NULL or for no JSON.
const json::value& parsed(const Argument& a, Scratch& scratch);

// What a family keeps between calls in a row, made anew for each batch.
std::any& keepsake(Scratch& scratch);
template <class T>
T& keepsake(Scratch& scratch) {
  std::any& kept = keepsake(scratch);
  if (std::any_cast<std::shared_ptr<T>>(&kept) == nullptr) kept = std::make_shared<T>();
  return **std::any_cast<std::shared_ptr<T>>(&kept);
}

std::string base64_text(std::string_view bytes);
std::optional<std::string> base64_bytes(std::string_view text);

inline Cell cell(std::string value) {
  return Cell(std::in_place_type<std::string>, std::move(value));
}
inline Cell cell(std::string_view value) { return cell(std::string(value)); }
inline Cell cell(const char* value) { return cell(std::string(value)); }
inline Cell cell(const json::value& value) { return cell(json_text(value)); }
template <class T>
Cell cell(const std::optional<T>& value) {
  if (!value) return {};
  return Cell(*value);
}

}  // namespace rollcall::kql

namespace re2 {
class RE2;
}
namespace rollcall::kql {
// The pattern compiled once for calls in a row; null when it does not compile.
const re2::RE2* pattern(std::string_view text, Scratch& scratch);
}  // namespace rollcall::kql
