#include "kernel/unicode_locale.h"

#include <cstdlib>
#include <string_view>

namespace wattline {

bool unicode_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* value = std::getenv(name); value && *value) {
      const std::string_view v = value;
      return v.find("UTF-8") != v.npos || v.find("utf8") != v.npos || v.find("UTF8") != v.npos;
    }
  return true;
}

}  // namespace wattline
