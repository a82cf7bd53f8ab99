#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "kql/native_table.hpp"

// Dynamic values: members and elements, bags, packing, unpacking for mv-expand.

namespace rollcall::kql {
namespace {

Cell some(const json::value* value) {
  if (value == nullptr || value->is_null()) return {};
  return cell(*value);
}

const json::value* element_at(const json::value& value, std::int64_t i) {
  if (!value.is_array()) return nullptr;
  const auto& array = value.get_array();
  const auto size = static_cast<std::int64_t>(array.size());
  if (i < 0) i += size;
  return i < 0 || i >= size ? nullptr : &array[static_cast<std::size_t>(i)];
}

json::value value_of(const Argument& a) { return read_json(text(a)).value_or(json::value()); }

std::string joined(Arguments a) {
  std::string out = "[";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i > 0) out += ',';
    out += is_null(a[i]) ? "null" : text(a[i]);
  }
  return out + "]";
}

// The elements that mv-expand makes rows of; a bag's are bags of one property.
TextList elements(const Argument& a, bool pairs, Scratch& scratch) {
  if (is_null(a)) return {std::nullopt};
  const auto& value = parsed(a, scratch);
  TextList list;
  const auto put = [&](const json::value& v) {
    if (v.is_null())
      list.emplace_back(std::nullopt);
    else
      list.emplace_back(json_text(v));
  };
  if (value.is_array()) {
    for (const auto& element : value.get_array()) put(element);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      if (pairs)
        put(json::array{json::string(member.key()), member.value()});
      else
        put(json::object{{member.key(), member.value()}});
    }
  } else {
    put(value);
  }
  return list;
}

// Objects merged property by property; of two the earlier wins.
void merge(json::object& into, const json::object& from) {
  for (const auto& member : from) {
    if (!into.contains(member.key())) into[member.key()] = member.value();
  }
}

Cell bag_merge(Arguments a, Scratch&) {
  json::object bag;
  bool any = false;
  for (const auto& argument : a) {
    const auto value = value_of(argument);
    if (!value.is_object()) continue;
    any = true;
    merge(bag, value.get_object());
  }
  return any ? cell(json::value(bag)) : Cell{};
}

Cell bag_of(Arguments a, Scratch& scratch) {
  json::object bag;
  const auto& list = parsed(a[0], scratch);
  if (!list.is_array()) return cell("{}");
  for (const auto& value : list.get_array()) {
    if (value.is_object()) merge(bag, value.get_object());
    if (static_cast<std::int64_t>(bag.size()) >= whole(a[1], INT64_MAX)) break;
  }
  return cell(json::value(bag));
}

Cell bag_pack(Arguments a, Scratch&) {
  json::object bag;
  for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
    const auto key = value_of(a[i]);
    const std::string name = key.is_string() ? std::string(key.get_string()) : json_text(key);
    bag[name] = value_of(a[i + 1]);
  }
  return cell(json::value(bag));
}

// Walks a JSONPath of names and places: `$.a.b[0]['c']`.
const json::value* at_path(const json::value& root, std::string_view path) {
  const json::value* at = &root;
  std::size_t i = 0;
  if (i < path.size() && path[i] == '$') ++i;
  while (i < path.size() && at != nullptr) {
    std::string name;
    if (path[i] == '[') {
      const std::size_t close = path.find(']', i);
      if (close == std::string_view::npos) return nullptr;
      std::string_view inner = path.substr(i + 1, close - i - 1);
      i = close + 1;
      if (inner.size() >= 2 && (inner[0] == '\'' || inner[0] == '"')) {
        name = inner.substr(1, inner.size() - 2);
      } else {
        const auto place = parse_long(inner);
        at = place ? element_at(*at, *place) : nullptr;
        continue;
      }
    } else {
      if (path[i] == '.') ++i;
      const std::size_t end = std::min(path.find_first_of(".[", i), path.size());
      name = path.substr(i, end - i);
      i = end;
      if (name.empty()) continue;
    }
    at = at->is_object() ? at->get_object().if_contains(name) : nullptr;
  }
  return at;
}

Cell bag_keys(Arguments a, Scratch& scratch) {
  const auto& value = parsed(a[0], scratch);
  if (!value.is_object()) return {};
  json::array keys;
  for (const auto& member : value.get_object()) keys.emplace_back(json::string(member.key()));
  return cell(json::value(keys));
}

// Keys are names, or paths that begin with `$`.
void remove_path(json::value& value, std::string_view path) {
  const std::size_t dot = path.find_last_of('.');
  std::string_view name = path.substr(dot == std::string_view::npos ? 0 : dot + 1);
  json::value* at = &value;
  if (path.starts_with("$")) {
    const std::string_view parent = path.substr(0, dot == std::string_view::npos ? 1 : dot);
    const auto* found = at_path(value, parent.size() > 1 ? parent : "$");
    if (found == nullptr) return;
    // the path was walked on a const view of the same tree
    at = const_cast<json::value*>(found);
  } else {
    name = path;
  }
  if (at->is_object()) at->get_object().erase(json::string_view(name.data(), name.size()));
}

Cell bag_remove_keys(Arguments a, Scratch& scratch) {
  json::value bag = parsed(a[0], scratch);
  const json::value keys = parsed(a[1], scratch);
  if (!bag.is_object() || !keys.is_array()) return bag.is_object() ? cell(bag) : Cell{};
  for (const auto& key : keys.get_array()) {
    if (key.is_string())
      remove_path(bag, std::string_view(key.get_string().data(), key.get_string().size()));
  }
  return cell(bag);
}

Cell bag_has_key(Arguments a, Scratch& scratch) {
  const auto& value = parsed(a[0], scratch);
  if (!value.is_object()) return {};
  const std::string_view key = text(a[1]);
  if (key.starts_with("$.") || key.starts_with("$[")) return at_path(value, key) != nullptr;
  return value.get_object().contains(json::string_view(key.data(), key.size()));
}

Cell bag_set_key(Arguments a, Scratch& scratch) {
  json::value bag = parsed(a[0], scratch);
  if (!bag.is_object()) return {};
  const std::string_view path = text(a[1]);
  json::value* at = &bag;
  std::string name(path);
  if (path.starts_with("$.")) {
    const auto parts = split(path.substr(2), '.');
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      if (!at->is_object()) return cell(bag);
      auto& next = at->get_object()[json::string_view(parts[i].data(), parts[i].size())];
      if (!next.is_object()) next = json::object();
      at = &next;
    }
    name = parts.back();
  }
  if (at->is_object()) at->get_object()[name] = value_of(a[2]);
  return cell(bag);
}

Cell bag_zip(Arguments a, Scratch& scratch) {
  const json::value keys = parsed(a[0], scratch), values = parsed(a[1], scratch);
  if (!keys.is_array()) return {};
  json::object bag;
  for (std::size_t i = 0; i < keys.get_array().size(); ++i) {
    const auto& key = keys.get_array()[i];
    if (!key.is_string()) continue;
    bag[key.get_string()] =
        values.is_array() && i < values.get_array().size() ? values.get_array()[i] : json::value();
  }
  return cell(json::value(bag));
}

Cell treepath(Arguments a, Scratch& scratch) {
  json::array paths;
  const std::function<void(const json::value&, const std::string&)> walk =
      [&](const json::value& value, const std::string& at) {
        if (value.is_object()) {
          for (const auto& member : value.get_object()) {
            const std::string next = at + "['" + std::string(member.key()) + "']";
            paths.emplace_back(json::string(next));
            walk(member.value(), next);
          }
        } else if (value.is_array()) {
          const std::string next = at + "[0]";
          if (!value.get_array().empty()) paths.emplace_back(json::string(next));
          if (!value.get_array().empty()) walk(value.get_array()[0], next);
        }
      };
  walk(parsed(a[0], scratch), "");
  return cell(json::value(paths));
}

// The schema of values seen: a type's name, an object of them, or a list of what was seen.
json::value schema_of(const json::value& value) {
  if (value.is_object()) {
    json::object result;
    for (const auto& member : value.get_object()) result[member.key()] = schema_of(member.value());
    return result;
  }
  if (value.is_array()) {
    json::object result;
    std::vector<json::value> seen;
    for (const auto& element : value.get_array()) {
      auto one = schema_of(element);
      if (std::ranges::find(seen, one) == seen.end()) seen.push_back(std::move(one));
    }
    if (seen.size() == 1)
      result["`indexer`"] = seen[0];
    else
      result["`indexer`"] = json::array(seen.begin(), seen.end());
    return result;
  }
  if (value.is_int64()) return "long";
  if (value.is_double()) return "double";
  if (value.is_bool()) return "bool";
  if (value.is_string())
    return parse_datetime(value.get_string()) && value.get_string().find("T") != json::string::npos
               ? "datetime"
               : "string";
  return "null";
}

json::value union_of(const json::value& a, const json::value& b) {
  if (a == b) return a;
  if (a.is_object() && b.is_object()) {
    json::object result = a.get_object();
    for (const auto& member : b.get_object()) {
      if (auto* there = result.if_contains(member.key()))
        *there = union_of(*there, member.value());
      else
        result[member.key()] = member.value();
    }
    return result;
  }
  json::array list = a.is_array() ? a.get_array() : json::array{a};
  for (const auto& one : b.is_array() ? b.get_array() : json::array{b}) {
    if (std::ranges::find(list, one) == list.end()) list.push_back(one);
  }
  return list;
}

Cell build_schema(Arguments a, Scratch& scratch) {
  const auto& list = parsed(a[0], scratch);
  if (!list.is_array() || list.get_array().empty()) return {};
  json::value result = schema_of(list.get_array()[0]);
  for (std::size_t i = 1; i < list.get_array().size(); ++i)
    result = union_of(result, schema_of(list.get_array()[i]));
  return cell(result);
}

}  // namespace

std::span<const Native> dynamic_natives() {
  static const Native table[] = {
      {"kql__member", "j s:j",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         if (!value.is_object()) return {};
         return some(value.get_object().if_contains(
             json::string_view(text(a[1]).data(), text(a[1]).size())));
       }},
      {"kql__element", "j l:j",
       [](Arguments a, Scratch& s) -> Cell {
         if (is_null(a[1])) return {};
         return some(element_at(parsed(a[0], s), whole(a[1])));
       }},
      {"kql__at", "j j:j",
       [](Arguments a, Scratch& s) -> Cell {
         const auto key = value_of(a[1]);
         const auto& value = parsed(a[0], s);
         if (key.is_string())
           return value.is_object() ? some(value.get_object().if_contains(key.get_string()))
                                    : Cell{};
         if (key.is_int64()) return some(element_at(value, key.get_int64()));
         return {};
       }},
      {"kql__parse_again", "j:j",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         if (value.is_null()) return {};
         if (!value.is_string()) return cell(value);
         const auto inner = read_json(value.get_string());
         if (inner && inner->is_null()) return {};
         return inner ? cell(*inner) : cell(value);
       }},
      {"kql__json_type", "j:s",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         if (value.is_object()) return cell("dictionary");
         if (value.is_array()) return cell("array");
         if (value.is_string()) return cell("string");
         if (value.is_bool()) return cell("bool");
         if (value.is_double()) return cell("double");
         if (value.is_null()) return cell("null");
         return cell("long");
       }},
      {"kql__array", "a*:j", [](Arguments a, Scratch&) { return cell(joined(a)); }},
      {"kql_pack_array", "a*:j", [](Arguments a, Scratch&) { return cell(joined(a)); }},
      {"kql__flat_array", "a*:j",
       [](Arguments a, Scratch&) {
         json::array all;
         for (const auto& argument : a) {
           auto value = value_of(argument);
           if (value.is_array())
             for (auto& element : value.get_array()) all.push_back(element);
           else
             all.push_back(std::move(value));
         }
         return cell(json::value(all));
       }},
      {"kql__as_array", "a:j",
       [](Arguments a, Scratch&) {
         auto value = value_of(a[0]);
         return value.is_array() ? cell(value) : cell(json::value(json::array{value}));
       }},
      {"kql__contains_value", "a j:b",
       [](Arguments a, Scratch& s) -> Cell {
         const auto wanted = value_of(a[0]);
         const auto& list = parsed(a[1], s);
         if (!list.is_array() || wanted.is_null()) return false;
         const std::string wanted_text =
             wanted.is_string() ? std::string(wanted.get_string()) : json_text(wanted);
         return std::ranges::any_of(list.get_array(), [&](const auto& e) {
           if (e == wanted) return true;
           return (e.is_string() ? std::string(e.get_string()) : json_text(e)) == wanted_text;
         });
       }},
      {"kql__contains_folded", "a j:b",
       [](Arguments a, Scratch& s) -> Cell {
         const auto wanted = value_of(a[0]);
         const auto& list = parsed(a[1], s);
         if (!list.is_array() || !wanted.is_string()) return false;
         const std::string lower =
             to_lower(std::string_view(wanted.get_string().data(), wanted.get_string().size()));
         return std::ranges::any_of(list.get_array(), [&](const auto& e) {
           return e.is_string() &&
                  to_lower(std::string_view(e.get_string().data(), e.get_string().size())) == lower;
         });
       }},
      {"kql__elements", "j:L",
       [](Arguments a, Scratch& s) -> Cell { return elements(a[0], false, s); }},
      {"kql__element_pairs", "j:L",
       [](Arguments a, Scratch& s) -> Cell { return elements(a[0], true, s); }},
      {"kql__element_count", "j:l",
       [](Arguments a, Scratch& s) -> Cell {
         return static_cast<std::int64_t>(elements(a[0], false, s).size());
       }},
      {"kql_bag_pack", "a*:j", bag_pack},
      {"kql__bag_pack_some", "a*:j",
       [](Arguments a, Scratch&) {
         json::object bag;
         for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
           auto value = value_of(a[i + 1]);
           if (value.is_null() || (value.is_string() && value.get_string().empty())) continue;
           bag[value_of(a[i]).get_string()] = std::move(value);
         }
         return cell(json::value(bag));
       }},
      {"kql_bag_merge", "j*:j", bag_merge},
      {"kql__bag_of", "j l:j", bag_of},
      {"kql__schema_of", "j:j", build_schema},
      {"kql_bag_keys", "j:j", bag_keys},
      {"kql_bag_remove_keys", "j j:j", bag_remove_keys},
      {"kql_bag_has_key", "j s:b", bag_has_key},
      {"kql_bag_set_key", "j s a:j", bag_set_key},
      {"kql_bag_zip", "j j:j", bag_zip},
      {"kql_treepath", "j:j", treepath},
      {"kql__json_path", "s s:j",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         return some(at_path(value, text(a[1])));
       }},
  };
  return table;
}

}  // namespace rollcall::kql
