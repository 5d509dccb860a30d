// What was learned of each model in each domain. Cells never move and hold atomics, so choosing reads them without
// waiting; only a new key copies the map, under the writer's lock. Bounded: beyond `limit` keys further ones share the
// cell of no domain.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::policy {

template <class Cell>
class Experience {
 public:
  static constexpr std::size_t limit = 4096;

  class View {
   public:
    // nullptr: nothing learned.
    Cell* find(std::string_view model, std::string_view domain) const {
      const auto found = map_->find(std::pair(model, domain));
      return found == map_->end() ? nullptr : found->second.get();
    }

   private:
    friend Experience;
    std::shared_ptr<const typename Experience::Map> map_;
  };

  View view() const {
    View v;
    v.map_ = map_.load();
    return v;
  }

  // One at a time; `change` gets the cell, made anew if need be.
  void learn(std::string_view model, std::string_view domain, const std::function<void(Cell&)>& change) {
    const std::lock_guard hold(writing_);
    const auto now = map_.load();
    auto found = now->find(std::pair(model, domain));
    if (found == now->end() && now->size() >= limit) found = now->find(std::pair(model, std::string_view()));
    if (found != now->end()) return change(*found->second);
    if (now->size() >= 2 * limit) return;
    auto more = std::make_shared<Map>(*now);
    auto& cell = (*more)[{std::string(model), now->size() < limit ? std::string(domain) : std::string()}];
    cell = std::make_shared<Cell>();
    change(*cell);
    map_.store(std::move(more));
  }

  // [{"model":..., "domain":..., ...what `Cell::write` adds}]
  Json json() const {
    Json::Array out;
    const auto now = map_.load();
    for (const auto& [key, cell] : *now) {
      Json& row = out.emplace_back(Json::Object());
      row.set("model", key.first);
      row.set("domain", key.second);
      cell->write(row);
    }
    return out;
  }
  void restore(const Json& rows) {
    auto read = std::make_shared<Map>();
    for (const auto& row : rows.as_array()) {
      if (read->size() >= 2 * limit) throw bad_input("a state of more models and domains than are kept");
      auto cell = std::make_shared<Cell>();
      cell->read(row);
      (*read)[{row.at("model").as_string(), row.at("domain").as_string()}] = std::move(cell);
    }
    const std::lock_guard hold(writing_);
    map_.store(std::move(read));
  }

 private:
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      const int model = std::string_view(a.first).compare(std::string_view(b.first));
      return model < 0 || (model == 0 && std::string_view(a.second) < std::string_view(b.second));
    }
  };
  using Map = std::map<std::pair<std::string, std::string>, std::shared_ptr<Cell>, Less>;

  std::atomic<std::shared_ptr<const Map>> map_ = std::make_shared<const Map>();
  std::mutex writing_;
};

// A number of a cell: written by one at a time, read by many.
class Tally {
 public:
  operator double() const { return value_.load(std::memory_order_relaxed); }
  void set(double v) { value_.store(v, std::memory_order_relaxed); }
  void add(double v) { set(*this + v); }
  // Reads a member that must be finite and not below 0.
  void read(const Json& row, std::string_view key);

 private:
  std::atomic<double> value_ = 0;
};

}  // namespace wattline::policy
