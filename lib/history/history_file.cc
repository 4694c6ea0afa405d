#include "history/history_file.h"

#include <fmt/format.h>

#include <utility>

#include "base/file.h"
#include "history/history_json.h"

namespace lifecycle::history {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Mark = "\xFF\xFE";
// How protobuf's binary form of a history with events begins: field 1, a message. As text it is an empty line.
constexpr char kFirstEventTag = '\n';

bool looks_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

}  // namespace

Result<api::History> history_from_bytes(std::string_view bytes) {
  if (bytes.starts_with(kUtf16Mark)) {
    return fail(ErrorCode::kDataLoss, "history: the text is UTF-16",
                "PowerShell writes it with '>'; save it with: | Out-File -Encoding utf8");
  }
  if (bytes.starts_with(kUtf8Mark)) {
    bytes.remove_prefix(kUtf8Mark.size());
  }
  if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail(ErrorCode::kDataLoss, "history: the file is empty");
  }
  if (!bytes.starts_with(kFirstEventTag)) {
    return looks_like_json(bytes) ? history_from_json(bytes)
                                  : fail(ErrorCode::kDataLoss, "history: neither JSON nor a serialized temporal.api.history.v1.History",
                                         "save it with: temporal workflow show -w ID -o json");
  }
  Result<api::History> binary = history_from_binary(bytes);
  return binary || !looks_like_json(bytes) ? std::move(binary) : history_from_json(bytes);
}

Result<api::History> read_history_file(const std::string& path) {
  const Result<std::string> content = read_file(path);
  if (!content) {
    return fail(content.error().code, fmt::format("{}: {}", path, content.error().message));
  }
  Result<api::History> history = history_from_bytes(*content);
  if (!history) {
    return fail(history.error().code, fmt::format("{}: {}", path, history.error().message), history.error().hint);
  }
  return history;
}

}  // namespace lifecycle::history
