// A folder, a clock and a console for running commands as a user would, and a server now and then.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "app/command_line.hpp"
#include "app/server.hpp"
#include "base/clock.hpp"

namespace rollcall::test {

class Stage {
 public:
  Stage();
  ~Stage();
  // The words of a command line; quotes hold words together. Answers what was printed, what went to stderr
  // behind `! `, and the exit code when it is not 0.
  std::string run(const std::string& line);
  void write(const std::string& name, const std::string& content);
  std::string read(const std::string& name) const;
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  // Runs what flows have to do now, on the data folder of that name.
  std::string poll(const std::string& data);
  // Starts a server on the data folder, on a port the system gives; "" stops it. Answers an error's line.
  std::string serve(const std::string& data, const std::string& address);
  std::string port() const;
  ManualClock clock{*parse_iso("2026-01-01T12:00:00Z")};

 private:
  app::Console console();
  std::string tidy(
      std::string text) const;  // without what differs at each run: folder, ports, secrets

  std::filesystem::path folder_;
  std::unique_ptr<app::Server> server_;
  std::string printed_;
  std::string secret_;  // of the token made last: {SECRET} on a command line
};

}  // namespace rollcall::test
