// Variables that the iterations of a Foreach would spoil for each other, if they ran at once: those that are
// set in the loop, and those that are both changed and read in it. Adding to a variable that nobody reads
// there is safe in any order.
#pragma once
#include <string>

#include "flow/definition.hpp"

namespace rollcall::flow {

// "": there is none.
std::string first_shared_variable(const Definition& definition, ActionIndex loop);
inline bool shares_variables(const Definition& definition, ActionIndex loop) {
  return !first_shared_variable(definition, loop).empty();
}

}  // namespace rollcall::flow
