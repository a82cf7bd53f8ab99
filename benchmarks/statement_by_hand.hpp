// SQLite as one writes it by hand, for the baselines.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "base/check.hpp"

namespace rollcall::bench {

class Statement {
 public:
  Statement(sqlite3* handle, const std::string& text) {
    CHECK(sqlite3_prepare_v3(handle, text.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement_,
                             nullptr) == SQLITE_OK);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  void bind(int at, const std::string& text) {
    sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void bind(int at, const char* text) {
    sqlite3_bind_text(statement_, at, text, -1, SQLITE_STATIC);
  }
  void bind(int at, std::int64_t number) { sqlite3_bind_int64(statement_, at, number); }
  bool step() {
    const int code = sqlite3_step(statement_);
    CHECK(code == SQLITE_ROW || code == SQLITE_DONE);
    return code == SQLITE_ROW;
  }
  void run() {
    step();
    reset();
  }
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) {
    return {reinterpret_cast<const char*>(sqlite3_column_text(statement_, column)),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  void reset() { sqlite3_reset(statement_); }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

inline void execute(sqlite3* handle, const std::string& text) {
  CHECK(sqlite3_exec(handle, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
}

}  // namespace rollcall::bench
