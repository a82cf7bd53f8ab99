#include "app/command_line.hpp"

namespace rollcall::app {

int run(int, char**) { return 0; }

}  // namespace rollcall::app
