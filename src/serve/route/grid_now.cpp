#include "serve/route/grid_now.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "catalog/intensity/now.h"
#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/options.h"
#include "kernel/table.h"
#include "kernel/units.h"

namespace wattline::serve {
namespace {

constexpr std::size_t largest_file = std::size_t{16} << 20;

std::unique_ptr<catalog::LiveIntensity> make_live(const GridConfig& c, std::shared_ptr<const catalog::Catalog> catalog,
                                                  std::function<bool()> cancelled) {
  using Live = GridConfig::Live;
  if (c.live == Live::none) return nullptr;
  std::shared_ptr<catalog::IntensityProvider> provider;
  if (c.live != Live::series) {
    const auto file = c.providers.empty() ? catalog::default_providers_file() : std::filesystem::path(c.providers);
    const auto name =
        c.live == Live::watttime ? catalog::ProviderName::watttime : catalog::ProviderName::electricity_maps;
    provider = catalog::make_provider(catalog::IntensityProviders::load(file, !c.providers.empty()).of(name),
                                      std::move(cancelled));
  }
  const auto dir = c.series.empty() ? catalog::default_intensity_dir() : std::filesystem::path(c.series);
  return std::make_unique<catalog::LiveIntensity>(std::move(catalog), catalog::IntensityStore(dir),
                                                  std::move(provider));
}

double grams_per_kwh(CarbonIntensity i) { return i.in(units::gCO2e_per_kWh); }

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

}  // namespace

double price_at(std::string_view csv, std::string_view where, Time now) {
  CsvOptions as_text;
  as_text.infer = false;
  const Table t = read_csv(csv, std::string(where), as_text);
  const auto &times = t.column("time").texts(), &prices = t.column("usd_per_kwh").texts();
  double price = NAN;
  Time before{}, last{};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::string at = fmt::format("{}:{}", where, i + 2);
    const Time time = parse_time(times[i]);
    if (i > 0 && time <= last) throw bad_input("the times are not in order", at, "sort the rows by time");
    before = i > 0 ? last : time;
    last = time;
    double value = NAN;
    const auto& p = prices[i];
    const auto [end, fault] = std::from_chars(p.data(), p.data() + p.size(), value);
    if (fault != std::errc() || end != p.data() + p.size() || !std::isfinite(value))
      throw bad_input(fmt::format("'{}' is no price", p), at, "a number of USD per kWh, for example 0.21");
    if (time <= now) price = value;
  }
  if (!times.empty() && now >= last + (last - before)) return NAN;
  return price;
}

GridNow::GridNow(const GridConfig& config, std::shared_ptr<const catalog::Catalog> catalog, meter::Roots roots,
                 std::function<void(std::string_view)> log)
    : config_(config),
      roots_(std::move(roots)),
      log_(std::move(log)),
      live_(make_live(config, std::move(catalog), [this] { return leaving_.load(); })) {
  price_ = config_.usd_per_kwh;
  if (!config_.prices.empty())
    price_at(InputFile::from_path(config_.prices).read(largest_file), config_.prices, Time::now());
}

GridNow::~GridNow() { leaving_ = true; }

const GridNow::Place& GridNow::place(const catalog::Grid& grid) {
  for (const auto& p : places_)
    if (p.name == grid.place) return p;
  Place& p = places_.emplace_back();
  p.name = grid.place;
  p.yearly = grams_per_kwh(grid.carbon_intensity.value());
  p.carbon_ = p.yearly;
  return p;
}

void GridNow::start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      refresh();
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, std::chrono::minutes(1), [] { return false; });
    }
  });
}

void GridNow::refresh() {
  refresh_places();
  refresh_price();
  refresh_battery();
}

void GridNow::refresh_places() {
  if (!live_) return;
  for (auto& p : places_) {
    if (p.name.empty()) continue;  // no place was given
    double carbon = p.yearly;
    std::string origin = "yearly", why;
    Duration age{0};
    try {
      const auto now = live_->at(p.name);
      carbon = grams_per_kwh(now.intensity.value());
      origin = to_string(now.origin);
      why = now.why;
      age = now.origin == catalog::NowOrigin::yearly ? Duration(0) : now.age;
    } catch (const Error& e) {
      why = e.message();
    }
    p.carbon_.store(carbon, std::memory_order_relaxed);
    std::unique_lock lock(mutex_);
    const bool told = p.why == why;
    p.origin = origin;
    p.why = why;
    p.age = age;
    lock.unlock();
    if (!told && !why.empty() && log_) log_(fmt::format("carbon intensity of {} ({}): {}", p.name, origin, why));
  }
}

void GridNow::refresh_price() {
  if (config_.prices.empty()) return;
  double price = config_.usd_per_kwh;
  try {
    const double now = price_at(InputFile::from_path(config_.prices).read(largest_file), config_.prices, Time::now());
    if (!std::isnan(now)) price = now;
  } catch (const Error& e) {
    if (log_) log_(fmt::format("prices of electricity: {}", e.what()));
  }
  price_.store(price, std::memory_order_relaxed);
}

void GridNow::refresh_battery() {
  double charge = NAN, count = 0;
  bool draws = false;
  std::error_code none;
  for (const auto& supply : std::filesystem::directory_iterator(roots_.sys / "class/power_supply", none)) {
    const auto text = [&](const char* file) {
      return trimmed(meter::read_small_file(supply.path() / file, 64).value_or(""));
    };
    // A mouse has a battery too; its scope says so.
    if (text("type") != "Battery" || text("scope") == "Device") continue;
    const std::string capacity = text("capacity");
    int percent = 0;
    const auto [end, fault] = std::from_chars(capacity.data(), capacity.data() + capacity.size(), percent);
    if (fault != std::errc() || percent < 0 || percent > 100) continue;
    charge = ((count > 0 ? charge * count : 0) + percent / 100.0) / (count + 1);
    ++count;
    draws |= text("status") == "Discharging";
  }
  battery_.store(charge, std::memory_order_relaxed);
  on_battery_.store(draws, std::memory_order_relaxed);
}

policy::World GridNow::world() const {
  policy::World w;
  if (home_) w.carbon_intensity = home_->carbon();
  w.electricity_price = usd_per_kwh();
  w.battery = battery_.load(std::memory_order_relaxed);
  w.on_battery = on_battery_.load(std::memory_order_relaxed);
  return w;
}

void GridNow::write_json(JsonWriter& w) const {
  const auto number = [&](const char* key, double v) {
    w.key(key);
    std::isnan(v) ? w.null() : w.value(v);
  };
  w.begin_object().key("places").begin_array();
  std::lock_guard lock(mutex_);
  for (const auto& p : places_) {
    w.begin_object().member("place", p.name).member("home", &p == home_).member("g_per_kwh", p.carbon());
    w.member("origin", p.origin).member("age_s", p.age.base()).member("why", p.why).end_object();
  }
  w.end_array();
  number("usd_per_kwh", usd_per_kwh());
  number("battery", battery_.load());
  w.member("on_battery", on_battery_.load()).end_object();
}

}  // namespace wattline::serve
