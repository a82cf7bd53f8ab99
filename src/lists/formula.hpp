// Formulas of calculated columns, in the language of SharePoint's: `=IF([Price]*[Quantity]>1000,"large","small")`. They
// are checked when the column is made, and calculated at each write of an item, so that what they hold can be filtered,
// sorted and indexed as any other column's. What cannot be calculated (a division by zero) is empty.
// https://support.microsoft.com/office/d81f5f21-2b4e-45ce-b170-bf7ebf6988b3, “Examples of common formulas in lists”
// DIFFERS: a number and a text are not taken for each other (VALUE and TEXT do that); letter case is ignored in ASCII
// only; with an empty date a calculation of dates is empty; times are UTC.
#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "lists/list.hpp"
#include "sql/tree.hpp"

namespace rollcall::lists {

// What a formula calculates with, beside the values of the columns.
struct FormulaTimes {
  Timestamp created, modified;
};

class Formula {
 public:
  // For column `at` of these, with its formula and its type as the result. LIST0113: it is wrong; the message says at
  // which character.
  static Result<Formula> parse(const std::vector<Column>& columns, std::size_t at);

  std::size_t column() const { return column_; }
  // Other columns, by their positions, that it reads.
  const std::vector<std::size_t>& reads() const { return reads_; }
  // `values`: of all columns.
  sql::Value calculate(std::span<const sql::Value> values, const FormulaTimes& times) const;

  struct Node;

 private:
  Formula() = default;
  std::size_t column_ = 0;
  ColumnType type_ = ColumnType::text;
  std::size_t most_characters_ = 0;
  std::vector<std::size_t> reads_;
  std::vector<ColumnType> types_;  // of all columns
  std::shared_ptr<const Node> root_;
};

// The formulas of a list, each behind those whose columns it reads. LIST0113: one is wrong, or reads itself.
Result<std::vector<Formula>> formulas_of(const std::vector<Column>& columns);
void calculate(const std::vector<Formula>& formulas, std::vector<sql::Value>& values,
               const FormulaTimes& times);

}  // namespace rollcall::lists
