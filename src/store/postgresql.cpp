// The PostgreSQL driver of the Database seam, which asks with statements of our own (somebody's own: postgresql_query.hpp). Values go
// and come as text, blobs go as bytes. One connection writes; an advisory lock makes the writers of
// all processes that share the database take turns, as the seam promises. Reads see one snapshot.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <atomic>
#include <charconv>
#include <unordered_map>

#include "base/check.hpp"
#include "store/database.hpp"
#include "store/writers.hpp"

namespace rollcall::store {
namespace {

constexpr std::size_t max_prepared = 512;    // statements kept by a connection
constexpr int oldest_server = 150'000;       // PQserverVersion of 15
constexpr const char* channel = "rollcall";  // of LISTEN and NOTIFY

// Type OIDs of the server's catalog (pg_type.dat), which never change.
enum class TypeId : Oid { unknown = 0, boolean = 16, bytea = 17, int8 = 20, float8 = 701 };

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

// libpq's messages end with a line break, and may have more of them.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? ' ' : c;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Error connection_lost(PGconn* connection) {
  return {"STORE0107",
          fmt::format("the connection to PostgreSQL is lost: {}; it is tried again with the next "
                      "request",
                      one_line(PQerrorMessage(connection)))};
}

// What an SQLSTATE (Appendix A of PostgreSQL's manual) is to callers.
Error to_error(PGconn* connection, const PGresult* result) {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view code = state == nullptr ? "" : state;
  if (PQstatus(connection) != CONNECTION_OK || code.starts_with("08") || code.starts_with("57P"))
    return connection_lost(connection);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string text = one_line(primary == nullptr ? PQerrorMessage(connection) : primary);
  if (code == "23505") return {"STORE0105", fmt::format("not unique: {}", text)};
  if (code == "53100") return {"STORE0106", "the disk is full; nothing of this write was kept"};
  if (code == "55P03") {
    return {"STORE0103",
            "the database is locked by another process for more than 10 s; stop that process"};
  }
  if (code.starts_with("22"))
    return {"STORE0110", fmt::format("a value is out of its range: {}", text)};
  if (code == "54001") return {"STORE0111", "the statement nests too deeply for the database"};
  return {"STORE0102", fmt::format("the database refused ({}): {}", code, text)};
}

class PostgresqlRow final : public Row {
 public:
  explicit PostgresqlRow(const PGresult* result) : result_(result) {}
  void go_to(int row) { row_ = row; }

  std::size_t size() const override { return static_cast<std::size_t>(PQnfields(result_)); }
  bool is_null(std::size_t column) const override {
    return PQgetisnull(result_, row_, static_cast<int>(column)) != 0;
  }
  std::int64_t integer(std::size_t column) const override {
    const auto written = text(column);
    if (written == "t") return 1;
    std::int64_t value = 0;
    const auto* end = written.data() + written.size();
    if (std::from_chars(written.data(), end, value).ptr == end) return value;
    return static_cast<std::int64_t>(real(column));
  }
  double real(std::size_t column) const override {
    const auto written = text(column);
    double value = 0;
    std::from_chars(written.data(), written.data() + written.size(), value);
    return value;
  }
  std::string_view text(std::size_t column) const override {
    const auto number = static_cast<int>(column);
    return {PQgetvalue(result_, row_, number),
            static_cast<std::size_t>(PQgetlength(result_, row_, number))};
  }
  // The server writes bytes as \x and two hexadecimal digits each.
  std::span<const std::byte> blob(std::size_t column) const override {
    const auto written = text(column);
    auto& bytes = blobs_[column];
    bytes.clear();
    for (std::size_t at = 2; at + 1 < written.size(); at += 2) {
      unsigned value = 0;
      std::from_chars(written.data() + at, written.data() + at + 2, value, 16);
      bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
  }

 private:
  const PGresult* result_;
  int row_ = 0;
  mutable std::unordered_map<std::size_t, std::vector<std::byte>> blobs_;
};

// The arguments of one execution, as libpq takes them.
class Bound {
 public:
  Bound(const sql::Rendered& rendered, std::span<const Argument> arguments) {
    const auto count = rendered.parameters.size();
    values_.reserve(count);
    texts_.reserve(count);  // never grows: the pointers into it stay
    for (const auto& parameter : rendered.parameters) {
      if (const auto* slot = std::get_if<sql::Slot>(&parameter)) {
        CHECK(slot->index < arguments.size());
        std::visit(*this, static_cast<const Argument::variant&>(arguments[slot->index]));
      } else {
        const Argument argument(std::get<sql::Value>(parameter));
        std::visit(*this, static_cast<const Argument::variant&>(argument));
      }
    }
  }

  void operator()(std::monostate) { add(TypeId::unknown, nullptr, 0); }
  void operator()(bool value) { add_text(TypeId::boolean, value ? "t" : "f"); }
  void operator()(std::int64_t value) { add_text(TypeId::int8, fmt::format("{}", value)); }
  void operator()(double value) { add_text(TypeId::float8, fmt::format("{}", value)); }
  void operator()(std::string_view value) {
    has_zero_ = has_zero_ || value.contains('\0');
    add_text(TypeId::unknown, std::string(value));
  }
  void operator()(std::span<const std::byte> value) {
    const auto* data = value.empty() ? "" : reinterpret_cast<const char*>(value.data());
    add(TypeId::bytea, data, value.size());
    formats_.back() = 1;
  }

  int count() const { return static_cast<int>(values_.size()); }
  const std::vector<Oid>& types() const { return types_; }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  // PostgreSQL has no texts with a zero in them.
  bool has_zero() const { return has_zero_; }

 private:
  void add(TypeId type, const char* value, std::size_t size) {
    types_.push_back(static_cast<Oid>(type));
    values_.push_back(value);
    lengths_.push_back(static_cast<int>(size));
    formats_.push_back(0);
  }
  void add_text(TypeId type, std::string text) {
    texts_.push_back(std::move(text));
    add(type, texts_.back().c_str(), texts_.back().size());
  }

  std::vector<std::string> texts_;
  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
  bool has_zero_ = false;
};

class Handle {
 public:
  static constexpr sql::Dialect dialect = sql::Dialect::postgresql;

  static Result<std::unique_ptr<Handle>> open(const std::string& connection,
                                              Durability durability) {
    auto handle = std::unique_ptr<Handle>(new Handle(durability));
    handle->connection_ = PQconnectdb(connection.c_str());
    if (handle->connection_ == nullptr || PQstatus(handle->connection_) != CONNECTION_OK) {
      return fail("STORE0101", fmt::format("PostgreSQL cannot be reached: {}",
                                           one_line(PQerrorMessage(handle->connection_))));
    }
    TRY_DO(handle->greet());
    return handle;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { PQfinish(connection_); }

  bool in_transaction() const {
    const auto status = PQtransactionStatus(connection_);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
  }

  // The lock is held to the transaction's end; each schema has its own.
  Result<void> begin_write() {
    TRY_DO(make_ready());
    return run("BEGIN; SELECT pg_advisory_xact_lock(1919118444, hashtext(current_schema()))");
  }
  Result<void> begin_read() {
    TRY_DO(make_ready());
    return run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }

  // What is announced goes to all sessions of the database, each schema under its own name.
  Result<void> commit(const Announced& announced) {
    if (announced.empty()) return run("COMMIT");
    std::string text;
    for (const auto& news : announced) {
      CHECK(news.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/") == std::string::npos);
      text += fmt::format("SELECT pg_notify('{}', current_schema() || ' {}'); ", channel, news);
    }
    return run((text + "COMMIT").c_str());
  }
  // Of the server; asked by another thread than the one that writes.
  int process() const { return process_.load(std::memory_order_relaxed); }
  // Listens from now on, again after each loss of the connection. True: it was not listening until now.
  Result<bool> listen() {
    const bool lost = PQstatus(connection_) != CONNECTION_OK;
    TRY_DO(make_ready());
    if (!lost && !schema_.empty()) return false;
    TRY_DO(run(fmt::format("LISTEN {}", channel).c_str()));
    const ResultHandle result(PQexec(connection_, "SELECT current_schema()"));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
      return std::unexpected(to_error(connection_, result.get()));
    schema_ = PQgetvalue(result.get(), 0, 0);
    return true;
  }
  // What others than `own` have announced in this schema; waits for something at most so long.
  Result<std::vector<std::string>> heard(Timespan longest, int own) {
    pollfd waiting{PQsocket(connection_), POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(longest.ticks / (ticks_per_second / 1'000)));
    if (PQconsumeInput(connection_) == 0) return std::unexpected(connection_lost(connection_));
    std::vector<std::string> all;
    while (auto* one = PQnotifies(connection_)) {
      const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notification(one, PQfreemem);
      const std::string_view text = notification->extra;
      const auto space = text.rfind(' ');
      if (notification->be_pid != own && text.substr(0, space) == schema_)
        all.emplace_back(text.substr(space + 1));
    }
    return all;
  }

  // Our own fixed texts.
  Result<void> run(const char* text) {
    const ResultHandle result(PQexec(connection_, text));
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
      // A COMMIT of a transaction in which a statement failed is answered with ROLLBACK.
      if (std::string_view(text).ends_with("COMMIT") &&
          std::string_view(PQcmdStatus(result.get())) == "ROLLBACK")
        return fail("STORE0102", "the transaction was ended by an error");
      return {};
    }
    return std::unexpected(to_error(connection_, result.get()));
  }

  template <class Each>
  Result<std::int64_t> run(const Prepared& prepared, std::span<const Argument> arguments,
                           Each&& each) {
    const Bound bound(prepared.rendered(), arguments);
    if (bound.has_zero())
      return fail("STORE0102", "PostgreSQL keeps no text with a character U+0000 in it");
    TRY(const auto name, prepare(prepared, bound.types()));
    const ResultHandle result(PQexecPrepared(connection_, name.c_str(), bound.count(),
                                             bound.values(), bound.lengths(), bound.formats(), 0));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      return std::unexpected(to_error(connection_, result.get()));
    PostgresqlRow row(result.get());
    for (int i = 0; i < PQntuples(result.get()); ++i) {
      row.go_to(i);
      TRY_DO(each(row));
    }
    std::int64_t changed = 0;
    const std::string_view written = PQcmdTuples(result.get());
    if (!std::string_view(PQcmdStatus(result.get())).starts_with("SELECT"))
      std::from_chars(written.data(), written.data() + written.size(), changed);
    return changed;
  }

 private:
  // A statement is compiled for the types that its arguments have.
  struct Compiled {
    std::shared_ptr<const sql::Rendered> key;  // keeps the address from being used again
    std::vector<std::pair<std::vector<Oid>, std::string>> names;
  };

  explicit Handle(Durability durability) : durability_(durability) {}

  // What every new session is told, and what it must be.
  Result<void> greet() {
    if (PQserverVersion(connection_) < oldest_server) {
      return fail("STORE0101", fmt::format("PostgreSQL 15 or newer is needed; the server is {}",
                                           PQparameterStatus(connection_, "server_version")));
    }
    const char* encoding = PQparameterStatus(connection_, "server_encoding");
    if (std::string_view(encoding == nullptr ? "" : encoding) != "UTF8") {
      return fail("STORE0101",
                  fmt::format("the PostgreSQL database keeps texts as {}: create one with ENCODING "
                              "'UTF8'",
                              encoding == nullptr ? "something unknown" : encoding));
    }
    process_.store(PQbackendPID(connection_), std::memory_order_relaxed);
    PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
    TRY_DO(
        run("SET client_encoding = 'UTF8'; SET lock_timeout = '10s'; SET extra_float_digits = 1; "
            "SET bytea_output = 'hex'; SET standard_conforming_strings = on"));
    return run(durability_ == Durability::power ? "SET synchronous_commit = on"
                                                : "SET synchronous_commit = off");
  }

  // Between transactions: a connection that was lost is made again, statements are not hoarded.
  Result<void> make_ready() {
    if (PQstatus(connection_) != CONNECTION_OK) {
      compiled_.clear();
      prepared_ = 0;
      PQreset(connection_);
      if (PQstatus(connection_) != CONNECTION_OK)
        return std::unexpected(connection_lost(connection_));
      TRY_DO(greet());
    }
    if (prepared_ < max_prepared) return {};
    compiled_.clear();
    prepared_ = 0;
    return run("DEALLOCATE ALL");
  }

  Result<std::string> prepare(const Prepared& prepared, const std::vector<Oid>& types) {
    auto& compiled = compiled_[prepared.key().get()];
    compiled.key = prepared.key();
    for (const auto& [known, name] : compiled.names) {
      if (known == types) return name;
    }
    std::string name = fmt::format("s{}", ++names_);
    const ResultHandle result(PQprepare(connection_, name.c_str(), prepared.rendered().text.c_str(),
                                        static_cast<int>(types.size()), types.data()));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
      return std::unexpected(to_error(connection_, result.get()));
    compiled.names.emplace_back(types, name);
    ++prepared_;
    return name;
  }

  const Durability durability_;
  PGconn* connection_ = nullptr;
  std::unordered_map<const sql::Rendered*, Compiled> compiled_;
  std::size_t prepared_ = 0;
  std::uint64_t names_ = 0;
  std::string schema_;  // of a session that listens
  std::atomic<int> process_ = 0;
};

class PostgresqlDatabase final : public Database {
 public:
  PostgresqlDatabase(std::string connection, Durability durability, std::unique_ptr<Handle> writer)
      : connection_(std::move(connection)),
        durability_(durability),
        writer_(*writer),
        writers_(std::move(writer), [this](std::string_view news) { tell(news); }) {}

  sql::Dialect dialect() const override { return sql::Dialect::postgresql; }

  // A lock of a session of its own: it goes with the process.
  Result<void> claim(std::string_view what, Claim claim) override {
    if (!claims_) {
      TRY(claims_, Handle::open(connection_, durability_));
    }
    const auto number = [](sql::ExprPtr text) {
      return sql::cast(sql::call("hashtext", {std::move(text)}), sql::Type::integer);
    };
    sql::Select select;
    const auto* function =
        claim == Claim::alone ? "pg_try_advisory_lock" : "pg_try_advisory_lock_shared";
    select.items = {{sql::call(function, {number(sql::call("current_schema", {})),
                                          number(sql::make(sql::Slot{0}))}),
                     {}}};
    const auto statement = prepare(sql::query(std::move(select)));
    bool ours = false;
    const Argument argument(what);
    TRY_DO(claims_->run(statement, std::span(&argument, 1), [&](const Row& row) -> Result<void> {
      ours = row.boolean(0);
      return {};
    }));
    if (ours) return {};
    return fail(
        "STORE0109",
        fmt::format(
            "another Rollcall has the {} of this database: stop it, let both share them, or give "
            "this one a database or schema of its own",
            what));
  }

  // A session of its own; what this process commits it was told already. After a loss anything may have been missed.
  Result<void> hear_others(Timespan longest) override {
    if (!listener_) {
      TRY(listener_, Handle::open(connection_, durability_));
    }
    TRY(const bool begins, listener_->listen());
    if (begins) tell("");
    TRY(const auto all, listener_->heard(longest, writer_.process()));
    for (const auto& news : all) tell(news);
    return {};
  }

  Result<void> backup(const std::string&) override {
    return fail("STORE0108", "a PostgreSQL database is backed up by PostgreSQL's own pg_dump");
  }
  Result<std::vector<std::string>> verify() override {
    return fail("STORE0108", "a PostgreSQL database is checked by PostgreSQL's own pg_amcheck");
  }

 protected:
  Result<void> do_write(const std::function<Result<void>(Transaction&)>& work) override {
    return writers_.write(work);
  }
  Result<void> do_read(const std::function<Result<void>(Connection&)>& work) override {
    const auto open = [&] { return Handle::open(connection_, durability_); };
    return readers_.with(open, [&](Handle& handle) -> Result<void> {
      TRY_DO(handle.begin_read());
      HandleTransaction<Handle> view(handle);
      auto answer = work(view);
      if (handle.in_transaction()) static_cast<void>(handle.run("COMMIT"));
      return answer;
    });
  }

 private:
  const std::string connection_;
  const Durability durability_;
  const Handle& writer_;  // of writers_
  Writers<Handle> writers_;
  Readers<Handle> readers_{8};  // each is a process of the database server
  std::unique_ptr<Handle> claims_;
  std::unique_ptr<Handle> listener_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgresql(const std::string& connection,
                                                  Durability durability) {
  TRY(auto writer, Handle::open(connection, durability));
  return std::make_unique<PostgresqlDatabase>(connection, durability, std::move(writer));
}

Result<std::vector<std::string>> postgresql_environment(const std::string& connection) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(connection.c_str(), &message), PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> free_message(message, PQfreemem);
  if (!options) {
    return fail("STORE0101", fmt::format("no connection string of PostgreSQL: {}",
                                         one_line(message == nullptr ? "" : message)));
  }
  std::vector<std::string> environment;
  for (const auto* one = options.get(); one->keyword != nullptr; ++one) {
    if (one->val == nullptr) continue;
    if (one->envvar == nullptr) {
      return fail("STORE0101",
                  fmt::format("programs such as pg_dump cannot be told the connection's setting "
                              "'{}'; put it into a service file (pg_service.conf)",
                              one->keyword));
    }
    environment.push_back(fmt::format("{}={}", one->envvar, one->val));
  }
  return environment;
}

}  // namespace rollcall::store
