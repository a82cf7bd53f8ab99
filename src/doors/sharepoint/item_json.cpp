#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "doors/sharepoint/items.hpp"
#include "doors/sharepoint/people.hpp"
#include "lists/values.hpp"

namespace rollcall::doors::sharepoint {
namespace {

using lists::ColumnType;

// What every item has beside its columns, made from its ID and version.
constexpr std::array<std::string_view, 7> made_names{"GUID",          "OData__UIVersionString",
                                                     "ContentTypeId", "FileSystemObjectType",
                                                     "Attachments",   "UniqueId",
                                                     "HasException"};

bool is_made(std::string_view name) {
  return std::ranges::find(made_names, name) != made_names.end();
}
bool is_own_person(std::string_view name) { return name == "Author" || name == "Editor"; }
bool is_reference(const lists::List& list, std::string_view name) {
  const auto* column = list.column(name);
  return is_own_person(name) || (column != nullptr && (column->type == ColumnType::lookup ||
                                                       column->type == ColumnType::person));
}

// `OwnerId` → `Owner`; "" when no person and no look-up is named so.
std::string_view reference_of(const lists::List& list, std::string_view name) {
  if (name.size() <= 2 || !name.ends_with("Id") || list.column(name) != nullptr) return {};
  const auto base = name.substr(0, name.size() - 2);
  return is_reference(list, base) ? base : std::string_view();
}

// What the store is to read for one name of $select.
Result<std::string> store_name(const lists::List& list, std::string_view name,
                               const Wanted& wanted) {
  if (is_made(name)) return std::string("ID");
  if (const auto base = reference_of(list, name); !base.empty()) return std::string(base);
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return std::string(name);
  const auto base = name.substr(0, slash);
  if (is_reference(list, base) && !wanted.expands(base)) {
    return fail("SP0104", fmt::format("The query to field '{}' is not valid. The $select query "
                                      "string must specify the target fields "
                                      "and the $expand query string must contain {}.",
                                      base, base));
  }
  const auto* column = list.column(base);
  const bool person =
      is_own_person(base) || (column != nullptr && column->type == ColumnType::person);
  if (person) {
    for (const char* part : {"Id", "ID", "Title", "Name", "EMail", "UserName"}) {
      if (name.substr(slash + 1) == part) return std::string(base);
    }
  }
  return std::string(name);
}

// The parts of an expanded property that are selected; all when it is named without them.
json::object selected_parts(json::object parts, std::string_view base, const Wanted& wanted) {
  if (wanted.all && wanted.names.empty()) return parts;
  json::object kept;
  bool named = false;
  for (const auto& name : wanted.names) {
    if (!name.starts_with(base) || name.size() <= base.size() || name[base.size()] != '/') continue;
    named = true;
    const auto part = std::string_view(name).substr(base.size() + 1);
    if (const auto* value = parts.if_contains(part)) kept[part] = *value;
  }
  return named ? kept : parts;
}

bool wants_reference(const Wanted& wanted, std::string_view base) {
  return wanted.all || wanted.has(base) ||
         std::ranges::any_of(wanted.names, [&](const std::string& name) {
           return name.size() > base.size() && name.starts_with(base) && name[base.size()] == '/';
         });
}

class ItemWriter {
 public:
  ItemWriter(const Call& call, const lists::List& list, const Wanted& wanted)
      : call_(call), list_(list), wanted_(wanted) {}

  json::object begin(std::int64_t id, std::int64_t version) {
    json::object item;
    if (call_.format != Format::none) {
      item = annotated(call_, item_type(list_), fmt::format("{}/Items({})", list_uri(list_), id),
                       item_etag(list_, id, version));
    }
    id_ = id;
    version_ = version;
    if (wanted_.all) {
      item["FileSystemObjectType"] = 0;
      item["ContentTypeId"] = "0x0100";
    }
    if (wanted_.all || wanted_.has("Id") || wanted_.has("ID")) {
      item["Id"] = id;
      item["ID"] = id;
    }
    return item;
  }
  void add(json::object& item, const lists::FieldView& field) const {
    if (field.name == "ID") return;
    const auto slash = field.name.find('/');
    if (slash != std::string_view::npos) return add_shown(item, field, slash);
    const auto* column = list_.column(field.name);
    const bool person = is_own_person(field.name) || field.type == ColumnType::person;
    if (person) return add_person(item, field);
    if (field.type == ColumnType::lookup) return add_lookup(item, field);
    if (!wanted_.all && !wanted_.has(field.name)) return;
    auto value = lists::to_json(field.type, field.value);
    if (field.type == ColumnType::json && !value.is_null() && column != nullptr)
      value = json::serialize(value);
    item[field.name] = std::move(value);
  }
  void end(json::object& item) const {
    const auto wants = [&](std::string_view name) { return wanted_.all || wanted_.has(name); };
    if (wants("OData__UIVersionString"))
      item["OData__UIVersionString"] = fmt::format("{}.0", version_);
    if (wants("Attachments")) item["Attachments"] = false;
    if (wants("GUID")) item["GUID"] = item_guid(list_, id_);
    if (wanted_.has("UniqueId")) item["UniqueId"] = item_guid(list_, id_);
    if (!wanted_.all && wanted_.has("ContentTypeId")) item["ContentTypeId"] = "0x0100";
    if (!wanted_.all && wanted_.has("FileSystemObjectType")) item["FileSystemObjectType"] = 0;
  }

 private:
  void add_person(json::object& item, const lists::FieldView& field) const {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (wanted_.expands(field.name) && wants_reference(wanted_, field.name)) {
      item[field.name] = text == nullptr ? json::value(nullptr)
                                         : selected_parts(person_parts(*text), field.name, wanted_);
    }
    const auto name = std::string(field.name) + "Id";
    if (!(wanted_.all && !wanted_.expands(field.name)) && !wanted_.has(name)) return;
    item[name] = text == nullptr ? json::value(nullptr) : json::value(person_id(*text));
  }
  void add_lookup(json::object& item, const lists::FieldView& field) const {
    const auto id = lists::to_json(field.type, field.value);
    if (wanted_.expands(field.name) && wants_reference(wanted_, field.name)) {
      item[field.name] =
          id.is_null() ? json::value(nullptr)
                       : json::value(selected_parts({{"Id", id}, {"ID", id}}, field.name, wanted_));
    }
    const auto name = std::string(field.name) + "Id";
    if ((wanted_.all && !wanted_.expands(field.name)) || wanted_.has(name)) item[name] = id;
  }
  void add_shown(json::object& item, const lists::FieldView& field, std::size_t slash) const {
    auto* other = item.if_contains(field.name.substr(0, slash));
    if (other == nullptr || !other->is_object()) return;
    const bool named =
        wanted_.has(field.name) || wanted_.all || wanted_.has(field.name.substr(0, slash));
    if (named)
      other->get_object()[field.name.substr(slash + 1)] = lists::to_json(field.type, field.value);
  }

  const Call& call_;
  const lists::List& list_;
  const Wanted& wanted_;
  std::int64_t id_ = 0, version_ = 0;
};

const json::value& plain(const json::value& value) {
  const auto* results = find(value, "results");
  return results == nullptr ? value : *results;
}

}  // namespace

bool Wanted::has(std::string_view name) const {
  return std::ranges::find(names, name) != names.end();
}
bool Wanted::expands(std::string_view name) const {
  return std::ranges::find(expanded, name) != expanded.end();
}

Result<ItemQuery> item_query(const Call& call, const lists::List& list) {
  ItemQuery query;
  TRY(query.options, odata::parse_options(call.query));
  auto& options = query.options;
  odata::trim_filter(options);
  if (options.apply) return fail("ODATA0203", "SharePoint has no $apply; /api/v1 has");
  options.skip = std::nullopt;  // SharePoint pages by $skiptoken and ignores it
  if (options.expand) {
    for (const auto part : split(*options.expand, ',')) {
      const auto name = trim(part);
      query.wanted.expanded.emplace_back(name.substr(0, name.find('/')));
    }
    options.expand = fmt::format("{}", fmt::join(query.wanted.expanded, ","));
  }
  if (!options.select) return query;
  query.wanted.all = false;
  std::string names = "ID";
  for (const auto part : split(*options.select, ',')) {
    const auto name = trim(part);
    query.wanted.names.emplace_back(name);
    if (name == "*") query.wanted.all = true;
    TRY(const auto read, store_name(list, name, query.wanted));
    names += "," + read;
  }
  options.select = std::move(names);
  return query;
}

json::object item_entity(const Call& call, const lists::List& list, const lists::ItemView& item,
                         const Wanted& wanted) {
  ItemWriter writer(call, list, wanted);
  auto entity = writer.begin(item.id, item.version);
  for (const auto& field : item.fields) writer.add(entity, field);
  writer.end(entity);
  return entity;
}

Result<json::object> item_fields(Call& call, const lists::List& list, const json::value& body) {
  const auto* members = body.if_object();
  if (members == nullptr) return fail("SP0104", "the body is no JSON object of fields");
  json::object fields;
  for (const auto& member : *members) {
    const std::string_view name = member.key();
    const bool annotation = name.starts_with("odata.") || name.starts_with("__") ||
                            name.contains('@') || name == "ContentTypeId";
    if (annotation) continue;
    const auto base = reference_of(list, name);
    const auto* column = base.empty() ? list.column(name) : list.column(base);
    if (column == nullptr) {
      return fail("LIST0106", fmt::format("The property '{}' does not exist on type '{}'. Make "
                                          "sure to only use property names that are "
                                          "defined by the type.",
                                          name, item_type(list)));
    }
    const auto& value = plain(member.value());
    if (!base.empty() && column->type == ColumnType::person && value.is_int64()) {
      TRY(fields[base], person_of(call, value.get_int64()));
    } else if (column->type == ColumnType::json && value.is_string()) {
      auto parsed = parse_json(value.get_string());
      fields[column->name] = parsed ? *std::move(parsed) : value;
    } else {
      fields[column->name] = value;
    }
  }
  return fields;
}

}  // namespace rollcall::doors::sharepoint
