// The router that is there without a configuration, among the built-in models; and where predictions of quality come
// from.
#pragma once

#include <memory>
#include <vector>

#include "serve/route/router.h"

namespace wattline::serve {

// Of the built-in models, when there are two or more that the program has predictions for: "auto", and for each
// algorithm "auto/ALGORITHM", so that they can be compared. None otherwise.
std::vector<RouterConfig> family_routers(const std::vector<std::unique_ptr<ServedModel>>&);

// What `quality` of a router names; null for "". Error: no such file, or a broken one.
std::shared_ptr<const QualityModel> load_quality(const RouterConfig&);

}  // namespace wattline::serve
