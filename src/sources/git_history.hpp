// The history of a GitOps repository: which commit of its main line changed which version. Reads with git's own program, in two
// runs of it, however long the history is.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "sources/version_files.hpp"

namespace rollcall::sources {

struct GitOptions {
  std::filesystem::path repository;
  std::string branch = "HEAD";
  std::string after;  // only commits behind this one; "": all
  std::vector<FileRule> rules;
};

struct GitCommit {
  std::string id, author, subject;
  Timestamp at;  // of the commit, by its committer
};
struct VersionChange {
  std::size_t commit;  // in GitHistory::commits
  Place place;
  std::string before, after;  // "": there was none, or it was taken away
  std::string file;
};
struct GitHistory {
  std::vector<GitCommit>
      commits;  // of the first-parent line, oldest first; those that touch a file of a rule
  std::vector<VersionChange> changes;
};

// SOURCE0101: git failed, and what it said.
Result<GitHistory> read_git_history(const GitOptions& options);

}  // namespace rollcall::sources
