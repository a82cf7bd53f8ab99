// Reads the command line and carries out what it says.
#pragma once

namespace rollcall::app {

// Answers the exit code: 0 done, 1 it went wrong (one line on stderr says what), 2 the command line is off.
int run(int argc, char** argv);

}  // namespace rollcall::app
