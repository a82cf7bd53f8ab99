#include "doors/kusto/errors.hpp"

#include <fmt/format.h>

#include "doors/errors.hpp"

namespace rollcall::doors {
namespace {

// How Kusto names errors of a kind; the longest prefix of our code counts.
struct Kind {
  std::string_view prefix;
  int status;
  std::string_view code, type, message;
  bool permanent;
  std::string_view opening;  // of @message
};
#define KUSTO "Kusto.Data.Exceptions."
constexpr std::string_view invalid = "Request is invalid and cannot be executed.";
constexpr std::string_view processed = "Request is invalid and cannot be processed: ";
constexpr Kind kinds[] = {
    {"", 500, "General_InternalServerError", KUSTO "KustoServiceException",
     "The request could not be carried out.", false, ""},
    {"KQL00", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true,
     "Syntax error: SYN0002: "},
    {"KQL", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true,
     "Semantic error: SEM0100: "},
    {"KUSTO", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true, ""},
    {"KUSTO0202", 502, "General_InternalServerError", KUSTO "KustoServiceException",
     "The cluster behind could not be asked.", false, ""},
    {"KUSTO0203", 502, "General_InternalServerError", KUSTO "KustoServiceException",
     "The cluster behind could not be asked.", false, ""},
    {"WAREHOUSE03", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true, ""},
    {"WAREHOUSE0302", 400, "BadRequest_EntityNotFound", KUSTO "EntityNotFoundException", invalid,
     true, ""},
    {"WAREHOUSE0306", 400, "BadRequest_EntityNotFound", KUSTO "EntityNotFoundException", invalid,
     true, ""},
    {"WAREHOUSE0308", 400, "BadRequest_EntityNotFound", KUSTO "EntityNotFoundException", invalid,
     true, ""},
    {"WAREHOUSE0403", 400, "BadRequest_EntityNotFound", KUSTO "EntityNotFoundException", invalid,
     true, ""},
    {"WAREHOUSE04", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true, ""},
    {"WAREHOUSE0401", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true,
     "Syntax error: SYN0001: "},
    {"WAREHOUSE0402", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true,
     "Syntax error: SYN0002: "},
    {"WAREHOUSE0101", 400, "LimitsExceeded",
     KUSTO "KustoServicePartialQueryFailureLimitsExceededException", invalid, false,
     "Query execution has exceeded the allowed limits (80DA0003): (E_QUERY_RESULT_SET_TOO_LARGE, "
     "0x80DA0003): "},
    {"WAREHOUSE0102", 400, "LimitsExceeded",
     KUSTO "KustoServicePartialQueryFailureLimitsExceededException", invalid, false,
     "Query execution has exceeded the allowed limits (80DA0003): (E_QUERY_RESULT_SET_TOO_LARGE, "
     "0x80DA0003): "},
    {"WAREHOUSE0103", 504, "Timeout", KUSTO "KustoServiceTimeoutException",
     "The request timed out.", false, "Query execution timed out: "},
    {"WAREHOUSE0104", 429, "TooManyRequests", KUSTO "KustoRequestThrottledException",
     "The request was throttled.", false, "Query is throttled: "},
    {"WAREHOUSE0105", 400, "LimitsExceeded",
     KUSTO "KustoServicePartialQueryFailureLowMemoryConditionException", invalid, false,
     "Query execution lacks memory resources to complete (80DA0007): (E_LOW_MEMORY_CONDITION, "
     "0x80DA0007): "},
    {"WAREHOUSE0108", 400, "General_BadRequest", KUSTO "KustoBadRequestException", invalid, true,
     ""},
    {"WAREHOUSE0110", 400, "Query_Canceled", KUSTO "KustoServiceException",
     "The query was canceled.", false, ""},
    {"AUTH", 401, "Unauthorized", KUSTO "KustoRequestException", "The caller is not known.", true,
     ""},
    {"AUTH0103", 403, "Forbidden", KUSTO "KustoRequestDeniedException",
     "Caller is not authorized to perform this action.", true, ""},
};
#undef KUSTO

const Kind& kind_of(const Error& error) {
  const Kind* best = &kinds[0];
  for (const auto& kind : kinds) {
    if (error.code.starts_with(kind.prefix) && kind.prefix.size() >= best->prefix.size())
      best = &kind;
  }
  return *best;
}

json::object context(const KustoRequest& request, Timestamp now) {
  return {{"timestamp", format_iso(now)},
          {"serviceAlias", "ROLLCALL"},
          {"clientRequestId", request.client_request_id},
          {"activityId", request.activity_id},
          {"subActivityId", request.activity_id},
          {"activityType", "DN.FE.ExecuteQuery"},
          {"parentActivityId", request.activity_id}};
}

}  // namespace

int kusto_status(const Error& error) {
  const auto& kind = kind_of(error);
  return kind.prefix.empty() ? status_of(error) : kind.status;
}

std::string kusto_message(const Error& error, const KustoRequest& request) {
  const auto& kind = kind_of(error);
  const auto line = render(error, request.text);
  const bool names_query =
      kind.opening.starts_with("Syntax") || kind.opening.starts_with("Semantic");
  return fmt::format("{}{}{}", names_query ? processed : "", kind.opening, line);
}

json::object one_api_error(const Error& error, const KustoRequest& request, Timestamp now) {
  const auto& kind = kind_of(error);
  json::object body{{"code", kind.code},
                    {"message", kind.message},
                    {"@type", kind.type},
                    {"@message", kusto_message(error, request)},
                    {"@context", context(request, now)},
                    {"@permanent", kind.permanent}};
  if (!request.text.empty()) body["@text"] = request.text;
  if (!request.database.empty()) body["@database"] = request.database;
  // What a query says of itself has Kusto's code inside, and the place.
  const bool syntax = kind.opening.starts_with("Syntax"),
             semantic = kind.opening.starts_with("Semantic");
  if (syntax || semantic) {
    const auto code = kind.opening.substr(kind.opening.find(": ") + 2, 7);
    json::object inner{{"code", code},
                       {"message", fmt::format("{}{}", kind.opening, error.message)},
                       {"@type", syntax ? "Kusto.Data.Exceptions.SyntaxException"
                                        : "Kusto.Data.Exceptions.SemanticException"},
                       {"@message", fmt::format("{}{}", kind.opening, error.message)},
                       {"@context", context(request, now)},
                       {"@permanent", true},
                       {"@errorCode", code},
                       {"@errorMessage", error.message}};
    if (error.span) {
      const auto before = std::string_view(request.text).substr(0, error.span->offset);
      inner["@line"] = std::count(before.begin(), before.end(), '\n') + 1;
      inner["@pos"] = before.size() -
                      (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1);
      inner["@token"] = std::string_view(request.text).substr(before.size(), error.span->length);
    }
    body["innererror"] = std::move(inner);
  }
  return {{"error", std::move(body)}};
}

}  // namespace rollcall::doors
