#include "kql/compile.hpp"

// Diagnostics as errors.

namespace rollcall::kql {

Error to_error(const Diagnostic& diagnostic) {
  std::string message = diagnostic.message;
  if (!diagnostic.suggestion.empty())
    message += fmt::format("; did you mean '{}'?", diagnostic.suggestion);
  return {diagnostic.code, std::move(message), diagnostic.span};
}

}  // namespace rollcall::kql
