// Items as SharePoint shows them: which properties a query selects, and an item's JSON.
#pragma once
#include <string>
#include <vector>

#include "doors/sharepoint/call.hpp"

namespace rollcall::doors::sharepoint {

// What the client wants to see of items, out of $select and $expand.
struct Wanted {
  bool all = true;
  std::vector<std::string> names = {};     // with all: also these
  std::vector<std::string> expanded = {};  // Author, Editor, lookups and people
  bool has(std::string_view name) const;
  bool expands(std::string_view name) const;
};

// The query's options for the store, with $select in the store's names, and what to show. ODATA…
// and SP… errors.
struct ItemQuery {
  odata::Options options;
  Wanted wanted;
};
Result<ItemQuery> item_query(const Call& call, const lists::List& list);
json::object item_entity(const Call& call, const lists::List& list, const lists::ItemView& item,
                         const Wanted& wanted);
// The columns that a body sets, in the store's names and forms.
Result<json::object> item_fields(Call& call, const lists::List& list, const json::value& body);
// What items of a query are, and the URL that goes on behind them.
Result<Reply> item_page(Call& call, const lists::List& list, const ItemQuery& query);

}  // namespace rollcall::doors::sharepoint
