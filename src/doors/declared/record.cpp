#include <fmt/format.h>
#include <re2/re2.h>

#include "doors/api/items.hpp"
#include "doors/declared/declared.hpp"

namespace rollcall::doors {

Result<std::shared_ptr<const re2::RE2>> environment_pattern(const std::string& text) {
  auto pattern = std::make_shared<const re2::RE2>(text, re2::RE2::Quiet);
  if (!pattern->ok())
    return fail("DECLARED0103",
                fmt::format("it is no regular expression of RE2: {}", pattern->error()));
  if (!pattern->NamedCapturingGroups().contains("environment")) {
    return fail("DECLARED0103", "it has no group (?P<environment>…)");
  }
  return pattern;
}

std::pair<std::string, std::string> split_environment(std::string_view name,
                                                      const re2::RE2* pattern) {
  if (pattern != nullptr) {
    std::vector<re2::StringPiece> found(
        static_cast<std::size_t>(pattern->NumberOfCapturingGroups() + 1));
    const re2::StringPiece text(name.data(), name.size());
    if (pattern->Match(text, 0, text.size(), re2::RE2::UNANCHORED, found.data(),
                       static_cast<int>(found.size()))) {
      const auto& groups = pattern->NamedCapturingGroups();
      const auto group = [&](const char* wanted) {
        const auto at = groups.find(wanted);
        return at == groups.end() ? std::string()
                                  : std::string(found[static_cast<std::size_t>(at->second)]);
      };
      return {group("environment"), group("region")};
    }
  }
  const auto slash = name.find('/');
  return {std::string(name.substr(0, slash)),
          slash == std::string_view::npos ? std::string() : std::string(name.substr(slash + 1))};
}

namespace {

Result<std::optional<lists::Item>> known(Services& services, store::Transaction& transaction,
                                         const lists::List& list, const std::string& id) {
  odata::Options options;
  options.filter = exact_filter({{"DeclarationId", id}});
  options.top = 1;
  TRY(auto page, services.lists.query(transaction, list, options, services.clock.now()));
  if (page.items.empty()) return std::nullopt;
  return std::move(page.items.front());
}

}  // namespace

Result<Recorded> record(Services& services, std::span<const fleet::Declaration> declarations,
                        const Principal& principal) {
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
      const bool newer = before.updated_at < one.updated_at ||
                         (before.updated_at == one.updated_at && before.status < one.status);
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
