#include "sources/git_history.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <unordered_map>

#include "base/text.hpp"
#include "sources/process.hpp"

namespace rollcall::sources {
namespace {

constexpr std::string_view nothing = "0000000000000000000000000000000000000000";
constexpr std::size_t max_file_bytes = 4U << 20U;  // a larger one is no list of versions

struct FileChange {
  std::size_t commit;
  std::string before, after, path;  // blobs
};

// Calls `take` with each whole line.
class Lines {
 public:
  explicit Lines(std::function<void(std::string_view)> take) : take_(std::move(take)) {}
  void feed(std::string_view bytes) {
    rest_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      take_(std::string_view(rest_).substr(begin, end - begin));
    }
    rest_.erase(0, begin);
  }

 private:
  std::function<void(std::string_view)> take_;
  std::string rest_;
};

class Log {
 public:
  explicit Log(GitHistory& history) : history_(history) {}
  std::vector<FileChange> changes;

  void take(std::string_view line) {
    if (line.starts_with('\x01')) return take_commit(line.substr(1));
    if (line.starts_with(':')) take_file(line.substr(1));
  }

 private:
  void take_commit(std::string_view line) {
    const auto parts = split(line, '\x1f');
    if (parts.size() < 4) return;
    const auto at = parse_iso(parts[1]);
    history_.commits.push_back({std::string(parts[0]), std::string(parts[2]), std::string(parts[3]),
                                at.value_or(Timestamp{})});
  }
  // `100644 100644 <blob> <blob> M<tab>path`; a path with odd characters comes in quotes and is passed over.
  void take_file(std::string_view line) {
    const auto tab = line.find('\t');
    const auto parts = split(line.substr(0, tab), ' ');
    if (tab == std::string_view::npos || parts.size() < 5 || history_.commits.empty()) return;
    changes.push_back({history_.commits.size() - 1, std::string(parts[2]), std::string(parts[3]),
                       std::string(line.substr(tab + 1))});
  }
  GitHistory& history_;
};

// What `git cat-file --batch` writes: `<blob> blob <size>`, the bytes, a line feed; or `<blob> missing`.
class Blobs {
 public:
  explicit Blobs(std::function<void(std::string_view, std::string_view)> take)
      : take_(std::move(take)) {}
  void feed(std::string_view bytes) {
    const auto skipped = std::min(skip_, bytes.size());
    skip_ -= skipped;
    rest_ += bytes.substr(skipped);
    std::size_t begin = 0;
    while (const auto size = one(std::string_view(rest_).substr(begin))) begin += size;
    rest_.erase(0, begin);
  }

 private:
  std::size_t one(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return 0;
    const auto parts = split(text.substr(0, end), ' ');
    std::size_t size = 0;
    if (parts.size() < 3) return end + 1;  // missing
    std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), size);
    const std::size_t whole = end + 1 + size + 1;
    if (size > max_file_bytes) {  // not collected either
      skip_ = whole - std::min(whole, text.size());
      return std::min(whole, text.size());
    }
    if (text.size() < whole) return 0;
    take_(parts[0], text.substr(end + 1, size));
    return whole;
  }
  std::function<void(std::string_view, std::string_view)> take_;
  std::string rest_;
  std::size_t skip_ = 0;  // bytes to come that belong to a blob that is too large
};

class TemporaryFile {
 public:
  TemporaryFile()
      : path_((std::filesystem::temp_directory_path() / "rollcall-git-XXXXXX").string()) {
    const int file = ::mkstemp(path_.data());
    if (file >= 0) ::close(file);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using VersionsOfBlob = std::unordered_map<std::string, Versions>;  // by path, a line feed, blob

std::string key_of(const std::string& path, const std::string& blob) { return path + '\n' + blob; }

Result<VersionsOfBlob> read_blobs(const GitOptions& options,
                                  const std::vector<FileChange>& changes) {
  std::unordered_map<std::string, std::vector<const std::string*>> paths;  // by blob
  VersionsOfBlob versions;
  for (const auto& change : changes) {
    for (const auto* blob : {&change.before, &change.after}) {
      if (*blob != nothing && versions.try_emplace(key_of(change.path, *blob)).second)
        paths[*blob].push_back(&change.path);
    }
  }
  const TemporaryFile wanted;
  {
    std::ofstream file(wanted.path(), std::ios::binary);
    for (const auto& [blob, unused] : paths) file << blob << '\n';
  }
  Blobs blobs([&](std::string_view blob, std::string_view content) {
    const auto found = paths.find(std::string(blob));
    if (found == paths.end()) return;
    for (const auto* path : found->second) {
      auto& all = versions[key_of(*path, found->first)];
      for (const auto& rule : options.rules) {
        for (auto& [place, version] : read_versions(rule, *path, content))
          all.insert_or_assign(place, std::move(version));
      }
    }
  });
  TRY_DO(run_program({"git", "-C", options.repository.string(), "cat-file", "--batch"},
                     wanted.path(), [&](std::string_view bytes) { blobs.feed(bytes); }));
  return versions;
}

}  // namespace

Result<GitHistory> read_git_history(const GitOptions& options) {
  GitHistory history;
  std::vector<std::string> arguments{
      "git",
      "-C",
      options.repository.string(),
      "-c",
      "core.quotePath=false",
      "log",
      "--first-parent",
      "--reverse",
      "--diff-merges=first-parent",
      "--no-renames",
      "--raw",
      "--no-abbrev",
      "--format=%x01%H%x1f%cI%x1f%an%x1f%s",
      options.after.empty() ? options.branch : fmt::format("{}..{}", options.after, options.branch),
      "--"};
  for (const auto& rule : options.rules) arguments.push_back(":(glob)" + rule.path.glob());
  Log log(history);
  Lines lines([&](std::string_view line) { log.take(line); });
  TRY_DO(run_program(arguments, {}, [&](std::string_view bytes) { lines.feed(bytes); }));
  if (log.changes.empty()) return history;
  TRY(const auto versions, read_blobs(options, log.changes));
  static const Versions none;
  const auto of = [&](const FileChange& change, const std::string& blob) -> const Versions& {
    const auto found = versions.find(key_of(change.path, blob));
    return found == versions.end() ? none : found->second;
  };
  for (const auto& change : log.changes) {
    const auto& before = of(change, change.before);
    const auto& after = of(change, change.after);
    for (const auto& [place, version] : after) {
      const auto old = before.find(place);
      if (old != before.end() && old->second == version) continue;
      history.changes.push_back(
          {change.commit, place, old == before.end() ? "" : old->second, version, change.path});
    }
    for (const auto& [place, version] : before) {
      if (!after.contains(place))
        history.changes.push_back({change.commit, place, version, "", change.path});
    }
  }
  return history;
}

}  // namespace rollcall::sources
