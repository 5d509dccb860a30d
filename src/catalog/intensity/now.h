// The carbon intensity at a place now, with its age and origin: for whoever decides by it (a router), again and again.
//
// In this order, the first that is known: a value asked for less than the provider's fresh_for ago (in memory, or on
// disk by another process); the provider's, asked within its deadline; the last value that was had, as long as it is no
// older than `oldest`; the hour of the folder of series; the place's yearly average. `why` says why it is none of those
// before. A marginal intensity has no yearly figure, and none of an average stands for it: Error(not_found).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/intensity/intensity_store.h"
#include "catalog/intensity/provider.h"

namespace wattline::catalog {

enum class NowOrigin { asked, remembered, series, yearly };
std::string_view to_string(NowOrigin);

struct IntensityNow {
  Estimate<CarbonIntensity> intensity;
  IntensityName name;
  NowOrigin origin = NowOrigin::yearly;
  Time of;  // when what it is of began; of a yearly figure: the epoch
  Time fetched;  // when it was had; of a yearly figure: the epoch
  Duration age{0};  // since `of`
  bool estimated = false;  // by the provider's own word, or a forecast
  std::string source, licence, zone;
  std::string why;  // "" when asked, or remembered and fresh
};

// Thread-safe. `provider` may be null: nobody is asked.
class LiveIntensity {
 public:
  struct Limits {
    Duration oldest{2 * 3600.0};  // of a value that is remembered
    Duration pause{60};  // after a failure nobody is asked for so long
  };
  LiveIntensity(std::shared_ptr<const Catalog> catalog, IntensityStore store,
                std::shared_ptr<IntensityProvider> provider, Limits limits, std::function<Time()> clock);
  LiveIntensity(std::shared_ptr<const Catalog> catalog, IntensityStore store,
                std::shared_ptr<IntensityProvider> provider)
      : LiveIntensity(std::move(catalog), std::move(store), std::move(provider), Limits{}, &Time::now) {}

  // Returns within the provider's deadline. While one thread asks, others get what is known without.
  // Error for an unknown place, and where nothing is known.
  IntensityNow at(std::string_view place, IntensityKind kind = IntensityKind::average);
  // The same, asking nobody: for where nothing may wait.
  IntensityNow known(std::string_view place, IntensityKind kind = IntensityKind::average);

 private:
  struct Value {
    IntensitySample sample;
    std::string source, licence, zone, provider;
    Time fetched;
  };
  struct Entry {
    std::optional<Value> value;
    std::string failure;
    Time failed;
    bool looked_on_disk = false;
  };
  struct Stored {
    Time read;
    std::shared_ptr<const IntensitySeries> series;
    std::string why_none;
  };
  IntensityNow answer(std::string_view place, IntensityKind, bool may_ask);
  void ask(std::unique_lock<std::mutex>&, Entry&, const IntensityName&, const ZoneAsked&);
  IntensityNow fall_back(std::string_view place, IntensityKind, Time now, std::string why);
  Stored stored(std::string_view place, IntensityKind, Time now);
  std::filesystem::path file_of(const IntensityName&) const;
  std::optional<Value> read(const IntensityName&) const;
  void write(const IntensityName&, const Value&) const;
  bool fresh(const Value&, Time now) const;

  const std::shared_ptr<const Catalog> catalog_;
  const IntensityStore store_;
  const std::shared_ptr<IntensityProvider> provider_;
  const Limits limits_;
  const std::function<Time()> clock_;
  std::mutex mutex_;  // of all below
  bool asking_ = false;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Stored> stored_;  // looked at again after a minute
};

}  // namespace wattline::catalog
