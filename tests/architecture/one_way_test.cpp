// A module includes itself and what CMakeLists.txt says it needs, directly or through another; nothing else.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

namespace {

using Needs = std::map<std::string, std::set<std::string>>;

// Reads the lines `rollcall_module(NAME NEEDS A B)`; a module must stand below what it needs.
Needs declared() {
  Needs needs;
  std::ifstream file(std::string(ROLLCALL_SOURCE_DIR) + "/CMakeLists.txt");
  const std::string start = "rollcall_module(";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(start)) continue;
    std::istringstream words(line.substr(start.size(), line.find(')') - start.size()));
    std::string name, word;
    words >> name >> word;
    needs[name].insert(name);
    while (words >> word) {
      EXPECT_TRUE(needs.contains(word))
          << name << " needs " << word << ", which does not stand above it";
      needs[name].insert(needs[word].begin(), needs[word].end());
    }
  }
  return needs;
}

TEST(Architecture, ModulesDependOneWay) {
  const Needs needs = declared();
  EXPECT_GE(needs.size(), 10U);
  const auto source = std::filesystem::path(ROLLCALL_SOURCE_DIR) / "src";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source)) {
    const auto extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".hpp") continue;
    const auto module = std::filesystem::relative(entry.path(), source).begin()->string();
    ASSERT_TRUE(needs.contains(module)) << entry.path() << " is in no declared module";
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (!line.starts_with("#include \"")) continue;
      const auto included = line.substr(10, line.find('/') - 10);
      EXPECT_TRUE(needs.at(module).contains(included))
          << entry.path() << " includes " << included << ", which " << module << " may not use";
    }
  }
}

TEST(Architecture, FilesStayWithinAThousandLines) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(ROLLCALL_SOURCE_DIR) / "src")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path());
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    EXPECT_LE(lines, 1000U) << entry.path();
  }
}

}  // namespace
