#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "kql/native_table.hpp"

// Arrays: cutting, sorting, sets.

namespace rollcall::kql {
namespace {

const json::array* array_of(const json::value& value) {
  return value.is_array() ? &value.get_array() : nullptr;
}

std::int64_t size_of(const json::array& a) { return static_cast<std::int64_t>(a.size()); }

Cell length(Arguments a, Scratch& s) {
  const auto* array = array_of(parsed(a[0], s));
  return array == nullptr ? Cell{} : Cell(size_of(*array));
}

// The order of array_sort: numbers and texts by value, nulls behind.
int compare(const json::value& a, const json::value& b) {
  const auto number = [](const json::value& v) {
    return v.is_number() ? v.to_number<double>() : 0.0;
  };
  if (a.is_number() && b.is_number())
    return number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0;
  if (a.is_string() && b.is_string())
    return a.get_string() < b.get_string() ? -1 : a.get_string() == b.get_string() ? 0 : 1;
  if (a.is_bool() && b.is_bool())
    return static_cast<int>(a.get_bool()) - static_cast<int>(b.get_bool());
  const auto rank = [](const json::value& v) {
    return v.is_null() ? 3 : v.is_number() || v.is_bool() ? 0 : v.is_string() ? 1 : 2;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
  const std::string x = json_text(a), y = json_text(b);
  return x < y ? -1 : x == y ? 0 : 1;
}

// One array sorted, the others moved along. The result is an array of arrays; the last argument
// says nulls last.
Cell sort(Arguments a, bool descending) {
  std::vector<json::value> arrays;
  bool nulls_last = true;
  for (const auto& argument : a) {
    if (is_null(argument)) {
      arrays.emplace_back();
      continue;
    }
    auto value = read_json(text(argument)).value_or(json::value());
    if (value.is_bool())
      nulls_last = value.get_bool();
    else
      arrays.push_back(std::move(value));
  }
  const auto* keys = arrays.empty() ? nullptr : array_of(arrays[0]);
  if (keys == nullptr) {
    json::array nothing(arrays.size());
    return cell(json::value(nothing));
  }
  std::vector<std::size_t> order(keys->size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](std::size_t x, std::size_t y) {
    const auto& p = (*keys)[x];
    const auto& q = (*keys)[y];
    if (p.is_null() != q.is_null()) return p.is_null() ? !nulls_last : nulls_last;
    return descending ? compare(p, q) > 0 : compare(p, q) < 0;
  });
  json::array result;
  for (const auto& value : arrays) {
    const auto* array = array_of(value);
    if (array == nullptr || array->size() != keys->size()) {
      result.emplace_back(nullptr);
      continue;
    }
    json::array sorted;
    for (const std::size_t i : order) sorted.push_back((*array)[i]);
    result.emplace_back(std::move(sorted));
  }
  return cell(json::value(result));
}

Cell slice(Arguments a, Scratch& s) {
  const auto* array = array_of(parsed(a[0], s));
  if (array == nullptr) return {};
  const std::int64_t size = size_of(*array);
  std::int64_t from = whole(a[1]), to = whole(a[2], -1);
  if (from < 0) from = std::max<std::int64_t>(0, from + size);
  if (to < 0) to += size;
  json::array part;
  for (std::int64_t i = from; i <= to && i < size; ++i)
    part.push_back((*array)[static_cast<std::size_t>(i)]);
  return cell(json::value(part));
}

Cell split_array(Arguments a, Scratch& s) {
  const json::value value = parsed(a[0], s), at = parsed(a[1], s);
  const auto* array = array_of(value);
  if (array == nullptr) return {};
  std::vector<std::int64_t> places;
  if (at.is_int64()) places.push_back(at.get_int64());
  if (at.is_array())
    for (const auto& p : at.get_array())
      if (p.is_int64()) places.push_back(p.get_int64());
  const std::int64_t size = size_of(*array);
  for (auto& p : places) p = std::clamp<std::int64_t>(p < 0 ? p + size : p, 0, size);
  places.push_back(size);
  json::array parts;
  std::int64_t from = 0;
  for (const auto p : places) {
    json::array part;
    for (std::int64_t i = from; i < p; ++i) part.push_back((*array)[static_cast<std::size_t>(i)]);
    parts.emplace_back(std::move(part));
    from = p;
  }
  return cell(json::value(parts));
}

Cell rotate(Arguments a, Scratch& s, bool left) {
  const auto* array = array_of(parsed(a[0], s));
  if (array == nullptr) return {};
  const std::int64_t size = size_of(*array);
  json::array out;
  for (std::int64_t i = 0; i < size; ++i) {
    const std::int64_t from = ((i + (left ? whole(a[1]) : -whole(a[1]))) % size + size) % size;
    out.push_back((*array)[static_cast<std::size_t>(from)]);
  }
  return cell(json::value(out));
}

Cell shift(Arguments a, Scratch& s, bool left) {
  const auto* array = array_of(parsed(a[0], s));
  if (array == nullptr) return {};
  const json::value fill =
      is_null(a[2]) ? json::value() : read_json(text(a[2])).value_or(json::value());
  json::value otherwise = fill;
  if (is_null(a[2]) && !array->empty() && array->front().is_string()) otherwise = "";
  json::array out;
  for (std::int64_t i = 0; i < size_of(*array); ++i) {
    const std::int64_t from = i + (left ? whole(a[1]) : -whole(a[1]));
    out.push_back(from < 0 || from >= size_of(*array) ? otherwise
                                                      : (*array)[static_cast<std::size_t>(from)]);
  }
  return cell(json::value(out));
}

Cell index_of(Arguments a, Scratch& s) {
  const auto* array = array_of(parsed(a[0], s));
  if (array == nullptr) return {};
  const json::value wanted = read_json(text(a[1])).value_or(json::value());
  const std::int64_t size = size_of(*array);
  std::int64_t from = whole(a[2], 0);
  if (from < 0) from = std::max<std::int64_t>(0, from + size);
  const std::int64_t length_left = whole(a[3], -1);
  const std::int64_t end = length_left < 0 ? size : std::min(size, from + length_left);
  std::int64_t occurrence = whole(a[4], 1);
  for (std::int64_t i = from; i < end; ++i) {
    if ((*array)[static_cast<std::size_t>(i)] == wanted && --occurrence == 0) return i;
  }
  return std::int64_t{-1};
}

Cell concat(Arguments a, Scratch&) {
  json::array all;
  bool any = false;
  for (const auto& argument : a) {
    auto value = read_json(text(argument)).value_or(json::value());
    if (!value.is_array()) continue;
    any = true;
    for (auto& element : value.get_array()) all.push_back(std::move(element));
  }
  return any ? cell(json::value(all)) : Cell{};
}

Cell choose(Arguments a, Scratch& s) {
  const json::value conditions = parsed(a[0], s);
  if (!conditions.is_array()) return {};
  const auto then = read_json(text(a[1])).value_or(json::value()),
             otherwise = read_json(text(a[2])).value_or(json::value());
  json::array out;
  for (std::size_t i = 0; i < conditions.get_array().size(); ++i) {
    const auto& c = conditions.get_array()[i];
    const bool yes = c.is_bool() ? c.get_bool() : c.is_number() && c.to_number<double>() != 0;
    const auto& from = yes ? then : otherwise;
    if (c.is_null())
      out.emplace_back(nullptr);
    else if (from.is_array())
      out.push_back(i < from.get_array().size() ? from.get_array()[i] : json::value());
    else
      out.push_back(from);
  }
  return cell(json::value(out));
}

// --- sets, in the order first seen
bool holds(const json::array& array, const json::value& value) {
  return std::ranges::find(array, value) != array.end();
}

class Seen {
 public:
  bool add(const json::value& value) { return keys_.insert({json_text(value), true}).second; }
  bool has(const json::value& value) const { return keys_.contains(json_text(value)); }

 private:
  std::unordered_map<std::string, bool> keys_;
};

Cell set_of(Arguments a, Scratch& s) {
  const auto* array = array_of(parsed(a[0], s));
  json::array set;
  Seen seen;
  const auto put = [&](const json::value& v) {
    if (!v.is_null() && static_cast<std::int64_t>(set.size()) < whole(a[1], INT64_MAX) &&
        seen.add(v))
      set.push_back(v);
  };
  if (array != nullptr)
    for (const auto& value : *array) {
      if (value.is_array())
        for (const auto& inner : value.get_array()) put(inner);
      else
        put(value);
    }
  return cell(json::value(set));
}

// The elements of arrays among the values stand for themselves.
Cell flattened(Arguments a, Scratch& s) {
  const auto* array = array_of(parsed(a[0], s));
  if (array == nullptr) return {};
  json::array out;
  for (const auto& value : *array) {
    if (value.is_array())
      out.insert(out.end(), value.get_array().begin(), value.get_array().end());
    else
      out.push_back(value);
  }
  return cell(json::value(std::move(out)));
}

Cell set_union(Arguments a, Scratch&) {
  json::array set;
  Seen seen;
  for (const auto& argument : a) {
    auto value = read_json(text(argument)).value_or(json::value());
    if (value.is_array())
      for (auto& element : value.get_array())
        if (seen.add(element)) set.push_back(element);
  }
  return cell(json::value(set));
}

Cell set_combined(Arguments a, bool wanted) {
  std::vector<json::value> arrays;
  for (const auto& argument : a)
    arrays.push_back(read_json(text(argument)).value_or(json::value()));
  if (arrays.empty() || !arrays[0].is_array()) return {};
  json::array set;
  Seen seen;
  for (const auto& element : arrays[0].get_array()) {
    bool keep = true;
    for (std::size_t i = 1; i < arrays.size(); ++i) {
      const bool there = arrays[i].is_array() && holds(arrays[i].get_array(), element);
      keep = keep && there == wanted;
    }
    if (keep && seen.add(element)) set.push_back(element);
  }
  return cell(json::value(set));
}

Cell set_equals(Arguments a, Scratch&) {
  const auto x = read_json(text(a[0])).value_or(json::value()),
             y = read_json(text(a[1])).value_or(json::value());
  if (!x.is_array() || !y.is_array()) return {};
  const auto within = [](const json::array& p, const json::array& q) {
    return std::ranges::all_of(p, [&](const auto& e) { return holds(q, e); });
  };
  return within(x.get_array(), y.get_array()) && within(y.get_array(), x.get_array());
}

Cell jaccard(Arguments a, Scratch&) {
  const auto x = read_json(text(a[0])).value_or(json::value()),
             y = read_json(text(a[1])).value_or(json::value());
  if (!x.is_array() || !y.is_array()) return {};
  Seen first, all;
  double common = 0, total = 0;
  for (const auto& e : x.get_array())
    if (first.add(e) && all.add(e)) ++total;
  Seen second;
  for (const auto& e : y.get_array()) {
    if (!second.add(e)) continue;
    if (first.has(e)) ++common;
    if (all.add(e)) ++total;
  }
  return total == 0 ? Cell(std::nan("")) : Cell(common / total);
}

Cell sum(Arguments a, Scratch& s) {
  const auto* array = array_of(parsed(a[0], s));
  if (array == nullptr) return {};
  double total = 0;
  for (const auto& e : *array) {
    if (e.is_number())
      total += e.to_number<double>();
    else if (e.is_bool())
      total += e.get_bool() ? 1 : 0;
    else if (!e.is_null())
      return {};
  }
  return total;
}

Cell zip(Arguments a, Scratch&) {
  std::vector<json::value> arrays;
  std::size_t longest = 0;
  for (const auto& argument : a) {
    arrays.push_back(read_json(text(argument)).value_or(json::value()));
    if (!arrays.back().is_array()) arrays.back() = json::array{arrays.back()};
    longest = std::max(longest, arrays.back().get_array().size());
  }
  json::array rows;
  for (std::size_t i = 0; i < longest; ++i) {
    json::array row;
    for (const auto& array : arrays)
      row.push_back(i < array.get_array().size() ? array.get_array()[i] : json::value());
    rows.emplace_back(std::move(row));
  }
  return cell(json::value(rows));
}

// range(a, b, step) as an array, at most 1,048,576 elements.
Cell range_of(Arguments a, Scratch&) {
  if (is_null(a[0]) || is_null(a[1])) return {};
  const std::int64_t step = whole(a[2], 1);
  json::array out;
  if (step != 0) {
    for (std::int64_t v = whole(a[0]);
         (step > 0 ? v <= whole(a[1]) : v >= whole(a[1])) && out.size() < 1'048'576; v += step)
      out.emplace_back(v);
  }
  return cell(json::value(out));
}
Cell real_range(Arguments a, Scratch&) {
  if (is_null(a[0]) || is_null(a[1])) return {};
  const double step = real(a[2], 1);
  json::array out;
  if (step != 0) {
    for (std::size_t i = 0; out.size() < 1'048'576; ++i) {
      const double v = real(a[0]) + static_cast<double>(i) * step;
      if (step > 0 ? v > real(a[1]) : v < real(a[1])) break;
      out.emplace_back(v);
    }
  }
  return cell(json::value(out));
}
Cell time_range(Arguments a, Scratch&, std::string (*shown)(std::int64_t)) {
  if (is_null(a[0]) || is_null(a[1]) || whole(a[2], 0) == 0) return {};
  json::array out;
  const std::int64_t step = whole(a[2]);
  for (std::int64_t v = whole(a[0]);
       (step > 0 ? v <= whole(a[1]) : v >= whole(a[1])) && out.size() < 1'048'576; v += step)
    out.emplace_back(json::string(shown(v)));
  return cell(json::value(out));
}

}  // namespace

std::span<const Native> array_natives() {
  static const Native table[] = {
      {"kql_array_length", "j:l", length},
      {"kql_array_concat", "j*:j", concat},
      {"kql_array_slice", "j l l:j", slice},
      {"kql_array_split", "j a:j", split_array},
      {"kql_array_reverse", "j:j",
       [](Arguments a, Scratch& s) -> Cell {
         const auto* array = array_of(parsed(a[0], s));
         if (array == nullptr) return {};
         return cell(json::value(json::array(array->rbegin(), array->rend())));
       }},
      {"kql_array_rotate_left", "j l:j",
       [](Arguments a, Scratch& s) { return rotate(a, s, true); }},
      {"kql_array_rotate_right", "j l:j",
       [](Arguments a, Scratch& s) { return rotate(a, s, false); }},
      {"kql_array_shift_left", "j l a?:j",
       [](Arguments a, Scratch& s) { return shift(a, s, true); }},
      {"kql_array_shift_right", "j l a?:j",
       [](Arguments a, Scratch& s) { return shift(a, s, false); }},
      {"kql_array_index_of", "j a l? l? l?:l", index_of},
      {"kql_array_iff", "j a a:j", choose},
      {"kql_array_sum", "j:r", sum},
      {"kql__array_sort_asc", "j*:j", [](Arguments a, Scratch&) { return sort(a, false); }},
      {"kql__array_sort_desc", "j*:j", [](Arguments a, Scratch&) { return sort(a, true); }},
      {"kql__strcat_array", "j s:s",
       [](Arguments a, Scratch& s) {
         std::string out;
         const auto* array = array_of(parsed(a[0], s));
         bool first = true;
         if (array != nullptr)
           for (const auto& e : *array) {
             if (!std::exchange(first, false)) out += text(a[1]);
             if (e.is_string())
               out += std::string_view(e.get_string().data(), e.get_string().size());
             else if (!e.is_null())
               out += json_text(e);
           }
         return cell(std::move(out));
       }},
      {"kql__first_elements", "j l:j",
       [](Arguments a, Scratch& s) -> Cell {
         const auto* array = array_of(parsed(a[0], s));
         if (array == nullptr) return {};
         json::array part;
         for (const auto& e : *array) {
           if (size_of(part) >= whole(a[1])) break;
           part.push_back(e);
         }
         return cell(json::value(part));
       }},
      {"kql__set_of", "j l:j", set_of},
      {"kql__flattened", "j:j", flattened},
      {"kql_set_union", "j*:j", set_union},
      {"kql_set_intersect", "j*:j", [](Arguments a, Scratch&) { return set_combined(a, true); }},
      {"kql_set_difference", "j*:j", [](Arguments a, Scratch&) { return set_combined(a, false); }},
      {"kql_set_equals", "j j:b", set_equals},
      {"kql_set_has_element", "j a:b",
       [](Arguments a, Scratch& s) -> Cell {
         const json::value wanted = read_json(text(a[1])).value_or(json::value());
         const auto* array = array_of(parsed(a[0], s));
         if (array == nullptr) return {};
         return holds(*array, wanted);
       }},
      {"kql_jaccard_index", "j j:r", jaccard},
      {"kql_repeat", "a l:j",
       [](Arguments a, Scratch&) -> Cell {
         const std::int64_t count = whole(a[1], -1);
         constexpr std::int64_t most_bytes = 16 << 20;
         const auto size = std::max<std::int64_t>(1, std::ssize(text(a[0])));
         if (count < 0 || count > 1'048'576 || count > most_bytes / size) return {};
         const auto value = read_json(text(a[0])).value_or(json::value());
         json::array out(static_cast<std::size_t>(count), value);
         return cell(json::value(std::move(out)));
       }},
      {"kql_zip", "j*:j", zip},
      {"kql__range", "l l l:j", range_of},
      {"kql__real_range", "r r r:j", real_range},
      {"kql__datetime_range", "d d t:j",
       [](Arguments a, Scratch& s) { return time_range(a, s, datetime_text); }},
      {"kql__timespan_range", "t t t:j",
       [](Arguments a, Scratch& s) { return time_range(a, s, timespan_text); }},
  };
  return table;
}

}  // namespace rollcall::kql
