// The scalar functions that DuckDB lacks, as pure functions over cells. Lowered queries call them
// by name
// (`kql_…`); whoever runs the queries registers them first, each with the argument types it lists
// and with NULLs passed through to it (a NULL argument is a monostate).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rollcall::kql {

enum class Storage { boolean, integer, bigint, real, text, text_list };

// A text argument is borrowed for the call. No function takes a text_list.
using Argument = std::variant<std::monostate, bool, std::int64_t, double, std::string_view>;
using TextList = std::vector<std::optional<std::string>>;
// integer and bigint results are std::int64_t.
using Cell = std::variant<std::monostate, bool, std::int64_t, double, std::string, TextList>;

// What calls in a row share: compiled regular expressions, the last parsed document. One for each
// batch of rows (or each thread); never used by two threads at once.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

using Arguments = std::span<const Argument>;
struct NativeFunction {
  std::string_view name;
  std::vector<Storage> arguments;
  std::optional<Storage> more;  // any number of further arguments of this storage
  Storage result;
  Cell (*evaluate)(Arguments arguments, Scratch& scratch);
};

// All of them. Built anew by each call; keep the result.
std::vector<NativeFunction> native_functions();

}  // namespace rollcall::kql
