// What the commands do, once the command line is read. Each answers an exit code.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "app/configuration.hpp"
#include "app/connection.hpp"
#include "app/console.hpp"

namespace rollcall::app {

// What every command that asks the product has.
struct Asking {
  ConnectOptions connect;
  bool json = false;
};

struct StatusOptions : Asking {
  std::string environment, role;
};
int status(const StatusOptions& options, const Console& console, const Clock& clock);

struct HistoryOptions : Asking {
  std::string environment, role, region, version;
  unsigned top = 20;
};
int history(const HistoryOptions& options, const Console& console, const Clock& clock);

struct QueryCommandOptions : Asking {
  std::string text;
  bool format = false;
};
int query(const QueryCommandOptions& options, const Console& console, const Clock& clock);

struct IngestOptions : Asking {
  std::string file;
  std::string table = "OTelLogs";
  std::string format;  // "": by the file's name
};
int ingest(const IngestOptions& options, const Console& console, const Clock& clock);

struct BackfillOptions : Asking {
  std::string git;                        // the repository's folder
  std::vector<std::string> paths;         // patterns of the files' paths
  std::vector<std::string> values;        // patterns of places inside them; empty: the usual ones
  std::string environment, role, region;  // what neither says
  std::string branch = "HEAD", after, name;
  bool all = false, dry_run = false;
};
int backfill(const BackfillOptions& options, const Console& console, const Clock& clock);

struct DeclareOptions : Asking {
  std::string environment, role, region, version, kind, status, at, id, change, url, by,
      description;
};
int declare_deployment(const DeclareOptions& options, const Console& console, const Clock& clock);
struct ReconcileOptions : Asking {
  std::string since;
  unsigned tolerance = 120;  // minutes
};
int reconcile_deployments(const ReconcileOptions& options, const Console& console,
                          const Clock& clock);

struct TokenOptions : Asking {
  std::string name;
  std::string scopes = "read";
};
int create_token(const TokenOptions& options, const Console& console, const Clock& clock);
int list_tokens(const TokenOptions& options, const Console& console, const Clock& clock);
int revoke_token(const TokenOptions& options, const Console& console, const Clock& clock);

struct BackupOptions : Asking {
  std::string folder;
};
int back_up(const BackupOptions& options, const Console& console, const Clock& clock);
struct RestoreCommandOptions {
  std::string backup, data = "rollcall-data", database;
  bool check = false, json = false;
};
int restore(const RestoreCommandOptions& options, const Console& console, const Clock& clock);

int serve(const Configuration& configuration, const Console& console, const Clock& clock);
// `install`: give a Kusto cluster the views and functions that it lacks.
int doctor(const Configuration& configuration, bool install, const Console& console,
           const Clock& clock);

struct DemoOptions {
  std::string data;  // "": a new folder, gone at the end
  std::uint16_t port = 8080;
  std::uint64_t seed = 1;
};
int demo(const DemoOptions& options, const Console& console, const Clock& clock);

}  // namespace rollcall::app
