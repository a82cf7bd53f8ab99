#include "sources/version_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace rollcall::sources {
namespace {

constexpr std::size_t max_scalars = 100'000;
constexpr std::size_t max_version_size = 200;
constexpr int max_depth = 50;  // of what stands within another

using Scalars = std::vector<std::pair<std::string, std::string>>;

void flatten(const json::value& value, const std::string& place, Scalars& scalars, int depth) {
  if (scalars.size() >= max_scalars || depth > max_depth) return;
  const auto below = [&](std::string_view name) {
    return place.empty() ? std::string(name) : fmt::format("{}.{}", place, name);
  };
  if (value.is_object()) {
    for (const auto& member : value.get_object())
      flatten(member.value(), below(member.key()), scalars, depth + 1);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.get_array().size(); ++i)
      flatten(value.get_array()[i], below(fmt::format("{}", i)), scalars, depth + 1);
  } else if (value.is_string()) {
    scalars.emplace_back(place, std::string(value.get_string()));
  } else if (value.is_number()) {
    scalars.emplace_back(place, json::serialize(value));
  }
}

std::string unquoted(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'')) {
    const auto end = text.find(text.front(), 1);
    return std::string(text.substr(1, end == std::string_view::npos ? end : end - 1));
  }
  return std::string(trim(text.substr(0, std::min(text.find(" #"), text.size()))));
}

// `key: rest`, where the key may be quoted; nullopt when the line is no entry of a mapping.
std::optional<std::pair<std::string, std::string_view>> entry_of(std::string_view line) {
  std::size_t colon = 0;
  if (!line.empty() && (line.front() == '"' || line.front() == '\'')) {
    const auto end = line.find(line.front(), 1);
    if (end == std::string_view::npos || end + 1 >= line.size() || line[end + 1] != ':')
      return std::nullopt;
    colon = end + 1;
  } else {
    colon = line.find(": ");
    if (colon == std::string_view::npos && line.ends_with(':')) colon = line.size() - 1;
    if (colon == std::string_view::npos) return std::nullopt;
  }
  return std::pair{unquoted(line.substr(0, colon)), trim(line.substr(colon + 1))};
}

// Walks lines by their indentation; a frame is a mapping or a sequence that is open.
class YamlLines {
 public:
  Scalars read(std::string_view text) {
    for (const auto raw : split(text, '\n')) {
      if (scalars_.size() >= max_scalars) break;
      take(raw);
    }
    return std::move(scalars_);
  }

 private:
  struct Frame {
    std::size_t indent;
    std::string place;
    std::size_t items = 0;
  };
  void take(std::string_view raw) {
    if (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
    std::size_t indent = raw.find_first_not_of(' ');
    if (indent == std::string_view::npos || raw[indent] == '#' || raw.starts_with("---")) return;
    auto line = raw.substr(indent);
    if (block_indent_ && indent > *block_indent_) return;  // inside a `|` or `>` text
    block_indent_.reset();
    while (line.starts_with("- ") || line == "-") {
      auto& sequence = sequence_at(indent);
      if (frames_.size() >= max_depth) return;
      const auto item = fmt::format("{}{}{}", sequence.place, sequence.place.empty() ? "" : ".",
                                    sequence.items++);
      const auto rest = line.substr(std::min(line.find_first_not_of(' ', 1), line.size()));
      frames_.push_back({indent + 1, item});
      indent += line.size() - rest.size();
      line = rest;
    }
    if (line.empty()) return;
    const auto entry = entry_of(line);
    const auto place = owner(indent);
    if (!entry) {
      if (!place.empty()) scalars_.emplace_back(place, unquoted(line));
      return;
    }
    const auto& [key, value] = *entry;
    const auto here = place.empty() ? key : fmt::format("{}.{}", place, key);
    if (value.starts_with('|') || value.starts_with('>')) {
      block_indent_ = indent;
    } else if (value.empty() || value.starts_with('#')) {
      if (frames_.size() >= max_depth) return;
      frames_.push_back({indent + 1, here});
    } else {
      scalars_.emplace_back(here, unquoted(value));
    }
  }
  // The place of what is open around a line of that indentation.
  std::string owner(std::size_t indent) {
    while (!frames_.empty() && frames_.back().indent > indent) frames_.pop_back();
    return frames_.empty() ? std::string() : frames_.back().place;
  }
  // What the items at that indentation belong to: a sequence may stand as deep as its own key. Its last item is closed.
  Frame& sequence_at(std::size_t indent) {
    while (!frames_.empty() &&
           (frames_.back().indent > indent + 1 || is_item_of(frames_.back(), indent)))
      frames_.pop_back();
    if (frames_.empty()) frames_.push_back({0, ""});
    return frames_.back();
  }
  static bool is_item_of(const Frame& frame, std::size_t indent) {
    const auto last = frame.place.substr(frame.place.rfind('.') + 1);
    return frame.indent == indent + 1 && !last.empty() &&
           last.find_first_not_of("0123456789") == std::string::npos;
  }

  std::vector<Frame> frames_;
  Scalars scalars_;
  std::optional<std::size_t> block_indent_;
};

std::string_view last_part(std::string_view text, char separator) {
  return text.substr(text.rfind(separator) + 1);
}

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= max_version_size &&
         text.find_first_of(" \t\r\n{}") == std::string_view::npos;
}

// `registry.example:5000/shop/portal:1.2.3` is 1.2.3; what is no image stays.
std::string_view tag_of(std::string_view version) {
  const auto colon = version.rfind(':');
  if (colon == std::string_view::npos || version.find('/', colon) != std::string_view::npos)
    return version;
  return version.substr(colon + 1);
}

void put(Versions& versions, const FileRule& rule, const Pattern::Found& found,
         std::string_view role, std::string_view version) {
  const auto part = [&](const char* name, const std::string& fixed) {
    const auto at = found.find(name);
    return at == found.end() ? fixed : at->second;
  };
  Place place{part("environment", rule.fixed.environment), part("role", rule.fixed.role),
              part("region", rule.fixed.region)};
  if (place.role.empty()) place.role = role;
  version = tag_of(trim(version));
  if (place.environment.empty() || place.role.empty() || !is_version(version)) return;
  versions.insert_or_assign(std::move(place), std::string(version));
}

// images: [{name, newName?, newTag}]: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
void read_kustomize(Versions& versions, const FileRule& rule, const Pattern::Found& found,
                    const Scalars& scalars) {
  std::map<std::string, std::map<std::string, std::string>> images;
  for (const auto& [place, value] : scalars) {
    const auto parts = split(place, '.');
    if (parts.size() == 3 && parts[0] == "images")
      images[std::string(parts[1])][std::string(parts[2])] = value;
  }
  for (auto& [number, image] : images) {
    auto version = image["newTag"].empty() ? image["digest"] : image["newTag"];
    std::ranges::replace(version, ':', '-');  // of a digest
    put(versions, rule, found, last_part(image["name"], '/'), version);
  }
}

bool read_at(Versions& versions, const FileRule& rule, const Pattern::Found& path,
             const Scalars& scalars, const Pattern& pattern) {
  const auto before = versions.size();
  for (const auto& [place, value] : scalars) {
    auto found = pattern.match(place);
    if (!found) continue;
    found->insert(path.begin(), path.end());
    put(versions, rule, *found, "", value);
  }
  return versions.size() > before;
}

const std::vector<Pattern>& usual_values() {
  static const std::vector<Pattern> all = [] {
    std::vector<Pattern> made;
    for (const char* one :
         {"image.tag", "{role}.image.tag", "imageTag", "{role}.imageTag", "appVersion", "version",
          "tag", "{region}.version", "{region}.tag", "{region}.image.tag", "{region}"}) {
      made.push_back(*Pattern::parse(one, '.'));
    }
    return made;
  }();
  return all;
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text, char separator) {
  Pattern pattern;
  pattern.separator_ = separator;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty())
      pattern.parts_.push_back({Part::Kind::literal, std::exchange(literal, {})});
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '*') {
      flush();
      pattern.parts_.push_back({Part::Kind::any, ""});
    } else if (text[at] == '{') {
      const auto end = text.find('}', at);
      if (end == std::string_view::npos)
        return fail("SOURCE0201",
                    fmt::format("the pattern '{}' has a brace that is not closed", text));
      const std::string name(text.substr(at + 1, end - at - 1));
      if (name != "environment" && name != "role" && name != "region") {
        return fail(
            "SOURCE0201",
            fmt::format(
                "the pattern '{}' names {{{}}}; there are {{environment}}, {{role}} and {{region}}",
                text, name));
      }
      flush();
      pattern.parts_.push_back({Part::Kind::name, name});
      at = end;
    } else {
      literal += text[at];
    }
  }
  flush();
  return pattern;
}

std::optional<Pattern::Found> Pattern::match(std::string_view text) const {
  Found found;
  if (!match_from(0, text, found)) return std::nullopt;
  return found;
}

// Names take as little as they can; a pattern has few of them, so trying is cheap.
bool Pattern::match_from(std::size_t at, std::string_view rest, Found& found) const {
  if (at == parts_.size()) return rest.empty();
  const auto& part = parts_[at];
  if (part.kind == Part::Kind::literal)
    return rest.starts_with(part.text) && match_from(at + 1, rest.substr(part.text.size()), found);
  for (std::size_t size = 1; size <= rest.size() && rest[size - 1] != separator_; ++size) {
    if (!match_from(at + 1, rest.substr(size), found)) continue;
    if (part.kind == Part::Kind::name)
      found.insert_or_assign(part.text, std::string(rest.substr(0, size)));
    return true;
  }
  return false;
}

std::string Pattern::glob() const {
  std::string text;
  for (const auto& part : parts_) text += part.kind == Part::Kind::literal ? part.text : "*";
  return text;
}

std::vector<std::pair<std::string, std::string>> scalars_of_yaml(std::string_view text) {
  return YamlLines().read(text);
}

std::optional<std::vector<std::pair<std::string, std::string>>> scalars_of_json(
    std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return std::nullopt;
  Scalars scalars;
  flatten(*document, "", scalars, 0);
  return scalars;
}

Versions read_versions(const FileRule& rule, std::string_view path, std::string_view content) {
  Versions versions;
  const auto found = rule.path.match(path);
  if (!found) return versions;
  auto text = trim(content);
  const bool document = text.starts_with('{') || text.starts_with('[');
  const auto name = to_lower(last_part(path, '/'));
  const bool yaml = name.ends_with(".yaml") || name.ends_with(".yml");
  if (!document && !yaml && is_version(text)) {
    put(versions, rule, *found, "", text);
    return versions;
  }
  auto scalars = document ? scalars_of_json(text).value_or(Scalars()) : scalars_of_yaml(content);
  if (name.starts_with("kustomization.")) {
    read_kustomize(versions, rule, *found, scalars);
    return versions;
  }
  for (const auto& pattern : rule.values.empty() ? usual_values() : rule.values) {
    if (rule.values.empty() && !document && &pattern == &usual_values().back())
      break;  // any key of YAML is no region
    const bool any = read_at(versions, rule, *found, scalars, pattern);
    if (any && rule.values.empty()) break;  // of the usual places the first that says something
  }
  return versions;
}

}  // namespace rollcall::sources
