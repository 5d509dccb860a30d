// A publication as Prometheus reads it: text exposition format 0.0.4, or OpenMetrics 1.0. docs/formats/agent-metrics.md
// lists the metrics. Every label is valid UTF-8 and escaped, whatever processes call themselves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "meter/agent/publisher.h"

namespace wattline::meter {

enum class Exposition { text, open_metrics };
// By the Accept header of the request.
Exposition accepted_exposition(std::string_view accept);
std::string_view content_type(Exposition);

// What the agent's door has seen.
struct DoorUse {
  std::uint64_t answered = 0, refused = 0, turned_away = 0;
};

std::string exposition(const Published&, Exposition, const DoorUse& = {});

}  // namespace wattline::meter
