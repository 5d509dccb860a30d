#include <algorithm>

#include <fmt/format.h>

#include "catalog/intensity/provider_families.h"
#include "catalog/intensity/provider_http.h"

namespace wattline::catalog {
namespace {

constexpr double day_s = 86400;

class ElectricityMaps : public IntensityProvider {
 public:
  ElectricityMaps(const ProviderConfig& config, std::function<bool()> cancelled)
      : config_(config), http_(config_, std::move(cancelled)) {}

  const ProviderConfig& config() const override { return config_; }
  bool has(IntensityKind kind) const override { return kind == IntensityKind::average; }
  Duration longest_range() const override { return Duration(10 * day_s); }

  IntensityFile range(const ZoneAsked& asked, Time from, Time to) override {
    const char* path = "/carbon-intensity/past-range";
    IntensityFile out = ask(asked, path,
                            {{"zone", asked.zone},
                             {"start", to_string(from)},
                             {"end", to_string(to)},
                             {"temporalGranularity", "hourly"},
                             {"emissionFactorType", config_.emissions}});
    keep_within(out, from, to);
    return out;
  }

  IntensityFile latest(const ZoneAsked& asked, Time) override {
    return ask(asked, "/carbon-intensity/latest",
               {{"zone", asked.zone}, {"temporalGranularity", "hourly"}, {"emissionFactorType", config_.emissions}});
  }

 private:
  IntensityFile ask(const ZoneAsked& asked, const std::string& path, const Query& query) {
    http_.begin();
    std::string body;
    try {
      body = http_.get(path, query, authorised());
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::not_found) throw with_nearest(e, asked.zone, zones());
      throw;
    }
    IntensityFile out =
        answer_of(body, http_.where(path), [&](auto where) { return read_electricity_maps(body, where, true); });
    check_zone(out, asked.zone, http_.where(path));
    if (out.emissions.empty()) out.emissions = config_.emissions;
    if (out.emissions != config_.emissions)
      throw world_error(fmt::format("{} emissions were asked for and {} ones came", config_.emissions, out.emissions),
                        http_.where(path));
    out.source = fmt::format("Electricity Maps API v3, {}", path.substr(1));
    return out;
  }

  HttpHeaders authorised() {
    if (key_.empty()) {
      key_ = config_.key();
      http_.hide(key_.reveal());
    }
    return {{"auth-token", key_.reveal()}};
  }

  // {"FR": {"zoneName": ...}, ...}; none when that cannot be had either.
  std::vector<std::string> zones() {
    try {
      return names_of_zones(http_.get("/zones", {}, authorised()));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled) throw;
      return {};
    }
  }

  const ProviderConfig config_;
  ProviderHttp http_;
  Secret key_;
};

}  // namespace

std::vector<std::string> names_of_zones(std::string_view body) {
  std::vector<std::string> out;
  const Json json = parse_json(body, "zones");
  for (const auto& [zone, about] : json.as_object()) out.push_back(zone);
  return out;
}

std::unique_ptr<IntensityProvider> make_electricity_maps(const ProviderConfig& config,
                                                         std::function<bool()> cancelled) {
  return std::make_unique<ElectricityMaps>(config, std::move(cancelled));
}

}  // namespace wattline::catalog
