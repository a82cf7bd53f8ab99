// One figure beside its baseline. A file of benchmarks/ says what it measures with a global Benchmark; the
// program prints one object a line (--json) or a table.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rollcall::bench {

struct Figure {
  std::string name;           // "flow/plain/1000"
  double value = 0;
  std::string unit;           // "records/s"
  double baseline = 0;        // in the same unit; 0: there is none
  std::string baseline_name;
  std::int64_t n = 0;         // of what
  std::string durability;     // "power", "process", "" when nothing is written
  bool less_is_better = false;
};

// Called with each figure as soon as it is there.
using Report = std::function<void(const Figure&)>;

struct Benchmark {
  Benchmark(std::string name, std::function<void(const Report&)> run);
};

double median(std::vector<double> values);
double seconds_of(const std::function<void()>& work);

}  // namespace rollcall::bench
