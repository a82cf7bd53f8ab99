// The SQLite driver of the Database seam, and the only file that includes sqlite3.h.
// One handle writes, any number read; the file is in WAL mode, so readers never wait for the
// writer.
#include <fmt/format.h>
#include <sqlite3.h>
#include <unicode/ucasemap.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "base/check.hpp"
#include "store/database.hpp"
#include "store/writers.hpp"

namespace rollcall::store {
namespace {

constexpr int busy_timeout_ms = 10'000;
constexpr std::size_t max_compiled = 512;  // statements kept by a handle

struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, CloseStatement>;

// lower() and upper() of all of Unicode; SQLite's own know ASCII only.
template <auto map>
void change_case(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  if (text == nullptr) return sqlite3_result_null(context);
  const int size = sqlite3_value_bytes(values[0]);
  const auto* casing = static_cast<const UCaseMap*>(sqlite3_user_data(context));
  UErrorCode status = U_ZERO_ERROR;
  std::string changed(static_cast<std::size_t>(size) + 16, '\0');
  auto needed =
      map(casing, changed.data(), static_cast<std::int32_t>(changed.size()), text, size, &status);
  if (status == U_BUFFER_OVERFLOW_ERROR) {
    changed.resize(static_cast<std::size_t>(needed) + 1);
    status = U_ZERO_ERROR;
    needed =
        map(casing, changed.data(), static_cast<std::int32_t>(changed.size()), text, size, &status);
  }
  if (U_FAILURE(status)) return sqlite3_result_error(context, u_errorName(status), -1);
  sqlite3_result_text(context, changed.data(), needed, SQLITE_TRANSIENT);
}

// What a constraint's or disk's failure is to callers.
Error to_error(sqlite3* handle, int code) {
  const std::string text = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {"STORE0103",
              "the database is locked by another process for more than 10 s; stop that process"};
    case SQLITE_FULL:
      return {"STORE0106", "the disk is full; nothing of this write was kept"};
    case SQLITE_CANTOPEN:
      return {"STORE0101", fmt::format("the database cannot be opened: {}", text)};
    default:
      break;
  }
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
      code == SQLITE_CONSTRAINT_ROWID) {
    return {"STORE0105", fmt::format("not unique: {}", text)};
  }
  if (text == "integer overflow")
    return {"STORE0110", "a value is out of its range: integer overflow"};
  if (text.starts_with("parser stack overflow") ||
      text.starts_with("Expression tree is too large")) {
    return {"STORE0111", "the statement nests too deeply for the database"};
  }
  return {"STORE0102", fmt::format("the database refused: {}", text)};
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  std::size_t size() const override {
    return static_cast<std::size_t>(sqlite3_column_count(statement_));
  }
  bool is_null(std::size_t column) const override {
    return sqlite3_column_type(statement_, static_cast<int>(column)) == SQLITE_NULL;
  }
  std::int64_t integer(std::size_t column) const override {
    return sqlite3_column_int64(statement_, static_cast<int>(column));
  }
  double real(std::size_t column) const override {
    return sqlite3_column_double(statement_, static_cast<int>(column));
  }
  // As a blob: sqlite3_column_text would copy it to put a zero behind it.
  std::string_view text(std::size_t column) const override {
    const auto bytes = blob(column);
    return {bytes.empty() ? "" : reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::span<const std::byte> blob(std::size_t column) const override {
    const auto* data =
        static_cast<const std::byte*>(sqlite3_column_blob(statement_, static_cast<int>(column)));
    return {data, data == nullptr ? 0 : bytes(column)};
  }

 private:
  std::size_t bytes(std::size_t column) const {
    return static_cast<std::size_t>(sqlite3_column_bytes(statement_, static_cast<int>(column)));
  }
  sqlite3_stmt* statement_;
};

// One sqlite3 handle with the statements that it has compiled.
class Handle {
 public:
  static constexpr sql::Dialect dialect = sql::Dialect::sqlite;

  static Result<std::unique_ptr<Handle>> open(const std::string& path, Durability durability,
                                              bool writes) {
    auto handle = std::unique_ptr<Handle>(new Handle);
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_CREATE : 0);
    if (const int code = sqlite3_open_v2(path.c_str(), &handle->sqlite_, flags, nullptr);
        code != SQLITE_OK) {
      return fail("STORE0101", fmt::format("{} cannot be opened: {}", path, sqlite3_errstr(code)));
    }
    sqlite3_extended_result_codes(handle->sqlite_, 1);
    sqlite3_busy_timeout(handle->sqlite_, busy_timeout_ms);
    sqlite3_db_config(handle->sqlite_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(handle->sqlite_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle->sqlite_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    TRY_DO(handle->define_functions());
    TRY_DO(handle->run("PRAGMA journal_mode = WAL"));
    TRY_DO(handle->run(durability == Durability::power ? "PRAGMA synchronous = FULL"
                                                       : "PRAGMA synchronous = NORMAL"));
    TRY_DO(handle->run("PRAGMA temp_store = MEMORY"));
    TRY_DO(handle->run("PRAGMA cache_size = -32768"));
    if (!writes) TRY_DO(handle->run("PRAGMA query_only = ON"));
    return handle;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    compiled_.clear();
    controls_.clear();
    sqlite3_close(sqlite_);
    if (casing_ != nullptr) ucasemap_close(casing_);
  }

  sqlite3* get() const { return sqlite_; }
  bool in_transaction() const { return sqlite3_get_autocommit(sqlite_) == 0; }

  Result<void> begin_write() { return run("BEGIN IMMEDIATE"); }
  Result<void> commit(const Announced&) { return run("COMMIT"); }

  // Our own fixed texts: PRAGMA, BEGIN and the like.
  Result<void> run(const char* text) {
    auto& statement = controls_[text];
    if (!statement) {
      TRY(auto compiled, compile(text));
      statement = std::move(compiled);
    }
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) code = sqlite3_step(statement.get());
    if (code == SQLITE_DONE) {
      sqlite3_reset(statement.get());
      return {};
    }
    auto error = to_error(sqlite_, code);
    sqlite3_reset(statement.get());
    return std::unexpected(std::move(error));
  }

  // Binds, steps through all rows, and answers how many rows a write has changed.
  template <class Each>
  Result<std::int64_t> run(const Prepared& prepared, std::span<const Argument> arguments,
                           Each&& each) {
    auto found = compiled_.find(prepared.key().get());
    if (found == compiled_.end()) {
      TRY(auto statement, compile(prepared.rendered().text));
      make_room();
      found = compiled_
                  .emplace(prepared.key().get(),
                           Compiled{prepared.key(), std::move(statement), 0, false})
                  .first;
    }
    // Kept in place while other statements are compiled: the map's nodes do not move.
    Compiled& compiled = found->second;
    compiled.last_use = ++uses_;
    if (compiled.busy) {  // asked again by its own row function
      TRY(auto statement, compile(prepared.rendered().text));
      return step(statement.get(), prepared.rendered(), arguments, each);
    }
    compiled.busy = true;
    const Unbusy unbusy{compiled};
    return step(compiled.statement.get(), prepared.rendered(), arguments, each);
  }

  Result<StatementHandle> compile(const std::string& text) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(sqlite_, text.data(), static_cast<int>(text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return std::unexpected(to_error(sqlite_, code));
    return StatementHandle(statement);
  }

 private:
  struct Compiled {
    std::shared_ptr<const sql::Rendered> key;  // keeps the address from being used again
    StatementHandle statement;
    std::uint64_t last_use;
    bool busy;
  };
  struct Unbusy {
    Compiled& compiled;
    ~Unbusy() {
      sqlite3_reset(compiled.statement.get());
      sqlite3_clear_bindings(compiled.statement.get());
      compiled.busy = false;
    }
  };

  Handle() = default;

  template <class Each>
  Result<std::int64_t> step(sqlite3_stmt* statement, const sql::Rendered& rendered,
                            std::span<const Argument> arguments, Each&& each) {
    int index = 0;
    for (const auto& parameter : rendered.parameters) {
      ++index;
      int code = SQLITE_OK;
      if (const auto* slot = std::get_if<sql::Slot>(&parameter)) {
        CHECK(slot->index < arguments.size());
        code = bind(statement, index, arguments[slot->index]);
      } else {
        code = bind(statement, index, Argument(std::get<sql::Value>(parameter)));
      }
      if (code != SQLITE_OK) return std::unexpected(to_error(sqlite_, code));
    }
    const SqliteRow row(statement);
    for (;;) {
      const int code = sqlite3_step(statement);
      if (code == SQLITE_DONE) break;
      if (code != SQLITE_ROW) return std::unexpected(to_error(sqlite_, code));
      TRY_DO(each(row));
    }
    return sqlite3_stmt_readonly(statement) != 0 ? 0 : sqlite3_changes64(sqlite_);
  }

  static int bind(sqlite3_stmt* statement, int index, const Argument& argument) {
    struct Binder {
      sqlite3_stmt* statement;
      int index;
      int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
      int operator()(bool value) const {
        return sqlite3_bind_int64(statement, index, value ? 1 : 0);
      }
      int operator()(std::int64_t value) const {
        return sqlite3_bind_int64(statement, index, value);
      }
      int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
      int operator()(std::string_view value) const {
        return sqlite3_bind_text64(statement, index, value.data() == nullptr ? "" : value.data(),
                                   value.size(), SQLITE_STATIC, SQLITE_UTF8);
      }
      int operator()(std::span<const std::byte> value) const {
        if (value.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
        return sqlite3_bind_blob64(statement, index, value.data(), value.size(), SQLITE_STATIC);
      }
    };
    return std::visit(Binder{statement, index}, static_cast<const Argument::variant&>(argument));
  }

  Result<void> define_functions() {
    UErrorCode status = U_ZERO_ERROR;
    casing_ = ucasemap_open("", 0, &status);
    CHECK(U_SUCCESS(status));
    constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    const int lower =
        sqlite3_create_function_v2(sqlite_, "lower", 1, flags, casing_,
                                   change_case<ucasemap_utf8ToLower>, nullptr, nullptr, nullptr);
    const int upper =
        sqlite3_create_function_v2(sqlite_, "upper", 1, flags, casing_,
                                   change_case<ucasemap_utf8ToUpper>, nullptr, nullptr, nullptr);
    if (lower != SQLITE_OK || upper != SQLITE_OK)
      return std::unexpected(to_error(sqlite_, SQLITE_ERROR));
    return {};
  }

  // Drops the half that was not used for longest.
  void make_room() {
    if (compiled_.size() < max_compiled) return;
    std::vector<std::uint64_t> uses;
    for (const auto& [key, compiled] : compiled_) uses.push_back(compiled.last_use);
    std::nth_element(uses.begin(), uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2),
                     uses.end());
    const auto limit = uses[uses.size() / 2];
    std::erase_if(compiled_,
                  [&](const auto& one) { return !one.second.busy && one.second.last_use < limit; });
  }

  sqlite3* sqlite_ = nullptr;
  UCaseMap* casing_ = nullptr;
  std::unordered_map<const sql::Rendered*, Compiled> compiled_;
  std::unordered_map<std::string, StatementHandle> controls_;
  std::uint64_t uses_ = 0;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::string path, Durability durability, std::unique_ptr<Handle> writer)
      : path_(std::move(path)),
        durability_(durability),
        writers_(std::move(writer), [this](std::string_view news) { tell(news); }) {}

  sql::Dialect dialect() const override { return sql::Dialect::sqlite; }

  // Its folder belongs to one process: the warehouse in it is locked.
  Result<void> claim(std::string_view, Claim) override { return {}; }

  Result<void> backup(const std::string& path) override {
    if (std::filesystem::exists(path))
      return fail("STORE0101", fmt::format("{} exists already", path));
    sqlite3* target = nullptr;
    int code =
        sqlite3_open_v2(path.c_str(), &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> close(target, sqlite3_close);
    if (code != SQLITE_OK)
      return fail("STORE0101", fmt::format("{}: {}", path, sqlite3_errstr(code)));
    return with_reader([&](Handle& source) -> Result<void> {
      auto* copy = sqlite3_backup_init(target, "main", source.get(), "main");
      if (copy == nullptr) return std::unexpected(to_error(target, sqlite3_errcode(target)));
      const int stepped = sqlite3_backup_step(copy, -1);
      // A source that is busy is no error to finish(), though nothing was copied.
      const int finished = sqlite3_backup_finish(copy);
      if (finished != SQLITE_OK) return std::unexpected(to_error(target, finished));
      if (stepped != SQLITE_DONE) return std::unexpected(to_error(source.get(), stepped));
      return {};
    });
  }

  Result<std::vector<std::string>> verify() override {
    std::vector<std::string> broken;
    TRY_DO(with_reader([&](Handle& handle) -> Result<void> {
      TRY(const auto statement, handle.compile("PRAGMA integrity_check(20)"));
      int code = SQLITE_ROW;
      while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
        const auto line = SqliteRow(statement.get()).text(0);
        if (line != "ok") broken.emplace_back(line);
      }
      if (code != SQLITE_DONE) return std::unexpected(to_error(handle.get(), code));
      return {};
    }));
    return broken;
  }

 protected:
  Result<void> do_write(const std::function<Result<void>(Transaction&)>& work) override {
    return writers_.write(work);
  }

  Result<void> do_read(const std::function<Result<void>(Connection&)>& work) override {
    return with_reader([&](Handle& handle) -> Result<void> {
      TRY_DO(handle.run("BEGIN"));
      const EndRead end{handle};
      HandleTransaction<Handle> view(handle);
      return work(view);
    });
  }

 private:
  struct EndRead {
    Handle& handle;
    ~EndRead() {
      if (handle.in_transaction()) static_cast<void>(handle.run("COMMIT"));
    }
  };

  // A database in memory has one handle: a reader takes the writer's turn.
  Result<void> with_reader(const std::function<Result<void>(Handle&)>& work) {
    if (path_ == ":memory:") return writers_.borrow(work);
    return readers_.with([&] { return Handle::open(path_, durability_, false); }, work);
  }

  const std::string path_;
  const Durability durability_;
  Writers<Handle> writers_;
  Readers<Handle> readers_{
      96};  // as many as the server has workers: opening one costs more than a look-up
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, Durability durability) {
  // Counting its memory would take a lock at each allocation, and it makes many.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(uncounted);  // refused when somebody else uses SQLite already: then it counts
  TRY(auto writer, Handle::open(path, durability, true));
  return std::make_unique<SqliteDatabase>(path, durability, std::move(writer));
}

}  // namespace rollcall::store
