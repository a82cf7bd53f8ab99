#include "doors/sharepoint/answers.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors::sharepoint {
namespace {

// How SharePoint says what ours is; the longest prefix of our code counts. What it says stands
// before our own words.
struct Kind {
  std::string_view prefix;
  int status;
  std::string_view code;
  std::string_view opening;
};
#define CLIENT "-1, Microsoft.SharePoint.Client."
constexpr Kind kinds[] = {
    {"", 500, "-1, Microsoft.SharePoint.SPException", ""},
    {"SP", 400, CLIENT "InvalidClientQueryException", ""},
    {"SP0101", 404, CLIENT "ResourceNotFoundException", ""},
    {"SP0102", 403, "-2130575252, System.UnauthorizedAccessException",
     "The security validation for this page is invalid and might be corrupted. Please use your web "
     "browser's Back button to try "
     "your operation again. "},
    {"SP0103", 405, CLIENT "ClientServiceException", ""},
    {"JSON", 400, CLIENT "InvalidClientQueryException", "Invalid JSON. "},
    {"ODATA", 400, CLIENT "InvalidClientQueryException", "The query is not valid: "},
    {"LIST", 400, CLIENT "InvalidClientQueryException", ""},
    {"LIST0101", 404, "-1, System.ArgumentException", "List does not exist: "},
    {"LIST0102", 404, "-2130575338, System.ArgumentException",
     "Item does not exist. It may have been deleted by another user. "},
    {"LIST0103", 412, CLIENT "ClientServiceException", ""},
    {"LIST0105", 500, "-2130575169, Microsoft.SharePoint.SPDuplicateValuesFoundException",
     "The list item could not be added or updated because duplicate values were found in the "
     "list: "},
    {"LIST0108", 403, "-2147024891, System.UnauthorizedAccessException", "Access is denied. "},
    {"LIST0110", 500, "-2130575342, Microsoft.SharePoint.SPException",
     "A list, survey, discussion board, or document library with the specified title already "
     "exists in this Web site. Please "
     "choose another title. "},
    {"LIST0111", 413, CLIENT "InvalidClientQueryException", ""},
    {"AUTH", 401, "-2147024891, System.UnauthorizedAccessException", "Access denied. "},
    {"AUTH0103", 403, "-2147024891, System.UnauthorizedAccessException", "Access denied. "},
};
#undef CLIENT

const Kind& kind_of(const Error& error) {
  const Kind* best = &kinds[0];
  for (const auto& kind : kinds) {
    if (error.code.starts_with(kind.prefix) && kind.prefix.size() >= best->prefix.size())
      best = &kind;
  }
  return *best;
}

std::string content_type(Format format) {
  switch (format) {
    case Format::minimal:
      return "application/json;odata=minimalmetadata;streaming=true;charset=utf-8";
    case Format::none:
      return "application/json;odata=nometadata;streaming=true;charset=utf-8";
    case Format::verbose:
      return "application/json;odata=verbose;charset=utf-8";
  }
  return "application/json";
}

json::value verbose(json::value value);

json::value verbose_array(json::array array) {
  for (auto& one : array) one = verbose(std::move(one));
  return json::object{{"results", std::move(array)}};
}

// Annotations become __metadata, arrays {"results": […]}.
json::value verbose(json::value value) {
  if (value.is_array()) return verbose_array(std::move(value.get_array()));
  if (!value.is_object()) return value;
  json::object metadata, members;
  for (auto& member : value.get_object()) {
    const std::string_view name = member.key();
    if (name == "odata.editLink") continue;
    if (name == "odata.id") {
      metadata["id"] = member.value();
      metadata["uri"] = std::move(member.value());
    } else if (name.starts_with("odata.")) {
      metadata[name.substr(6)] = std::move(member.value());
    } else {
      members[name] = verbose(std::move(member.value()));
    }
  }
  if (metadata.empty()) return members;
  json::object whole{{"__metadata", std::move(metadata)}};
  for (auto& member : members) whole.insert(std::move(member));
  return whole;
}

json::value body_of(const Call& call, Reply& reply) {
  if (call.format == Format::verbose) {
    if (!reply.name.empty())
      return json::object{{"d", json::object{{reply.name, verbose(std::move(reply.value))}}}};
    auto inner = verbose(std::move(reply.value));
    if (!reply.next.empty()) inner.as_object()["__next"] = reply.next;
    if (reply.count) inner.as_object()["__count"] = std::to_string(*reply.count);
    return json::object{{"d", std::move(inner)}};
  }
  json::object whole;
  if (call.format == Format::minimal && !reply.metadata.empty()) {
    whole["odata.metadata"] = fmt::format("{}/_api/$metadata#{}", call.site, reply.metadata);
  }
  if (reply.value.is_object() && (reply.name.empty() || reply.name == "GetContextWebInformation")) {
    for (auto& member : reply.value.get_object()) whole.insert(std::move(member));
    return whole;
  }
  if (reply.count) whole["odata.count"] = std::to_string(*reply.count);
  whole["value"] = std::move(reply.value);
  if (!reply.next.empty()) whole["odata.nextLink"] = reply.next;
  return whole;
}

}  // namespace

Format format_of(std::string_view accept) {
  const auto lower = to_lower(accept);
  if (lower.contains("odata=verbose")) return Format::verbose;
  if (lower.contains("odata=nometadata") || lower.contains("odata.metadata=none"))
    return Format::none;
  return Format::minimal;
}

http::Response respond(const Call& call, Reply reply) {
  http::Response response{reply.status, {}, {}};
  if (!reply.empty) {
    response.headers.add("Content-Type",
                         reply.plain ? "text/plain; charset=utf-8" : content_type(call.format));
    response.body = reply.plain        ? std::string(reply.value.as_string())
                    : reply.plain_json ? json::serialize(reply.value)
                                       : json::serialize(body_of(call, reply));
  }
  response.headers.add("DataServiceVersion", "3.0");
  if (!reply.etag.empty()) response.headers.add("ETag", reply.etag);
  if (!reply.location.empty()) response.headers.add("Location", reply.location);
  return response;
}

http::Response refuse(const Error& error, Format format) {
  const auto& kind = kind_of(error);
  const int status = kind.prefix.empty() ? status_of(error) : kind.status;
  const bool field = error.code == "LIST0110" && error.message.contains("column");
  const auto opening =
      field ? std::string_view("A duplicate field name was found. ") : kind.opening;
  const json::object message{{"lang", "en-US"}, {"value", std::string(opening) + error.message}};
  const json::object inner{{"code", kind.code}, {"message", message}};
  const json::object body{{format == Format::verbose ? "error" : "odata.error", inner}};
  http::Response response{status, {{"Content-Type", content_type(format)}}, json::serialize(body)};
  response.headers.add("DataServiceVersion", "3.0");
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace rollcall::doors::sharepoint
