// The functions that KQL knows: those bound by code of their own (Builtin), and those of the native
// table, whose signature says all. Aggregates stand in aggregates.hpp.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "kql/binder.hpp"

namespace rollcall::kql {

struct CallSite {
  const ast::Call& call;
  Span span;
  Scope& scope;
  std::vector<Scalar> arguments;  // bound, unless the builtin is raw

  std::size_t size() const { return call.arguments.size(); }
  Span span_of(std::size_t i) const { return call.arguments[i]->span; }
};

struct Builtin {
  std::string_view name;
  std::size_t least, most;
  Scalar (*bind)(Binder& binder, CallSite& site);
  bool raw = false;  // binds its arguments itself
};
inline constexpr std::size_t any_number = 1024;

std::span<const Builtin> core_builtins();
std::span<const Builtin> math_builtins();
std::span<const Builtin> text_builtins();
std::span<const Builtin> time_builtins();
std::span<const Builtin> dynamic_builtins();
std::span<const Builtin> window_builtins();
std::span<const Builtin> series_builtins();
const Builtin* find_builtin(std::string_view name);

// Another name of the same function (`parsejson` → `parse_json`), or the name itself.
std::string_view canonical_function(std::string_view name);
// Whether the column of a call takes the name of its first argument.
bool is_named_by_first_argument(std::string_view function);
// All names, for `did you mean`.
std::vector<std::string> function_names();
// Functions of Kusto that are refused by name: what they need is not here.
bool is_refused_function(std::string_view name);

}  // namespace rollcall::kql
