#include "doors/sharepoint/sharepoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "doors/sharepoint/answers.hpp"
#include "doors/sharepoint/batch.hpp"
#include "doors/sharepoint/digest.hpp"

namespace rollcall::doors {
namespace {

using namespace sharepoint;

// A request that is read but not carried out.
struct Asked {
  std::string method;
  std::string site, path;
  http::Parameters query;
  std::vector<Step> steps;
  Format format = Format::minimal;
  std::string if_match;
  std::string_view body;

  bool is(std::string_view name) const { return steps.size() == 1 && steps[0].is(name); }
};

// What is sent by POST because it is long, and writes nothing.
constexpr std::array<std::string_view, 4> reading_posts{"getitems", "renderlistdataasstream",
                                                        "getchanges", "contextinfo"};

bool writes(const Asked& asked) {
  if (asked.method != "POST") return asked.method != "GET";
  const auto& last = asked.steps.back();
  return std::ranges::none_of(reading_posts, [&](std::string_view name) { return last.is(name); });
}

std::string method_of(const http::Request& request) {
  std::string method = request.method == "HEAD" ? "GET" : request.method;
  const auto tunnelled = request.headers.value_or("X-HTTP-Method");
  if (method == "POST" && !tunnelled.empty()) method = tunnelled;
  for (auto& c : method) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return method == "PATCH" || method == "PUT" ? "MERGE" : method;
}

Result<Asked> read_request(const http::Request& request, std::string_view host) {
  Asked asked;
  asked.method = method_of(request);
  asked.query = http::parse_query(request.query());
  asked.if_match = request.headers.value_or("If-Match");
  asked.body = request.body;
  asked.format = format_of(request.headers.value_or("Accept"));
  for (const auto& [name, value] : asked.query) {
    if (equals_ignoring_case(name, "$format")) asked.format = format_of(value);
  }
  const auto path = request.path();
  const auto api = to_lower(path).find("/_api/");
  if (api == std::string::npos)
    return fail("SP0101", fmt::format("Cannot find resource for the request {}.", path));
  asked.site = fmt::format("http://{}{}", host, path.substr(0, api));
  asked.path = path.substr(api);
  TRY(asked.steps, parse_path(http::decode_percent(path.substr(api + 6), false), asked.query));
  return asked;
}

Answer carry_out(Call& call) {
  const auto& first = call.steps.front();
  if (first.is("web")) return answer_web(call, 1);
  if (first.is("lists")) return answer_lists(call, 0);
  if (first.is("site") && call.steps.size() > 1 && call.steps[1].is("recyclebin"))
    return answer_recycle_bin(call, 1);
  if (first.is("site") && call.steps.size() == 1 && call.reads()) {
    Reply reply;
    reply.value = annotated(call, "SP.Site", "Site");
    reply.value.as_object()["Url"] = call.site;
    reply.value.as_object()["Id"] = "00000000-0000-4000-b000-000000000002";
    reply.metadata = "SP.ApiData.Sites/@Element";
    return reply;
  }
  return no_resource(call, 0);
}

class SharePoint {
 public:
  explicit SharePoint(Services& services) : services_(services) {}

  http::Response answer(const http::Request& request) const {
    auto asked = read_request(request, request.headers.value_or("Host", "localhost"));
    if (!asked) return refuse(asked.error(), format_of(request.headers.value_or("Accept")));
    auto answered = admit_and_answer(request, *asked);
    return answered ? *std::move(answered) : refuse(answered.error(), asked->format);
  }

 private:
  Result<http::Response> admit_and_answer(const http::Request& request, Asked& asked) const {
    TRY(const auto caller, services_.access.identify(request));
    TRY_DO(Access::require(caller, Scope::read));
    if (asked.is("contextinfo")) return context_info(asked, caller);
    std::vector<http::Request> parts;
    const bool is_batch = asked.is("$batch");
    if (is_batch) {
      if (asked.method != "POST") return fail("SP0103", "$batch: only POST is taken");
      TRY(parts, read_batch(request.headers.value_or("Content-Type"), request.body));
    }
    std::vector<Result<Asked>> all;
    for (const auto& part : parts)
      all.push_back(read_request(part, request.headers.value_or("Host", "localhost")));
    const bool any_writes =
        is_batch ? std::ranges::any_of(all, [](const auto& one) { return one && writes(*one); })
                 : writes(asked);
    if (asked.method != "GET") TRY_DO(check_digest(request, caller.principal));
    if (any_writes) TRY_DO(Access::require(caller, Scope::write));
    if (!is_batch) return answer_one(asked, caller, any_writes);
    return answer_batch(all, caller, any_writes, request.headers.value_or("Content-Type"));
  }

  // A token says already that the client means it.
  Result<void> check_digest(const http::Request& request, const Principal& principal) const {
    if (request.headers.find("Authorization") != nullptr) return {};
    const auto digest = request.headers.value_or("X-RequestDigest");
    if (digests_.is_valid(digest, principal, services_.clock.now())) return {};
    return fail(
        "SP0102",
        digest.empty()
            ? "X-RequestDigest is missing: POST /_api/contextinfo answers one, or send a token"
            : "X-RequestDigest is not valid any more: POST /_api/contextinfo answers another");
  }

  Result<http::Response> context_info(const Asked& asked, const Caller& caller) const {
    if (asked.method != "POST") return fail("SP0103", "contextinfo: only POST is taken");
    const auto now = services_.clock.now();
    Reply reply;
    reply.name = "GetContextWebInformation";
    reply.value = json::object{{"FormDigestTimeoutSeconds", digest_seconds},
                               {"FormDigestValue", digests_.make(caller.principal, now)},
                               {"LibraryVersion", "16.0.0.0"},
                               {"SiteFullUrl", asked.site},
                               {"SupportedSchemaVersions", json::array{"14.0.0.0", "15.0.0.0"}},
                               {"WebFullUrl", asked.site}};
    reply.metadata = "SP.ContextWebInformation";
    return services_.database.read([&](store::Connection& connection) -> Result<http::Response> {
      const auto call = make_call(asked, caller, connection, nullptr);
      return respond(call, std::move(reply));
    });
  }

  Call make_call(const Asked& asked, const Caller& caller, store::Connection& connection,
                 store::Transaction* transaction) const {
    return {services_,    caller,       caller.principal, services_.clock.now(),
            asked.method, asked.site,   asked.path,       asked.query,
            asked.steps,  asked.format, asked.if_match,   nullptr,
            connection,   transaction};
  }

  Result<http::Response> perform(const Asked& asked, const Caller& caller,
                                 store::Connection& connection,
                                 store::Transaction* transaction) const {
    auto call = make_call(asked, caller, connection, transaction);
    if (asked.method != "GET" && asked.method != "POST" && asked.method != "MERGE" &&
        asked.method != "DELETE") {
      return fail("SP0103", fmt::format("the method {} is not taken", asked.method));
    }
    if (asked.method != "GET" && !trim(asked.body).empty()) {
      TRY(call.body, parse_json(asked.body));
    }
    TRY(auto reply, carry_out(call));
    return respond(call, std::move(reply));
  }

  Result<http::Response> answer_one(const Asked& asked, const Caller& caller, bool writes) const {
    if (!writes) {
      return services_.database.read([&](store::Connection& connection) {
        return perform(asked, caller, connection, nullptr);
      });
    }
    return services_.database.write([&](store::Transaction& transaction) {
      return perform(asked, caller, transaction, &transaction);
    });
  }

  // One transaction for all: each request is whole or not at all, and they are acknowledged
  // together.
  Result<http::Response> answer_batch(const std::vector<Result<Asked>>& all, const Caller& caller,
                                      bool writes, std::string_view content_type) const {
    std::vector<http::Response> answers;
    const auto each = [&](store::Connection& connection,
                          store::Transaction* transaction) -> Result<void> {
      answers.clear();
      for (const auto& asked : all) {
        Result<http::Response> answered =
            !asked ? Result<http::Response>(std::unexpected(asked.error())) : fail("", "");
        if (asked && transaction == nullptr)
          answered = perform(*asked, caller, connection, nullptr);
        if (asked && transaction != nullptr) {
          const auto undone = transaction->nested([&]() -> Result<void> {
            answered = perform(*asked, caller, *transaction, transaction);
            if (!answered) return std::unexpected(answered.error());
            return {};
          });
          if (!undone && answered) answered = std::unexpected(undone.error());
        }
        answers.push_back(answered
                              ? *std::move(answered)
                              : refuse(answered.error(), asked ? asked->format : Format::minimal));
      }
      return {};
    };
    if (writes) {
      TRY_DO(services_.database.write(
          [&](store::Transaction& transaction) { return each(transaction, &transaction); }));
    } else {
      TRY_DO(services_.database.read(
          [&](store::Connection& connection) { return each(connection, nullptr); }));
    }
    return write_batch(answers, content_type);
  }

  Services& services_;
  Digests digests_;
};

}  // namespace

void add_sharepoint(http::Router& router, Services& services) {
  const auto door = std::make_shared<const SharePoint>(services);
  for (const auto* site : {"", "/sites/{site}", "/teams/{site}"}) {
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "MERGE", "DELETE"}) {
      router.add(method, fmt::format("{}/_api/{{path...}}", site),
                 [door](const http::Request& request) { return door->answer(request); });
    }
  }
}

}  // namespace rollcall::doors
