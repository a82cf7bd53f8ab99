// The Database seam: what lists, runs and tokens are kept in. Statements are sql trees, rendered once by
// prepare() and compiled once per connection; values are bound. Reads see one snapshot; writes are one at a
// time, each whole or not at all, and writers that wait together share one commit (group commit).
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "sql/render.hpp"
#include "sql/tree.hpp"

namespace rollcall::store {

// power: what was acknowledged survives a power cut (fsync at commit). process: it survives kill -9.
enum class Durability { power, process };

// A value to bind; texts and blobs are only looked at, and must live until the call returns.
struct Argument : std::variant<std::monostate, bool, std::int64_t, double, std::string_view,
                               std::span<const std::byte>> {
  using variant::variant;
  Argument(const std::string& text) : variant(std::string_view(text)) {}
  Argument(Timestamp time) : variant(time.ticks) {}
  Argument(const sql::Value& value);
  template <class T>
  Argument(const std::optional<T>& value) {
    if (value) *this = Argument(*value);
  }
};

// A statement rendered for its database; cheap to copy. Arguments fill its slots by index.
class Prepared {
 public:
  explicit Prepared(sql::Rendered rendered)
      : rendered_(std::make_shared<const sql::Rendered>(std::move(rendered))) {}
  const sql::Rendered& rendered() const { return *rendered_; }
  // Identifies the statement among all that live; connections keep what they compiled under it.
  const std::shared_ptr<const sql::Rendered>& key() const { return rendered_; }

 private:
  std::shared_ptr<const sql::Rendered> rendered_;
};

// The current row of a query; texts and blobs are valid until the next row. Columns count from 0.
class Row {
 public:
  virtual std::size_t size() const = 0;
  virtual bool is_null(std::size_t column) const = 0;
  virtual std::int64_t integer(std::size_t column) const = 0;
  virtual double real(std::size_t column) const = 0;
  virtual std::string_view text(std::size_t column) const = 0;
  virtual std::span<const std::byte> blob(std::size_t column) const = 0;
  bool boolean(std::size_t column) const { return integer(column) != 0; }
  Timestamp time(std::size_t column) const { return {integer(column)}; }

 protected:
  ~Row() = default;
};

// One transaction's view of the database; used by one thread.
class Connection {
 public:
  virtual ~Connection() = default;

  // Calls `each` with every row: a function of Row that answers nothing, or Result<void> to stop early.
  template <class Each>
  Result<void> query(const Prepared& statement, std::span<const Argument> arguments, Each&& each) {
    if constexpr (std::is_void_v<std::invoke_result_t<Each, const Row&>>) {
      return do_query(statement, arguments, [&](const Row& row) -> Result<void> {
        each(row);
        return {};
      });
    } else {
      return do_query(statement, arguments, std::ref(each));
    }
  }
  template <class Each>
  Result<void> query(const Prepared& statement, std::initializer_list<Argument> arguments,
                     Each&& each) {
    return query(statement, std::span(arguments.begin(), arguments.size()),
                 std::forward<Each>(each));
  }
  // The first row, read by `read`; nullopt when there is none.
  template <class Read>
  auto first(const Prepared& statement, std::initializer_list<Argument> arguments, Read&& read)
      -> Result<std::optional<std::invoke_result_t<Read, const Row&>>> {
    std::optional<std::invoke_result_t<Read, const Row&>> found;
    TRY_DO(query(statement, arguments, [&](const Row& row) {
      if (!found) found = read(row);
    }));
    return found;
  }

  // Something that its owner keeps until the transaction ends or a savepoint rolls back: the catalog it
  // has read, say. Empty at first.
  std::shared_ptr<const void>& slot(const void* owner);

 protected:
  virtual Result<void> do_query(const Prepared& statement, std::span<const Argument> arguments,
                                const std::function<Result<void>(const Row&)>& each) = 0;
  void forget_slots() { slots_.clear(); }

 private:
  std::vector<std::pair<const void*, std::shared_ptr<const void>>> slots_;
};

// A connection that may write. What it wrote is there for all when write() has answered, or for none.
class Transaction : public Connection {
 public:
  // How many rows changed.
  virtual Result<std::int64_t> execute(const Prepared& statement,
                                       std::span<const Argument> arguments) = 0;
  Result<std::int64_t> execute(const Prepared& statement,
                               std::initializer_list<Argument> arguments = {}) {
    return execute(statement, std::span(arguments.begin(), arguments.size()));
  }
  // Renders, compiles and runs a statement that is not worth keeping, such as a CREATE TABLE.
  virtual Result<void> execute_once(const sql::Statement& statement) = 0;
  // Runs `work`; when it fails, what it wrote is undone and the transaction goes on.
  virtual Result<void> nested(const std::function<Result<void>()>& work) = 0;
  // Called after the commit, when it is durable, by whichever thread committed; never after a rollback.
  void on_commit(std::function<void()> call) { on_commit_.push_back(std::move(call)); }
  // Tells whoever listens, in each process that has the database open, that there is news about something; with the
  // commit, or never. A short name of ours: small letters, digits and '/'.
  void announce(std::string news) { announced_.push_back(std::move(news)); }

 protected:
  std::vector<std::function<void()>> on_commit_;
  std::vector<std::string> announced_;
};

// Errors: STORE0101 cannot open, STORE0102 refused by the database (a bug or a broken file), STORE0103 locked
// by another process, STORE0104 written by a newer Rollcall, STORE0105 not unique, STORE0106 disk full,
// STORE0107 the connection is lost, STORE0108 not done by this driver, STORE0109 another process has the claim,
// STORE0110 a value that was calculated does not fit its type, STORE0111 the statement nests too deeply.
class Database {
 public:
  virtual ~Database() = default;
  virtual sql::Dialect dialect() const = 0;

  Prepared prepare(const sql::Statement& statement) const {
    return Prepared(sql::render(statement, dialect()));
  }

  // Runs work(Transaction&) in a transaction: commits when it answers a value, rolls back when it answers an
  // error. It may run on another writer's thread while this one waits; it must not call write() itself.
  // Blocking; work of several threads never runs at once.
  template <class Work>
  auto write(Work&& work) -> std::invoke_result_t<Work, Transaction&> {
    std::optional<std::invoke_result_t<Work, Transaction&>> answer;
    auto committed = do_write([&](Transaction& transaction) -> Result<void> {
      answer.emplace(work(transaction));
      if (!*answer) return std::unexpected(answer->error());
      return {};
    });
    if (!committed) return std::unexpected(std::move(committed).error());
    return *std::move(answer);
  }
  // Runs work(Connection&) on a snapshot; many may run at once.
  template <class Work>
  auto read(Work&& work) -> std::invoke_result_t<Work, Connection&> {
    std::optional<std::invoke_result_t<Work, Connection&>> answer;
    TRY_DO(do_read([&](Connection& connection) -> Result<void> {
      answer.emplace(work(connection));
      return {};
    }));
    return *std::move(answer);
  }

  // Says that this process alone, of all that share the database, does a thing, or that only those do it who say so
  // too, until the database is closed.
  enum class Claim { alone, shared };
  virtual Result<void> claim(std::string_view what, Claim claim) = 0;
  // `hear` is called with what a commit has announced, by any thread, and must be quick; with "" when something may
  // have been missed. One at a time; an empty one ends it, and is not called any more when this returns.
  void listen(std::function<void(std::string_view)> hear);
  // Waits for what other processes announce and hands it to who listens; answers when something came, or after that
  // time. For a thread of its own. Where no others can be, it answers at once.
  virtual Result<void> hear_others(Timespan longest);
  // Writes a whole, consistent copy to a new file while others go on.
  virtual Result<void> backup(const std::string& path) = 0;
  // What is broken in the file, one line each; empty: sound.
  virtual Result<std::vector<std::string>> verify() = 0;

 protected:
  virtual Result<void> do_write(const std::function<Result<void>(Transaction&)>& work) = 0;
  virtual Result<void> do_read(const std::function<Result<void>(Connection&)>& work) = 0;
  void tell(std::string_view news);

 private:
  std::mutex listening_;
  std::function<void(std::string_view)> hear_;
};

// Opens or creates the file; its folder must exist. `:memory:` for tests.
Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, Durability durability);

// Opens a database of a PostgreSQL server, 15 or newer, with encoding UTF8: `connection` is a libpq connection
// string or URI ("postgresql://host/rollcall"). Tables are made in its first schema. Several processes may share it.
Result<std::unique_ptr<Database>> open_postgresql(const std::string& connection,
                                                  Durability durability);

// The connection as libpq's environment variables, NAME=value, for programs such as pg_dump.
Result<std::vector<std::string>> postgresql_environment(const std::string& connection);

// One step of a module's format, from the version before to this one.
struct Migration {
  std::vector<sql::Statement> statements;
  std::function<Result<void>(Transaction&)> then = {};  // after the statements; may be empty
};
// Brings the module's tables to the newest version, which is the number of migrations; each step is one
// transaction. A database that a newer Rollcall has written is refused.
Result<void> migrate(Database& database, std::string_view module,
                     std::span<const Migration> migrations);

// The version of each module that has tables here; empty in a new database, in which nothing is made.
using Formats = std::map<std::string, std::int64_t, std::less<>>;
Result<Formats> stored_formats(Database& database);

}  // namespace rollcall::store
