// One visitor of several functions, for std::visit.
#pragma once

namespace rollcall {

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

}  // namespace rollcall
