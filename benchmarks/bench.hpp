// One figure beside its baseline. A file of benchmarks/ says what it measures with a global Benchmark; the
// program prints one object a line (--json) or a table.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.hpp"

namespace rollcall::bench {

struct Figure {
  std::string name;  // "flow/plain/1000"
  double value = 0;
  std::string unit;     // "records/s"
  double baseline = 0;  // in the same unit; 0: there is none
  std::string baseline_name;
  std::int64_t n = 0;      // of what
  std::string durability;  // "power", "process", "" when nothing is written
  bool less_is_better = false;
};

// Called with each figure as soon as it is there.
using Report = std::function<void(const Figure&)>;

struct Benchmark {
  Benchmark(std::string name, std::function<void(const Report&)> run);
};

// The value, or the error on stderr and the end: there is nothing to measure then.
template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{} {}\n", result.error().code, result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// A folder of the run's own among the temporary files, gone at its end.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  std::string file(std::string_view name) const { return (path / name).string(); }
  std::filesystem::path path;
};

double median(std::vector<double> values);
double seconds_of(const std::function<void()>& work);

}  // namespace rollcall::bench
