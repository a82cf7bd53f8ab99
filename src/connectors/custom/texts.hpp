// The texts of a JSON array; what else stands in it is passed over.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"

namespace rollcall::connectors {

inline std::vector<std::string> texts(const json::value* list) {
  std::vector<std::string> all;
  if (list == nullptr || !list->is_array()) return all;
  for (const auto& one : list->get_array()) {
    if (one.is_string()) all.emplace_back(one.get_string());
  }
  return all;
}

}  // namespace rollcall::connectors
