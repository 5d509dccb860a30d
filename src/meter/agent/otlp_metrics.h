// A publication as OTLP/HTTP wants it in JSON (ExportMetricsServiceRequest), with the semantic conventions of hardware:
//   hw.energy (J, monotonic cumulative sum) and hw.power (W, gauge) by component, hw.id and hw.type as they have it;
//   wattline.idle.energy and wattline.consumer.energy, of which they know nothing, by domain, level and name.
// Who gets a name anew begins a new sum, with a start of its own. A component that is not read has no hw.power point: a gap is not a zero.
#pragma once

#include <string>

#include "meter/agent/publisher.h"

namespace wattline::meter {

std::string otlp_metrics(const Published&);

}  // namespace wattline::meter
