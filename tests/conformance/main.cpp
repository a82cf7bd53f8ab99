// test_conformance [--only NAME] [--corpus DIR] [--out DIR]: runs the registered suites in order of
// name. Exits with 0 whatever they count; 2 on a wrong command line. NAME may be the start of a
// name: `kql`.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "conformance/conformance.hpp"

namespace rollcall::conformance {
namespace {

namespace fs = std::filesystem;

struct Registered {
  std::string name;
  std::function<void(Run&)> body;
};

std::vector<Registered>& suites() {
  static std::vector<Registered> all;
  return all;
}

struct Options {
  std::string only;
  fs::path corpus;
  fs::path out = "build/conformance";
};

fs::path default_corpus() {
  if (const char* set = std::getenv("ROLLCALL_CORPUS"); set && *set) return set;
  return fs::path(ROLLCALL_SOURCE_DIR).parent_path() / "shared" / "corpus";
}

// The ids that are known to fail, one a line, are kept beside the suites; ROLLCALL_UPDATE=1 writes them anew. Some
// vectors depend on the clock or on chance, so what is new is said and fails nothing.
void compare_with_known(const std::string& suite, const Run& run) {
  const fs::path path =
      fs::path(ROLLCALL_SOURCE_DIR) / "tests/conformance/known_failures" / (suite + ".txt");
  std::set<std::string> failed, known;
  for (const std::string& line : run.failed()) failed.insert(line.substr(0, line.find('\t')));
  if (const char* update = std::getenv("ROLLCALL_UPDATE"); update && *update) {
    fs::remove(path);
    if (failed.empty()) return;
    fs::create_directories(path.parent_path());
    std::ofstream file(path);
    for (const auto& id : failed) file << id << '\n';
    return;
  }
  std::ifstream file(path);
  for (std::string id; std::getline(file, id);) known.insert(id);
  std::vector<std::string> fresh;
  std::ranges::set_difference(failed, known, std::back_inserter(fresh));
  const auto mended =
      std::ranges::count_if(known, [&](const auto& id) { return !failed.contains(id); });
  if (!fresh.empty()) {
    const std::size_t shown = std::min<std::size_t>(fresh.size(), 20);
    fmt::print("  {} not known to fail: {}{}\n", fresh.size(),
               fmt::join(fresh.begin(), fresh.begin() + static_cast<std::ptrdiff_t>(shown), " "),
               shown < fresh.size() ? " …" : "");
  }
  if (mended > 0)
    fmt::print("  {} known to fail pass now; ROLLCALL_UPDATE=1 takes them off the list\n", mended);
}

void report(const Registered& suite, const Run& run, const fs::path& out) {
  if (!run.what_is_missing().empty()) {
    fmt::print("conformance {} not run: {} is not there\n", suite.name, run.what_is_missing());
    return;
  }
  fmt::print("conformance {} {}/{}\n", suite.name, run.passed(),
             run.passed() + run.failed().size());
  for (const auto& [part, count] : run.parts())
    fmt::print("  {} {}/{} ({:.1f} %)\n", part, count.first, count.second,
               100.0 * static_cast<double>(count.first) / static_cast<double>(count.second));
  std::fflush(stdout);
  const fs::path path = out / (suite.name + ".failed");
  fs::create_directories(path.parent_path());
  std::ofstream file(path);
  for (const std::string& line : run.failed()) file << line << '\n';
  compare_with_known(suite.name, run);
}

int run_suites(const Options& options) {
  if (!fs::exists(options.corpus)) {
    fmt::print("conformance: no corpus in {}; set ROLLCALL_CORPUS\n", options.corpus.string());
    return 0;
  }
  auto& all = suites();
  std::ranges::sort(all, {}, &Registered::name);
  std::size_t ran = 0;
  for (const Registered& suite : all) {
    if (!suite.name.starts_with(options.only)) continue;
    Run run(options.corpus, options.out);
    suite.body(run);
    report(suite, run, options.out);
    ++ran;
  }
  if (ran != 0) return 0;
  fmt::print(stderr, "conformance: no suite is named '{}'\n", options.only);
  return 2;
}

}  // namespace

Suite::Suite(std::string name, std::function<void(Run&)> body) {
  suites().push_back({std::move(name), std::move(body)});
}

std::string read_text(const fs::path& path) {
  std::string text;
  gzFile file = gzopen(path.c_str(), "rb");  // reads plain files as they are
  if (!file) return text;
  std::array<char, 65536> buffer{};
  for (int n = 0; (n = gzread(file, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  gzclose(file);
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

std::vector<json::value> Run::lines(const fs::path& below_corpus) {
  std::vector<json::value> result;
  const fs::path path = corpus_ / below_corpus;
  if (!fs::exists(path)) {
    missing(path);
    return result;
  }
  const std::string text = read_text(path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    if (line.empty() || line == "\r") continue;
    auto value = parse_json(line);
    if (value)
      result.push_back(*std::move(value));
    else
      fail(fmt::format("line {}", result.size() + 1), value.error().message);
  }
  return result;
}

json::value Run::document(const fs::path& below_corpus) {
  const fs::path path = corpus_ / below_corpus;
  if (!fs::exists(path)) {
    missing(path);
    return nullptr;
  }
  auto value = parse_json(read_text(path));
  if (value) return *std::move(value);
  fail(below_corpus.string(), value.error().message);
  return nullptr;
}

std::vector<fs::path> Run::files(const fs::path& below_corpus, std::string_view ending) {
  std::vector<fs::path> result;
  const fs::path folder = corpus_ / below_corpus;
  if (!fs::exists(folder)) {
    missing(folder);
    return result;
  }
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().string().ends_with(ending))
      result.push_back(entry.path());
  std::ranges::sort(result);
  return result;
}

void Run::fail(std::string id, std::string_view why) {
  std::string line = std::move(id);
  if (!why.empty()) {
    line += '\t';
    line += why;
  }
  std::ranges::replace(line, '\n', ' ');
  failed_.push_back(std::move(line));
}

}  // namespace rollcall::conformance

int main(int argc, char** argv) {
  using namespace rollcall::conformance;
  Options options;
  options.corpus = default_corpus();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool more = i + 1 < arguments.size();
    if (arguments[i] == "--only" && more)
      options.only = arguments[++i];
    else if (arguments[i] == "--corpus" && more)
      options.corpus = arguments[++i];
    else if (arguments[i] == "--out" && more)
      options.out = arguments[++i];
    else {
      fmt::print(stderr, "usage: test_conformance [--only NAME] [--corpus DIR] [--out DIR]\n");
      return 2;
    }
  }
  return run_suites(options);
}
