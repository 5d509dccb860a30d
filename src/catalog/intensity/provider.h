// Providers of carbon intensities over HTTP: one interface, Electricity Maps (API v3) and WattTime (API v3).
//
//   Electricity Maps  GET {url}/carbon-intensity/past-range?zone&start&end, /carbon-intensity/latest?zone; header
//                     auth-token; at most 10 days of hours a question; averages
//   WattTime          GET {url}/login (basic) for a token of 30 minutes, then GET {url}/v3/historical?region&start&end&
//                     signal_type (at most 32 days), /v3/forecast?region&signal_type&horizon_hours=0; co2_moer is
//                     marginal, co2_aoer average (historical alone)
//
// Sources: app.electricitymaps.com/developer-hub/api/reference; docs.watttime.org and WattTime's own Python client.
//
// Errors: denied (key, plan), not_found (zone, with the nearest the provider has), world (network, time, a server
// that fails or says to wait too long, an answer that is none); cancelled. None holds a part of a key.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/intensity/intensity_readers.h"
#include "catalog/intensity/provider_config.h"

namespace wattline::catalog {

// What is asked for.
struct ZoneAsked {
  std::string zone;  // the provider's name
  IntensityKind kind = IntensityKind::average;
};

class IntensityProvider {
 public:
  virtual ~IntensityProvider() = default;
  virtual const ProviderConfig& config() const = 0;
  virtual bool has(IntensityKind) const = 0;
  virtual Duration longest_range() const = 0;  // of one question
  // The values that begin in [from, to), by time; none where the provider has none.
  virtual IntensityFile range(const ZoneAsked&, Time from, Time to) = 0;
  // The newest value there is, or that of the moment by a forecast, which is an estimate.
  virtual IntensityFile latest(const ZoneAsked&, Time now) = 0;
};

// `cancelled` may be empty. Keys are read at the first question.
std::unique_ptr<IntensityProvider> make_provider(const ProviderConfig&, std::function<bool()> cancelled = {});

// The provider's zone of a place: by configuration, else by the place's code where the provider names its zones so.
// `kept` becomes the name the series is kept under: the cloud region's own where it is configured, else its place's.
// Error(not_found) with what to write where there is none.
std::string zone_of(const ProviderConfig&, std::string_view place, const Catalog&, std::string* kept = nullptr);

}  // namespace wattline::catalog
