// The program: everything else is in the library, so that tests can call it.
#include "app/command_line.hpp"

int main(int argc, char** argv) { return rollcall::app::run(argc, argv); }
