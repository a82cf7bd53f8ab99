// Errors as Kusto's clients know them: OneApi documents, with the words `Syntax error:` and `Semantic error:` that they look for.
#pragma once
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "doors/kusto/request.hpp"

namespace rollcall::doors {

// {"error": {…}}
json::object one_api_error(const Error& error, const KustoRequest& request, Timestamp now);
// The text of it: `Query execution has exceeded the allowed limits (80DA0003): …`.
std::string kusto_message(const Error& error, const KustoRequest& request);
int kusto_status(const Error& error);

}  // namespace rollcall::doors
