#include "app/cluster_settings.hpp"

namespace rollcall::app {

std::expected<warehouse::ClusterOptions, std::string_view> cluster_options(
    ClusterSettings settings) {
  if (settings.cluster.empty() || settings.database.empty())
    return std::unexpected("cluster and database");
  const bool token = !settings.token.empty(), client = !settings.client_secret.empty();
  if (static_cast<int>(token) + static_cast<int>(client) +
          static_cast<int>(settings.managed_identity) >
      1)
    return std::unexpected("one of token, client_secret and managed_identity");
  if (client && (settings.tenant.empty() || settings.client_id.empty()))
    return std::unexpected("tenant and client_id beside client_secret");
  warehouse::ClusterOptions options;
  options.url = std::move(settings.cluster);
  options.database = std::move(settings.database);
  if (client) {
    warehouse::ClientCredentials credentials{settings.tenant, settings.client_id,
                                             settings.client_secret};
    if (!settings.login_endpoint.empty()) credentials.login = settings.login_endpoint;
    options.credentials = std::move(credentials);
  } else if (settings.managed_identity) {
    options.credentials = warehouse::ManagedIdentity{settings.client_id};
  } else {
    options.credentials = warehouse::GivenToken{settings.token};
  }
  return options;
}

}  // namespace rollcall::app
