#include "support/golden.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace rollcall::test {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

std::string without_trailing_space(const std::string& text) {
  auto lines = lines_of(text);
  for (auto& line : lines) line.erase(line.find_last_not_of(" \t\r") + 1);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return join(lines);
}

class GoldenFile : public testing::Test {
 public:
  GoldenFile(std::filesystem::path path, std::function<Handlers()> make)
      : path_(std::move(path)), make_(std::move(make)) {}

  void TestBody() override {
    const auto lines = lines_of(read(path_));
    const Handlers handlers = make_();
    const char* update = std::getenv("ROLLCALL_UPDATE");
    std::string rewritten;
    std::size_t cases = 0;
    for (std::size_t i = 0; i < lines.size();) {
      if (lines[i].empty() || lines[i].front() == '#') {
        rewritten += lines[i++] + "\n";
        continue;
      }
      rewritten += run_case(lines, i, handlers);
      ++cases;
    }
    EXPECT_GT(cases, 0U) << path_ << " holds no case";
    if (update != nullptr && std::string_view(update) == "1") {
      std::ofstream(path_, std::ios::binary) << rewritten;
    }
  }

 private:
  // Runs the case that starts at line i, leaves i behind it, and answers its text with what was answered.
  std::string run_case(const std::vector<std::string>& lines, std::size_t& i,
                       const Handlers& handlers) {
    const std::size_t first = i;
    GoldenCase one;
    std::istringstream words(lines[i++]);
    words >> one.directive;
    for (std::string word; words >> word;) one.arguments.push_back(word);
    std::vector<std::string> body, expected;
    bool expects = false;
    // A body may hold empty lines when `----` follows; a case without `----` ends at the first one.
    const auto separator = [&] {
      for (std::size_t at = i; at < lines.size(); ++at) {
        if (lines[at] == "----") return true;
        if (lines[at].empty() && at + 1 < lines.size() &&
            handlers.contains(first_word(lines[at + 1])))
          return false;
      }
      return false;
    }();
    while (i < lines.size() && lines[i] != "----" && (separator || !lines[i].empty()))
      body.push_back(lines[i++]);
    if (i < lines.size() && lines[i] == "----") {
      expects = true;
      ++i;
      while (i < lines.size() && !lines[i].empty()) expected.push_back(lines[i++]);
    }
    one.body = join(body);
    std::string answered;
    if (const auto handler = handlers.find(one.directive); handler == handlers.end()) {
      ADD_FAILURE() << path_.string() << ":" << first + 1
                    << ": no such directive: " << one.directive;
    } else {
      answered = without_trailing_space(handler->second(one));
      EXPECT_EQ(without_trailing_space(join(expected)), answered)
          << path_.string() << ":" << first + 1 << "\n"
          << one.body;
    }
    std::string text = lines[first] + "\n";
    for (const auto& line : body) text += line + "\n";
    if (expects || !answered.empty()) text += "----\n" + answered + (answered.empty() ? "" : "\n");
    return text;
  }

  static std::string first_word(const std::string& line) { return line.substr(0, line.find(' ')); }

  std::filesystem::path path_;
  std::function<Handlers()> make_;
};

}  // namespace

void register_golden(const std::string& suite, const std::string& folder,
                     std::function<Handlers()> make) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const auto name = std::filesystem::relative(file, folder).replace_extension().string();
    testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, file.c_str(), 1,
                          [file, make]() -> testing::Test* { return new GoldenFile(file, make); });
  }
}

std::string align(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace rollcall::test
