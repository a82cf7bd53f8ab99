// `rollcall backfill --git REPO`: what the main line of a GitOps repository says was deployed, as declarations, with the commit as
// the change. Asked again it goes on behind the last commit that is known.
#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "sources/git_history.hpp"

namespace rollcall::app {
namespace {

constexpr std::size_t declarations_at_once = 5'000;

Result<std::vector<sources::FileRule>> rules_of(const BackfillOptions& options) {
  std::vector<sources::Pattern> values;
  for (const auto& one : options.values) {
    TRY(auto value, sources::Pattern::parse(one, '.'));
    values.push_back(std::move(value));
  }
  std::vector<sources::FileRule> rules;
  for (const auto& one : options.paths) {
    TRY(auto path, sources::Pattern::parse(one, '/'));
    rules.push_back({std::move(path), values, {options.environment, options.role, options.region}});
  }
  return rules;
}

std::string name_of(const BackfillOptions& options) {
  if (!options.name.empty()) return options.name;
  const auto path = std::filesystem::weakly_canonical(options.git);
  return path.filename() == ".git" ? path.parent_path().filename().string()
                                   : path.filename().string();
}

// The last commit that was declared from this repository, if it is there.
Result<std::string> last_known(Connection& connection, const std::string& name) {
  std::string quoted;
  for (const char c : name) quoted += c == '\'' ? "''" : std::string(1, c);
  const auto filter = fmt::format("startswith(DeclarationId,'git/{}/')", quoted);
  TRY(const auto answer,
      connection.get(fmt::format(
          "/api/v1/lists/Declared%20deployments/items?$filter={}&$orderby=At%20desc&$top=1",
          http::encode_percent(filter))));
  const auto* items = find(answer, "value");
  if (items == nullptr || !items->is_array() || items->get_array().empty()) return std::string();
  return std::string(text_or(items->get_array()[0], "Change"));
}

json::object declaration_of(const sources::GitHistory& history,
                            const sources::VersionChange& change, const std::string& name) {
  const auto& commit = history.commits[change.commit];
  const auto& place = change.place;
  return {{"environment", place.environment},
          {"role", place.role},
          {"region", place.region},
          {"version", change.after.empty() ? change.before : change.after},
          {"kind", change.after.empty() ? "removal" : "deployment"},
          {"at", format_iso(commit.at)},
          {"updatedAt", format_iso(commit.at)},
          {"source", "git"},
          {"id", fmt::format("{}/{}/{}/{}/{}", name, commit.id, place.environment, place.role,
                             place.region)},
          {"change", commit.id},
          {"by", commit.author},
          {"description", commit.subject}};
}

struct Sums {
  std::uint64_t declared = 0, updated = 0, known = 0;
};

Result<Sums> send(Connection& connection, const sources::GitHistory& history,
                  const std::string& name) {
  Sums sums;
  for (std::size_t begin = 0; begin < history.changes.size(); begin += declarations_at_once) {
    json::array some;
    for (std::size_t i = begin; i < std::min(begin + declarations_at_once, history.changes.size());
         ++i) {
      some.push_back(declaration_of(history, history.changes[i], name));
    }
    TRY(const auto answer,
        connection.post("/api/v1/deployments", json::object{{"deployments", std::move(some)}}));
    sums.declared += answer.at("declared").to_number<std::uint64_t>();
    sums.updated += answer.at("updated").to_number<std::uint64_t>();
    sums.known += answer.at("known").to_number<std::uint64_t>();
  }
  return sums;
}

Result<json::object> carry_out(const BackfillOptions& options, const Console& console,
                               const Clock& clock) {
  sources::GitOptions git{options.git, options.branch, options.after, {}};
  TRY(git.rules, rules_of(options));
  auto connect_options = options.connect;
  connect_options.create = true;
  TRY(const auto connection, connect(connect_options, clock, console));
  const auto name = name_of(options);
  if (git.after.empty() && !options.all) {
    TRY(git.after, last_known(*connection, name));
  }
  auto read = sources::read_git_history(git);
  // A history that was rewritten no longer has that commit: then all of it is read, and what is known stays what it is.
  if (!read && !git.after.empty() && options.after.empty()) {
    git.after.clear();
    read = sources::read_git_history(git);
  }
  if (!read) return std::unexpected(read.error());
  json::object report{{"repository", name},
                      {"after", git.after},
                      {"commits", read->commits.size()},
                      {"changes", read->changes.size()}};
  if (options.dry_run) {
    json::array changes;
    for (const auto& change : read->changes) changes.push_back(declaration_of(*read, change, name));
    report["deployments"] = std::move(changes);
    return report;
  }
  TRY(const auto sums, send(*connection, *read, name));
  report["declared"] = sums.declared;
  report["known"] = sums.known + sums.updated;
  return report;
}

}  // namespace

int backfill(const BackfillOptions& options, const Console& console, const Clock& clock) {
  const auto done_it = carry_out(options, console, clock);
  if (!done_it) return report(console, done_it.error());
  if (options.json) {
    console.out(pretty(*done_it));
    return done;
  }
  const auto number = [&](const char* member) {
    return done_it->at(member).to_number<std::uint64_t>();
  };
  console.out(fmt::format("{}: {} commits, {} changes of versions", name_of(options),
                          number("commits"), number("changes")));
  if (options.dry_run) {
    console.out("; nothing was written\n");
    for (const auto& one : done_it->at("deployments").as_array()) {
      console.out(fmt::format("  {} {} {}/{}/{} {} {}\n", text_or(one, "at").substr(0, 19),
                              text_or(one, "change").substr(0, 10), text_or(one, "environment"),
                              text_or(one, "role"), text_or(one, "region"), text_or(one, "kind"),
                              text_or(one, "version")));
    }
    return done;
  }
  console.out(
      fmt::format("; {} declared, {} known already\n", number("declared"), number("known")));
  return done;
}

}  // namespace rollcall::app
