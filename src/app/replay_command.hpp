// `rollcall replay` and `rollcall sim`, for the command line.
#pragma once

namespace CLI {
class App;
}

namespace rollcall::app {

// Adds both commands; the one that is called sets the exit code: 0 nothing is wrong, 1 something is (or it could not be
// done: one line on stderr).
void add_replay_commands(CLI::App& app, int& exit_code);

}  // namespace rollcall::app
