// bench [NAME…] [--json]: runs the benchmarks whose name begins with one of the names, or all.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>

#include "base/json.hpp"
#include "bench.hpp"

namespace rollcall::bench {
namespace {

struct Entry {
  std::string name;
  std::function<void(const Report&)> run;
};
std::vector<Entry>& all() {
  static std::vector<Entry> entries;
  return entries;
}

void print_json(const Figure& figure) {
  json::object line{{"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
  if (figure.baseline > 0) {
    line["baseline"] = figure.baseline;
    line["baseline_name"] = figure.baseline_name;
    line["ratio"] =
        figure.less_is_better ? figure.baseline / figure.value : figure.value / figure.baseline;
  }
  line["n"] = figure.n;
  line["durability"] = figure.durability;
  line["machine"] = fmt::format("{} cores", std::thread::hardware_concurrency());
  fmt::print("{}\n", json::serialize(line));
}

// Small ones with a digit more.
std::string text_of(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 2 : 0); }

void print_text(const Figure& figure) {
  const double ratio =
      figure.less_is_better ? figure.baseline / figure.value : figure.value / figure.baseline;
  fmt::print("{:<28} {:>12} {:<12}", figure.name, text_of(figure.value), figure.unit);
  if (figure.baseline > 0)
    fmt::print(" {} {}, ratio {:.3f}", figure.baseline_name, text_of(figure.baseline), ratio);
  fmt::print("\n");
}

}  // namespace

Benchmark::Benchmark(std::string name, std::function<void(const Report&)> run) {
  all().push_back({std::move(name), std::move(run)});
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "rollcall-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    fmt::print(stderr, "no folder can be made in {}\n",
               std::filesystem::temp_directory_path().string());
    std::exit(1);
  }
  path = name;
}

Folder::~Folder() { std::filesystem::remove_all(path); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double seconds_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace rollcall::bench

int main(int count, char** arguments) {
  using namespace rollcall::bench;
  bool as_json = false;
  std::vector<std::string_view> names;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--json")
      as_json = true;
    else
      names.push_back(argument);
  }
  std::size_t ran = 0;
  for (const auto& entry : all()) {
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [&](std::string_view name) {
          return entry.name.starts_with(name);
        });
    if (!wanted) continue;
    ++ran;
    entry.run([&](const Figure& figure) {
      as_json ? print_json(figure) : print_text(figure);
      std::fflush(stdout);
    });
  }
  if (ran == 0) fmt::print(stderr, "there is no benchmark of that name\n");
  return ran == 0 ? 2 : 0;
}
