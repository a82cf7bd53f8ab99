#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <re2/re2.h>

#include <array>

#include "doors/api/items.hpp"
#include "doors/declared/declared.hpp"

namespace rollcall::doors {

std::pair<std::string, std::string> split_environment(std::string_view name, const std::string& pattern) {
  if (!pattern.empty()) {
    const re2::RE2 expression(pattern, re2::RE2::Quiet);
    const auto& groups = expression.NamedCapturingGroups();
    std::vector<re2::StringPiece> found(static_cast<std::size_t>(expression.ok() ? expression.NumberOfCapturingGroups() + 1 : 0));
    const re2::StringPiece text(name.data(), name.size());
    if (expression.ok() && expression.Match(text, 0, text.size(), re2::RE2::UNANCHORED, found.data(), static_cast<int>(found.size()))) {
      const auto group = [&](const char* wanted) {
        const auto at = groups.find(wanted);
        return at == groups.end() ? std::string() : std::string(found[static_cast<std::size_t>(at->second)]);
      };
      return {group("environment"), group("region")};
    }
  }
  const auto slash = name.find('/');
  return {std::string(name.substr(0, slash)), slash == std::string_view::npos ? std::string() : std::string(name.substr(slash + 1))};
}

bool is_signed(std::string_view header, std::string_view secret, std::string_view body) {
  std::array<unsigned char, 32> mac{};
  unsigned size = mac.size();
  ::HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac.data(), &size);
  std::string wanted = "sha256=";
  for (const auto byte : mac) wanted += fmt::format("{:02x}", byte);
  return header.size() == wanted.size() && ::CRYPTO_memcmp(header.data(), wanted.data(), wanted.size()) == 0;
}

namespace {

Result<std::optional<lists::Item>> known(Services& services, store::Transaction& transaction, const lists::List& list, const std::string& id) {
  odata::Options options;
  options.filter = exact_filter({{"DeclarationId", id}});
  options.top = 1;
  TRY(auto page, services.lists.query(transaction, list, options, services.clock.now()));
  if (page.items.empty()) return std::nullopt;
  return std::move(page.items.front());
}

}  // namespace

Result<Recorded> record(Services& services, std::span<const fleet::Declaration> declarations, const Principal& principal) {
  const lists::Write write{principal, services.clock.now(), std::nullopt, true};
  Recorded recorded;
  TRY_DO(services.database.write([&](store::Transaction& transaction) -> Result<void> {
    recorded = {};
    TRY(const auto list, services.lists.find_list(transaction, fleet::declared_list));
    for (const auto& one : declarations) {
      TRY(const auto item, known(services, transaction, *list, one.declaration_id));
      const auto fields = to_fields(one);
      if (!item) {
        TRY_DO(services.lists.create_item(transaction, *list, fields, write));
        ++recorded.declared;
        continue;
      }
      TRY(const auto before, fleet::parse_declaration(item->fields));
      const bool newer = before.updated_at < one.updated_at || (before.updated_at == one.updated_at && before.status < one.status);
      auto as_known = one;
      as_known.updated_at = before.updated_at;
      if (!newer || as_known == before) {
        ++recorded.known;
        continue;
      }
      TRY_DO(services.lists.update_item(transaction, *list, item->id, std::nullopt, fields, write));
      ++recorded.updated;
    }
    return {};
  }));
  return recorded;
}

}  // namespace rollcall::doors
