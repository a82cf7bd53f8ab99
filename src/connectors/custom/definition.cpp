#include "connectors/custom/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "connectors/custom/references.hpp"
#include "connectors/custom/texts.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::size_t max_document_bytes = std::size_t{16} << 20;
constexpr std::size_t max_depth = 100;
constexpr std::size_t max_operations = 5'000;
constexpr std::size_t max_parameters = 1'000;  // of one operation

constexpr std::array<std::string_view, 7> methods{"get",     "put",  "post", "delete",
                                                  "options", "head", "patch"};

std::unexpected<Error> wrong(std::string_view where, std::string_view what) {
  return fail("CONNECTOR0504",
              where.empty() ? std::string(what) : fmt::format("{}: {}", where, what));
}

bool is_true(const json::value& value, std::string_view name) {
  const auto* member = find(value, name);
  return member != nullptr && member->is_bool() && member->get_bool();
}

std::optional<ApiParameter::In> place_of(std::string_view in) {
  using In = ApiParameter::In;
  if (in == "path") return In::path;
  if (in == "query") return In::query;
  if (in == "header") return In::header;
  if (in == "body") return In::body;
  if (in == "formData") return In::form_data;
  return std::nullopt;
}

char separator_of(std::string_view format) {
  if (format == "ssv") return ' ';
  if (format == "tsv") return '\t';
  if (format == "pipes") return '|';
  return format == "multi" ? '&' : ',';
}

// [{"a": [], "b": []}, {"c": []}]: a and b, or c.
std::optional<std::vector<std::vector<std::string>>> security_of(const json::value& holder) {
  const auto* list = find(holder, "security");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  std::vector<std::vector<std::string>> all;
  for (const auto& one : list->get_array()) {
    std::vector<std::string> together;
    if (const auto* object = one.if_object()) {
      for (const auto& [name, unused] : *object) together.emplace_back(name);
    }
    all.push_back(std::move(together));
  }
  return all;
}

class Reader {
 public:
  Reader(const json::value& document, ApiDefinition& definition)
      : document_(document), definition_(definition), references_(document) {}

  Result<void> read() {
    const auto* version = find(document_, "swagger");
    if (version == nullptr || !version->is_string() || version->get_string() != "2.0") {
      const auto* newer = find(document_, "openapi");
      return fail("CONNECTOR0502",
                  newer == nullptr
                      ? R"(it is no OpenAPI 2.0 document: "swagger": "2.0" is missing)"
                      : "it is an OpenAPI 3 document; connectors are described in OpenAPI 2.0");
    }
    TRY_DO(read_head());
    read_security();
    const auto* paths = find(document_, "paths");
    if (paths == nullptr || !paths->is_object()) return wrong("", "'paths' is missing");
    for (const auto& [path, item] : paths->get_object()) TRY_DO(read_path(path, item));
    return {};
  }

 private:
  Result<void> read_head() {
    if (const auto* info = find(document_, "info")) definition_.title = text_or(*info, "title");
    definition_.host = trim(text_or(document_, "host"));
    if (definition_.host.find_first_of("/?#@ ") != std::string::npos)
      return wrong("host", fmt::format("'{}' is no host", definition_.host));
    definition_.base_path = text_or(document_, "basePath");
    while (definition_.base_path.ends_with('/')) definition_.base_path.pop_back();
    if (!definition_.base_path.empty() && !definition_.base_path.starts_with('/'))
      definition_.base_path.insert(0, "/");
    const auto schemes = texts(find(document_, "schemes"));
    const bool plain = !schemes.empty() && std::ranges::find(schemes, "https") == schemes.end() &&
                       std::ranges::find(schemes, "http") != schemes.end();
    definition_.scheme = plain ? "http" : "https";
    definition_.security = security_of(document_);
    return {};
  }

  void read_security() {
    const auto* schemes = find(document_, "securityDefinitions");
    if (schemes == nullptr || !schemes->is_object()) return;
    for (const auto& [name, about] : schemes->get_object()) {
      SecurityScheme scheme;
      scheme.name = name;
      const auto type = text_or(about, "type");
      if (type == "apiKey") {
        scheme.kind = SecurityScheme::Kind::api_key;
        scheme.in_query = text_or(about, "in") == "query";
        scheme.key = text_or(about, "name");
        if (scheme.key.empty()) continue;
      } else if (type == "oauth2") {
        scheme.kind = SecurityScheme::Kind::oauth2;
        scheme.authorization_url = text_or(about, "authorizationUrl");
        scheme.token_url = text_or(about, "tokenUrl");
        if (const auto* scopes = find(about, "scopes"); scopes != nullptr && scopes->is_object()) {
          for (const auto& [scope, unused] : scopes->get_object())
            scheme.scopes.emplace_back(scope);
        }
      } else if (type != "basic") {
        continue;  // an operation that asks for it is refused when it is called
      }
      definition_.security_schemes.push_back(std::move(scheme));
    }
  }

  Result<void> read_path(std::string_view path, const json::value& given) {
    if (path.starts_with("x-")) return {};
    TRY(const auto* item, references_.follow(given));
    if (!item->is_object()) return wrong(path, "a path is described by an object");
    std::vector<ApiParameter> shared;
    TRY_DO(read_parameters(path, find(*item, "parameters"), shared));
    for (const auto method : methods) {
      const auto* about = find(*item, method);
      if (about == nullptr) continue;
      if (!about->is_object())
        return wrong(fmt::format("{} {}", method, path), "an operation is described by an object");
      TRY_DO(read_operation(path, method, *about, shared));
    }
    return {};
  }

  Result<void> read_operation(std::string_view path, std::string_view method,
                              const json::value& about, const std::vector<ApiParameter>& shared) {
    if (definition_.operations.size() == max_operations)
      return fail("CONNECTOR0503", fmt::format("it has more than {} operations", max_operations));
    ApiOperation operation;
    operation.method = method;
    std::ranges::transform(operation.method, operation.method.begin(),
                           [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    operation.path = path;
    operation.id = text_or(about, "operationId");
    if (operation.id.empty()) operation.id = fmt::format("{} {}", method, path);
    operation.summary = text_or(about, "summary");
    const auto where = fmt::format("{} {}", method, path);
    TRY_DO(read_parameters(where, find(about, "parameters"), operation.parameters));
    for (const auto& parameter : shared) {
      const bool own = std::ranges::any_of(operation.parameters, [&](const auto& one) {
        return one.name == parameter.name && one.in == parameter.in;
      });
      if (!own) operation.parameters.push_back(parameter);
    }
    operation.consumes = types("consumes", about);
    operation.produces = types("produces", about);
    operation.security = security_of(about);
    read_extensions(about, operation);
    if (!ids_.insert(to_lower(operation.id)).second)
      return wrong(where, fmt::format("there are two operations '{}'", operation.id));
    definition_.operations.push_back(std::move(operation));
    return {};
  }

  std::vector<std::string> types(std::string_view name, const json::value& about) const {
    const auto* own = find(about, name);
    return texts(own == nullptr ? find(document_, name) : own);
  }

  static void read_extensions(const json::value& about, ApiOperation& operation) {
    const auto trigger = text_or(about, "x-ms-trigger");
    operation.trigger = trigger == "batch"    ? TriggerKind::batch
                        : trigger == "single" ? TriggerKind::single
                                              : TriggerKind::none;
    const auto takes_url = [](const auto& self, const BodyShape& shape) -> bool {
      return shape.notification_url ||
             std::ranges::any_of(shape.members, [&](const auto& one) { return self(self, one); });
    };
    operation.webhook = std::ranges::any_of(operation.parameters, [&](const ApiParameter& one) {
      return one.notification_url || takes_url(takes_url, one.shape);
    });
    if (const auto* pages = find(about, "x-ms-pageable"); pages != nullptr && pages->is_object()) {
      operation.next_link_name = text_or(*pages, "nextLinkName");
      operation.item_name = text_or(*pages, "itemName", "value");
    }
  }

  Result<void> read_parameters(std::string_view where, const json::value* list,
                               std::vector<ApiParameter>& all) {
    if (list == nullptr) return {};
    if (!list->is_array()) return wrong(where, "'parameters' is no array");
    if (list->get_array().size() > max_parameters)
      return fail("CONNECTOR0503",
                  fmt::format("{}: more than {} parameters", where, max_parameters));
    for (const auto& given : list->get_array()) {
      const auto parameter = read_parameter(given);
      if (!parameter)
        return fail(parameter.error().code,
                    fmt::format("{}: {}", where, parameter.error().message));
      all.push_back(*parameter);
    }
    return {};
  }

  Result<ApiParameter> read_parameter(const json::value& given) {
    TRY(const auto* about, references_.follow(given));
    ApiParameter parameter;
    parameter.name = text_or(*about, "name");
    if (parameter.name.empty()) return wrong("", "a parameter has no name");
    const auto in = place_of(text_or(*about, "in"));
    if (!in)
      return wrong(
          "",
          fmt::format("parameter '{}' is in '{}'; there are path, query, header, body and formData",
                      parameter.name, text_or(*about, "in")));
    parameter.in = *in;
    parameter.type = text_or(*about, "type");
    parameter.required = is_true(*about, "required");
    parameter.double_encoded = text_or(*about, "x-ms-url-encoding") == "double";
    parameter.notification_url = is_true(*about, "x-ms-notification-url");
    parameter.separator = separator_of(text_or(*about, "collectionFormat"));
    if (const auto* value = find(*about, "default")) parameter.default_value = *value;
    if (const auto* schema = find(*about, "schema");
        schema != nullptr && *in == ApiParameter::In::body) {
      TRY(parameter.shape, references_.shape(*schema));
    }
    return parameter;
  }

  const json::value& document_;
  ApiDefinition& definition_;
  References references_;
  std::set<std::string> ids_;
};

}  // namespace

bool Policy::applies_to(std::string_view operation) const {
  return operations.empty() || std::ranges::any_of(operations, [&](const auto& one) {
           return equals_ignoring_case(one, operation);
         });
}

const ConnectionParameter* ApiDefinition::connection_parameter(std::string_view name) const {
  const auto found = std::ranges::find_if(
      connection_parameters, [&](const auto& one) { return equals_ignoring_case(one.name, name); });
  return found == connection_parameters.end() ? nullptr : &*found;
}

bool ApiDefinition::scripted(std::string_view operation) const {
  return std::ranges::any_of(script_operations, [&](const auto& one) {
    return one == "*" || equals_ignoring_case(one, operation);
  });
}

Result<json::value> parse_lenient(std::string_view text, std::string_view what) {
  if (text.size() > max_document_bytes)
    return fail("CONNECTOR0503",
                fmt::format("{} is larger than {} bytes", what, max_document_bytes));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto mended = is_utf8(text) ? std::string() : repaired_utf8(text);
  if (!mended.empty()) text = mended;
  json::parse_options options;
  options.max_depth = max_depth;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  json::stream_parser parser(json::storage_ptr{}, options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (!error) return parser.release();
  if (error == json::error::too_deep)
    return fail("CONNECTOR0503",
                fmt::format("{} is nested deeper than {} levels", what, max_depth));
  const auto before = text.substr(0, read);
  return fail("CONNECTOR0501",
              fmt::format("{} is no JSON: line {}, column {}: {}", what,
                          1 + std::ranges::count(before, '\n'),
                          before.size() - (before.rfind('\n') + 1) + 1, error.message()));
}

Result<ApiDefinition> read_api_definition(const ApiDocuments& documents) {
  TRY(const auto document, parse_lenient(documents.definition, "the definition"));
  if (!document.is_object()) return fail("CONNECTOR0502", "the definition is no object");
  ApiDefinition definition;
  TRY_DO(Reader(document, definition).read());
  TRY_DO(read_api_properties(documents.properties, documents.has_script, definition));
  return definition;
}

}  // namespace rollcall::connectors
