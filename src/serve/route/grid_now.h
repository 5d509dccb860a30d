// What routers know of the world beyond a request: the carbon intensity of each place at this moment, the price of
// electricity here, the battery. A thread of its own asks and reads files, once a minute; requests only load numbers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "catalog/catalog.h"
#include "kernel/json.h"
#include "meter/roots.h"
#include "policy/request.h"
#include "serve/route/grid_config.h"

namespace wattline::catalog {
class LiveIntensity;
struct Grid;
}  // namespace wattline::catalog

namespace wattline::serve {

class GridNow {
 public:
  class Place {
   public:
    double carbon() const { return carbon_.load(std::memory_order_relaxed); }  // gCO2e/kWh, average

   private:
    friend class GridNow;
    std::string name;
    double yearly = 0;
    std::atomic<double> carbon_{0};
    std::string origin = "yearly", why;  // under mutex_
    Duration age{0};
  };

  // Error: a file of providers or prices that cannot be read.
  GridNow(const GridConfig&, std::shared_ptr<const catalog::Catalog>, meter::Roots,
          std::function<void(std::string_view)> log);
  ~GridNow();

  // Before start(). The same name twice is the same place; `home` is where the gateway stands.
  const Place& place(const catalog::Grid&);
  void set_home(const Place& p) { home_ = &p; }
  void start();

  // As the router sees it; of the budget it says nothing.
  policy::World world() const;
  double usd_per_kwh() const { return price_.load(std::memory_order_relaxed); }
  void write_json(JsonWriter&) const;

  // What the thread does once a minute.
  void refresh();

 private:
  void refresh_places();
  void refresh_price();
  void refresh_battery();

  const GridConfig config_;
  const meter::Roots roots_;
  const std::function<void(std::string_view)> log_;
  std::atomic<bool> leaving_{false};  // nobody is asked any more
  std::unique_ptr<catalog::LiveIntensity> live_;
  std::deque<Place> places_;
  const Place* home_ = nullptr;
  std::atomic<double> price_{policy::World::unknown}, battery_{policy::World::unknown};
  std::atomic<bool> on_battery_{false};
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

// The price at a time, of rows (time, usd_per_kwh): that of the last row before it, for as long as the row before it was
// valid where it is the very last. NaN outside. Error: unreadable, or not in order of time.
double price_at(std::string_view csv, std::string_view where, Time);

}  // namespace wattline::serve
