#include "doors/auth/tokens.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::doors {
namespace {

constexpr std::array all_scopes{Scope::ingest, Scope::read, Scope::write, Scope::admin};
constexpr std::string_view table = "Tokens";

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string hash_of(std::string_view secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  CHECK(EVP_Digest(secret.data(), secret.size(), digest.data(), &length, EVP_sha256(), nullptr) ==
        1);
  return hex(std::span(digest).first(length));
}

std::string new_secret() {
  std::array<unsigned char, 32> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return "rc_" + hex(bytes);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

sql::QueryPtr select_where(sql::ExprPtr condition) {
  sql::Select select;
  for (const auto* name : {"Name", "Scopes", "Created", "CreatedBy"})
    select.items.push_back({sql::column(name), {}});
  select.from = sql::table(std::string(table));
  select.where = std::move(condition);
  auto query = sql::query(std::move(select));
  auto ordered = *query;
  ordered.order_by.push_back({sql::column("Name")});
  return std::make_shared<const sql::Query>(std::move(ordered));
}

sql::Insert insert_statement() {
  sql::Insert insert;
  insert.table = table;
  insert.columns = {"Name", "Hash", "Scopes", "Created", "CreatedBy"};
  insert.rows.emplace_back();
  for (std::size_t i = 0; i < insert.columns.size(); ++i) insert.rows[0].push_back(sql::slot(i));
  return insert;
}

sql::ExprPtr equals_slot(std::string name) {
  return sql::binary(sql::BinaryOperator::equal, sql::column(std::move(name)), sql::slot(0));
}

std::vector<store::Migration> migrations() {
  sql::CreateTable create;
  create.name = table;
  create.columns = {{"Name", sql::Type::text, true, false, nullptr},
                    {"Hash", sql::Type::text, true, false, nullptr},
                    {"Scopes", sql::Type::text, true, false, nullptr},
                    {"Created", sql::Type::bigint, true, false, nullptr},
                    {"CreatedBy", sql::Type::text, true, false, nullptr}};
  create.primary_key = {"Name"};
  sql::CreateIndex index;
  index.name = "Tokens_Hash";
  index.table = table;
  index.terms.push_back({sql::column("Hash")});
  index.unique = true;
  return {{{create, index}, {}}};
}

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::ingest:
      return "ingest";
    case Scope::read:
      return "read";
    case Scope::write:
      return "write";
    case Scope::admin:
      return "admin";
  }
  return "";
}

Result<Scopes> Scopes::parse(std::string_view text) {
  Scopes scopes;
  for (const auto part : split(text, ',')) {
    const auto name = trim(part);
    const auto found = std::ranges::find_if(
        all_scopes, [&](Scope scope) { return doors::to_string(scope) == name; });
    if (found == all_scopes.end()) {
      return fail("TOKEN0101",
                  fmt::format("there is no scope '{}'; scopes are {}", name, scope_names));
    }
    scopes.add(*found);
  }
  return scopes;
}

std::string Scopes::to_string() const {
  std::string text;
  for (const auto scope : all_scopes) {
    if (has(scope)) text += (text.empty() ? "" : ",") + std::string(doors::to_string(scope));
  }
  return text;
}

Tokens::Tokens(store::Database& database)
    : database_(database),
      insert_(database.prepare(insert_statement())),
      select_(database.prepare(select_where(nullptr))),
      by_hash_(database.prepare(select_where(equals_slot("Hash")))),
      delete_(database.prepare(sql::Delete{std::string(table), equals_slot("Name")})) {}

std::int64_t Tokens::newest_format() { return static_cast<std::int64_t>(migrations().size()); }

Result<std::unique_ptr<Tokens>> Tokens::open(store::Database& database) {
  TRY_DO(store::migrate(database, "tokens", migrations()));
  return std::unique_ptr<Tokens>(new Tokens(database));
}

Result<std::string> Tokens::create(std::string_view name, Scopes scopes, const Principal& by,
                                   Timestamp now) {
  if (!is_name(name)) {
    return fail(
        "TOKEN0104",
        fmt::format("'{}' cannot be a token's name: letters, digits, '-', '_' and '.', at most 64",
                    name));
  }
  auto secret = new_secret();
  const auto hash = hash_of(secret);
  const auto scope_text = scopes.to_string();
  const auto author = rollcall::to_string(by);
  auto written = database_.write([&](store::Transaction& transaction) {
    return transaction.execute(insert_, {name, hash, scope_text, now, author});
  });
  if (!written && written.error().code == "STORE0105") {
    return fail(
        "TOKEN0102",
        fmt::format("there is a token '{}' already; revoke it, or take another name", name));
  }
  if (!written) return std::unexpected(std::move(written).error());
  return secret;
}

Result<std::vector<Token>> Tokens::list() {
  return database_.read([&](store::Connection& connection) -> Result<std::vector<Token>> {
    std::vector<Token> all;
    TRY_DO(connection.query(select_, {}, [&](const store::Row& row) -> Result<void> {
      TRY(auto scopes, Scopes::parse(row.text(1)));
      all.push_back({std::string(row.text(0)), scopes, row.time(2), std::string(row.text(3))});
      return {};
    }));
    return all;
  });
}

Result<void> Tokens::revoke(std::string_view name) {
  TRY(const auto gone, database_.write([&](store::Transaction& transaction) {
    return transaction.execute(delete_, {name});
  }));
  if (gone == 0) return fail("TOKEN0103", fmt::format("there is no token '{}'", name));
  return {};
}

Result<std::optional<Token>> Tokens::find(std::string_view secret) {
  const auto hash = hash_of(secret);
  return database_.read([&](store::Connection& connection) -> Result<std::optional<Token>> {
    std::optional<Token> found;
    TRY_DO(connection.query(by_hash_, {hash}, [&](const store::Row& row) -> Result<void> {
      TRY(auto scopes, Scopes::parse(row.text(1)));
      found = Token{std::string(row.text(0)), scopes, row.time(2), std::string(row.text(3))};
      return {};
    }));
    return found;
  });
}

Result<bool> Tokens::any() {
  TRY(const auto all, list());
  return !all.empty();
}

}  // namespace rollcall::doors
