#include "connectors/custom/custom.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "base/url.hpp"
#include "connectors/answer.hpp"
#include "connectors/custom/policies.hpp"
#include "connectors/custom/polling.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Outcome;

constexpr int most_items_ever = 100'000;
constexpr int most_pages = 1'000;

// How a request came to be: drafted from the operation, or to an address that an answer named,
// which may be another's.
enum class Way { first, follow, stranger };

// An answer, its body already as the policies leave it.
struct Heard {
  http::Response response;
  json::value body;
  std::string url;  // without the queries that credentials and policies added: they are added anew
};

bool has_query(const http::Parameters& queries, std::string_view name) {
  return std::ranges::any_of(queries, [&](const auto& one) { return one.first == name; });
}

Outcome refusal(const Error& error) {
  if (error.code.starts_with("HTTP")) return no_answer(error);
  const bool again = error.code == "CONNECTOR0535";
  const int status = again                                                            ? 502
                     : error.code == "CONNECTOR0531" || error.code == "CONNECTOR0533" ? 401
                                                                                      : 400;
  auto outcome = flow::refused(status, error.code, error.message);
  outcome.may_retry = again;
  return outcome;
}

class Custom final : public flow::Connector {
 public:
  Custom(std::string id, std::shared_ptr<const ApiDefinition> definition,
         CustomConnection connection, http::Client& client)
      : id_(std::move(id)),
        definition_(std::move(definition)),
        connection_(std::move(connection)),
        client_(client) {
    // A parameter of the connection that nobody gave has its default.
    for (const auto& parameter : definition_->connection_parameters) {
      if (parameter.default_value)
        connection_.values.emplace(parameter.name, *parameter.default_value);
    }
    for (const auto& operation : definition_->operations) {
      flow::Operation one{operation.id, flow::Place::outside, operation.summary,
                          to_lower(operation.method), operation.path};
      one.asynchronous = !operation.webhook;
      if (operation.webhook) one.unsubscribe = operation.id + "/unsubscribe";
      operations_.push_back(std::move(one));
    }
    for (std::size_t i = 0; i < definition_->operations.size(); ++i) {
      if (!definition_->operations[i].webhook) continue;
      subscriptions_.push_back(i);
      operations_.push_back({definition_->operations[i].id + "/unsubscribe",
                             flow::Place::outside,
                             "Ends the subscription",
                             {},
                             {}});
    }
  }

  std::string_view id() const override { return id_; }
  std::span<const flow::Operation> operations() const override { return operations_; }

  Result<Outcome> call(std::size_t index, const Call& call) override {
    const bool ends = index >= definition_->operations.size();
    const auto& operation =
        definition_
            ->operations[ends ? subscriptions_[index - definition_->operations.size()] : index];
    auto outcome = ends ? unsubscribe(operation, call) : carry_out(operation, call);
    if (!outcome) return refusal(outcome.error());
    return outcome;
  }

 private:
  Result<Outcome> carry_out(const ApiOperation& operation, const Call& call) const {
    if (definition_->scripted(operation.id)) {
      return fail(
          "CONNECTOR0524",
          fmt::format(
              "operation '{}' of connector '{}' is made by a C# script, which is not run here",
              operation.id, id_));
    }
    TRY_DO(check_policies(*definition_, operation));
    const auto* polling = operation.trigger == TriggerKind::none
                              ? nullptr
                              : find_policy(*definition_, operation, "pollingtrigger");
    TRY(auto heard, call.location.empty() ? ask(operation, call)
                                          : ask_at(operation, call, "GET", call.location));
    if (heard.response.status < 300 && call.most_items)
      TRY_DO(follow_pages(operation, call, heard));
    if (polling != nullptr && heard.response.status < 300)
      TRY_DO(look_for_news(*polling, call, heard));
    return to_outcome(heard.response, std::move(heard.body));
  }

  Result<Heard> ask(const ApiOperation& operation, const Call& call) const {
    TRY(auto draft, draft_request(*definition_, operation, call.parameters, call.callback_url));
    return send(operation, std::move(draft), Way::first, call.key.to_string());
  }

  Result<Heard> ask_at(const ApiOperation& operation, const Call& call, std::string_view method,
                       std::string_view url) const {
    TRY(auto draft, draft_of_url(method, url));
    const bool own = origin_of(url) == own_origin(operation, call);
    return send(operation, std::move(draft), own ? Way::follow : Way::stranger,
                call.key.to_string());
  }

  // Where the operation itself goes; "": it cannot be told.
  std::string own_origin(const ApiOperation& operation, const Call& call) const {
    auto draft = draft_request(*definition_, operation, call.parameters, "http://localhost/");
    if (!draft) {
      draft.emplace();
      draft->base = definition_->scheme + "://" + definition_->host;
    }
    const auto changed = change_request(*definition_, operation, connection_.values, *draft);
    return changed ? origin_of(draft->base) : std::string();
  }

  // A token that has ended before its time is asked for anew, once.
  Result<Heard> send(const ApiOperation& operation, const Draft& draft, Way way,
                     const std::string& key) const {
    TRY(auto heard, send_once(operation, draft, way, key));
    if (heard.response.status != 401 || way == Way::stranger ||
        !uses_token(*definition_, operation, connection_))
      return heard;
    connection_.tokens->forget();
    return send_once(operation, draft, way, key);
  }

  Result<Heard> send_once(const ApiOperation& operation, Draft draft, Way way,
                          const std::string& key) const {
    auto given = std::exchange(draft.queries, {});
    if (way != Way::stranger) TRY_DO(authenticate(*definition_, operation, connection_, draft));
    // A key takes the place of what was given under its name.
    std::erase_if(given, [&](const auto& one) { return has_query(draft.queries, one.first); });
    draft.queries.insert(draft.queries.begin(), given.begin(), given.end());
    if (way == Way::first)
      TRY_DO(change_request(*definition_, operation, connection_.values, draft));
    if (way == Way::follow)
      TRY_DO(change_follow_up(*definition_, operation, connection_.values, draft));
    TRY(auto request, finish(draft, key));
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads && request.headers.find("Idempotency-Key") == nullptr)
      request.headers.set("Idempotency-Key", key);
    if (request.headers.find("Accept") == nullptr)
      request.headers.set("Accept", accept_of(operation));
    TRY(auto response, client_.send(request));
    auto shown = draft;
    std::erase_if(shown.queries, [&](const auto& one) { return !has_query(given, one.first); });
    TRY(auto plain, finish(shown, key));
    Heard heard{std::move(response), {}, std::move(plain.url)};
    heard.body = body_of(heard.response);
    TRY_DO(change_answer(*definition_, operation, connection_.values, draft, heard.response,
                         heard.body));
    if (const auto* location = heard.response.headers.find("Location"))
      heard.response.headers.set("Location", absolute_url(heard.url, *location));
    return heard;
  }

  static std::string accept_of(const ApiOperation& operation) {
    std::string accept;
    for (const auto& type : operation.produces) accept += (accept.empty() ? "" : ", ") + type;
    return accept.empty() || accept.size() > 1'000 ||
                   accept.find_first_of("\r\n") != std::string::npos
               ? "application/json, */*"
               : accept;
  }

  std::string next_link_name(const ApiOperation& operation) const {
    if (!operation.next_link_name.empty()) return operation.next_link_name;
    const auto* policy = find_policy(*definition_, operation, "updatenextlink");
    return policy == nullptr ? std::string()
                             : std::string(text_or(policy->parameters, "nextLinkPropertyName"));
  }

  // Appends the items of the next pages to those of the first; the link that is left over stays.
  Result<void> follow_pages(const ApiOperation& operation, const Call& call, Heard& heard) const {
    const auto name = next_link_name(operation);
    auto* whole = heard.body.if_object();
    if (name.empty() || whole == nullptr) return {};
    const auto most = static_cast<std::size_t>(std::clamp(*call.most_items, 0, most_items_ever));
    auto* items = whole->if_contains(operation.item_name);
    if (items == nullptr || !items->is_array()) return {};
    auto all = std::move(items->get_array());
    auto link = std::string(text_or(*whole, name));
    auto url = heard.url;
    for (int pages = 1; !link.empty() && pages < most_pages && all.size() < most; ++pages) {
      url = absolute_url(url, link);
      TRY(auto next, ask_at(operation, call, "GET", url));
      if (next.response.status >= 300) {
        heard = std::move(next);
        return {};
      }
      auto* more = next.body.if_object();
      auto* found = more == nullptr ? nullptr : more->if_contains(operation.item_name);
      if (found == nullptr || !found->is_array())
        return fail("CONNECTOR0525",
                    fmt::format("{} is no page: '{}' is no array", url.substr(0, url.find('?')),
                                operation.item_name));
      for (auto& item : found->get_array()) all.push_back(std::move(item));
      auto following = std::string(text_or(*more, name));
      const bool leads_to_itself = found->get_array().empty() && following == link;
      link = leads_to_itself ? std::string() : std::move(following);
    }
    (*whole)[operation.item_name] = std::move(all);
    if (link.empty())
      whole->erase(name);
    else
      (*whole)[name] = link;
    return {};
  }

  Result<void> look_for_news(const Policy& policy, const Call& call, Heard& heard) const {
    TRY(const auto polled, read_poll(policy, connection_.values, heard.body));
    heard.response.headers.set("Location", with_queries(heard.url, polled.next));
    // The first answer says from where on things are new.
    if (polled.news && !call.location.empty()) return {};
    heard.response.status = 202;
    heard.body = nullptr;
    return {};
  }

  // The inputs are what subscribing has answered.
  Result<Outcome> unsubscribe(const ApiOperation& operation, const Call& call) const {
    const json::value subscription = call.parameters;
    std::string location;
    if (const auto* headers = rollcall::find(subscription, "headers");
        headers != nullptr && headers->is_object()) {
      for (const auto& [name, value] : headers->get_object()) {
        if (equals_ignoring_case(name, "Location") && value.is_string())
          location = value.get_string();
      }
    }
    if (location.empty()) return flow::answered(200, nullptr);
    TRY(auto heard, ask_at(operation, call, "DELETE", location));
    return to_outcome(heard.response, std::move(heard.body));
  }

  const std::string id_;
  const std::shared_ptr<const ApiDefinition> definition_;
  CustomConnection connection_;
  http::Client& client_;
  std::vector<flow::Operation> operations_;
  std::vector<std::size_t> subscriptions_;  // the operations behind those that unsubscribe
};

}  // namespace

std::unique_ptr<flow::Connector> make_custom(std::string id,
                                             std::shared_ptr<const ApiDefinition> definition,
                                             CustomConnection connection, http::Client& client) {
  return std::make_unique<Custom>(std::move(id), std::move(definition), std::move(connection),
                                  client);
}

}  // namespace rollcall::connectors
