#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace lifecycle {

void die(std::string_view reason, std::source_location where) {
  std::fprintf(stderr, "%s:%u: invariant broken: %.*s\n", where.file_name(), static_cast<unsigned>(where.line()),
               static_cast<int>(reason.size()), reason.data());
  std::abort();
}

}  // namespace lifecycle
