#include "connectors/custom/request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/url.hpp"
#include "connectors/answer.hpp"
#include "connectors/custom/body.hpp"

namespace rollcall::connectors {
namespace {

using In = ApiParameter::In;

std::unexpected<Error> cannot_send(std::string message) {
  return fail("CONNECTOR0513", std::move(message));
}

std::string joined(const json::array& values, char separator) {
  std::string text;
  for (const auto& value : values) {
    if (&value != values.begin()) text += separator;
    text += plain_text(value);
  }
  return text;
}

std::string text_of(const ApiParameter& parameter, const json::value& value) {
  const auto* array = value.if_array();
  return array == nullptr ? plain_text(value) : joined(*array, parameter.separator);
}

// Alone between two slashes, so that `..` would climb.
bool is_whole_segment(std::string_view path, std::string_view name) {
  return (std::string(path) + "/").find(fmt::format("/{{{}}}/", name)) != std::string::npos;
}

class Drafting {
 public:
  Drafting(const ApiDefinition& definition, const ApiOperation& operation,
           const json::object& inputs, std::string_view callback_url)
      : operation_(operation), inputs_(inputs), callback_url_(callback_url) {
    draft_.method = operation.method;
    draft_.base = definition.host.empty()
                      ? std::string()
                      : definition.scheme + "://" + definition.host + definition.base_path;
    draft_.path = operation.path;
  }

  Result<Draft> draft() {
    if (operation_.webhook && callback_url_.empty()) {
      return fail(
          "CONNECTOR0514",
          fmt::format("operation '{}' wants an address to be called at: use it as a webhook",
                      operation_.id));
    }
    const ApiParameter* body = nullptr;
    for (const auto& parameter : operation_.parameters) {
      used_.push_back(parameter.name);
      if (parameter.in == In::body)
        body = &parameter;
      else
        TRY_DO(add(parameter));
    }
    if (body != nullptr) TRY_DO(add_body(*body));
    TRY_DO(nothing_else(body));
    choose_content_type();
    return std::move(draft_);
  }

 private:
  // nullopt: there is none, and none is needed.
  Result<std::optional<json::value>> value_of(const ApiParameter& parameter) const {
    if (parameter.notification_url) return json::value(callback_url_);
    if (const auto* given = inputs_.if_contains(parameter.name);
        given != nullptr && !given->is_null())
      return *given;
    if (parameter.default_value) return parameter.default_value;
    if (!parameter.required) return std::nullopt;
    return fail("CONNECTOR0511", fmt::format("operation '{}': parameter '{}' is missing",
                                             operation_.id, parameter.name));
  }

  Result<void> add(const ApiParameter& parameter) {
    if (parameter.in == In::form_data && parameter.type == "file") return add_file(parameter);
    TRY(const auto value, value_of(parameter));
    if (!value) return {};
    const auto text = text_of(parameter, *value);
    switch (parameter.in) {
      case In::path:
        return add_to_path(parameter, text);
      case In::query:
        add_query(parameter, *value, text);
        break;
      case In::header:
        draft_.headers.set(parameter.name, text);
        break;
      case In::form_data:
        form().push_back({parameter.name, text, false, {}, {}});
        break;
      case In::body:
        break;
    }
    return {};
  }

  Result<void> add_to_path(const ApiParameter& parameter, const std::string& text) {
    const bool whole = is_whole_segment(operation_.path, parameter.name);
    if (text.empty() || (whole && (text == "." || text == ".."))) {
      return cannot_send(
          fmt::format("operation '{}': '{}' cannot be part of a path (parameter '{}')",
                      operation_.id, text, parameter.name));
    }
    auto encoded = http::encode_percent(text);
    if (parameter.double_encoded) encoded = http::encode_percent(encoded);
    draft_.path_values.emplace_back(parameter.name, std::move(encoded));
    return {};
  }

  void add_query(const ApiParameter& parameter, const json::value& value, const std::string& text) {
    const auto* array = value.if_array();
    if (array == nullptr || parameter.separator != '&') {
      draft_.queries.emplace_back(parameter.name,
                                  parameter.double_encoded ? http::encode_percent(text) : text);
      return;
    }
    for (const auto& one : *array) draft_.queries.emplace_back(parameter.name, plain_text(one));
  }

  Result<void> add_file(const ApiParameter& parameter) {
    TRY(const auto value, assemble(inputs_, parameter.name));
    if (!value || value->is_null()) {
      if (!parameter.required) return {};
      return fail("CONNECTOR0511", fmt::format("operation '{}': parameter '{}', a file, is missing",
                                               operation_.id, parameter.name));
    }
    form().push_back(file_of(parameter.name, *value));
    return {};
  }

  Result<void> add_body(const ApiParameter& parameter) {
    TRY(auto body, assemble(inputs_, parameter.name));
    if (parameter.name != "body") {
      TRY(auto classic, assemble(inputs_, "body"));
      if (classic && !body) body = std::move(classic);
      if (classic) used_.emplace_back("body");
    }
    if (body && body->is_null()) body.reset();
    fill(body, parameter.shape, callback_url_, parameter.required);
    if (!body && parameter.default_value) body = parameter.default_value;
    if (!body && parameter.required)
      return fail("CONNECTOR0511", fmt::format("operation '{}': the body '{}' is missing",
                                               operation_.id, parameter.name));
    draft_.body = std::move(body);
    return {};
  }

  // What is not known would be lost without a word.
  Result<void> nothing_else(const ApiParameter* body) const {
    const auto known = [&](std::string_view key) {
      return std::ranges::any_of(operation_.parameters, [&](const ApiParameter& one) {
        const bool flat = one.in == In::body || one.type == "file";
        return key == one.name || (flat && key.starts_with(one.name + "/"));
      });
    };
    for (const auto& member : inputs_) {
      const std::string_view key = member.key();
      const bool classic_body = key == "body" || key.starts_with("body/");
      if (known(key) || (classic_body && (body != nullptr || member.value().is_null()))) continue;
      const auto near = nearest_name(key, used_);
      return fail("CONNECTOR0512",
                  fmt::format("operation '{}' has no parameter '{}'{}", operation_.id, key,
                              near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
    return {};
  }

  std::vector<FormField>& form() {
    if (!draft_.form) draft_.form.emplace();
    return *draft_.form;
  }

  void choose_content_type() {
    const auto& consumes = operation_.consumes;
    const auto holds = [&](std::string_view what) {
      return std::ranges::find_if(
          consumes, [&](const auto& one) { return to_lower(one).find(what) != std::string::npos; });
    };
    const bool files = std::ranges::any_of(operation_.parameters, [](const auto& one) {
      return one.in == In::form_data && one.type == "file";
    });
    draft_.multipart = files || (holds("multipart/form-data") != consumes.end() &&
                                 holds("x-www-form-urlencoded") == consumes.end());
    if (const auto json = holds("json"); json != consumes.end())
      draft_.content_type = *json;
    else if (!consumes.empty())
      draft_.content_type = consumes.front();
  }

  const ApiOperation& operation_;
  const json::object& inputs_;
  std::string_view callback_url_;
  std::vector<std::string> used_;
  Draft draft_;
};

}  // namespace

Result<Draft> draft_request(const ApiDefinition& definition, const ApiOperation& operation,
                            const json::object& inputs, std::string_view callback_url) {
  return Drafting(definition, operation, inputs, callback_url).draft();
}

Result<Draft> draft_of_url(std::string_view method, std::string_view url) {
  if (origin_of(url).empty())
    return cannot_send(
        fmt::format("'{}' is no http or https address", url.substr(0, url.find('?'))));
  url = url.substr(0, url.find('#'));
  const auto query = url.find('?');
  Draft draft;
  draft.method = method;
  draft.base = url.substr(0, query);
  if (query != std::string_view::npos) draft.queries = http::parse_query(url.substr(query + 1));
  return draft;
}

Result<http::ClientRequest> finish(const Draft& draft, std::string_view unique) {
  if (origin_of(draft.base).empty()) {
    return cannot_send(draft.base.empty()
                           ? std::string("the definition names no host, and no policy does")
                           : fmt::format("'{}' is no http or https address", draft.base));
  }
  http::ClientRequest request;
  request.method = draft.method;
  std::string path = draft.path;
  for (const auto& [name, text] : draft.path_values) {
    const auto place = "{" + name + "}";
    for (auto at = path.find(place); at != std::string::npos;
         at = path.find(place, at + text.size()))
      path.replace(at, place.size(), text);
  }
  if (const auto open = path.find('{');
      open != std::string::npos && path.find('}', open) != std::string::npos) {
    return cannot_send(fmt::format("the path '{}' has a parameter that nobody gives", path));
  }
  std::string_view base = draft.base;
  while (base.ends_with('/') && !path.empty()) base.remove_suffix(1);
  request.url = fmt::format("{}{}{}", base, path.empty() || path.starts_with('/') ? "" : "/", path);
  for (auto space = request.url.find(' '); space != std::string::npos;
       space = request.url.find(' ', space))
    request.url.replace(space, 1, "%20");
  for (const auto& [name, text] : draft.queries) {
    request.url += request.url.find('?') == std::string::npos ? '?' : '&';
    request.url += http::encode_percent(name) + "=" + http::encode_percent(text);
  }
  request.headers = draft.headers;
  write_body(draft, unique, request);
  return request;
}

}  // namespace rollcall::connectors
