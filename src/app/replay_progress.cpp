#include "app/replay_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace rollcall::app {
namespace {

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

}  // namespace

ProgressBar::ProgressBar(std::string label, bool shown)
    : label_(std::move(label)),
      shown_(shown),
      started_(std::chrono::steady_clock::now()),
      last_(started_) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::update(double done, const std::string& note) {
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(250)) return;
  last_ = now;
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  if (elapsed < 1) return;
  drawn_ = true;
  constexpr int width = 30;
  const int full = static_cast<int>(std::clamp(done, 0.0, 1.0) * width);
  const std::string left = done > 0.005 ? duration(elapsed / done - elapsed) + " left" : "";
  fmt::print(stderr, "\r\033[K{} [{:#<{}}{:.<{}}] {:3.0f} %  {}  {}", label_, "", full, "",
             width - full, done * 100, note, left);
  std::fflush(stderr);
}

bool can_show_progress() { return isatty(STDERR_FILENO) != 0; }

}  // namespace rollcall::app
