// The command line of `rollcall list`.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands/list.hpp"

namespace rollcall::app {
namespace {

struct Context {
  CLI::App& list;
  const Console& console;
  const Clock& clock;
  int& exit_code;
};
using Action = int (*)(const ListOptions&, const Console&, const Clock&);

std::pair<CLI::App*, std::shared_ptr<ListOptions>> add(const Context& context, const char* name,
                                                       const char* what, const char* example,
                                                       Action action, bool names_list = true) {
  auto options = std::make_shared<ListOptions>();
  auto* command = context.list.add_subcommand(name, what);
  command->footer(std::string("Example: ") + example);
  if (names_list) command->add_option("LIST", options->list, "The list's name")->required();
  command->add_option("--data", options->connect.data, "The data folder")->capture_default_str();
  command->add_option("--server", options->connect.server,
                      "Ask this server, http://host:port, whatever runs here");
  command
      ->add_option("--token", options->connect.token, "The API token for a server that wants one")
      ->envname("ROLLCALL_TOKEN");
  command->add_flag("--json", options->json, "Answer in JSON, for programs");
  command->callback([context, options, action] {
    context.exit_code = action(*options, context.console, context.clock);
  });
  return {command, options};
}

void add_reading(const Context& context) {
  add(context, "ls", "The lists there are", "rollcall list ls", list_lists, false);
  auto [show, options] =
      add(context, "show", "A list's columns and first items, or one item",
          "rollcall list show 'Deployment history' --filter \"Region eq 'westeurope'\" --top 5",
          show_list);
  show->add_option("ID", options->id, "Only this item");
  show->add_option("--filter", options->filter, "OData, such as Percent lt 100");
  show->add_option("--orderby", options->orderby, "OData, such as StartedAt desc");
  show->add_option("--select", options->select, "Columns, with commas between");
  show->add_option("--top", options->top, "How many at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 5000));
  auto [history, one] =
      add(context, "history", "All versions of an item: who made each, when, and what changed",
          "rollcall list history 'Current snapshot' 17", item_history);
  history->add_option("ID", one->id, "The item")->required();
}

void add_writing(const Context& context) {
  auto [create, made] = add(context, "create", "Makes a list",
                            "rollcall list create Teams --column Title:text:required --column "
                            "'Stage:choice(Dev|Prod):indexed'",
                            create_list);
  create->add_option("--column", made->columns,
                     "NAME:TYPE, with :required, :indexed or :unique behind, or :=FORMULA");
  create->add_option("--definition", made->definition, "A JSON file: columns, uniqueKeys, indexes");
  auto [add_command, added] =
      add(context, "add", "Adds an item", "rollcall list add Teams Title=Core Stage=Dev", add_item);
  add_command->add_option("FIELD", added->fields, "NAME=VALUE")->required();
  auto [edit, edited] =
      add(context, "edit", "Changes an item", "rollcall list edit Teams 3 Stage=Prod", edit_item);
  edit->add_option("ID", edited->id, "The item")->required();
  edit->add_option("FIELD", edited->fields, "NAME=VALUE; NAME= empties")->required();
  edit->add_option("--if-match", edited->if_match, "Only when the item is at this version");
  auto [rm, removed] =
      add(context, "rm", "Deletes an item, which can be brought back, or a whole list",
          "rollcall list rm Teams 3", remove_item);
  rm->add_option("ID", removed->id, "The item");
  rm->add_flag("--whole-list", removed->whole_list, "Delete the list with all its items, for good");
}

void add_files(const Context& context) {
  auto [import_command, from] = add(context, "import",
                                    "Takes items out of a file: CSV or NDJSON, also .gz and .zst; "
                                    "run again, it goes on where it stopped",
                                    "rollcall list import Teams teams.csv", import_list);
  import_command->add_option("FILE", from->file, "The file")->required();
  import_command->add_option("--format", from->format, "When the file's name does not say it")
      ->check(CLI::IsMember({"ndjson", "csv"}));
  import_command->add_option("--key", from->key,
                             "Another name of the import: the same file is taken once under each");
  auto [export_command, to] = add(context, "export", "Writes items into a file, or to the screen",
                                  "rollcall list export Teams teams.csv", export_list);
  export_command->add_option("FILE", to->file, "The file; - or nothing: the screen");
  export_command->add_option("--format", to->format, "When the file's name does not say it")
      ->check(CLI::IsMember({"ndjson", "csv"}));
  export_command->add_option("--filter", to->filter, "OData: only these items");
  export_command->add_flag("--resume", to->resume, "Go on behind the last item in the file");
}

void add_copying(const Context& context) {
  auto options = std::make_shared<ListCopyOptions>();
  auto* copy = context.list.add_subcommand(
      "copy",
      "Copies a list with all its versions into another store; run again, it "
      "goes on where it stopped, and takes what has changed since");
  copy->footer(
      "Example: rollcall list copy Teams --from rollcall-data --to "
      "postgresql://db.internal/rollcall");
  copy->add_option("LIST", options->list, "The list's name")->required();
  copy->add_option("--from", options->from, "A data folder, or a PostgreSQL connection string")
      ->required();
  copy->add_option("--to", options->to, "A data folder, or a PostgreSQL connection string")
      ->required();
  copy->add_option("--as", options->as, "The copy's name, if another");
  copy->add_flag("--json", options->json, "Answer in JSON, for programs");
  copy->callback([context, options] { context.exit_code = copy_list(*options, context.console); });
}

}  // namespace

void add_list_commands(CLI::App& app, const Console& console, const Clock& clock, int& exit_code) {
  auto* list = app.add_subcommand("list", "Lists: looking at them, writing them, files in and out");
  list->footer("Example: rollcall list show 'Current snapshot'");
  list->require_subcommand(1);
  const Context context{*list, console, clock, exit_code};
  add_reading(context);
  add_writing(context);
  add_files(context);
  add_copying(context);
}

}  // namespace rollcall::app
