// The program: everything else is in the library, so that tests can call it.
#include <cstdio>

#include "app/command_line.hpp"

int main(int argc, char** argv) {
  const auto to = [](std::FILE* file) {
    return [file](std::string_view text) {
      std::fwrite(text.data(), 1, text.size(), file);
      std::fflush(file);
    };
  };
  const rollcall::SystemClock clock;
  return rollcall::app::run({argv + 1, argv + argc}, {to(stdout), to(stderr)}, clock);
}
