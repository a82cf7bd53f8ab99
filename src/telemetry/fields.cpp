#include "telemetry/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"

namespace rollcall::telemetry {
namespace {

constexpr int max_depth = 100;

// Walks JSON text (RFC 8259) and says where it breaks. What must be rewritten goes into an arena with room for the whole
// line, so that it never moves: unescaped and compacted texts are never longer than what they are made from.
class JsonWalker {
 public:
  JsonWalker(std::string_view text, std::string& arena) : text_(text), arena_(arena) {}

  // object = "{" [ member *( "," member ) ] "}"
  OrReason<void> members(std::vector<FieldView>& fields) {
    skip_space();
    if (!take('{')) return wrong("a line must be a JSON object");
    skip_space();
    bool more = !take('}');
    while (more) {
      skip_space();
      auto name = string();
      if (!name) return std::unexpected(name.error());
      skip_space();
      if (!take(':')) return wrong("expected ':'");
      skip_space();
      auto field = value();
      if (!field) return std::unexpected(field.error());
      field->name = *name;
      fields.push_back(*field);
      skip_space();
      more = take(',');
      if (!more && !take('}')) return wrong("expected ',' or '}'");
    }
    return end();
  }

  OrReason<void> document() {
    skip_space();
    if (auto copied = copy_value(0); !copied) return copied;
    return end();
  }

 private:
  OrReason<FieldView> value() {
    if (at_end()) return wrong("expected a value");
    const char c = text_[at_];
    if (c == '"') {
      auto text = string();
      if (!text) return std::unexpected(text.error());
      return FieldView{{}, Field::Kind::text, *text};
    }
    if (c == '{' || c == '[') {
      const std::size_t begin = arena_.size();
      if (auto copied = copy_value(0); !copied) return std::unexpected(copied.error());
      return FieldView{{}, Field::Kind::json, std::string_view(arena_).substr(begin)};
    }
    const std::size_t begin = at_;
    if (auto passed = scalar(); !passed) return std::unexpected(passed.error());
    const auto text = text_.substr(begin, at_ - begin);
    if (text == "null") return FieldView{};
    return FieldView{{}, c == 't' || c == 'f' ? Field::Kind::boolean : Field::Kind::number, text};
  }

  // Copies any value to the arena, without the spaces between its tokens.
  OrReason<void> copy_value(int depth) {
    if (depth > max_depth) return wrong("nested too deep");
    if (at_end()) return wrong("expected a value");
    const char open = text_[at_];
    if (open != '{' && open != '[') {
      const std::size_t begin = at_;
      if (auto passed = open == '"' ? pass_string() : scalar(); !passed) return passed;
      arena_ += text_.substr(begin, at_ - begin);
      return {};
    }
    const char close = open == '{' ? '}' : ']';
    copy_char();
    skip_space();
    bool more = !at_end() && text_[at_] != close;
    while (more) {
      skip_space();
      if (open == '{') {
        const std::size_t begin = at_;
        if (auto passed = pass_string(); !passed) return passed;
        arena_ += text_.substr(begin, at_ - begin);
        skip_space();
        if (at_end() || text_[at_] != ':') return wrong("expected ':'");
        copy_char();
        skip_space();
      }
      if (auto copied = copy_value(depth + 1); !copied) return copied;
      skip_space();
      more = !at_end() && text_[at_] == ',';
      if (more) copy_char();
    }
    if (at_end() || text_[at_] != close) return wrong(fmt::format("expected ',' or '{}'", close));
    copy_char();
    return {};
  }

  OrReason<void> scalar() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return {};
    }
    return number();
  }

  // number = [ "-" ] int [ "." 1*DIGIT ] [ e [ "-" / "+" ] 1*DIGIT ]
  OrReason<void> number() {
    take('-');
    if (!take('0') && !digits()) return wrong("expected a value");
    if (take('.') && !digits()) return wrong("expected a digit");
    if (take('e') || take('E')) {
      if (!take('-')) take('+');
      if (!digits()) return wrong("expected a digit");
    }
    return {};
  }

  OrReason<void> pass_string() {
    if (!take('"')) return wrong("expected a string");
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '"') return {};
      if (static_cast<unsigned char>(c) < 0x20)
        return wrong("a control character stands in a string", at_ - 1);
      if (c != '\\') continue;
      std::uint32_t ignored = 0;
      if (at_end()) break;
      const char kind = text_[at_++];
      if (kind == 'u' ? !hex(ignored)
                      : std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
        return wrong("unknown escape in a string", at_ - 1);
      }
    }
    return wrong("a string is not closed");
  }

  OrReason<std::string_view> string() {
    const std::size_t begin = at_ + 1;
    if (auto passed = pass_string(); !passed) return std::unexpected(passed.error());
    const auto raw = text_.substr(begin, at_ - begin - 1);
    if (raw.find('\\') == std::string_view::npos) return raw;
    return unescape(raw);
  }

  // The escapes are known to be well formed. A lone surrogate becomes U+FFFD.
  std::string_view unescape(std::string_view raw) {
    const std::size_t begin = arena_.size();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\') {
        arena_ += raw[i];
        continue;
      }
      const char kind = raw[++i];
      constexpr std::string_view kinds = "bfnrt", meanings = "\b\f\n\r\t";
      if (kind == 'u') {
        std::uint32_t code = hex_value(raw.substr(i + 1, 4));
        i += 4;
        const bool high = code >= 0xD800 && code < 0xDC00;
        if (high && raw.substr(i + 1).starts_with("\\u")) {
          const std::uint32_t low = hex_value(raw.substr(i + 3, 4));
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        append_utf8(code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
      } else if (const auto known = kinds.find(kind); known != std::string_view::npos) {
        arena_ += meanings[known];
      } else {
        arena_ += kind;
      }
    }
    return std::string_view(arena_).substr(begin);
  }

  void append_utf8(std::uint32_t code) {
    const auto tail = [&](int shift) {
      arena_ += static_cast<char>(0x80 | ((code >> shift) & 0x3F));
    };
    if (code < 0x80) {
      arena_ += static_cast<char>(code);
    } else if (code < 0x800) {
      arena_ += static_cast<char>(0xC0 | (code >> 6));
      tail(0);
    } else if (code < 0x10000) {
      arena_ += static_cast<char>(0xE0 | (code >> 12));
      tail(6);
      tail(0);
    } else {
      arena_ += static_cast<char>(0xF0 | (code >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  static std::uint32_t hex_value(std::string_view four) {
    std::uint32_t value = 0;
    for (const char c : four) {
      value = value * 16 + static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  }
  bool hex(std::uint32_t& value) {
    const auto four = text_.substr(at_, 4);
    if (four.size() < 4 ||
        four.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return false;
    value = hex_value(four);
    at_ += 4;
    return true;
  }

  OrReason<void> end() {
    skip_space();
    if (!at_end()) return wrong("something follows the value");
    return {};
  }
  std::unexpected<std::string> wrong(std::string_view what,
                                     std::optional<std::size_t> where = std::nullopt) const {
    return std::unexpected(
        fmt::format("not valid JSON at column {}: {}", where.value_or(at_) + 1, what));
  }
  bool at_end() const { return at_ >= text_.size(); }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool digits() {
    const std::size_t begin = at_;
    while (!at_end() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }
  void skip_space() {
    while (!at_end() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      ++at_;
  }
  void copy_char() { arena_ += text_[at_++]; }

  std::string_view text_;
  std::string& arena_;
  std::size_t at_ = 0;
};

}  // namespace

OrReason<void> FieldParser::parse_json_line(std::string_view line) {
  fields_.clear();
  arena_.clear();
  arena_.reserve(line.size());
  return JsonWalker(line, arena_).members(fields_);
}

// record = field *( "," field ); field = *TEXT / DQUOTE *( TEXT / "," / CR / LF / 2DQUOTE ) DQUOTE
OrReason<void> FieldParser::parse_csv_record(std::string_view record) {
  fields_.clear();
  arena_.clear();
  arena_.reserve(record.size());
  std::size_t at = 0;
  for (;;) {
    if (at < record.size() && record[at] == '"') {
      const std::size_t begin = arena_.size();
      ++at;
      for (;; ++at) {
        if (at >= record.size())
          return std::unexpected(std::string("a quoted field is not closed"));
        if (record[at] == '"') {
          if (at + 1 >= record.size() || record[at + 1] != '"') break;
          ++at;
        }
        arena_ += record[at];
      }
      ++at;
      fields_.push_back({{}, Field::Kind::text, std::string_view(arena_).substr(begin)});
      if (at < record.size() && record[at] != ',') {
        return std::unexpected(
            fmt::format("field {}: something follows the closing quote", fields_.size()));
      }
    } else {
      const std::size_t end = std::min(record.find(',', at), record.size());
      const auto text = record.substr(at, end - at);
      if (text.find('"') != std::string_view::npos) {
        return std::unexpected(fmt::format(
            "field {}: a quote stands inside a field that is not quoted", fields_.size() + 1));
      }
      fields_.push_back({{}, Field::Kind::text, text});
      at = end;
    }
    if (at >= record.size()) return {};
    ++at;  // the comma
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::optional<std::string> compact_json(std::string_view text) {
  std::string arena;
  arena.reserve(text.size());
  if (!JsonWalker(text, arena).document()) return std::nullopt;
  return arena;
}

}  // namespace rollcall::telemetry
