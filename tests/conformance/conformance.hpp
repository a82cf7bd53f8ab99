// The conformance runner: collections of outside cases, read at run time from ROLLCALL_CORPUS
// (default:
// ../shared/corpus beside the checkout), each counted and none of them failing the run.
//   const Suite suite{"wdl/expressions", [](Run& run) { … run.pass(); … run.fail("12", "why"); }};
// prints `conformance wdl/expressions 764/768`; the ids that fail go to
// build/conformance/<name>.failed.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace rollcall::conformance {

class Run {
 public:
  Run(std::filesystem::path corpus, std::filesystem::path out)
      : corpus_(std::move(corpus)), out_(std::move(out)) {}

  const std::filesystem::path& corpus() const { return corpus_; }
  // Where what a suite found out may be kept, for other programs.
  const std::filesystem::path& out() const { return out_; }
  // One JSON document a line (the file may be gzip); empty, and noted as missing, when it is not
  // there.
  std::vector<json::value> lines(const std::filesystem::path& below_corpus);
  json::value document(const std::filesystem::path& below_corpus);
  // The files of a folder whose name ends so, by name; noted as missing when the folder is not
  // there.
  std::vector<std::filesystem::path> files(const std::filesystem::path& below_corpus,
                                           std::string_view ending);
  void missing(const std::filesystem::path& path) { missing_ = path.string(); }

  void pass() { ++passed_; }
  // `why` is one line; it stands beside the id in the .failed file.
  void fail(std::string id, std::string_view why = {});
  void check(bool passed, std::string id, std::string_view why = {}) {
    if (passed)
      pass();
    else
      fail(std::move(id), why);
  }

  // Counted apart, as a part of the suite: `  of those that repeat 500/510`.
  void part(const std::string& name, bool passed) {
    auto& [good, all] = parts_[name];
    good += passed ? 1 : 0;
    ++all;
  }

  std::size_t passed() const { return passed_; }
  const std::map<std::string, std::pair<std::size_t, std::size_t>>& parts() const { return parts_; }
  const std::vector<std::string>& failed() const { return failed_; }
  const std::string& what_is_missing() const { return missing_; }

 private:
  std::filesystem::path corpus_, out_;
  std::size_t passed_ = 0;
  std::vector<std::string> failed_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> parts_;
  std::string missing_;
};

// A global of this type registers a suite. The name is the collection's path below the corpus.
struct Suite {
  Suite(std::string name, std::function<void(Run&)> body);
};

// The whole text of a file, unpacked when it is gzip.
std::string read_text(const std::filesystem::path& path);

}  // namespace rollcall::conformance
