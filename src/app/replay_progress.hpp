// A bar with an estimate for whatever takes longer than a second; only on a terminal.
#pragma once
#include <chrono>
#include <string>

namespace rollcall::app {

class ProgressBar {
 public:
  explicit ProgressBar(std::string label, bool shown);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  // `done` 0..1; `note` says where it is.
  void update(double done, const std::string& note);

 private:
  std::string label_;
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point started_, last_;
};

// Whether stderr is a terminal.
bool can_show_progress();

}  // namespace rollcall::app
