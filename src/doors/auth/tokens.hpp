// API tokens: a name, what it may do, and the hash of the secret. The secret is shown once, when it is made.
// 256 random bits need no slow hash: SHA-256 is what is kept and looked up.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/principal.hpp"
#include "base/time.hpp"
#include "store/database.hpp"

namespace rollcall::doors {

// Each includes nothing of the others, but admin, which may do everything.
enum class Scope { ingest, read, write, admin };
inline constexpr std::string_view scope_names = "ingest, read, write, admin";
std::string_view to_string(Scope scope);

class Scopes {
 public:
  Scopes() = default;
  // `read,ingest`. TOKEN0101 names the scope that there is none of.
  static Result<Scopes> parse(std::string_view text);
  static Scopes all() { return Scopes().add(Scope::admin); }
  Scopes& add(Scope scope) {
    bits_ |= 1U << static_cast<unsigned>(scope);
    return *this;
  }
  bool allow(Scope scope) const { return has(scope) || has(Scope::admin); }
  std::string to_string() const;  // `ingest,read`

 private:
  bool has(Scope scope) const { return (bits_ >> static_cast<unsigned>(scope) & 1U) != 0; }
  unsigned bits_ = 0;
};

struct Token {
  std::string name;
  Scopes scopes;
  Timestamp created;
  std::string created_by;
};

class Tokens {
 public:
  static Result<std::unique_ptr<Tokens>> open(store::Database& database);
  static std::int64_t newest_format();  // of its table: "tokens" in store::stored_formats

  // Answers the secret. TOKEN0102: the name is taken; TOKEN0104: it is no name (letters, digits, `-`,
  // `_`, `.`, up to 64).
  Result<std::string> create(std::string_view name, Scopes scopes, const Principal& by,
                             Timestamp now);
  Result<std::vector<Token>> list();
  // TOKEN0103: there is none of that name.
  Result<void> revoke(std::string_view name);
  // The token that has this secret, if it was not revoked.
  Result<std::optional<Token>> find(std::string_view secret);
  Result<bool> any();

 private:
  explicit Tokens(store::Database& database);
  store::Database& database_;
  store::Prepared insert_, select_, by_hash_, delete_;
};

}  // namespace rollcall::doors
