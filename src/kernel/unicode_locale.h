// Whether who reads what is printed sees more than ASCII.
#pragma once

namespace wattline {

// By LC_ALL, LC_CTYPE, LANG. No locale at all, as in containers and CI, says nothing; today's terminals read UTF-8.
bool unicode_locale();

}  // namespace wattline
