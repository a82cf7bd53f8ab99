#include "connectors/custom/policy_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "connectors/answer.hpp"

namespace rollcall::connectors {
namespace {

// expression = "@" ( call | "{" call "}" ) | "{" "@" call "}"
// call       = name "(" [ text { "," text } ] ")" [ steps ] | "Request" "." name
// steps      = { "." name | "[" number "]" | "[" text "]" }   (of body, triggerBody and item only)
class Reader {
 public:
  Reader(std::string_view text, const PolicyScope& scope) : text_(text), scope_(scope) {}

  Result<json::value> value() {
    std::string out;
    while (at_ < text_.size()) {
      const auto start = at_;
      TRY(auto expression, expression_here());
      if (!expression) {
        at_ = start;
        out += literal();
        continue;
      }
      if (start == 0 && at_ == text_.size()) return *std::move(expression);
      out += plain_text(*expression);
    }
    return json::value(out);
  }

 private:
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  void spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '$' || c == '@';
  }
  std::string_view name() {
    const auto start = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }
  std::string literal() {
    if (take("@@")) return "@";
    return std::string(1, text_[at_++]);
  }

  // nullopt: what stands here is no expression.
  Result<std::optional<json::value>> expression_here() {
    const bool braces_around = take("{@");
    if (!braces_around && !take("@")) return std::nullopt;
    const bool braces = !braces_around && take("{");
    if (braces) spaces();
    TRY(auto called, call());
    if (!called) return std::nullopt;
    if (braces) spaces();
    if ((braces || braces_around) && !take("}")) return std::nullopt;
    return called;
  }

  Result<std::optional<json::value>> call() {
    const auto function = to_lower(name());
    if (function == "request" && take(".")) {
      if (equals_ignoring_case(name(), "OriginalHTTPMethod")) return json::value(scope_.method);
      return std::nullopt;
    }
    if (!take("(")) return std::nullopt;
    std::vector<std::string> arguments;
    for (spaces(); !take(")"); spaces()) {
      if (!arguments.empty() && !take(",")) return std::nullopt;
      spaces();
      auto argument = quoted();
      if (!argument) return std::nullopt;
      arguments.push_back(*std::move(argument));
    }
    if (function == "connectionparameters") return connection(arguments);
    if (function == "queryparameters" || function == "headers")
      return request(function == "headers", arguments);
    if (function == "body" || function == "triggerbody") return steps(scope_.body);
    if (function == "item") return steps(scope_.item);
    return std::nullopt;
  }

  // 'it''s'; typographic quotation marks, as word processors leave them, count too.
  std::optional<std::string> quoted() {
    if (!take("'") && !take("\xE2\x80\x98") && !take("\xE2\x80\x99")) return std::nullopt;
    std::string text;
    while (at_ < text_.size()) {
      if (take("''")) {
        text += '\'';
        continue;
      }
      if (take("'") || take("\xE2\x80\x99")) return text;
      text += text_[at_++];
    }
    return std::nullopt;
  }

  Result<std::optional<json::value>> connection(const std::vector<std::string>& arguments) const {
    if (arguments.empty())
      return fail("CONNECTOR0521", fmt::format("'{}' names no parameter of the connection", text_));
    if (scope_.connection != nullptr) {
      if (const auto found = scope_.connection->find(arguments[0]);
          found != scope_.connection->end())
        return json::value(found->second);
    }
    if (arguments.size() > 1) return json::value(arguments[1]);
    return fail(
        "CONNECTOR0521",
        fmt::format("the connection has no parameter '{}', which a policy asks for", arguments[0]));
  }

  Result<std::optional<json::value>> request(bool header,
                                             const std::vector<std::string>& arguments) const {
    if (arguments.empty())
      return fail("CONNECTOR0521", fmt::format("'{}' names no parameter", text_));
    const json::value otherwise = arguments.size() > 1 ? json::value(arguments[1]) : json::value();
    if (header) {
      const auto* found = scope_.headers == nullptr ? nullptr : scope_.headers->find(arguments[0]);
      return found == nullptr ? otherwise : json::value(*found);
    }
    if (scope_.queries == nullptr) return otherwise;
    const auto found = std::ranges::find_if(*scope_.queries, [&](const auto& one) {
      return equals_ignoring_case(one.first, arguments[0]);
    });
    return found == scope_.queries->end() ? otherwise : json::value(found->second);
  }

  Result<std::optional<json::value>> steps(const json::value* value) {
    for (;;) {
      const auto start = at_;
      if (take("[")) {
        if (auto member = quoted()) {
          value = value == nullptr ? nullptr : find(*value, *member);
        } else {
          std::size_t index = 0;
          const auto [end, error] =
              std::from_chars(text_.data() + at_, text_.data() + text_.size(), index);
          if (error != std::errc()) return std::nullopt;
          at_ = static_cast<std::size_t>(end - text_.data());
          const auto* array = value == nullptr ? nullptr : value->if_array();
          value = array == nullptr || index >= array->size() ? nullptr : &(*array)[index];
        }
        if (!take("]")) return std::nullopt;
      } else if (take("?")) {  // `?.a` and `?['a']` forgive; so does everything here
        if (at_ == text_.size() || (text_[at_] != '.' && text_[at_] != '[')) {
          at_ = start;
          break;
        }
      } else if (take(".")) {
        const auto member = name();
        if (member.empty()) {
          at_ = start;
          break;
        }
        value = value == nullptr ? nullptr : find(*value, member);
      } else {
        break;
      }
    }
    return value == nullptr ? json::value() : *value;
  }

  std::string_view text_;
  const PolicyScope& scope_;
  std::size_t at_ = 0;
};

}  // namespace

bool IgnoringCase::operator()(std::string_view a, std::string_view b) const {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

Result<json::value> evaluate_policy(std::string_view text, const PolicyScope& scope) {
  return Reader(text, scope).value();
}

Result<std::string> policy_text(std::string_view text, const PolicyScope& scope) {
  TRY(const auto value, evaluate_policy(text, scope));
  return plain_text(value);
}

std::vector<std::string> policy_path(std::string_view text) {
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  if (const auto call = text.find("()"); call != std::string_view::npos)
    text.remove_prefix(call + 2);
  std::vector<std::string> steps;
  std::string step;
  const auto end_step = [&] {
    if (!step.empty()) steps.push_back(std::exchange(step, {}));
  };
  for (const char c : text) {
    if (c == '.' || c == '[' || c == ']' || c == '\'' || c == '?' || c == '/')
      end_step();
    else
      step += c;
  }
  end_step();
  return steps;
}

}  // namespace rollcall::connectors
