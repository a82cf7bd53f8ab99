#include "kql/format.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "kql/lexer.hpp"

namespace rollcall::kql {
namespace {

constexpr std::size_t width = 100;  // columns of a line
constexpr std::size_t inline_query =
    60;  // a query in brackets of at most so many bytes stays on its line
constexpr std::size_t step = 4;

bool opens(std::string_view text) { return text == "(" || text == "[" || text == "{"; }
bool closes(std::string_view text) { return text == ")" || text == "]" || text == "}"; }
bool stands_apart(std::string_view text) {
  static constexpr std::string_view marks[] = {
      "|", "==", "!=", "<=", ">=", "=~", "!~", "<", ">", "<>"};
  return std::ranges::find(marks, text) != std::end(marks);
}

class Formatter {
 public:
  Formatter(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {
    tokens_.pop_back();  // the end
    match_brackets();
  }

  std::string run() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) write(i);
    write_comments(tokens_.empty() ? 0 : end_of(tokens_.size() - 1), text_.size());
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    return std::move(out_);
  }

 private:
  struct Bracket {
    std::size_t close = 0;
    bool is_block = false;  // its content stands on lines of its own
  };
  struct Level {
    std::size_t indent = 0;  // of its statements
    std::size_t line = 0;    // of the operator at hand: those of a let statement stand further in
    bool is_block = false;
    bool in_let = false;
    bool breaks_commas = false;  // the operator at hand is too long for a line
  };

  std::size_t start_of(std::size_t i) const { return tokens_[i].span.offset; }
  std::size_t end_of(std::size_t i) const {
    return tokens_[i].span.offset + tokens_[i].span.length;
  }
  std::string_view text_of(std::size_t i) const {
    return text_.substr(start_of(i), end_of(i) - start_of(i));
  }
  bool is_mark(std::size_t i, std::string_view mark) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::punctuation &&
           tokens_[i].text == mark;
  }
  bool is_mark(std::size_t i, bool (*test)(std::string_view)) const {
    return tokens_[i].kind == TokenKind::punctuation && test(tokens_[i].text);
  }

  void match_brackets() {
    brackets_.resize(tokens_.size());
    std::vector<std::size_t> open;
    std::vector<bool> is_query;  // a `|` or `;` stands in the bracket itself, or a block does
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (is_mark(i, opens)) {
        open.push_back(i);
        is_query.push_back(false);
      } else if (is_mark(i, closes) && !open.empty()) {
        const std::size_t begin = open.back();
        const auto content = text_.substr(end_of(begin), start_of(i) - end_of(begin));
        const bool block = is_query.back() && (content.size() > inline_query ||
                                               content.find_first_of("\n;") != content.npos);
        brackets_[begin] = {i, block};
        open.pop_back();
        is_query.pop_back();
        if (block && !is_query.empty()) is_query.back() = true;
      } else if (!open.empty() && (is_mark(i, "|") || is_mark(i, ";"))) {
        is_query.back() = true;
      }
    }
  }

  Level& level() { return levels_.back(); }

  // Where the operator or statement that begins with this token ends.
  std::size_t end_of_operator(std::size_t i) const {
    for (; i < tokens_.size(); ++i) {
      if (is_mark(i, "|") || is_mark(i, ";") || is_mark(i, closes)) return i;
      if (is_mark(i, opens)) i = std::max(i, brackets_[i].close);
    }
    return i;
  }
  bool is_too_long(std::size_t first) const {
    const std::size_t last = end_of_operator(first);
    std::size_t length = levels_.back().line + 2;
    for (std::size_t i = first; i < last; ++i) {
      if (brackets_[i].is_block) return false;  // its own lines make it short
      length += text_of(i).size() + (wants_space(i) ? 1 : 0);
    }
    return length > width;
  }

  void new_line(std::size_t indent) {
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    pending_indent_ = indent;
  }
  void put(std::string_view text) {
    if (out_.empty() || out_.back() == '\n') out_.append(pending_indent_, ' ');
    out_ += text;
  }
  bool at_line_start() const { return out_.empty() || out_.back() == '\n'; }

  // The comments between two tokens: behind what stands on their line, or on lines of their own.
  void write_comments(std::size_t from, std::size_t to) {
    bool own_line = from == 0;
    for (std::size_t at = from; at < to; ++at) {
      if (text_[at] == '\n') {
        if (own_line && !out_.empty() && !out_.ends_with("\n\n") && blank_lines_stay_)
          out_ += out_.back() == '\n' ? "\n" : "\n\n";
        own_line = true;
      } else if (text_.substr(at, 2) == "//") {
        const std::size_t end = std::min(text_.find('\n', at), to);
        auto comment = text_.substr(at, end - at);
        if (own_line && !at_line_start()) new_line(pending_indent_);
        if (!at_line_start() && out_.back() != ' ') out_ += ' ';
        put(trim(comment));
        out_ += '\n';
        own_line = true;
        at = end;  // the line end is written
      }
    }
  }

  bool wants_space(std::size_t i) const {
    if (i == 0 || is_mark(i, ",") || is_mark(i, ";") || is_mark(i, ")") || is_mark(i, "]"))
      return false;
    if (is_mark(i - 1, ",") || is_mark(i - 1, stands_apart) || is_mark(i, stands_apart))
      return true;
    if (is_mark(i - 1, "(") || is_mark(i - 1, "[")) return false;
    return tokens_[i].spaced;
  }

  void begin_operator(std::size_t first, std::size_t indent) {
    level().line = indent;
    level().breaks_commas = is_too_long(first);
  }

  void write(std::size_t i) {
    const bool starts_statement =
        i == 0 || is_mark(i - 1, ";") || (is_mark(i - 1, opens) && brackets_[i - 1].is_block);
    const bool block_ends = is_mark(i, closes) && level().is_block && levels_.size() > 1;
    const bool pipe = is_mark(i, "|") && (levels_.size() == 1 || level().is_block);
    const bool grouping = tokens_[i].text == "by" && level().breaks_commas;
    if (block_ends) levels_.pop_back();
    std::size_t indent = starts_statement ? level().indent : level().line;
    if (pipe) indent = level().indent + (level().in_let ? step : 0);
    if (grouping) indent += step;
    if (starts_statement || block_ends || pipe || grouping) pending_indent_ = indent;
    blank_lines_stay_ = starts_statement;
    write_comments(i == 0 ? 0 : end_of(i - 1), start_of(i));
    if (i > 0 && (starts_statement || block_ends || pipe || grouping)) new_line(indent);
    if (starts_statement) {
      level().in_let = tokens_[i].text == "let";
      begin_operator(i, indent);
    } else if (pipe) {
      begin_operator(i + 1, indent);
    } else if (grouping) {
      level().breaks_commas = is_too_long(i);
    }
    if (!at_line_start() && wants_space(i) && out_.back() != ' ') out_ += ' ';
    put(text_of(i));
    if (is_mark(i, ",") && level().breaks_commas) new_line(level().line + step);
    if (is_mark(i, opens)) {
      const std::size_t base = level().line;
      const bool block = brackets_[i].is_block;
      const std::size_t inner = block ? base + step : base;
      levels_.push_back({inner, inner, block, false, false});
      if (block) pending_indent_ = inner;
    } else if (is_mark(i, closes) && !block_ends && levels_.size() > 1) {
      levels_.pop_back();
    }
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<Bracket> brackets_;  // by the index of the opening token
  std::vector<Level> levels_{Level{}};
  std::string out_;
  std::size_t pending_indent_ = 0;
  bool blank_lines_stay_ = false;
};

}  // namespace

std::expected<std::string, Diagnostics> format(std::string_view text) {
  if (auto problems = check_syntax(text); !problems.empty())
    return std::unexpected(std::move(problems));
  Diagnostics none;
  return Formatter(text, tokenize(text, none)).run();
}

}  // namespace rollcall::kql
