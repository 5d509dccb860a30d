#include "meter/host_power.h"

#include <fmt/format.h>

#include "meter/host.h"

namespace wattline::meter {
namespace {

class ModelledPower : public HostPower {
 public:
  ModelledPower(HostModel model, const std::string& why)
      : model_(std::move(model)), explanation_(fmt::format("{}: {}", model_.explanation(), why)) {
    for (const auto& f : model_.factors()) sources_.push_back(f.source);
  }
  Estimate<Energy> energy_of_cpu_time(Duration t) const override { return model_.energy_of_cpu_time(t); }
  const std::string& device() const override { return model_.device(); }
  Method method() const override { return Method::modelled; }
  const std::vector<std::string>& sources() const override { return sources_; }
  const std::string& explanation() const override { return explanation_; }

 private:
  const HostModel model_;
  const std::string explanation_;
  std::vector<std::string> sources_;
};

}  // namespace

std::shared_ptr<const HostPower> HostPower::detect(const catalog::Catalog& catalog) {
  return std::make_shared<ModelledPower>(HostModel(read_host(Roots::from_environment()), catalog),
                                         "no counter is read");
}

}  // namespace wattline::meter
