// One request of SharePoint's protocol, as its handlers see it, and what they answer with. Answers
// are made in the form of `odata=minimalmetadata`, with annotations such as "odata.type";
// answers.hpp turns them into the form that the client takes.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "doors/services.hpp"
#include "doors/sharepoint/path.hpp"
#include "http/message.hpp"

namespace rollcall::doors::sharepoint {

enum class Format { minimal, none, verbose };

struct Call {
  Services& services;
  const Caller& caller;
  const Principal& principal;  // the caller's
  Timestamp now;
  std::string method;  // GET, POST, MERGE (also of PATCH and PUT), DELETE
  std::string site;    // http://host:port, with /sites/NAME where the client said so
  std::string path;    // behind the site, as sent: /_api/web/lists…
  http::Parameters query;
  std::vector<Step> steps;
  Format format = Format::minimal;
  std::string if_match;
  json::value body = nullptr;
  store::Connection& connection;
  store::Transaction* transaction = nullptr;  // absent when the method only reads

  bool reads() const { return method == "GET"; }
  lists::Write write() const { return {principal, now, std::nullopt, false}; }
  // The first query parameter of that name, `$` and letter case included.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct Reply {
  int status = 200;
  // An object: one entity. An array: a collection of them. `name` says of what else it is a value.
  json::value value = nullptr;
  bool empty = false;         // there is no body
  std::string name = {};      // of a single value: {"d":{name: value}} in the verbose form
  std::string metadata = {};  // behind $metadata#
  std::string next = {};      // URL of the next page
  std::optional<std::int64_t> count = std::nullopt;
  std::string etag = {};
  std::string location = {};
  bool plain = false;       // a text for itself
  bool plain_json = false;  // the value is the body, in every form
};
using Answer = Result<Reply>;

Reply no_content(int status);
// SP0101 and 404: nothing is there under the steps from `at` on.
std::unexpected<Error> no_resource(const Call& call, std::size_t at);
// AUTH0103: a list or a column goes with all that it holds, for which writing is not enough.
Result<void> require_admin(const Call& call);
// Needs the transaction, so only for methods that write.
store::Transaction& writing(const Call& call);

// Adds "odata.type", "odata.id", "odata.editLink" and, when it is given, "odata.etag"; nothing
// where the client wants none. `uri` is behind /_api/.
json::object annotated(const Call& call, std::string_view type, const std::string& uri,
                       std::string_view etag = {});

// The handlers; `at` is the step behind those that led there.
Answer answer_web(Call& call, std::size_t at);
Answer answer_lists(Call& call, std::size_t at);
Answer answer_list(Call& call, const lists::ListPtr& list, std::size_t at);
Answer answer_fields(Call& call, const lists::ListPtr& list, std::size_t at);
Answer answer_items(Call& call, const lists::ListPtr& list, std::size_t at);
Answer answer_item(Call& call, const lists::ListPtr& list, std::int64_t id, std::size_t at);
Answer get_items_by_caml(Call& call, const lists::ListPtr& list);
Answer render_list_data(Call& call, const lists::ListPtr& list);
Answer get_changes(Call& call, const lists::ListPtr& list);
Answer answer_recycle_bin(Call& call, std::size_t at);

// Names that clients see.
std::string list_uri(const lists::List& list);     // Web/Lists(guid'…')
std::string item_type(const lists::List& list);    // SP.Data.Deployment_x0020_historyListItem
std::string encoded_name(std::string_view title);  // Deployment_x0020_history
std::string item_guid(const lists::List& list, std::int64_t id);
std::string item_etag(const lists::List& list, std::int64_t id,
                      std::int64_t version);  // "guid,3", quotes included
// The version that If-Match names; absent: any. LIST0103 when it cannot be one of this item.
Result<std::optional<std::int64_t>> matched_version(const Call& call, const lists::List& list,
                                                    std::int64_t id);
json::array fields_of(const Call& call, const lists::List& list);

}  // namespace rollcall::doors::sharepoint
