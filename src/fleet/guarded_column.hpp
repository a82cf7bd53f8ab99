// A column of Rollcall's own lists: described, and guarded against accidental edits.
#pragma once
#include <string_view>

#include "lists/list.hpp"

namespace rollcall::fleet {

inline lists::Column guarded_column(std::string_view name, lists::ColumnType type,
                                    std::string_view description) {
  lists::Column made;
  made.name = name;
  made.type = type;
  made.description = description;
  made.guarded = true;
  return made;
}

}  // namespace rollcall::fleet
