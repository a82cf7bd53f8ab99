// Rows on their way through a pipeline: a SQL source that exposes columns under unique ids (`c12`),
// a filter that still waits, and the order the rows stand in. Every id is unique in the whole
// query, so a reference stays right however deeply the source is nested. An operator either adds to
// the waiting filter or nests.
#pragma once
#include <string>
#include <vector>

#include "kql/scalar.hpp"

namespace rollcall::kql {

struct RelationColumn {
  std::string name;
  Type type;
  std::string id;
  bool nullable = true;

  Scalar scalar() const { return {sql::column(id), type, nullable, name, {}}; }
};

struct Relation {
  std::vector<RelationColumn> columns;
  sql::TableRefPtr from;
  sql::ExprPtr where;                 // waits for the next nesting
  std::vector<sql::OrderTerm> order;  // over ids, which may be hidden
  std::vector<std::string>
      partition;  // ids: operators work within rows of equal values (mv-apply, partition)
  std::vector<std::string> hidden;  // ids that the operator at work has hoisted
  std::string ingestion;            // the id of the ingestion time, or empty
  std::string name;                 // given by `as`, or the table's
  bool sorted = false;              // the order was asked for
  bool serialized = false;          // prev, row_number and their like are allowed
  bool open = false;                // after a mistake: unknown columns are let pass
  std::size_t weight = 1;           // how much SQL it stands for

  const RelationColumn* find(std::string_view column_name) const;
};

// A column that a nesting makes.
struct MadeColumn {
  std::string name;
  Type type;
  std::string id;
  sql::ExprPtr sql;
  bool nullable = true;
};

// A name that no column has yet: `x`, `x1`, `x2`; `Column1` … when the base is empty.
class NameMaker {
 public:
  std::string unique(const std::string& base);
  void reserve(const std::string& name);
  bool taken(const std::string& name) const;

 private:
  std::vector<std::string> used_;
  int counter_ = 0;
};

// The wildcards of project-away and union: `*` stands for any text.
bool matches_wildcard(std::string_view pattern, std::string_view name);

}  // namespace rollcall::kql
