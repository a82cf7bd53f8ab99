// What lists do with PostgreSQL, written by hand against the same tables: the baseline of lists.cpp.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "lists_by_hand.hpp"

namespace rollcall::bench {

class ListByHandPostgresql {
 public:
  // `connection`: libpq's; the list's tables are list_1, list_1_versions and list_1_changes.
  explicit ListByHandPostgresql(const std::string& connection);
  ~ListByHandPostgresql();
  void begin();
  void commit();
  void create(std::int64_t id, const HandItem& item, std::int64_t now);
  // Reads the item, changes N, keeps the version.
  void update(std::int64_t id, std::int64_t n, std::int64_t now);
  // How many bytes of the one item with that key.
  std::size_t look_up(const std::string& key);

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace rollcall::bench
