// lists/…: creating, changing and finding items through the store, beside the same statements by
// hand; finding over HTTP with 64 connections; a filter over a million items; and how long a reader
// waits while such a list changes.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "app/serving.hpp"
#include "base/check.hpp"
#include "bench.hpp"
#include "http/server.hpp"
#include "lists/list_store.hpp"
#include "lists_by_hand.hpp"
#include "lists_by_hand_postgresql.hpp"

namespace rollcall::bench {
namespace {

constexpr int rounds = 5;
constexpr std::int64_t items_a_round = 5'000;
constexpr std::int64_t items_a_transaction = 500;
constexpr std::int64_t million = 1'000'000;

lists::ListDefinition rows_definition() {
  return {.name = "Rows",
          .columns = {{.name = "Title"},
                      {.name = "Key", .required = true},
                      {.name = "Region", .indexed = true},
                      {.name = "N", .type = lists::ColumnType::integer},
                      {.name = "At", .type = lists::ColumnType::datetime}},
          .unique_keys = {{"Key"}}};
}

// The list in a database of its own.
struct Store {
  explicit Store(std::unique_ptr<store::Database> in)
      : database(std::move(in)), lists(must(lists::ListStore::open(*database))) {
    list = must(database->write([&](store::Transaction& transaction) {
      return lists->create_list(transaction, rows_definition(), {});
    }));
  }
  odata::Options by_key(std::int64_t i) const {
    odata::Options options;
    options.filter = fmt::format("Key eq 'key-{}'", i);
    return options;
  }
  std::unique_ptr<store::Database> database;
  std::unique_ptr<lists::ListStore> lists;
  lists::ListPtr list;
};

std::unique_ptr<store::Database> sqlite(const std::string& file) {
  return must(store::open_sqlite(file, store::Durability::power));
}

HandItem item(std::int64_t i) {
  return {fmt::format("title {}", i), fmt::format("key-{}", i), fmt::format("region-{}", i % 1000),
          i, i * 10'000'000};
}

void create_items(Store& store, std::int64_t first, std::int64_t count) {
  for (std::int64_t done = 0; done < count; done += items_a_transaction) {
    must(store.database->write([&](store::Transaction& transaction) -> Result<void> {
      for (std::int64_t i = first + done; i < first + done + items_a_transaction; ++i) {
        const auto one = item(i);
        const json::object fields{{"Title", one.title},
                                  {"Key", one.key},
                                  {"Region", one.region},
                                  {"N", one.n},
                                  {"At", "2026-01-01T00:00:00Z"}};
        TRY_DO(store.lists->create_item(transaction, *store.list, fields, {{}, Timestamp{i}},
                                        [](const lists::ItemView&) {}));
      }
      return {};
    }));
  }
}
template <class Hand>
void create_by_hand(Hand& hand, std::int64_t first, std::int64_t count) {
  for (std::int64_t done = 0; done < count; done += items_a_transaction) {
    hand.begin();
    for (std::int64_t i = first + done; i < first + done + items_a_transaction; ++i)
      hand.create(i, item(i), i);
    hand.commit();
  }
}
void update_items(Store& store, std::int64_t count) {
  for (std::int64_t done = 0; done < count; done += items_a_transaction) {
    must(store.database->write([&](store::Transaction& transaction) -> Result<void> {
      for (std::int64_t i = done + 1; i <= done + items_a_transaction; ++i) {
        TRY_DO(store.lists->update_item(transaction, *store.list, i, std::nullopt, {{"N", i + 1}},
                                        {{}, Timestamp{i}}, [](const lists::ItemView&) {}));
      }
      return {};
    }));
  }
}
template <class Hand>
void update_by_hand(Hand& hand, std::int64_t count) {
  for (std::int64_t done = 0; done < count; done += items_a_transaction) {
    hand.begin();
    for (std::int64_t i = done + 1; i <= done + items_a_transaction; ++i) hand.update(i, i + 1, i);
    hand.commit();
  }
}

// Items of the list in a scattered order.
std::int64_t scattered(std::int64_t i, std::int64_t count) { return (i * 7919) % count + 1; }

std::size_t look_up_items(Store& store, std::int64_t count, std::int64_t among) {
  std::size_t seen = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto options = store.by_key(scattered(i, among));
    must(store.database->read([&](store::Connection& connection) -> Result<void> {
      TRY_DO(store.lists->query(connection, *store.list, options, {}, {},
                                [&](const lists::ItemView& view) { seen += view.fields.size(); }));
      return {};
    }));
  }
  return seen;
}

// Our work and the same by hand, in turn; the median of the rates.
Figure in_turn(const std::string& name, const std::string& baseline, std::int64_t count,
               const std::function<void(int)>& ours, const std::function<void(int)>& by_hand) {
  std::vector<double> rates, baselines;
  for (int round = 0; round < rounds; ++round) {
    rates.push_back(static_cast<double>(count) / seconds_of([&] { ours(round); }));
    baselines.push_back(static_cast<double>(count) / seconds_of([&] { by_hand(round); }));
  }
  return {name, median(rates), "items/s", median(baselines), baseline, count, "power"};
}

template <class Hand>
void beside(const Report& report, const std::string& name, const std::string& baseline, Store& ours,
            Hand& hand) {
  report(in_turn(
      name + "/create", baseline, items_a_round,
      [&](int round) { create_items(ours, 1 + round * items_a_round, items_a_round); },
      [&](int round) { create_by_hand(hand, 1 + round * items_a_round, items_a_round); }));
  report(in_turn(
      name + "/update", baseline, items_a_round, [&](int) { update_items(ours, items_a_round); },
      [&](int) { update_by_hand(hand, items_a_round); }));
  auto look_up = in_turn(
      name + "/lookup", baseline, items_a_round,
      [&](int) { CHECK(look_up_items(ours, items_a_round, rounds * items_a_round) > 0); },
      [&](int) {
        for (std::int64_t i = 0; i < items_a_round; ++i)
          CHECK(hand.look_up(fmt::format("key-{}", scattered(i, rounds * items_a_round))) > 0);
      });
  look_up.durability = "";
  report(look_up);
}

void through_the_store(const Report& report) {
  const Folder folder;
  Store ours(sqlite(folder.file("ours.db")));
  {
    const Store tables(sqlite(folder.file("hand.db")));
  }
  ListByHand hand(folder.file("hand.db"), "list_1", true);
  beside(report, "lists", "SQLite by hand", ours, hand);
}

// On the server that ./bench has started, each in a database of its own.
void on_postgresql(const Report& report) {
  const char* server = std::getenv("ROLLCALL_TEST_POSTGRESQL");
  if (server == nullptr) return;
  const auto database = [&](const char* name) {
    CHECK(std::system(
              fmt::format("psql -q \"{}\" -c 'CREATE DATABASE {}'", server, name).c_str()) == 0);
    return fmt::format("{} dbname={}", server, name);
  };
  const auto open = [](const std::string& where) {
    return must(store::open_postgresql(where, store::Durability::power));
  };
  Store ours(open(database("ours")));
  const auto by_hand = database("by_hand");
  {
    const Store tables(open(by_hand));
  }
  ListByHandPostgresql hand(by_hand);
  beside(report, "lists/postgresql", "PostgreSQL by hand", ours, hand);
}

// ---- HTTP: one thread drives 64 connections, each with one request under way.
constexpr std::size_t connections = 64;
constexpr std::size_t look_ups = 60'000;
constexpr std::size_t writes = 20'000;

struct Client {
  int socket = -1;
  std::string incoming;
  std::chrono::steady_clock::time_point sent;
};

int connect_to(std::uint16_t port) {
  const int one = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(one, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return one;
}

// Whether a whole answer stands at the front; it is taken off.
bool take_answer(std::string& incoming) {
  const auto end = incoming.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  CHECK(incoming.starts_with("HTTP/1.1 20"));
  const auto at = incoming.find("Content-Length: ");
  CHECK(at < end);
  const auto length = std::strtoull(incoming.c_str() + at + 16, nullptr, 10);
  if (incoming.size() < end + 4 + length) return false;
  incoming.erase(0, end + 4 + length);
  return true;
}

std::string look_up_request(std::size_t number) {
  return fmt::format(
      "GET "
      "/_api/web/lists/getByTitle('Rows')/"
      "items?%24filter=Key+eq+%27key-{}%27&%24select=Id,Title,Region,N HTTP/1.1\r\n"
      "Host: localhost\r\nAccept: application/json;odata=nometadata\r\n\r\n",
      scattered(static_cast<std::int64_t>(number), 100'000));
}
std::string with_body(const std::string& line, const std::string& body) {
  return fmt::format(
      "{} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "{}\r\n\r\n{}",
      line, body.size(), body);
}
std::string create_request(std::size_t number) {
  const auto one = item(static_cast<std::int64_t>(number) + 1'000'000);
  return with_body("POST /api/v1/lists/Rows/items",
                   fmt::format(R"({{"Title":"{}","Key":"{}","Region":"{}","N":{}}})", one.title,
                               one.key, one.region, one.n));
}
std::string update_request(std::size_t number) {
  return with_body(fmt::format("PATCH /api/v1/lists/Rows/items/{}",
                               scattered(static_cast<std::int64_t>(number), 100'000)),
                   fmt::format(R"({{"N":{}}})", number));
}

void send_request(Client& client, const std::string& text) {
  client.sent = std::chrono::steady_clock::now();
  CHECK(send(client.socket, text.data(), text.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(text.size()));
}

// `first`: the number of the first request.
std::vector<double> drive(std::uint16_t port, std::size_t requests, std::size_t first,
                          std::string (*request)(std::size_t)) {
  std::vector<Client> clients(connections);
  std::vector<pollfd> waits;
  std::vector<double> milliseconds;
  std::size_t number = first;
  for (auto& client : clients) {
    client.socket = connect_to(port);
    waits.push_back({client.socket, POLLIN, 0});
    send_request(client, request(number++));
  }
  std::string chunk(64 * 1024, '\0');
  while (milliseconds.size() < requests) {
    CHECK(poll(waits.data(), waits.size(), 10'000) > 0);
    for (std::size_t i = 0; i < waits.size(); ++i) {
      if ((waits[i].revents & POLLIN) == 0) continue;
      auto& client = clients[i];
      const auto got = recv(client.socket, chunk.data(), chunk.size(), 0);
      CHECK(got > 0);
      client.incoming.append(chunk.data(), static_cast<std::size_t>(got));
      if (!take_answer(client.incoming)) continue;
      milliseconds.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - client.sent)
              .count());
      send_request(client, request(number++));
    }
  }
  for (const auto& client : clients) close(client.socket);
  return milliseconds;
}

void over_http(const Report& report) {
  const Folder folder;
  const SystemClock clock;
  app::ProductOptions options;
  options.data = folder.path;
  const auto serving = must(app::Serving::open(clock, std::move(options)));
  auto& product = serving->product();
  const auto list = must(product.database().write([&](store::Transaction& transaction) {
    return product.lists().create_list(transaction, rows_definition(), {});
  }));
  for (std::int64_t first = 1; first <= 100'000; first += 5'000) {
    must(product.database().write([&](store::Transaction& transaction) -> Result<void> {
      for (std::int64_t i = first; i < first + 5'000; ++i) {
        const auto one = item(i);
        TRY_DO(product.lists().create_item(
            transaction, *list,
            {{"Title", one.title}, {"Key", one.key}, {"Region", one.region}, {"N", i}}, {},
            [](const lists::ItemView&) {}));
      }
      return {};
    }));
  }
  http::ServerOptions server_options;
  server_options.port = 0;
  const auto server = must(http::Server::start(
      server_options, [&](const http::Request& request) { return serving->handle(request); }));
  const auto measure = [&](const std::string& name, std::size_t requests,
                           std::string (*request)(std::size_t), const std::string& durability) {
    std::vector<double> rates, latencies;
    for (int round = 0; round < rounds; ++round) {
      std::vector<double> milliseconds;
      // Behind the last that is answered each connection may have sent two more.
      const auto first = static_cast<std::size_t>(round) * (requests + 2 * connections);
      rates.push_back(static_cast<double>(requests) / seconds_of([&] {
                        milliseconds = drive(server->port(), requests, first, request);
                      }));
      std::ranges::sort(milliseconds);
      latencies.push_back(milliseconds[milliseconds.size() * 99 / 100]);
    }
    const auto n = static_cast<std::int64_t>(requests);
    report({name, median(rates), "requests/s", 0, "", n, durability});
    report({name + "/p99", median(latencies), "ms", 0, "", n, durability, true});
  };
  measure("lists/http/lookup", look_ups, look_up_request, "");
  measure("lists/http/create", writes, create_request, "power");
  measure("lists/http/update", writes, update_request, "power");
}

// ---- a million items
void over_a_million(const Report& report) {
  const Folder folder;
  const auto file = folder.file("million.db");
  Store ours(sqlite(file));
  ListByHand(file, "list_1", false).fill(million);
  const auto ask = [&](const odata::Options& options) {
    return 1000 * seconds_of([&] {
             must(ours.database->read([&](store::Connection& connection) -> Result<void> {
               TRY(const auto page, ours.lists->query(connection, *ours.list, options, {}));
               CHECK(!page.items.empty());
               return {};
             }));
           });
  };
  std::vector<double> exact, indexed;
  for (std::int64_t i = 0; i < 200; ++i) {
    exact.push_back(ask(ours.by_key(scattered(i, million))));
    odata::Options by_region;
    by_region.filter = fmt::format("Region eq 'region-{}' and N gt 500000", i);
    indexed.push_back(ask(by_region));
  }
  report({"lists/million/unique", median(exact), "ms", 0, "", million, "", true});
  report({"lists/million/indexed", median(indexed), "ms", 0, "", million, "", true});

  // How long a reader waits while a column is added and another is indexed.
  std::atomic<bool> done = false;
  double longest = 0;
  std::thread reader([&] {
    for (std::int64_t i = 0; !done; ++i)
      longest = std::max(longest, ask(ours.by_key(scattered(i, million))));
  });
  const auto changing = seconds_of([&] {
    must(ours.database->write([&](store::Transaction& transaction) -> Result<void> {
      TRY(auto changed, ours.lists->add_column(transaction, *ours.list,
                                               {.name = "Team", .indexed = true}, false, {}));
      auto column = *changed->column("N");
      column.indexed = true;
      TRY_DO(ours.lists->change_column(transaction, *changed, column, false, {}));
      return {};
    }));
  });
  done = true;
  reader.join();
  report({"lists/million/change", 1000 * changing, "ms", 0, "", million, "power", true});
  report({"lists/million/change/reader", longest, "ms", 0, "", million, "", true});
}

const Benchmark store_benchmark{"lists/store", through_the_store};
const Benchmark postgresql_benchmark{"lists/postgresql", on_postgresql};
const Benchmark http_benchmark{"lists/http", over_http};
const Benchmark million_benchmark{"lists/million", over_a_million};

}  // namespace
}  // namespace rollcall::bench
