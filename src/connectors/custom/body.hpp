// Bodies of requests: flat inputs put together again, defaults and the address to call back filled
// in, and the three ways in which they are sent: JSON (or a text of another type), a form, a form
// with files.
#pragma once
#include "connectors/custom/request.hpp"

namespace rollcall::connectors {

// "item/Title" and "item/Owner/Email", or "item" itself, as one value; nullopt: nothing is given.
// CONNECTOR0513: one of them is below another that is no object, or too deep.
Result<std::optional<json::value>> assemble(const json::object& inputs, std::string_view name);
// `wanted`: the body is made although nobody gave a part of it.
void fill(std::optional<json::value>& body, const BodyShape& shape, std::string_view callback_url,
          bool wanted);
// A text, an envelope, or {"name" or "fileName", "content" or "contentBytes"}.
FormField file_of(std::string_view name, const json::value& value);
void write_body(const Draft& draft, std::string_view unique, http::ClientRequest& request);

}  // namespace rollcall::connectors
