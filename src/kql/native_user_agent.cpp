#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "kql/native_table.hpp"

// parse_user_agent: browser, operating system and device by the patterns of uap-core
// (https://github.com/ua-parser/uap-core/blob/master/docs/specification.md). The first pattern that
// fits says it all: a field is its replacement, with $1 … $9 put in, or a group in its place.

namespace rollcall::kql {

std::string_view user_agent_patterns();

namespace {

struct UserAgentPattern {
  std::unique_ptr<re2::RE2> regex;
  std::map<std::string, std::string, std::less<>> replacements;
};
using Patterns = std::vector<UserAgentPattern>;

// A scalar of the file: bare, or in quotes of one kind.
std::string unquoted(std::string_view value) {
  if (value.size() < 2 || (value[0] != '\'' && value[0] != '"')) return std::string(value);
  const char quote = value[0];
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    out += value[i];
    if (value[i] == quote || (quote == '"' && value[i] == '\\')) ++i;  // written twice
  }
  return out;
}

void compile(UserAgentPattern& pattern, const std::string& regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  const auto flag = pattern.replacements.find("regex_flag");
  options.set_case_sensitive(flag == pattern.replacements.end() || flag->second != "i");
  pattern.regex = std::make_unique<re2::RE2>(regex, options);
}

// The file is a list of mappings in each of three sections; nothing else of YAML is in it.
std::map<std::string, Patterns, std::less<>> read_patterns(std::string_view file) {
  std::map<std::string, Patterns, std::less<>> sections;
  Patterns* section = nullptr;
  std::string regex;
  const auto finish = [&] {
    if (section != nullptr && !regex.empty()) compile(section->back(), regex);
    regex.clear();
  };
  for (const auto raw : split(file, '\n')) {
    std::string_view line = trim(raw);
    if (line.empty() || line[0] == '#') continue;
    const auto colon = line.find(':');
    if (raw[0] != ' ') {
      finish();
      section = &sections[std::string(line.substr(0, colon))];
      continue;
    }
    if (section == nullptr || colon == std::string_view::npos) continue;
    const std::string value = unquoted(trim(line.substr(colon + 1)));
    if (line.starts_with("- regex")) {
      finish();
      section->emplace_back();
      regex = value;
    } else if (!section->empty()) {
      section->back().replacements[std::string(trim(line.substr(0, colon)))] = value;
    }
  }
  finish();
  return sections;
}

struct Field {
  std::string_view name, replacement;
  std::size_t group;  // 0: none
};
struct Part {
  std::string_view wanted, name, section;
  std::vector<Field> fields;
};

std::span<const Part> parts() {
  static const std::vector<Part> all{
      {"browser",
       "Browser",
       "user_agent_parsers",
       {{"Family", "family_replacement", 1},
        {"MajorVersion", "v1_replacement", 2},
        {"MinorVersion", "v2_replacement", 3},
        {"Patch", "v3_replacement", 4}}},
      {"os",
       "OperatingSystem",
       "os_parsers",
       {{"Family", "os_replacement", 1},
        {"MajorVersion", "os_v1_replacement", 2},
        {"MinorVersion", "os_v2_replacement", 3},
        {"Patch", "os_v3_replacement", 4},
        {"PatchMinor", "os_v4_replacement", 5}}},
      {"device",
       "Device",
       "device_parsers",
       {{"Family", "device_replacement", 1},
        {"Brand", "brand_replacement", 0},
        {"Model", "model_replacement", 1}}},
  };
  return all;
}

using Groups = std::vector<re2::StringPiece>;

std::string group_text(const Groups& groups, std::size_t i) {
  return i < groups.size()
             ? std::string(groups[i].data() == nullptr ? "" : groups[i].data(), groups[i].size())
             : "";
}

std::string filled(std::string_view replacement, const Groups& groups) {
  std::string out;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if (replacement[i] == '$' && next >= '1' && next <= '9') {
      out += group_text(groups, static_cast<std::size_t>(next - '0'));
      ++i;
    } else {
      out += replacement[i];
    }
  }
  return std::string(trim(out));
}

json::object described(const Part& part, std::string_view agent) {
  static const auto sections = read_patterns(user_agent_patterns());
  json::object out;
  for (const auto& field : part.fields) out[field.name] = field.name == "Family" ? "Other" : "";
  const auto section = sections.find(part.section);
  if (section == sections.end()) return out;
  const re2::StringPiece text_piece(agent.data(), agent.size());
  for (const auto& pattern : section->second) {
    if (!pattern.regex->ok()) continue;
    Groups groups(static_cast<std::size_t>(pattern.regex->NumberOfCapturingGroups()) + 1);
    if (!pattern.regex->Match(text_piece, 0, agent.size(), re2::RE2::UNANCHORED, groups.data(),
                              static_cast<int>(groups.size())))
      continue;
    for (const auto& field : part.fields) {
      const auto replacement = pattern.replacements.find(field.replacement);
      out[field.name] = replacement != pattern.replacements.end()
                            ? filled(replacement->second, groups)
                            : (field.group == 0 ? "" : group_text(groups, field.group));
    }
    break;
  }
  return out;
}

// What the same agents gave before: a column of agents has few different ones.
struct Known {
  std::map<std::pair<std::string, std::string>, std::string> answers;
};

Cell parse_user_agent(Arguments a, Scratch& scratch) {
  const std::string_view agent = text(a[0]);
  if (agent.empty()) return {};
  auto& known = keepsake<Known>(scratch).answers;
  const std::pair key{std::string(agent), std::string(text(a[1]))};
  if (const auto found = known.find(key); found != known.end()) return cell(found->second);
  const auto wanted = read_json(key.second).value_or(json::value());
  json::object out;
  for (const auto& part : parts()) {
    const auto is_it = [&](const json::value& v) {
      return v.is_string() && equals_ignoring_case(v.get_string(), part.wanted);
    };
    if (wanted.is_array() ? std::ranges::any_of(wanted.get_array(), is_it) : is_it(wanted))
      out[part.name] = described(part, agent);
  }
  if (out.empty()) return {};
  if (known.size() > 1000) known.clear();
  return cell(known[key] = json_text(json::value(std::move(out))));
}

}  // namespace

std::span<const Native> user_agent_natives() {
  static const Native table[] = {{"kql_parse_user_agent", "s a:j", parse_user_agent}};
  return table;
}

}  // namespace rollcall::kql
