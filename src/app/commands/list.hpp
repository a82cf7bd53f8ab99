// `rollcall list …`: the lists, read and written from a terminal.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "base/json.hpp"

namespace CLI {
class App;
}

namespace rollcall::app {

struct ListOptions : Asking {
  std::string list;
  std::int64_t id = 0;               // 0: none
  std::vector<std::string> fields;   // name=value
  std::vector<std::string> columns;  // name:type, with :required, :indexed, :unique
  std::string definition;            // a file
  std::string filter, orderby, select;
  unsigned top = 20;
  std::int64_t if_match = 0;  // 0: any version
  std::string file, format, key;
  bool resume = false, whole_list = false;
};

struct ListCopyOptions {
  std::string list, as;
  std::string from, to;  // data folders, or PostgreSQL connection strings
  bool json = false;
};

int list_lists(const ListOptions& options, const Console& console, const Clock& clock);
int show_list(const ListOptions& options, const Console& console, const Clock& clock);
int create_list(const ListOptions& options, const Console& console, const Clock& clock);
int add_item(const ListOptions& options, const Console& console, const Clock& clock);
int edit_item(const ListOptions& options, const Console& console, const Clock& clock);
int remove_item(const ListOptions& options, const Console& console, const Clock& clock);
int item_history(const ListOptions& options, const Console& console, const Clock& clock);
int import_list(const ListOptions& options, const Console& console, const Clock& clock);
int export_list(const ListOptions& options, const Console& console, const Clock& clock);

int copy_list(const ListCopyOptions& options, const Console& console);

void add_list_commands(CLI::App& app, const Console& console, const Clock& clock, int& exit_code);

// `/api/v1/lists/Deployment%20history` and what comes behind it.
std::string list_target(const ListOptions& options, std::string_view behind = {});
// A value as people read it in a table or a CSV file: texts as they are, arrays as `a;#b`, empty
// for null.
std::string shown_value(const json::value& value);

}  // namespace rollcall::app
