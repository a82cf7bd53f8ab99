// `rollcall flow …`: deploying flows, running them, and looking at runs. All but `validate` speak the API.
#pragma once
#include "app/console.hpp"
#include "base/clock.hpp"

namespace CLI {
class App;
}

namespace rollcall::app {

void add_flow_commands(CLI::App& app, const Console& console, const Clock& clock, int& exit_code);

}  // namespace rollcall::app
