#include "flow/request_match.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace rollcall::flow {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode_once(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string decode(std::string_view text) { return decode_once(decode_once(text)); }

std::vector<std::string_view> segments(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return split(path, '/');
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

bool is_rest(std::string_view segment) {
  return is_parameter(segment) && segment.ends_with("...}");
}

bool matches(const std::vector<std::string_view>& shape,
             const std::vector<std::string_view>& path) {
  if (!shape.empty() && is_rest(shape.back())) {  // whatever comes there
    return path.size() + 1 >= shape.size() &&
           std::equal(shape.begin(), shape.end() - 1, path.begin());
  }
  if (shape.size() != path.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!is_parameter(shape[i]) && !equals_ignoring_case(shape[i], path[i])) return false;
  }
  return true;
}

}  // namespace

Result<MatchedRequest> match_request(Connector& connector, json::object request,
                                     std::string_view usual_method) {
  const json::value whole = std::move(request);
  const auto method = text_or(whole, "method", usual_method);
  const auto full_path = text_or(whole, "path");
  const auto path = segments(full_path.substr(0, full_path.find('?')));
  const auto operations = connector.operations();
  for (std::size_t index = 0; index < operations.size(); ++index) {
    const auto& operation = operations[index];
    if (operation.path.empty() || !equals_ignoring_case(operation.method, method)) continue;
    const auto shape = segments(operation.path);
    if (!matches(shape, path)) continue;
    MatchedRequest matched{{&connector, index}, {}};
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (is_rest(shape[i]))
        matched.parameters[shape[i].substr(1, shape[i].size() - 5)] =
            decode(full_path.substr(full_path.starts_with('/') ? 1 : 0));
      else if (is_parameter(shape[i]))
        matched.parameters[shape[i].substr(1, shape[i].size() - 2)] = decode(path[i]);
    }
    if (const auto* queries = find(whole, "queries"); queries != nullptr && queries->is_object()) {
      for (const auto& [name, value] : queries->get_object()) matched.parameters[name] = value;
    }
    if (const auto* body = find(whole, "body")) matched.parameters["body"] = *body;
    return matched;
  }
  return fail("FLOW0302", fmt::format("connector '{}' has no operation for {} {}", connector.id(),
                                      method, full_path));
}

}  // namespace rollcall::flow
