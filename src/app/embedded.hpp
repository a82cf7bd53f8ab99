// What the binary carries with it: the shipped flows, the shipped KQL functions, and the portal's files.
#pragma once
#include <span>

#include "doors/portal/files.hpp"

namespace rollcall::app {

std::span<const doors::File> embedded_flows();              // flows/*.json
std::span<const doors::File> embedded_functions();          // functions/*.kql
std::span<const doors::File> embedded_cluster_functions();  // functions/cluster/*.kql
std::span<const doors::File> embedded_portal();  // web/dist/*; empty when the portal was not built

}  // namespace rollcall::app
