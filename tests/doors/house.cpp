#include "doors/house.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <sstream>

#include "base/text.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::test {
namespace {

constexpr doors::File portal[] = {{"index.html", "<!doctype html><title>Rollcall</title>"},
                                  {"portal.js", "start()"}};

template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().code << " " << result.error().message;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// As pretty(), but what is short stands on one line.
void show(std::string& out, const json::value& value, std::size_t level) {
  const auto whole = json::serialize(value);
  const bool nested = value.is_object() || value.is_array();
  if (!nested || whole.size() + 2 * level <= 110) {
    out += value.is_double() ? fmt::format("{:#.3g}", value.get_double()) : whole;
    return;
  }
  const auto members = value.is_object() ? value.get_object().size() : value.get_array().size();
  out += value.is_object() ? "{" : "[";
  for (std::size_t i = 0; i < members; ++i) {
    out += (i == 0 ? "\n" : ",\n") + std::string(2 * level + 2, ' ');
    if (value.is_object()) {
      const auto& member = *(value.get_object().begin() + static_cast<std::ptrdiff_t>(i));
      out += json::serialize(json::string_view(member.key())) + ": ";
      show(out, member.value(), level + 1);
    } else {
      show(out, value.get_array()[i], level + 1);
    }
  }
  out += "\n" + std::string(2 * level, ' ') + (value.is_object() ? "}" : "]");
}

std::string shown_body(const std::string& body) {
  const auto document = parse_json(body);
  if (!document) return body;
  std::string out;
  show(out, *document, 0);
  return out;
}

// The same addresses in every run of the tests.
flow::DriverOptions driver_options() {
  flow::DriverOptions options;
  options.key = "the key of the tests";
  options.public_url = "http://house";
  return options;
}

}  // namespace

House::House()
    : database_(must(store::open_sqlite(":memory:", store::Durability::process))),
      lists_(must(lists::ListStore::open(*database_))),
      warehouse_(must(warehouse::open_embedded({}))),
      driver_(must(flow::Driver::open(*database_, connectors_, clock, driver_options()))),
      runs_(std::make_unique<flow::RunStore>(*database_)),
      tokens_(must(doors::Tokens::open(*database_))),
      access_(std::make_unique<doors::Access>(*tokens_)),
      shared_(std::make_unique<doors::SharedDriver>(*driver_)),
      services_(new doors::Services{clock,
                                    *warehouse_,
                                    *database_,
                                    *lists_,
                                    *shared_,
                                    *runs_,
                                    *tokens_,
                                    *access_,
                                    metrics_,
                                    {}}),
      router_(doors::make_router(*services_, portal)),
      handler_(doors::make_handler(router_, metrics_)) {
  must(runs_->open());
  driver_->set_url({});
  const lists::Write write{{}, clock.now(), std::nullopt, true};
  must(database_->write([&](store::Transaction& transaction) -> Result<void> {
    for (const auto& definition : fleet::well_known_lists())
      TRY_DO(lists_->ensure_list(transaction, definition, write));
    return {};
  }));
}

void House::add_item(const std::string& list, const std::string& fields) {
  const lists::Write write{{}, clock.now(), std::nullopt, true};
  must(database_->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(const auto found, lists_->find_list(transaction, list));
    TRY(const auto document, parse_json(fields));
    TRY_DO(lists_->create_item(transaction, *found, document.as_object(), write));
    return {};
  }));
}

void House::expect_cells(fleet::CellRules rules) { services_->cells = std::move(rules); }

void House::create_table(const std::string& name, const std::string& columns) {
  warehouse::TableSchema schema{name, {}, false};
  std::istringstream words(columns);
  for (std::string word; words >> word;) {
    const auto colon = word.find(':');
    schema.columns.push_back({word.substr(0, colon), *kql::type_named(word.substr(colon + 1))});
  }
  must(warehouse_->create_table(schema, {}));
}

std::string House::exchange(const std::string& text, bool remote) {
  http::Request request;
  request.loopback = !remote;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  request.method = line.substr(0, line.find(' '));
  request.target = line.substr(line.find(' ') + 1);
  while (std::getline(lines, line) && !line.empty()) {
    request.headers.add(line.substr(0, line.find(':')),
                        std::string(trim(std::string_view(line).substr(line.find(':') + 1))));
  }
  std::ostringstream rest;
  rest << lines.rdbuf();
  request.body = rest.str();
  const auto answer = ask(std::move(request));
  std::string shown = std::to_string(answer.status);
  if (const auto* type = answer.headers.find("Content-Type")) shown += " " + *type;
  for (const auto* name : {"Allow", "WWW-Authenticate"}) {
    if (const auto* value = answer.headers.find(name))
      shown += fmt::format("\n{}: {}", name, *value);
  }
  return without_secrets(shown + "\n" + shown_body(answer.body));
}

std::string without_secrets(std::string text) {
  const auto is_guid = [](std::string_view part) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (dash != (part[i] == '-') ||
          (!dash && std::isxdigit(static_cast<unsigned char>(part[i])) == 0))
        return false;
    }
    return part != "00000000-0000-0000-0000-000000000000";
  };
  for (std::size_t at = 0; at + 36 <= text.size(); ++at) {
    if (is_guid(std::string_view(text).substr(at, 36))) text.replace(at, 36, "GUID");
  }
  for (auto at = text.find("rc_"); at != std::string::npos; at = text.find("rc_", at + 1)) {
    auto end = at + 3;
    while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (end - at > 20) text.replace(at, end - at, "rc_…");
  }
  return text;
}

}  // namespace rollcall::test
