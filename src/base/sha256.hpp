// SHA-256 of what may be too long to hold: fed in pieces. In hexadecimal digits, as `sha256sum` prints it.
#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace rollcall {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::string_view bytes);
  std::string hex();  // of all that was added; once, at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rollcall
