// Whatever a kubeconfig holds, it is a configuration or an error with its place.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "kubernetes/kubeconfig.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace kubernetes = lifecycle::kubernetes;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  lifecycle::Result<kubernetes::Kubeconfig> config = kubernetes::parse_kubeconfig(text, "folder/config");
  if (!config) {
    lifecycle::check(config.error().code == lifecycle::ErrorCode::kInvalidConfig, "a file that cannot be read is an invalid configuration");
    lifecycle::check(config.error().message.contains("folder/config"), "an error says where");
    return 0;
  }
  const kubernetes::KubeconfigFiles files{.config = *std::move(config), .read = {"folder/config"}};
  for (const auto& [name, context] : files.config.contexts) {
    const auto chosen = kubernetes::choose_context(files, name);
    lifecycle::check(chosen || !chosen.error().message.empty(), "an error says what");
  }
  return 0;
}
