#include "doors/sharepoint/field_xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <pugixml.hpp>
#include <sstream>

#include "base/text.hpp"
#include "doors/sharepoint/call.hpp"

namespace rollcall::doors::sharepoint {

using lists::ColumnType;

const std::array<FieldKind, 13> field_kinds{{
    {ColumnType::text, 2, "Text", "SP.FieldText"},
    {ColumnType::note, 3, "Note", "SP.FieldMultiLineText"},
    {ColumnType::number, 9, "Number", "SP.FieldNumber"},
    {ColumnType::integer, 1, "Integer", "SP.FieldNumber"},
    {ColumnType::boolean, 8, "Boolean", "SP.Field"},
    {ColumnType::datetime, 4, "DateTime", "SP.FieldDateTime"},
    {ColumnType::choice, 6, "Choice", "SP.FieldChoice"},
    {ColumnType::currency, 10, "Currency", "SP.FieldCurrency"},
    {ColumnType::multichoice, 15, "MultiChoice", "SP.FieldMultiChoice"},
    {ColumnType::lookup, 7, "Lookup", "SP.FieldLookup"},
    {ColumnType::person, 20, "User", "SP.FieldUser"},
    {ColumnType::hyperlink, 11, "URL", "SP.FieldUrl"},
    {ColumnType::json, 3, "Note", "SP.FieldMultiLineText"},
}};

namespace {

bool yes(const pugi::xml_node& node, const char* name) {
  return equals_ignoring_case(node.attribute(name).value(), "TRUE");
}

}  // namespace

Result<NewField> read_field_xml(std::string_view xml) {
  pugi::xml_document document;
  const auto parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  const auto node = document.child("Field");
  if (!parsed || !node) return fail("SP0104", "SchemaXml: an XML element Field was expected");
  const std::string_view type = node.attribute("Type").value();
  const bool calculated = equals_ignoring_case(type, calculated_kind.name);
  std::string_view wanted = type;
  if (calculated) wanted = node.attribute("ResultType").as_string("Text");
  const auto kind = std::ranges::find_if(
      field_kinds, [&](const FieldKind& one) { return equals_ignoring_case(one.name, wanted); });
  if (kind == field_kinds.end())
    return fail("SP0104", fmt::format("SchemaXml: lists have no columns of the type '{}'", type));
  NewField field;
  field.column.type = kind->type;
  field.column.title = node.attribute("DisplayName").value();
  const std::string_view name = node.attribute("Name").value();
  field.column.name = encoded_name(name.empty() ? std::string_view(field.column.title) : name);
  if (field.column.name.empty())
    return fail("SP0104", "SchemaXml: the field has neither Name nor DisplayName");
  field.column.description = node.attribute("Description").value();
  if (calculated) field.column.formula = node.child("Formula").text().get();
  if (calculated && field.column.formula.empty())
    return fail("SP0104", "SchemaXml: a calculated field wants an element Formula");
  field.column.required = yes(node, "Required");
  field.column.indexed = yes(node, "Indexed");
  field.unique = yes(node, "EnforceUniqueValues");
  if (kind->type == ColumnType::text)
    field.column.max_length = node.attribute("MaxLength").as_uint(0);
  if (!yes(node, "FillInChoice")) {
    for (const auto choice : node.child("CHOICES").children("CHOICE"))
      field.column.choices.emplace_back(choice.text().get());
  }
  if (const auto value = node.child("Default")) field.column.default_value = value.text().get();
  if (kind->type == ColumnType::lookup) {
    field.column.lookup_list = node.attribute("List").value();
    field.column.lookup_column = node.attribute("ShowField").value();
  }
  return field;
}

std::string field_xml(const lists::Column& column, std::string_view guid, bool unique) {
  const auto kind = std::ranges::find_if(
      field_kinds, [&](const FieldKind& one) { return one.type == column.type; });
  pugi::xml_document document;
  auto node = document.append_child("Field");
  const auto set = [&](const char* name, const std::string& value) {
    node.append_attribute(name).set_value(value.c_str());
  };
  set("Type", std::string(column.formula.empty() ? kind->name : calculated_kind.name));
  if (!column.formula.empty()) {
    set("ResultType", std::string(kind->name));
    set("ReadOnly", "TRUE");
  }
  set("DisplayName", column.title.empty() ? column.name : column.title);
  set("Name", column.name);
  set("StaticName", column.name);
  set("ID", fmt::format("{{{}}}", guid));
  if (column.required) set("Required", "TRUE");
  if (column.indexed || unique) set("Indexed", "TRUE");
  if (unique) set("EnforceUniqueValues", "TRUE");
  if (column.max_length != 0) set("MaxLength", std::to_string(column.max_length));
  if (column.type == ColumnType::lookup) {
    set("List", fmt::format("{{{}}}", column.lookup_list));
    set("ShowField", column.lookup_column.empty() ? "Title" : column.lookup_column);
  }
  if (!column.choices.empty()) {
    auto choices = node.append_child("CHOICES");
    for (const auto& one : column.choices) choices.append_child("CHOICE").text().set(one.c_str());
  }
  if (!column.formula.empty()) node.append_child("Formula").text().set(column.formula.c_str());
  if (column.default_value.is_string())
    node.append_child("Default").text().set(column.default_value.get_string().c_str());
  std::ostringstream text;
  document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
  return text.str();
}

}  // namespace rollcall::doors::sharepoint
