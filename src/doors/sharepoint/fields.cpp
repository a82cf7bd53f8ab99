// The columns of a list as SharePoint's fields: reading, making, changing and deleting them.
// https://learn.microsoft.com/previous-versions/office/sharepoint-server/jj928190(v=office.15)
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "doors/sharepoint/call.hpp"
#include "doors/sharepoint/field_xml.hpp"
#include "doors/sharepoint/shape.hpp"

namespace rollcall::doors::sharepoint {
namespace {

using lists::Column;
using lists::ColumnType;

const FieldKind& kind_of(ColumnType type) {
  return *std::ranges::find_if(field_kinds, [&](const FieldKind& one) { return one.type == type; });
}

bool is_unique(const lists::List& list, const std::string& column) {
  return std::ranges::find(list.unique_keys, std::vector{column}) != list.unique_keys.end();
}

std::string field_guid(const lists::List& list, std::string_view name) {
  return fmt::format("{:08x}-{:04x}-4000-a000-{:012x}", static_cast<std::uint32_t>(xxhash64(name)),
                     list.id & 0xffff, list.id);
}

json::object field_entity(const Call& call, const lists::List& list, const Column& column,
                          bool own) {
  const auto& result = kind_of(column.type);
  const auto& kind = column.formula.empty() ? result : calculated_kind;
  const auto guid = field_guid(list, column.name);
  auto field =
      annotated(call, kind.entity, fmt::format("{}/Fields(guid'{}')", list_uri(list), guid));
  const bool unique = is_unique(list, column.name);
  field["CanBeDeleted"] = !own && column.name != "Title";
  field["DefaultValue"] = column.default_value.is_null() || column.default_value.is_string()
                              ? column.default_value
                              : json::value(json::serialize(column.default_value));
  field["Description"] = column.description;
  field["EnforceUniqueValues"] = unique;
  field["EntityPropertyName"] = column.name;
  field["FieldTypeKind"] = own && column.name == "ID" ? 5 : kind.number;
  field["Filterable"] = column.type != ColumnType::json && column.type != ColumnType::hyperlink;
  field["FromBaseType"] = own || column.name == "Title";
  field["Group"] = "Custom Columns";
  field["Hidden"] = false;
  field["Id"] = guid;
  field["Indexed"] = column.indexed || unique || column.name == "ID";
  field["InternalName"] = column.name;
  field["ReadOnlyField"] = own || column.guarded || !column.formula.empty();
  field["Required"] = column.required;
  field["Scope"] = "/Lists/" + list.name;
  field["Sealed"] = false;
  field["SchemaXml"] = field_xml(column, guid, unique);
  field["Sortable"] = field["Filterable"];
  field["StaticName"] = column.name;
  field["Title"] = column.title.empty() ? column.name : column.title;
  field["TypeAsString"] = own && column.name == "ID" ? "Counter" : kind.name;
  field["TypeDisplayName"] = kind.name;
  if (!column.formula.empty()) {
    field["Formula"] = column.formula;
    field["OutputType"] = result.number;
  }
  if (column.type == ColumnType::text && column.formula.empty())
    field["MaxLength"] = column.max_length == 0 ? 255 : column.max_length;
  if (column.type == ColumnType::choice || column.type == ColumnType::multichoice) {
    json::array choices;
    for (const auto& one : column.choices) choices.emplace_back(one);
    field["Choices"] = std::move(choices);
    field["FillInChoice"] = column.choices.empty();
  }
  if (column.type == ColumnType::lookup) {
    field["LookupList"] = column.lookup_list;
    field["LookupField"] = column.lookup_column.empty() ? "Title" : column.lookup_column;
    field["AllowMultipleValues"] = false;
  }
  return field;
}

const std::array own_columns{
    Column{.name = "ID", .type = ColumnType::integer},
    Column{.name = "Created", .type = ColumnType::datetime},
    Column{.name = "Modified", .type = ColumnType::datetime},
    Column{.name = "Author", .type = ColumnType::person, .title = "Created By"},
    Column{.name = "Editor", .type = ColumnType::person, .title = "Modified By"}};

Reply field_reply(json::object field, int status) {
  Reply reply;
  reply.status = status;
  reply.value = std::move(field);
  reply.metadata = "SP.ApiData.Fields/@Element";
  return reply;
}

// {"results": […]} of the verbose form, or an array.
std::vector<std::string> texts_of(const json::value& value) {
  const auto* inner = find(value, "results");
  const auto* array = (inner == nullptr ? value : *inner).if_array();
  std::vector<std::string> texts;
  for (const auto& one : array == nullptr ? json::array{} : *array) {
    if (one.is_string()) texts.emplace_back(one.get_string());
  }
  return texts;
}

bool flag(const json::value& body, std::string_view name, bool otherwise) {
  const auto* value = find(body, name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

// What a body may say of a column, whether it is new or there.
void take_settings(const json::value& body, Column& column) {
  if (const auto title = trim(text_or(body, "Title")); !title.empty()) column.title = title;
  column.description = text_or(body, "Description", column.description);
  column.formula = text_or(body, "Formula", column.formula);
  column.required = flag(body, "Required", column.required);
  column.indexed = flag(body, "Indexed", column.indexed);
  if (const auto* choices = find(body, "Choices")) column.choices = texts_of(*choices);
  if (flag(body, "FillInChoice", false)) column.choices.clear();
  if (const auto* length = find(body, "MaxLength");
      length != nullptr && length->is_int64() && length->get_int64() > 0) {
    column.max_length = static_cast<std::size_t>(length->get_int64());
  }
  if (const auto* value = find(body, "DefaultValue")) column.default_value = *value;
}

// OutputType, a FieldTypeKind; a text when there is none.
auto result_kind(const json::value& body) {
  const auto* output = find(body, "OutputType");
  const auto wanted = output != nullptr && output->is_int64() ? output->get_int64() : 2;
  return std::ranges::find(field_kinds, wanted, &FieldKind::number);
}

Result<NewField> field_of(const json::value& body) {
  NewField field;
  const auto* number = find(body, "FieldTypeKind");
  const auto* metadata = find(body, "__metadata");
  const auto entity =
      metadata == nullptr ? text_or(body, "odata.type") : text_or(*metadata, "type");
  const auto is_meant = [&](const FieldKind& one) {
    return number != nullptr && number->is_int64() ? one.number == number->get_int64()
                                                   : one.entity == entity;
  };
  const bool calculated = is_meant(calculated_kind);
  const auto found = calculated ? result_kind(body) : std::ranges::find_if(field_kinds, is_meant);
  if (calculated && (found == field_kinds.end() || text_or(body, "Formula").empty()))
    return fail("SP0104", "a calculated field wants Formula, and as OutputType 2, 4, 8, 9 or 10");
  if (!calculated && find(body, "Formula") != nullptr)
    return fail("SP0104", "Formula: only a field of the kind 17 has one");
  if (found == field_kinds.end()) {
    return fail("SP0104",
                fmt::format("FieldTypeKind {}: lists have no columns of that kind",
                            number == nullptr ? std::string(entity) : json::serialize(*number)));
  }
  field.column.type = found->type;
  if (trim(text_or(body, "Title")).empty())
    return fail("SP0104", "Title: the name of the field was expected");
  take_settings(body, field.column);
  field.column.name = encoded_name(text_or(body, "InternalName", field.column.title));
  field.column.lookup_list = text_or(body, "LookupListId", text_or(body, "LookupList"));
  if (found->type == ColumnType::lookup)
    field.column.lookup_column = text_or(body, "LookupFieldName", text_or(body, "LookupField"));
  field.unique = flag(body, "EnforceUniqueValues", false);
  return field;
}

Answer add_field(Call& call, const lists::List& list, NewField field, int status) {
  if (field.column.type == ColumnType::lookup) {
    auto& other = field.column.lookup_list;
    if (other.starts_with('{') && other.ends_with('}')) other = other.substr(1, other.size() - 2);
    TRY(const auto found, call.services.lists.find_list(call.connection, other));
    other = found->guid;
  }
  TRY(const auto changed, call.services.lists.add_column(writing(call), list, field.column,
                                                         field.unique, call.write()));
  return field_reply(field_entity(call, *changed, *changed->column(field.column.name), false),
                     status);
}

Answer change_field(Call& call, const lists::List& list, Column column) {
  const bool was_unique = is_unique(list, column.name);
  take_settings(call.body, column);
  const bool unique = flag(call.body, "EnforceUniqueValues", was_unique);
  TRY_DO(call.services.lists.change_column(writing(call), list, column, unique, call.write()));
  return no_content(204);
}

Answer one_field(Call& call, const lists::List& list, const Column& column, bool own,
                 std::size_t at) {
  if (at == call.steps.size()) {
    if (call.reads()) {
      auto field = field_entity(call, list, column, own);
      TRY_DO(shape(field, call.query));
      return field_reply(std::move(field), 200);
    }
    if (own) return fail("LIST0108", fmt::format("field '{}' is kept by Rollcall", column.name));
    if (call.method == "MERGE") return change_field(call, list, column);
    if (call.method == "DELETE") {
      TRY_DO(require_admin(call));
      TRY_DO(call.services.lists.delete_column(writing(call), list, column.name, call.write()));
      return no_content(200);
    }
    return no_resource(call, at);
  }
  for (auto& member : field_entity(call, list, column, own)) {
    if (!call.reads() || !call.steps[at].is(member.key())) continue;
    Reply reply;
    reply.name = member.key();
    reply.value = member.value();
    return reply;
  }
  return no_resource(call, at);
}

// By internal name, by title (either may be asked for as the other), or by guid.
Answer field_named(Call& call, const lists::List& list, std::string_view name, std::size_t at) {
  const auto fits = [&](const Column& one) {
    return one.name == name || equals_ignoring_case(one.title, name) ||
           equals_ignoring_case(field_guid(list, one.name), name);
  };
  if (const auto found = std::ranges::find_if(list.columns, fits); found != list.columns.end()) {
    return one_field(call, list, *found, false, at);
  }
  if (const auto own = std::ranges::find_if(own_columns, fits); own != own_columns.end())
    return one_field(call, list, *own, true, at);
  return fail(
      "SP0105",
      fmt::format("Column '{}' does not exist. It may have been deleted by another user.", name));
}

}  // namespace

json::array fields_of(const Call& call, const lists::List& list) {
  json::array all;
  all.push_back(field_entity(call, list, own_columns.front(), true));
  for (const auto& column : list.columns) all.push_back(field_entity(call, list, column, false));
  for (std::size_t i = 1; i < own_columns.size(); ++i)
    all.push_back(field_entity(call, list, own_columns[i], true));
  return all;
}

Answer answer_fields(Call& call, const lists::ListPtr& list, std::size_t at) {
  const auto& step = call.steps[at];
  if (step.called && !step.arguments.empty())
    return field_named(call, *list, step.argument(), at + 1);
  if (at + 1 == call.steps.size()) {
    if (call.reads()) {
      auto all = fields_of(call, *list);
      TRY_DO(shape(all, call.query));
      Reply reply;
      reply.value = std::move(all);
      reply.metadata = "SP.ApiData.Fields";
      return reply;
    }
    if (call.method != "POST") return no_resource(call, at + 1);
    TRY(auto field, field_of(call.body));
    return add_field(call, *list, std::move(field), 201);
  }
  const auto& next = call.steps[at + 1];
  if (next.is("getbytitle") || next.is("getbyinternalnameortitle") || next.is("getbyid")) {
    return field_named(call, *list, next.argument(), at + 2);
  }
  if (call.method == "POST" && at + 2 == call.steps.size()) {
    const auto* parameters = find(call.body, "parameters");
    if (next.is("createfieldasxml") && parameters != nullptr) {
      TRY(auto field, read_field_xml(text_or(*parameters, "SchemaXml")));
      return add_field(call, *list, std::move(field), 200);
    }
    if (next.is("addfield") && parameters != nullptr) {
      TRY(auto field, field_of(*parameters));
      return add_field(call, *list, std::move(field), 200);
    }
  }
  return no_resource(call, at + 1);
}

}  // namespace rollcall::doors::sharepoint
