// Which versions a file of a GitOps repository says, and of what: its path by a pattern such as
// `charts/image-tags/{environment}/{role}`, its content as a version, JSON, or YAML (values of Helm, Kustomize). Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rollcall::sources {

// `{name}` stands for one or more characters but the separator, `*` for any of them; everything else for itself.
class Pattern {
 public:
  // SOURCE0201: a brace is not closed, or a name is none of environment, role, region, version.
  static Result<Pattern> parse(std::string_view text, char separator);
  using Found = std::map<std::string, std::string, std::less<>>;
  std::optional<Found> match(std::string_view text) const;
  // The same with `*` for each name: what git's glob pathspecs take.
  std::string glob() const;

 private:
  struct Part {
    enum class Kind { literal, name, any } kind;
    std::string text;
  };
  bool match_from(std::size_t part, std::string_view rest, Found& found) const;
  std::vector<Part> parts_;
  char separator_ = '/';
};

struct Place {
  std::string environment, role, region;
  auto operator<=>(const Place&) const = default;
};
// The version of each place that a file names.
using Versions = std::map<Place, std::string>;

struct FileRule {
  Pattern path;
  std::vector<Pattern>
      values;  // places of versions inside JSON and YAML, as `{role}.image.tag`; empty: the usual ones
  Place fixed;  // what neither path nor content says
};

// What the file says; nothing when it does not match the pattern, or says no version that can be told. The content may be
// anything.
Versions read_versions(const FileRule& rule, std::string_view path, std::string_view content);

// A document's scalars by their dotted places (`images.0.newTag`). YAML: block mappings and sequences of scalars, quoted or not;
// what else YAML can say is passed over.
std::vector<std::pair<std::string, std::string>> scalars_of_yaml(std::string_view text);
std::optional<std::vector<std::pair<std::string, std::string>>> scalars_of_json(
    std::string_view text);

}  // namespace rollcall::sources
