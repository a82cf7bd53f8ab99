// The SharePoint connector of Power Automate over a real site, through SharePoint's REST API: the
// same operations, inputs and items as over our own lists (sharepointonline.hpp), so that a flow
// does not tell the difference.
// https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest
#pragma once
#include <memory>

#include "connectors/oauth.hpp"
#include "flow/connector.hpp"

namespace rollcall::connectors {

// `site` is asked whatever the flow's `dataset` says: https://contoso.sharepoint.com/sites/ops. The
// client must outlive the connector.
std::unique_ptr<flow::Connector> make_sharepoint_site(std::string site,
                                                      std::unique_ptr<OAuthTokens> tokens,
                                                      http::Client& client);

}  // namespace rollcall::connectors
