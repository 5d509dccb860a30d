#include "catalog/intensity/now.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/units.h"
#include "kernel/write_whole.h"

namespace wattline::catalog {
namespace {

constexpr std::string_view schema = "wattline.intensity_now.v1";

Estimate<CarbonIntensity> declared(double grams, const std::string& source) {
  auto e =
      Estimate<CarbonIntensity>::with_sd(grams * units::gCO2e_per_kWh, CarbonIntensity(0), Method::declared, source);
  if (grams < 0) e.raw().set_signed();
  return e;
}

// The value of the moment; the last before it; the first after it.
const IntensitySample* nearest_sample(const std::vector<IntensitySample>& samples, Time now) {
  const IntensitySample* out = nullptr;
  for (const auto& s : samples)
    if (!out || s.begin <= now) out = &s;
  return out;
}

}  // namespace

std::string_view to_string(NowOrigin o) {
  switch (o) {
    case NowOrigin::asked: return "asked";
    case NowOrigin::remembered: return "remembered";
    case NowOrigin::series: return "series";
    case NowOrigin::yearly: break;
  }
  return "yearly";
}

LiveIntensity::LiveIntensity(std::shared_ptr<const Catalog> catalog, IntensityStore store,
                             std::shared_ptr<IntensityProvider> provider, Limits limits, std::function<Time()> clock)
    : catalog_(std::move(catalog)),
      store_(std::move(store)),
      provider_(std::move(provider)),
      limits_(limits),
      clock_(std::move(clock)) {}

IntensityNow LiveIntensity::at(std::string_view place, IntensityKind kind) { return answer(place, kind, true); }
IntensityNow LiveIntensity::known(std::string_view place, IntensityKind kind) { return answer(place, kind, false); }

IntensityNow LiveIntensity::answer(std::string_view place, IntensityKind kind, bool may_ask) {
  const Time begin = clock_();
  IntensityName name{intensity_place(place, *catalog_), kind, IntensityBasis::location};
  if (!provider_) return fall_back(place, kind, begin, "no provider is asked");
  if (!provider_->has(kind))
    return fall_back(place, kind, begin,
                     fmt::format("{} has no {} intensities", title_of(provider_->config().name), to_string(kind)));
  ZoneAsked asked{"", kind};
  try {
    asked.zone = zone_of(provider_->config(), place, *catalog_, &name.place);
  } catch (const Error& e) {
    return fall_back(place, kind, begin, e.message());
  }

  std::unique_lock lock(mutex_);
  Entry& entry = entries_[to_string(name)];
  const auto is_fresh = [&] { return entry.value && fresh(*entry.value, clock_()); };
  // Another process may have asked meanwhile.
  if (!std::exchange(entry.looked_on_disk, true) || (may_ask && !is_fresh()))
    if (auto there = read(name); there && (!entry.value || there->fetched > entry.value->fetched)) entry.value = there;
  bool did_ask = false;
  std::string why;
  if (!is_fresh()) {
    const bool pausing = !entry.failure.empty() && clock_() - entry.failed < limits_.pause;
    if (may_ask && !asking_ && !pausing) {
      ask(lock, entry, name, asked);
      did_ask = entry.failure.empty();
    }
    if (!is_fresh() && !did_ask)
      why = !entry.failure.empty() ? entry.failure : asking_ ? "the provider is being asked" : "nobody was asked";
  }
  const Time now = clock_();
  if (!entry.value || (!why.empty() && now - entry.value->sample.begin > limits_.oldest)) {
    if (entry.value) why += fmt::format("; the last value is of {}", to_string(entry.value->sample.begin));
    lock.unlock();
    return fall_back(place, kind, now, why);
  }
  const Value& v = *entry.value;
  return {declared(v.sample.grams, v.source),
          name,
          did_ask ? NowOrigin::asked : NowOrigin::remembered,
          v.sample.begin,
          v.fetched,
          std::max(Duration(0), now - v.sample.begin),
          v.sample.estimated,
          v.source,
          v.licence,
          v.zone,
          why};
}

// Without the lock while it asks.
void LiveIntensity::ask(std::unique_lock<std::mutex>& lock, Entry& entry, const IntensityName& name,
                        const ZoneAsked& asked) {
  asking_ = true;
  lock.unlock();
  std::optional<Value> got;
  std::string failure;
  try {
    const IntensityFile file = provider_->latest(asked, clock_());
    const IntensitySample* s = nearest_sample(file.samples, clock_());
    if (!s) throw world_error(fmt::format("{} has no value of now", title_of(provider_->config().name)));
    const ProviderConfig& c = provider_->config();
    got = Value{*s, file.source, c.licence, asked.zone, std::string(to_string(c.name)), clock_()};
    write(name, *got);
  } catch (const Error& e) {
    failure = e.what();
    if (e.kind() == ErrorKind::cancelled) failure = "cancelled";
  }
  lock.lock();
  asking_ = false;
  entry.failure = failure;
  entry.failed = clock_();
  if (got) entry.value = std::move(got);
}

LiveIntensity::Stored LiveIntensity::stored(std::string_view place, IntensityKind kind, Time now) {
  constexpr Duration known_for{60};
  const std::lock_guard lock(mutex_);
  Stored& s = stored_[fmt::format("{} {}", intensity_place(place, *catalog_), to_string(kind))];
  const bool known = s.series || !s.why_none.empty();
  if (known && s.read <= now && now - s.read < known_for) return s;
  s.read = now;
  s.series = store_.find_for(place, kind, IntensityBasis::location, *catalog_);
  s.why_none = s.series ? "" : store_.why_none(place, kind, IntensityBasis::location, *catalog_);
  return s;
}

IntensityNow LiveIntensity::fall_back(std::string_view place, IntensityKind kind, Time now, std::string why) {
  const auto [read, series, why_none] = stored(place, kind, now);
  std::string reason = series ? why_uncovered(*series, now) : why_none;
  if (reason.empty()) {
    const auto next = std::upper_bound(series->samples.begin(), series->samples.end(), now,
                                       [](Time t, const IntensitySample& x) { return t < x.begin; });
    const IntensitySample& s = *std::prev(next);
    const IntensityImport& i = series->imports[s.import];
    return {declared(s.grams, i.source),
            series->name,
            NowOrigin::series,
            s.begin,
            i.fetched,
            now - s.begin,
            s.estimated,
            i.source,
            i.licence,
            i.zone,
            std::move(why)};
  }
  why += (why.empty() ? "" : "; ") + reason;
  if (kind == IntensityKind::marginal)
    throw Error(ErrorKind::not_found, why, "place",
                "no yearly marginal intensity is known, and an average never stands for one");
  PlaceOptions options;
  options.place = std::string(place);
  const Grid grid = resolve(options, *catalog_);
  return {grid.carbon_intensity,
          {grid.place, kind, IntensityBasis::location},
          NowOrigin::yearly,
          Time{},
          Time{},
          now - Time{},
          true,
          grid.factors.front().source,
          grid.factors.front().licence,
          "",
          std::move(why)};
}

bool LiveIntensity::fresh(const Value& v, Time now) const {
  // A clock that was set back makes nothing fresh for ever.
  return v.fetched <= now && now - v.fetched < provider_->config().fresh_for;
}

std::filesystem::path LiveIntensity::file_of(const IntensityName& name) const {
  std::string place = name.place;
  std::replace(place.begin(), place.end(), '/', '_');
  return store_.dir() / fmt::format("{}.{}.now.json", place, to_string(name.kind));
}

// A file that is broken, of another provider or of another zone is none.
std::optional<LiveIntensity::Value> LiveIntensity::read(const IntensityName& name) const {
  const auto file = file_of(name);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::nullopt;
  try {
    const Json json = parse_json(InputFile::from_path(file.string()).read(1 << 16), file.string());
    Value v;
    v.provider = json.at("provider").as_string();
    v.zone = json.at("zone").as_string();
    if (json.at("schema").as_string() != schema || v.provider != to_string(provider_->config().name) ||
        json.at("place").as_string() != name.place || v.zone != zone_of(provider_->config(), name.place, *catalog_))
      return std::nullopt;
    v.sample.begin = parse_time(json.at("time").as_string());
    v.sample.grams = json.at("value").as_number();
    v.sample.estimated = json.at("estimated").as_bool();
    v.source = json.at("source").as_string();
    v.licence = json.at("licence").as_string();
    v.fetched = parse_time(json.at("fetched").as_string());
    return v;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// What cannot be kept is had all the same.
void LiveIntensity::write(const IntensityName& name, const Value& v) const {
  JsonWriter w;
  w.begin_object().member("schema", schema).member("place", name.place).member("kind", to_string(name.kind));
  w.member("provider", v.provider).member("zone", v.zone).member("time", to_string(v.sample.begin, 9));
  w.member("value", v.sample.grams).member("unit", "gCO2e/kWh").member("estimated", v.sample.estimated);
  w.member("source", v.source).member("licence", v.licence).member("fetched", to_string(v.fetched, 9)).end_object();
  try {
    std::error_code ignored;
    std::filesystem::create_directories(store_.dir(), ignored);
    write_whole(file_of(name), w.take() + "\n");
  } catch (const Error&) {}
}

}  // namespace wattline::catalog
