// Many items at once, as `rollcall list import` sends them: NDJSON, a piece at a time. How far a
// file was taken is kept in the transaction that takes a piece, so a repeated piece is not taken
// twice, whenever either side stops.
#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/api/items.hpp"
#include "doors/api/list_requests.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t max_lines = 10'000;  // of a piece
constexpr std::size_t shown_bad_lines = 20;

const lists::ListDefinition& imports_definition() {
  static const lists::ListDefinition definition{
      .name = "Imports",
      .description = "Files that were imported into lists, and how far.",
      .columns = {{.name = "Title", .required = true, .max_length = 512},
                  {.name = "Lines", .type = lists::ColumnType::integer, .required = true}},
      .unique_keys = {{"Title"}}};
  return definition;
}

struct Progress {
  std::int64_t item = 0;  // 0: the import is new
  std::int64_t lines = 0;
};

Result<Progress> progress_of(Services& services, store::Connection& connection,
                             const lists::List& imports, const std::string& title) {
  odata::Options options;
  options.filter = exact_filter({{"Title", title}});
  TRY(const auto page, services.lists.query(connection, imports, options, services.clock.now()));
  if (page.items.empty()) return Progress{};
  return Progress{page.items.front().id, page.items.front().fields.at("Lines").as_int64()};
}

Result<std::string> title_of(const http::Request& request, const lists::List& list) {
  const auto key = request.query_value("key").value_or("");
  if (key.empty() || key.size() > 200)
    return fail("API0103", "key: a name for the import of 1 to 200 bytes was expected");
  return fmt::format("{}: {}", list.guid, key);
}

struct Taken {
  std::int64_t lines = 0, rows = 0;
  json::array bad;
  std::int64_t bad_count = 0;
};

// Lines that are no item of the list are said, and the others taken.
Result<Taken> take_lines(Services& services, store::Transaction& transaction,
                         const lists::List& list, std::string_view text, std::int64_t from,
                         const lists::Write& write) {
  Taken taken;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (static_cast<std::size_t>(++taken.lines) > max_lines)
      return fail("LIST0111", fmt::format("a piece has at most {} lines", max_lines));
    if (line.empty()) continue;
    const auto made = transaction.nested([&]() -> Result<void> {
      TRY(const auto item, parse_json(line));
      if (!item.is_object()) return fail("API0102", "the line is no JSON object");
      return services.lists.create_item(transaction, list, item.get_object(), write,
                                        [](const lists::ItemView&) {});
    });
    if (made) {
      ++taken.rows;
      continue;
    }
    const auto& code = made.error().code;
    if (!code.starts_with("LIST") && !code.starts_with("JSON") && !code.starts_with("API"))
      return std::unexpected(made.error());
    if (++taken.bad_count <= static_cast<std::int64_t>(shown_bad_lines)) {
      taken.bad.push_back({{"line", from + taken.lines},
                           {"reason", fmt::format("{} {}", code, made.error().message)}});
    }
  }
  return taken;
}

Result<json::object> import_piece(Services& services, const http::Request& request,
                                  const Principal& principal) {
  TRY(const auto from, number_of(request, "from", 0, std::numeric_limits<std::int64_t>::max()));
  const lists::Write write{principal, services.clock.now()};
  return services.database.write([&](store::Transaction& transaction) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(transaction, request.path_value("list")));
    TRY(const auto title, title_of(request, *list));
    TRY(const auto imports, services.lists.ensure_list(transaction, imports_definition(), write));
    TRY(const auto progress, progress_of(services, transaction, *imports, title));
    if (progress.lines != from) return json::object{{"lines", progress.lines}, {"taken", false}};
    TRY(auto taken, take_lines(services, transaction, *list, request.body, from, write));
    const json::object fields{{"Title", title}, {"Lines", from + taken.lines}};
    if (progress.item == 0) {
      TRY_DO(services.lists.create_item(transaction, *imports, fields, write));
    } else {
      TRY_DO(services.lists.update_item(transaction, *imports, progress.item, std::nullopt, fields,
                                        write));
    }
    return json::object{{"lines", from + taken.lines},
                        {"taken", true},
                        {"rows", taken.rows},
                        {"bad", taken.bad_count},
                        {"badLines", std::move(taken.bad)}};
  });
}

Result<json::object> import_progress(Services& services, const http::Request& request) {
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(connection, request.path_value("list")));
    TRY(const auto title, title_of(request, *list));
    const auto imports = services.lists.find_list(connection, imports_definition().name);
    if (!imports) return json::object{{"lines", 0}};
    TRY(const auto progress, progress_of(services, connection, **imports, title));
    return json::object{{"lines", progress.lines}};
  });
}

}  // namespace

Operations list_import_operations(Services& services) {
  const std::vector<QueryParameter> key{
      {"key", "a name for the import, the same for all its pieces"}};
  auto with_from = key;
  with_from.push_back({"from", "how many lines were taken before", "integer"});
  return {{"GET", "/api/v1/lists/{list}/import", Scope::read, "getImport",
           "How many lines of an import were taken.",
           [&services](const http::Request& request, const Principal&) {
             const auto answer = import_progress(services, request);
             return answer ? http::json_response(200, *answer) : refuse(answer.error());
           },
           key},
          {"POST", "/api/v1/lists/{list}/import", Scope::write, "importItems",
           "Takes a piece of an import; not when another number of lines was taken before.",
           [&services](const http::Request& request, const Principal& principal) {
             const auto answer = import_piece(services, request, principal);
             return answer ? http::json_response(200, *answer) : refuse(answer.error());
           },
           with_from, "items, one JSON object a line"}};
}

}  // namespace rollcall::doors
