#include "connectors/custom/body.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "connectors/answer.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::size_t max_depth = 32;

Result<void> put(json::value& whole, std::string_view key, std::string_view rest,
                 const json::value& value) {
  const auto steps = split(rest, '/');
  if (steps.size() > max_depth)
    return fail("CONNECTOR0513", fmt::format("'{}' has more than {} levels", key, max_depth));
  auto* at = &whole;
  for (const auto step : steps) {
    if (at->is_null()) at->emplace_object();
    auto* object = at->if_object();
    if (object == nullptr)
      return fail("CONNECTOR0513", fmt::format("'{}' is below a value that is no object", key));
    at = &(*object)[step];
  }
  *at = value;
  return {};
}

// In the order in which they are sent; a header cannot be left to break a line.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"')
      out += "%22";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else
      out += c;
  }
  return out + '"';
}

std::string boundary_for(const std::vector<FormField>& form, std::string_view unique) {
  for (std::uint64_t i = 0;; ++i) {
    auto boundary = fmt::format("rollcall-{:016x}", xxhash64(fmt::format("{}#{}", unique, i)));
    if (std::ranges::none_of(form, [&](const FormField& one) {
          return one.text.find(boundary) != std::string::npos;
        }))
      return boundary;
  }
}

// https://www.rfc-editor.org/rfc/rfc7578
void write_multipart(const std::vector<FormField>& form, std::string_view unique,
                     http::ClientRequest& request) {
  const auto boundary = boundary_for(form, unique);
  for (const auto& field : form) {
    request.body += fmt::format("--{}\r\nContent-Disposition: form-data; name={}", boundary,
                                quoted(field.name));
    if (field.file)
      request.body += fmt::format("; filename={}\r\nContent-Type: {}", quoted(field.file_name),
                                  field.content_type);
    request.body += "\r\n\r\n" + field.text + "\r\n";
  }
  request.body += fmt::format("--{}--\r\n", boundary);
  request.headers.set("Content-Type", "multipart/form-data; boundary=" + boundary);
}

void write_urlencoded(const std::vector<FormField>& form, http::ClientRequest& request) {
  for (const auto& field : form) {
    if (!request.body.empty()) request.body += '&';
    request.body += http::encode_percent(field.name) + "=" + http::encode_percent(field.text);
  }
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
}

}  // namespace

Result<std::optional<json::value>> assemble(const json::object& inputs, std::string_view name) {
  std::optional<json::value> whole;
  if (const auto* given = inputs.if_contains(name)) whole = *given;
  const auto prefix = std::string(name) + "/";
  for (const auto& member : inputs) {
    const std::string_view key = member.key();
    if (!key.starts_with(prefix)) continue;
    if (!whole) whole.emplace();
    TRY_DO(put(*whole, key, key.substr(prefix.size()), member.value()));
  }
  return whole;
}

void fill(std::optional<json::value>& body, const BodyShape& shape, std::string_view callback_url,
          bool wanted) {
  if (shape.notification_url && !callback_url.empty()) {
    body = json::value(callback_url);
    return;
  }
  if (!body && wanted && shape.default_value) body = *shape.default_value;
  if (body && !body->is_object()) return;
  json::object members;
  if (body) members = std::move(body->get_object());
  for (const auto& member : shape.members) {
    std::optional<json::value> value;
    if (auto* given = members.if_contains(member.name)) value = std::move(*given);
    fill(value, member, callback_url, member.sends_default && (body || wanted));
    if (value) members.insert_or_assign(member.name, *std::move(value));
  }
  if (body || !members.empty()) body = std::move(members);
}

FormField file_of(std::string_view name, const json::value& value) {
  FormField field{std::string(name), {}, true, std::string(name), "application/octet-stream"};
  const auto* object = value.if_object();
  if (object == nullptr) {
    field.text = body_text(value);
    return field;
  }
  for (const auto* member : {"name", "fileName", "filename", "$filename"}) {
    if (const auto text = text_or(*object, member); !text.empty()) field.file_name = text;
  }
  if (const auto type = text_or(*object, "$content-type");
      !type.empty() && type.find_first_of("\r\n") == std::string_view::npos)
    field.content_type = type;
  if (expr::is_envelope(value)) {
    field.text = body_text(value);
    return field;
  }
  for (const auto* member : {"content", "$content", "contentBytes"}) {
    const auto* content = object->if_contains(member);
    if (content == nullptr) continue;
    const auto decoded = content->is_string() && std::string_view(member) != "content"
                             ? expr::base64_decode(content->get_string())
                             : std::nullopt;
    field.text = decoded ? *decoded : body_text(*content);
  }
  return field;
}

void write_body(const Draft& draft, std::string_view unique, http::ClientRequest& request) {
  if (draft.form) {
    if (draft.multipart)
      write_multipart(*draft.form, unique, request);
    else
      write_urlencoded(*draft.form, request);
    return;
  }
  if (!draft.body) return;
  const auto given = to_lower(draft.headers.value_or("Content-Type"));
  auto type = given.empty() ? draft.content_type : given;
  if (const auto* object = draft.body->if_object();
      object != nullptr && to_lower(type).find("x-www-form-urlencoded") != std::string::npos) {
    std::vector<FormField> form;
    for (const auto& [name, value] : *object)
      form.push_back({std::string(name), plain_text(value), false, {}, {}});
    return write_urlencoded(form, request);
  }
  request.body = body_text(*draft.body);
  if (!given.empty()) return;
  if (expr::is_envelope(*draft.body)) type = expr::envelope_type(*draft.body);
  if (type.empty())
    type = draft.body->is_string() ? "text/plain; charset=utf-8" : "application/json";
  request.headers.set("Content-Type", type);
}

}  // namespace rollcall::connectors
