// $search has its own words, so it reads characters, not tokens. AND, OR and NOT are operators only
// where they have operands; elsewhere they are words like others.
#include "odata/search_parser.hpp"

#include <fmt/format.h>

#include "odata/parser.hpp"

namespace rollcall::odata {
namespace {

using ast::Search;
using ast::SearchPtr;

bool is_space(char c) { return c == ' ' || c == '\t'; }

// The end of a text in quotes that begins at `from`, or npos.
std::size_t quoted_end(std::string_view text, std::size_t from) {
  const auto end = text.find(text[from], from + 1);
  return end == std::string_view::npos ? end : end + 1;
}

template <class Node>
SearchPtr make(Node node) {
  return std::make_unique<Search>(Search{std::move(node)});
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  // searchExpr = ( searchParenExpr / searchNegateExpr / searchPhrase / searchWord ) [ searchOrExpr
  // / searchAndExpr ]
  Result<SearchPtr> any(int depth) {
    if (depth > max_depth) return fail("ODATA0108", "the search nests too deeply", span(1));
    ast::SearchAny any;
    for (;;) {
      TRY(auto operand, all(depth));
      any.operands.push_back(std::move(operand));
      if (!take_operator("OR")) break;
    }
    return any.operands.size() == 1 ? std::move(any.operands.front()) : make(std::move(any));
  }
  bool at_end() {
    skip_spaces();
    return at_ == text_.size();
  }
  std::unexpected<Error> unexpected() const {
    return fail("ODATA0102", fmt::format("'{}' has no meaning here", text_.substr(at_, 1)),
                span(1));
  }

 private:
  Span span(std::size_t length) const {
    return {static_cast<std::uint32_t>(at_),
            static_cast<std::uint32_t>(std::min(length, text_.size() - at_))};
  }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  std::size_t word_end(std::size_t from) const {
    if (text_[from] == '\'') {
      const auto end = quoted_end(text_, from);
      if (end != std::string_view::npos) return end;
    }
    while (from < text_.size() && !is_space(text_[from]) && text_[from] != '(' &&
           text_[from] != ')')
      ++from;
    return from;
  }
  bool operand_at(std::size_t from) const {
    while (from < text_.size() && is_space(text_[from])) ++from;
    return from < text_.size() && text_[from] != ')';
  }
  // The operator's word, when an operand stands behind it.
  bool take_operator(std::string_view word) {
    skip_spaces();
    if (text_.substr(at_, word.size()) != word) return false;
    const auto end = at_ + word.size();
    if (word_end(at_) != end || !operand_at(end)) return false;
    at_ = end;
    return true;
  }

  Result<SearchPtr> all(int depth) {
    ast::SearchAll all;
    for (;;) {
      TRY(auto operand, term(depth));
      all.operands.push_back(std::move(operand));
      skip_spaces();
      const bool next_is_or =
          text_.substr(at_, 2) == "OR" && word_end(at_) == at_ + 2 && operand_at(at_ + 2);
      if (next_is_or || !operand_at(at_)) break;
      take_operator("AND");
    }
    return all.operands.size() == 1 ? std::move(all.operands.front()) : make(std::move(all));
  }

  Result<SearchPtr> term(int depth) {
    skip_spaces();
    if (at_ == text_.size()) return fail("ODATA0102", "a word is missing here", span(1));
    if (take_operator("NOT")) {
      if (depth > max_depth) return fail("ODATA0108", "the search nests too deeply", span(1));
      TRY(auto operand, term(depth + 1));
      return make(ast::SearchNot{std::move(operand)});
    }
    if (text_[at_] == '(') {
      ++at_;
      TRY(auto inner, any(depth + 1));
      skip_spaces();
      if (at_ == text_.size() || text_[at_] != ')')
        return fail("ODATA0102", "')' is missing here", span(1));
      ++at_;
      return inner;
    }
    const auto begin = at_;
    if (text_[at_] == '"') {
      at_ = quoted_end(text_, at_);
      if (at_ == std::string_view::npos) {
        at_ = begin;
        return fail("ODATA0101", "this phrase is not closed by a quote", span(text_.size()));
      }
      if (operand_at(at_) && !is_space(text_[at_])) return unexpected();
      return make(ast::Term{text_.substr(begin + 1, at_ - begin - 2)});
    }
    at_ = word_end(at_);
    if (at_ == begin) return unexpected();
    if (at_ < text_.size() && text_[at_] == '(') return unexpected();
    return make(ast::Term{text_.substr(begin, at_ - begin)});
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t search_length(std::string_view text) {
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || (c == '\'' && (i == 0 || is_space(text[i - 1]) || text[i - 1] == '('))) {
      const auto end = quoted_end(text, i);
      if (end == std::string_view::npos) return text.size();
      i = end - 1;
    } else if (c == ';' || (c == ')' && open-- == 0)) {
      return i;
    } else if (c == '(') {
      ++open;
    }
  }
  return text.size();
}

Result<ast::SearchPtr> parse_search(std::string_view text) {
  if (text.size() > max_text_bytes) return fail("ODATA0108", "the search is too long");
  Parser parser(text);
  TRY(auto search, parser.any(0));
  if (!parser.at_end()) return parser.unexpected();
  return search;
}

}  // namespace rollcall::odata
