// CAML, the XML that SharePoint's views ask items with, as options of OData: the store knows one
// query language. https://learn.microsoft.com/sharepoint/dev/schema/query-schema
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "lists/list.hpp"
#include "odata/options.hpp"

namespace rollcall::doors::sharepoint {

struct CamlQuery {
  odata::Options options;                // filter, orderby, top
  std::vector<std::string> fields = {};  // of ViewFields; empty: all
};

// <View><Query><Where>…</Where><OrderBy>…</OrderBy></Query><ViewFields>…</ViewFields><RowLimit>…</RowLimit></View>
// Who asks, and when: <UserID/>, and the day of <Today/>.
struct CamlAsker {
  Timestamp now;
  std::string principal;
  std::function<Result<std::string>(std::int64_t)> person_of;  // the principal of a user's number
};
// SP0104 names what CAML has and lists do not.
Result<CamlQuery> read_caml(std::string_view view_xml, const lists::List& list,
                            const CamlAsker& asker);

}  // namespace rollcall::doors::sharepoint
