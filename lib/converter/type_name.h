// C++ type names for messages that people read.
#pragma once

#include <string>
#include <typeinfo>

namespace lifecycle::converter {

// The name as it is written in C++: "worker::StepInput", not "N6worker9StepInputE".
[[nodiscard]] std::string type_name(const std::type_info& type);

}  // namespace lifecycle::converter
