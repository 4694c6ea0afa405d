#include "converter/json.h"

namespace lifecycle::converter::detail {

void write_tree(std::string& out, const nlohmann::json& tree) {
  constexpr int kNoIndentation = -1;
  out += tree.dump(kNoIndentation, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool read_tree(JsonReader& reader, nlohmann::json& out) {
  const char* const start = reader.next_value();
  std::string_view raw;
  if (!reader.read_raw(raw)) {
    return false;
  }
  constexpr bool kThrow = false;
  out = nlohmann::json::parse(raw, nullptr, kThrow);
  if (out.is_discarded()) {  // the reader has checked the grammar: what is left is a number beyond a double's range
    return reader.fail_at(start, "a number in this value does not fit into 64 bits of floating point");
  }
  return true;
}

}  // namespace lifecycle::converter::detail
