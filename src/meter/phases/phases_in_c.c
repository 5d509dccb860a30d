/* The header as a C99 program without extensions includes it. */
#include "wattline/phases.h"

int wattline_phases_in_c(void) {
  return wattline_phase_begin("from C") || wattline_phase_end("from C") || wattline_phase_mark("from C") ||
         wattline_metered();
}
