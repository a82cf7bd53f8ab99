// What a definition must be before it is kept. Error LIST0109, LIST0111.
#pragma once
#include "base/error.hpp"
#include "lists/list.hpp"

namespace rollcall::lists {

inline constexpr std::size_t max_columns = 255;

Result<void> check_definition(const ListDefinition& definition);

}  // namespace rollcall::lists
