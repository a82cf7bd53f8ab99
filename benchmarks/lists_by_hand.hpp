// What lists do with SQLite, written by hand against the same tables: the baseline of lists.cpp.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace rollcall::bench {

// The list of the benchmark: Title, Key (unique), Region (indexed), N and At.
struct HandItem {
  std::string title, key, region;
  std::int64_t n = 0, at = 0;
};

class ListByHand {
 public:
  // `table` is the list's table of items; its versions and changes stand beside it.
  ListByHand(const std::string& file, const std::string& table, bool power);
  ~ListByHand();
  void begin();
  void commit();
  void create(std::int64_t id, const HandItem& item, std::int64_t now);
  // Reads the item, changes N, keeps the version.
  void update(std::int64_t id, std::int64_t n, std::int64_t now);
  // How many bytes of the one item with that key.
  std::size_t look_up(const std::string& key);
  // `count` items, as create() makes them, without versions: to have many.
  void fill(std::int64_t count);

 private:
  struct Statements;
  void* handle_ = nullptr;
  std::unique_ptr<Statements> statements_;
};

}  // namespace rollcall::bench
