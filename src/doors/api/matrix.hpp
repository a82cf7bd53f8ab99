// The matrix as people look at it: the snapshot's cells in sequence order, with when each was last heard and
// whether what it shows is still known. Pure: rows in, JSON out.
#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "fleet/cell_rules.hpp"
#include "lists/list_store.hpp"

namespace rollcall::doors {

// Regions as configured come first; the others in the order in which rollouts reached them: the mean of their
// places in each rollout of `history` that went far; those that none reached, by when they were first seen.
std::vector<std::string> order_regions(std::span<const std::string> configured,
                                       std::span<const lists::Item> history,
                                       std::span<const lists::Item> snapshot);

// Of each cell: when a line of it last came, and when it was last declared to be removed (a cell without a region is
// a declaration of all regions of its role); and through which source it is heard, if that has stopped: a silent
// cell with one may be as alive as ever.
struct CellTimes {
  std::map<fleet::Cell, Timestamp> heard, removals;
  std::map<fleet::Cell, std::string> deaf;
  std::map<fleet::Cell, Timespan>
      gaps;  // that its lines usually leave; of those silent for longer than the rules say
};

// {"now", "regions": […], "cells": [{environment, role, region, version, …, "heard", "silent", "state",
// "deafSource"}]}, cells by environment, role and the regions' order. Where the rules say which cells are expected,
// the others are left out; "missing" are those that never were heard, "unexpected" those that log though nobody
// expects them.
json::object make_matrix(std::span<const lists::Item> snapshot,
                         std::span<const std::string> regions, const CellTimes& times,
                         const fleet::CellRules& rules, Timestamp now);

}  // namespace rollcall::doors
