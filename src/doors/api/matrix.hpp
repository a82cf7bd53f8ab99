// The matrix as people look at it: the snapshot's cells in sequence order, with when each was last heard.
// Pure: rows in, JSON out.
#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "lists/list_store.hpp"

namespace rollcall::doors {

// A cell of which nothing came in for this long is silent: its version is what it was, not what it is.
inline constexpr Timespan silent_after = minutes(10);

std::string cell_key(std::string_view environment, std::string_view role, std::string_view region);

// Regions as configured come first; the others in the order in which rollouts reached them: the mean of their
// places in each rollout of `history` that went far; those that none reached, by when they were first seen.
std::vector<std::string> order_regions(std::span<const std::string> configured,
                                       std::span<const lists::Item> history,
                                       std::span<const lists::Item> snapshot);

// {"now", "regions": […], "cells": [{environment, role, region, version, …, "heard", "silent", "deafSource"}]}, cells by
// environment, role and the regions' order. `heard` is by cell_key, as is `deaf`: the source through which a cell is heard
// and that has stopped. A silent cell with one may be as alive as ever.
json::object make_matrix(std::span<const lists::Item> snapshot,
                         std::span<const std::string> regions,
                         const std::map<std::string, Timestamp>& heard,
                         const std::map<std::string, std::string>& deaf, Timestamp now);

}  // namespace rollcall::doors
