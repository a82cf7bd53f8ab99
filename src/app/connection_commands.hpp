// `rollcall connection …`: whether the connections of a configuration can be opened, and the
// consent that some of them need (OAuth 2.0, authorization code).
#pragma once
#include "app/console.hpp"
#include "base/clock.hpp"

namespace CLI {
class App;
}

namespace rollcall::app {

void add_connection_commands(CLI::App& app, const Console& console, const Clock& clock,
                             int& exit_code);

}  // namespace rollcall::app
