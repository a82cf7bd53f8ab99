#include "sources/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace rollcall::sources {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  int number() const { return number_; }

 private:
  int number_;
};

// Errors of the program go into a file that nobody else sees, so that a full pipe cannot hold it up.
std::string text_of(int file) {
  std::array<char, 2'000> text{};
  const auto size = ::pread(file, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

// What a name is given for the second time is not seen.
std::vector<char*> environment_with(const std::vector<std::string>& more) {
  std::vector<char*> all;
  for (const auto& one : more) all.push_back(const_cast<char*>(one.c_str()));
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view name =
        std::string_view(*one).substr(0, std::string_view(*one).find('=') + 1);
    if (std::ranges::none_of(more, [&](const auto& given) { return given.starts_with(name); }))
      all.push_back(*one);
  }
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<void> run_program(const std::vector<std::string>& arguments,
                         const std::filesystem::path& input,
                         const std::function<void(std::string_view)>& output,
                         const std::vector<std::string>& environment) {
  const auto failed = [&](int reason) {
    return fail("SOURCE0101",
                fmt::format("{} cannot be run: {}", arguments.at(0), std::strerror(reason)));
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(errno);
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const Descriptor complaints(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string from = input.empty() ? "/dev/null" : input.string();
  posix_spawn_file_actions_addopen(&actions, 0, from.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writing.number(), 1);
  if (complaints.number() >= 0) posix_spawn_file_actions_adddup2(&actions, complaints.number(), 2);
  std::vector<char*> raw;
  for (const auto& one : arguments) raw.push_back(const_cast<char*>(one.c_str()));
  raw.push_back(nullptr);
  const auto variables = environment_with(environment);
  pid_t child = 0;
  const int spawned =
      ::posix_spawnp(&child, raw[0], &actions, nullptr, raw.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return failed(spawned);
  writing.close();
  std::array<char, 65'536> chunk{};
  for (;;) {
    const auto size = ::read(reading.number(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    output({chunk.data(), static_cast<std::size_t>(size)});
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  auto said = complaints.number() >= 0 ? text_of(complaints.number()) : std::string();
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return fail("SOURCE0101", fmt::format("{} {} failed: {}", arguments[0],
                                        arguments.size() > 3 ? arguments[3] : "", said));
}

}  // namespace rollcall::sources
