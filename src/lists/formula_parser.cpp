// From a formula's text to its tree, each part of which is of a known kind.
//   formula    = "=" comparison
//   comparison = joined { ("=" | "<>" | "<" | "<=" | ">" | ">=") joined }
//   joined     = sum { "&" sum }
//   sum        = product { ("+" | "-") product }
//   product    = power { ("*" | "/") power }
//   power      = sign { "^" sign }
//   sign       = { "+" | "-" } primary { "%" }
//   primary    = number | text | TRUE | FALSE | [column] | column | FUNCTION "(" [ comparison { "," comparison } ] ")"
//              | "(" comparison ")"
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "lists/formula_tree.hpp"

namespace rollcall::lists {
namespace {

using Node = Formula::Node;
using NodePtr = std::shared_ptr<const Node>;
using Kind = FormulaKind;
using Op = FormulaOperator;

constexpr std::size_t most_bytes = 4'096;
constexpr int deepest = 64;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<Kind> kind_of(const Column& column) {
  switch (column.type) {
    case ColumnType::text:
    case ColumnType::choice:
      return Kind::text;
    case ColumnType::number:
    case ColumnType::integer:
    case ColumnType::currency:
      return Kind::number;
    case ColumnType::boolean:
      return Kind::boolean;
    case ColumnType::datetime:
      return Kind::date;
    case ColumnType::note:
    case ColumnType::json:
    case ColumnType::multichoice:
    case ColumnType::lookup:
    case ColumnType::person:
    case ColumnType::hyperlink:
      return std::nullopt;
  }
  return std::nullopt;
}

bool fits(Kind kind, char wanted) {
  if (kind == Kind::blank || kind == Kind::any || wanted == 'a') return true;
  switch (wanted) {
    case 'n':
    case 'b':
      return kind == Kind::number || kind == Kind::boolean;
    case 't':
      return kind != Kind::date;
    case 'd':
      return kind == Kind::date;
    case 'c':
      return kind == Kind::number || kind == Kind::date;
    default:
      return false;
  }
}

std::string_view name_of_wanted(char wanted) {
  switch (wanted) {
    case 'n':
      return "a number";
    case 'b':
      return "TRUE or FALSE";
    case 't':
      return "a text";
    case 'd':
      return "a date";
    default:
      return "a number or a date";
  }
}

// What makes the one of the other.
std::string_view hint_for(Kind kind, char wanted) {
  if (wanted == 'n' && kind == Kind::text) return ": VALUE(…) makes one of a text";
  if (wanted == 't' && kind == Kind::date) return ": TEXT(…, \"yyyy-mm-dd\") makes one of a date";
  return "";
}

Kind common(Kind a, Kind b) {
  if (a == b || b == Kind::blank) return a;
  return a == Kind::blank ? b : Kind::any;
}

NodePtr make(decltype(Node::what) what, Kind kind) {
  return std::make_shared<const Node>(Node{std::move(what), kind});
}

class Parser {
 public:
  Parser(std::string_view text, const std::vector<Column>& columns, std::size_t own,
         std::vector<std::size_t>& reads)
      : text_(text), columns_(columns), own_(own), reads_(reads) {}

  Result<NodePtr> parse() {
    skip();
    if (!take('=')) return wrong(at_, "a formula begins with '='");
    TRY(auto root, comparison());
    if (at_ < text_.size())
      return wrong(at_, fmt::format("'{}' does not belong here", rest_of_word()));
    return root;
  }
  std::unexpected<Error> wrong(std::size_t at, std::string_view why) const {
    const auto characters =
        std::ranges::count_if(text_.substr(0, at), [](char c) { return (c & 0xc0) != 0x80; });
    return fail("LIST0113", fmt::format("the formula of column '{}', at character {}: {}",
                                        columns_[own_].name, characters + 1, why));
  }
  Result<void> want(const Node& node, char wanted, std::size_t at) const {
    if (fits(node.kind, wanted)) return {};
    return wrong(at, fmt::format("{} was expected, and this is {}{}", name_of_wanted(wanted),
                                 name_of(node.kind), hint_for(node.kind, wanted)));
  }

 private:
  void skip() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    skip();
    return true;
  }
  std::string_view rest_of_word() const {
    auto end = at_ + 1;
    while (end < text_.size() && text_[end] != ' ' && end - at_ < 20) ++end;
    while (end < text_.size() && (text_[end] & 0xc0) == 0x80) ++end;
    return text_.substr(at_, end - at_);
  }

  Result<NodePtr> comparison() {
    if (++depth_ > deepest) return wrong(at_, "the formula nests too deeply");
    TRY(auto left, joined());
    for (;;) {
      const auto begin = at_;
      const auto op = comparing();
      if (!op) break;
      TRY(auto right, joined());
      if (common(left->kind, right->kind) == Kind::any && left->kind != Kind::any &&
          right->kind != Kind::any) {
        return wrong(begin, fmt::format("{} cannot be compared with {}", name_of(left->kind),
                                        name_of(right->kind)));
      }
      left = make(Node::Operation{*op, std::move(left), std::move(right)}, Kind::boolean);
    }
    --depth_;
    return left;
  }
  std::optional<Op> comparing() {
    if (take('=')) return Op::equal;
    if (take('<')) {
      if (take('>')) return Op::not_equal;
      return take('=') ? Op::less_equal : Op::less;
    }
    if (take('>')) return take('=') ? Op::greater_equal : Op::greater;
    return std::nullopt;
  }

  Result<NodePtr> joined() {
    auto begin = at_;
    TRY(auto left, sum());
    while (take('&')) {
      TRY_DO(want(*left, 't', begin));
      begin = at_;
      TRY(auto right, sum());
      TRY_DO(want(*right, 't', begin));
      left = make(Node::Operation{Op::concatenate, std::move(left), std::move(right)}, Kind::text);
    }
    return left;
  }

  Result<NodePtr> sum() {
    auto begin = at_;
    TRY(auto left, product());
    for (;;) {
      const bool adds = at_ < text_.size() && text_[at_] == '+';
      if (!take('+') && !take('-')) return left;
      TRY_DO(want(*left, left->kind == Kind::date ? 'd' : 'n', begin));
      begin = at_;
      TRY(auto right, product());
      TRY(const auto kind, kind_of_sum(*left, *right, adds, begin));
      left = make(Node::Operation{adds ? Op::add : Op::subtract, std::move(left), std::move(right)},
                  kind);
    }
  }
  // Days are added to a date; between two dates there are days.
  Result<Kind> kind_of_sum(const Node& left, const Node& right, bool adds, std::size_t at) const {
    if (right.kind != Kind::date) {
      TRY_DO(want(right, 'n', at));
      return left.kind == Kind::date || left.kind == Kind::any ? left.kind : Kind::number;
    }
    if (!adds && (left.kind == Kind::date || left.kind == Kind::any || left.kind == Kind::blank))
      return Kind::number;
    if (adds && left.kind != Kind::date) return Kind::date;
    return wrong(at,
                 adds ? "two dates cannot be added" : "a date cannot be taken away from a number");
  }

  Result<NodePtr> product() {
    auto begin = at_;
    TRY(auto left, power());
    for (;;) {
      const bool multiplies = at_ < text_.size() && text_[at_] == '*';
      if (!take('*') && !take('/')) return left;
      TRY_DO(want(*left, 'n', begin));
      begin = at_;
      TRY(auto right, power());
      TRY_DO(want(*right, 'n', begin));
      left = make(Node::Operation{multiplies ? Op::multiply : Op::divide, std::move(left),
                                  std::move(right)},
                  Kind::number);
    }
  }

  Result<NodePtr> power() {
    auto begin = at_;
    TRY(auto left, sign());
    while (take('^')) {
      TRY_DO(want(*left, 'n', begin));
      begin = at_;
      TRY(auto right, sign());
      TRY_DO(want(*right, 'n', begin));
      left = make(Node::Operation{Op::power, std::move(left), std::move(right)}, Kind::number);
    }
    return left;
  }

  Result<NodePtr> sign() {
    bool negative = false, any = false;
    for (;; any = true) {
      if (take('-'))
        negative = !negative;
      else if (!take('+'))
        break;
    }
    const auto begin = at_;
    TRY(auto operand, primary());
    if (any) TRY_DO(want(*operand, 'n', begin));
    if (negative) operand = make(Node::Negated{std::move(operand)}, Kind::number);
    while (take('%')) {
      TRY_DO(want(*operand, 'n', begin));
      operand = make(Node::Percent{std::move(operand)}, Kind::number);
    }
    return operand;
  }

  Result<NodePtr> primary() {
    if (at_ >= text_.size()) return wrong(at_, "the formula ends too early");
    const auto begin = at_;
    const char c = text_[at_];
    if (c == '(') {
      take('(');
      TRY(auto inner, comparison());
      if (!take(')')) return wrong(at_, "')' was expected");
      return inner;
    }
    if (c == '"') return text();
    if (c == '[') {
      const auto end = text_.find(']', at_);
      if (end == std::string_view::npos) return wrong(begin, "the column's name has no ']'");
      const auto name = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      skip();
      return column(name, begin);
    }
    if (is_digit(c) || c == '.') return number();
    if (is_letter(c)) return word();
    return wrong(begin, fmt::format("'{}' does not belong here", rest_of_word()));
  }

  Result<NodePtr> text() {
    const auto begin = at_++;
    std::string value;
    for (;;) {
      if (at_ >= text_.size()) return wrong(begin, "the text has no closing '\"'");
      const char c = text_[at_++];
      if (c == '"' && (at_ >= text_.size() || text_[at_] != '"')) break;
      if (c == '"') ++at_;  // two of them are one
      value += c;
    }
    skip();
    const auto kind = value.empty() ? Kind::blank : Kind::text;
    return make(FormulaValue(std::move(value)), kind);
  }

  Result<NodePtr> number() {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) return wrong(at_, "this is no number");
    at_ = static_cast<std::size_t>(end - text_.data());
    skip();
    return make(FormulaValue(value), Kind::number);
  }

  Result<NodePtr> word() {
    const auto begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const auto name = text_.substr(begin, at_ - begin);
    skip();
    if (take('(')) return call(name, begin);
    if (equals_ignoring_case(name, "TRUE")) return make(FormulaValue(true), Kind::boolean);
    if (equals_ignoring_case(name, "FALSE")) return make(FormulaValue(false), Kind::boolean);
    return column(name, begin);
  }

  Result<NodePtr> call(std::string_view name, std::size_t begin) {
    const auto all = formula_functions();
    const auto found = std::ranges::find_if(
        all, [&](const auto& one) { return equals_ignoring_case(one.name, name); });
    if (equals_ignoring_case(name, "TRUE") || equals_ignoring_case(name, "FALSE")) {
      if (!take(')')) return wrong(at_, "')' was expected");
      return make(FormulaValue(equals_ignoring_case(name, "TRUE")), Kind::boolean);
    }
    if (found == all.end()) return no_function(name, begin);
    Node::Call call{&*found, {}};
    std::vector<std::size_t> places;
    for (bool more = !take(')'); more;) {
      places.push_back(at_);
      TRY(auto argument, comparison());
      call.arguments.push_back(std::move(argument));
      more = take(',') || take(';');
      if (!more && !take(')')) return wrong(at_, "',' or ')' was expected");
    }
    TRY_DO(check(call, places, begin));
    const auto kind = result_of(call);
    return make(std::move(call), kind);
  }
  std::unexpected<Error> no_function(std::string_view name, std::size_t at) const {
    if (equals_ignoring_case(name, "TODAY") || equals_ignoring_case(name, "NOW")) {
      return wrong(at, fmt::format("{} cannot be used: the column is calculated when its item is "
                                   "written, and not when time passes",
                                   name));
    }
    std::vector<std::string> names;
    for (const auto& one : formula_functions()) names.emplace_back(one.name);
    const auto near = nearest_name(name, names);
    return wrong(at, fmt::format("there is no function {}{}", name,
                                 near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  Result<void> check(const Node::Call& call, const std::vector<std::size_t>& places,
                     std::size_t begin) const {
    std::string kinds;
    std::size_t least = std::string::npos;
    const auto& spec = call.function->arguments;
    for (const char c : spec) {
      if (c == '?') least = kinds.size();
      if (c != '?' && c != '*') kinds += c;
    }
    least = std::min(least, kinds.size());
    const bool repeats = spec.ends_with('*');
    const auto count = call.arguments.size();
    if (count < least || (!repeats && count > kinds.size())) {
      return wrong(begin, fmt::format("{} takes {}{} arguments, not {}", call.function->name, least,
                                      repeats                ? " or more"
                                      : kinds.size() > least ? fmt::format(" to {}", kinds.size())
                                                             : "",
                                      count));
    }
    for (std::size_t i = 0; i < count; ++i)
      TRY_DO(want(*call.arguments[i], kinds[std::min(i, kinds.size() - 1)], places[i]));
    return {};
  }
  static Kind result_of(const Node::Call& call) {
    switch (call.function->result[0]) {
      case 'n':
        return Kind::number;
      case 't':
        return Kind::text;
      case 'b':
        return Kind::boolean;
      case 'd':
        return Kind::date;
      default:
        break;
    }
    const auto from = static_cast<std::size_t>(call.function->result[1] - '0');
    Kind kind = Kind::blank;
    for (std::size_t i = from; i < call.arguments.size(); ++i)
      kind = common(kind, call.arguments[i]->kind);
    return kind;
  }

  Result<NodePtr> column(std::string_view name, std::size_t begin) {
    const auto by_name =
        std::ranges::find_if(columns_, [&](const Column& one) { return one.name == name; });
    const auto found = by_name != columns_.end()
                           ? by_name
                           : std::ranges::find_if(columns_, [&](const Column& one) {
                               return equals_ignoring_case(one.title, name) ||
                                      equals_ignoring_case(one.name, name);
                             });
    if (found == columns_.end()) return own_column(name, begin);
    const auto at = static_cast<std::size_t>(found - columns_.begin());
    if (at == own_) return wrong(begin, "the column cannot be calculated from itself");
    const auto kind = kind_of(*found);
    if (!kind) {
      return wrong(begin, fmt::format("column '{}' is of type {}, which formulas cannot read",
                                      found->name, to_string(found->type)));
    }
    if (std::ranges::find(reads_, at) == reads_.end()) reads_.push_back(at);
    return make(Node::ColumnValue{at}, *kind);
  }
  Result<NodePtr> own_column(std::string_view name, std::size_t begin) const {
    if (equals_ignoring_case(name, "Created")) return make(Node::Own::created, Kind::date);
    if (equals_ignoring_case(name, "Modified")) return make(Node::Own::modified, Kind::date);
    for (const auto* unknown : {"ID", "Author", "Editor", "Today", "Me"}) {
      if (equals_ignoring_case(name, unknown))
        return wrong(begin, fmt::format("[{}] cannot be read by formulas", unknown));
    }
    std::vector<std::string> names;
    for (const auto& one : columns_) names.push_back(one.name);
    const auto near = nearest_name(name, names);
    return wrong(begin, fmt::format("there is no column '{}'{}", name,
                                    near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }

  std::string_view text_;
  const std::vector<Column>& columns_;
  std::size_t own_;
  std::vector<std::size_t>& reads_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string_view name_of(FormulaKind kind) {
  switch (kind) {
    case Kind::blank:
      return "an empty text";
    case Kind::number:
      return "a number";
    case Kind::text:
      return "a text";
    case Kind::boolean:
      return "TRUE or FALSE";
    case Kind::date:
      return "a date";
    case Kind::any:
      return "one or the other";
  }
  return "";
}

Result<Formula> Formula::parse(const std::vector<Column>& columns, std::size_t at) {
  const auto& column = columns[at];
  Formula formula;
  formula.column_ = at;
  formula.type_ = column.type;
  formula.most_characters_ = column.max_length == 0 ? 255 : column.max_length;
  for (const auto& one : columns) formula.types_.push_back(one.type);
  Parser parser(column.formula, columns, at, formula.reads_);
  if (column.formula.size() > most_bytes)
    return parser.wrong(most_bytes, fmt::format("it is longer than {} bytes", most_bytes));
  TRY(formula.root_, parser.parse());
  char wanted = 't';
  if (column.type == ColumnType::number || column.type == ColumnType::currency ||
      column.type == ColumnType::integer)
    wanted = 'n';
  else if (column.type == ColumnType::boolean)
    wanted = 'b';
  else if (column.type == ColumnType::datetime)
    wanted = 'd';
  else if (column.type != ColumnType::text)
    return parser.wrong(0, fmt::format("it cannot give a {}; there are text, number, integer, "
                                       "currency, boolean and datetime",
                                       to_string(column.type)));
  TRY_DO(parser.want(*formula.root_, wanted, 1));
  return formula;
}

}  // namespace rollcall::lists
