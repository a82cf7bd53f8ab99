// What goes wrong because of a user, a file, the network or a clock travels as a value of type Error.
// An Error has a code for programs, a message a person can act on, and a span where there is a source text.
// Our own bugs are not errors: they stop the process through CHECK (check.hpp).
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rollcall {

// A range of bytes of a source text.
struct Span {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const Span&) const = default;
};

struct Error {
  std::string code;
  std::string message;
  std::optional<Span> span = std::nullopt;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string code, std::string message,
                                                 std::optional<Span> span = std::nullopt) {
  return std::unexpected(Error{std::move(code), std::move(message), span});
}

// One line: `KQL0103 1:14..18 unknown column 'Lvel'`. Lines and columns count from 1; columns count bytes.
std::string render(const Error& error, std::string_view source);

}  // namespace rollcall

#define ROLLCALL_JOIN_(a, b) a##b
#define ROLLCALL_JOIN(a, b) ROLLCALL_JOIN_(a, b)
// TRY(auto rows, read(file)): declares rows, or returns the error from the enclosing function.
#define TRY(declaration, expression) \
  TRY_AS_(ROLLCALL_JOIN(result_, __LINE__), declaration, expression)
#define TRY_AS_(result, declaration, expression)                  \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)
// TRY_DO(write(file)): the same where there is no value, or it is not wanted.
#define TRY_DO(expression)                                      \
  do {                                                          \
    if (auto try_do_result = (expression); !try_do_result)      \
      return std::unexpected(std::move(try_do_result).error()); \
  } while (false)
