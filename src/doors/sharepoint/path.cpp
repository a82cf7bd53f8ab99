#include "doors/sharepoint/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace rollcall::doors::sharepoint {
namespace {

constexpr std::size_t max_steps = 20;

class PathReader {
 public:
  PathReader(std::string_view text, const http::Parameters& query) : text_(text), query_(query) {}

  Result<std::vector<Step>> read() {
    std::vector<Step> steps;
    while (at_ < text_.size()) {
      if (text_[at_] == '/') {
        ++at_;
        continue;
      }
      if (steps.size() == max_steps) return wrong();
      TRY(auto step, read_step());
      steps.push_back(std::move(step));
    }
    if (steps.empty()) return wrong();
    return steps;
  }

 private:
  std::unexpected<Error> wrong() const {
    return fail("SP0101", fmt::format("Cannot find resource for the request {}.", text_));
  }

  Result<Step> read_step() {
    const auto end = std::min(text_.find_first_of("/(", at_), text_.size());
    Step step{std::string(text_.substr(at_, end - at_)), {}, false};
    at_ = end;
    if (at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      step.called = true;
      TRY_DO(read_arguments(step));
    }
    if (step.name.empty() || (at_ < text_.size() && text_[at_] != '/')) return wrong();
    return step;
  }

  Result<void> read_arguments(Step& step) {
    skip_spaces();
    if (take(')')) return {};
    for (;;) {
      TRY(auto argument, read_argument());
      step.arguments.push_back(std::move(argument));
      skip_spaces();
      if (take(')')) return {};
      if (!take(',')) return wrong();
    }
  }

  // 'a text', guid'…', a bare word or number, name=one of these, @alias.
  Result<std::string> read_argument() {
    skip_spaces();
    auto end = std::min(text_.find_first_of("',)=", at_), text_.size());
    if (end < text_.size() && text_[end] == '=') {
      at_ = end + 1;
      skip_spaces();
      end = std::min(text_.find_first_of("',)", at_), text_.size());
    }
    const auto word = trim(text_.substr(at_, end - at_));
    at_ = end;
    if (at_ < text_.size() && text_[at_] == '\'') return quoted();
    if (word.empty()) return wrong();
    if (!word.starts_with('@')) return std::string(word);
    const auto found =
        std::ranges::find_if(query_, [&](const auto& one) { return one.first == word; });
    if (found == query_.end())
      return fail("SP0101", fmt::format("The query lacks {}, which the path names.", word));
    return unquoted(found->second);
  }

  Result<std::string> quoted() {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\'') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '\'') {
          ++at_;
          return value;
        }
        ++at_;
      }
      value += text_[at_];
    }
    return wrong();
  }
  static std::string unquoted(const std::string& text) {
    const http::Parameters none;
    PathReader reader(text, none);
    const auto open = text.find('\'');
    if (open == std::string::npos) return text;
    reader.at_ = open;
    return reader.quoted().value_or(text);
  }

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    const bool there = at_ < text_.size() && text_[at_] == c;
    if (there) ++at_;
    return there;
  }

  std::string_view text_;
  const http::Parameters& query_;
  std::size_t at_ = 0;
};

}  // namespace

bool Step::is(std::string_view other) const { return equals_ignoring_case(name, other); }

Result<std::vector<Step>> parse_path(std::string_view decoded, const http::Parameters& query) {
  return PathReader(decoded, query).read();
}

Result<std::int64_t> parse_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail("SP0101", fmt::format("'{}' is not the ID of an item.", text));
  }
  return id;
}

}  // namespace rollcall::doors::sharepoint
