// How a Kusto cluster is reached, as [kusto] and connections of shared_kusto say it.
#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "warehouse/cluster.hpp"

namespace rollcall::app {

struct ClusterSettings {
  std::string cluster, database, token, tenant, client_id, client_secret, login_endpoint;
  bool managed_identity = false;
};

// The error: what was expected instead.
std::expected<warehouse::ClusterOptions, std::string_view> cluster_options(
    ClusterSettings settings);

}  // namespace rollcall::app
