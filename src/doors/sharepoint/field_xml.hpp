// Fields as XML, as SharePoint's schemas have them: <Field DisplayName='Owner mail'
// Name='OwnerMail' Type='Text'/>.
// https://learn.microsoft.com/sharepoint/dev/schema/field-element-field
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "lists/list.hpp"

namespace rollcall::doors::sharepoint {

// A type of column, and what it is called by SharePoint.
struct FieldKind {
  lists::ColumnType type;
  int number;               // FieldTypeKind
  std::string_view name;    // TypeAsString
  std::string_view entity;  // the type of the entity
};
// Of several with one type the first is answered.
extern const std::array<FieldKind, 13> field_kinds;

// Of a column with a formula, whatever its type.
inline constexpr FieldKind calculated_kind{lists::ColumnType::text, 17, "Calculated",
                                           "SP.FieldCalculated"};

struct NewField {
  lists::Column column;
  bool unique = false;
};

// SP0104: it is no field, or of a type that lists do not have.
Result<NewField> read_field_xml(std::string_view xml);
std::string field_xml(const lists::Column& column, std::string_view guid, bool unique);

}  // namespace rollcall::doors::sharepoint
