// The flows in what people export: a definition, an ARM template, a flow's .zip of Power Automate, a solution's.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace rollcall::app {

struct PackedFlow {
  std::string name;
  std::string text;                // as it stands in the package; what is deployed is this text
  json::value document;            // the same, read
  std::vector<std::string> notes;  // what could not be carried over
};
// `values`: of the ARM template's parameters. APP0302: there is no flow in it.
Result<std::vector<PackedFlow>> read_package(const std::string& bytes, const std::string& file_name,
                                             const json::object& values);

}  // namespace rollcall::app
