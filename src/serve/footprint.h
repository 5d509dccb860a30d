// Carbon and water of an answer's energy, quickly: the grid's arithmetic done once for one joule,
// then scaled. The energy's error and the grid's are independent, so relative variances add as for
// any product (kernel/estimate.h); a test holds the two ways together.
#pragma once

#include <memory>

#include "catalog/place_options.h"
#include "serve/answer.h"

namespace wattline::serve {

class Footprint {
 public:
  explicit Footprint(catalog::Grid grid);

  const catalog::Grid& grid() const { return grid_; }
  // Fills joules, carbon and water from `energy`.
  void apply(Answer&) const;
  // The basis of a model whose energy has this method and these sources.
  std::shared_ptr<const Basis> basis(std::string model, std::string catalog_model, std::string upstream,
                                     std::string device, Method energy_method,
                                     std::vector<std::string> energy_sources) const;

 private:
  catalog::Grid grid_;
  Estimate<Carbon> carbon_per_joule_;
  Estimate<Volume> water_per_joule_;
  double carbon_variance_ = 0, water_variance_ = 0;
};

}  // namespace wattline::serve
