// Who goes next when several share what is scarce: start-time fair queueing with several requests served
// at once. Each flow (a tenant) gets service in proportion to its weight while it waits, whatever the
// others ask for, and what one does not use the others may.
//
// A request of cost c of flow f that arrives at virtual time v gets the start tag S = max(v, F_f) and the
// finish tag F_f = S + c / weight_f; the smallest start tag goes first and v becomes it. Sources: P. Goyal,
// H. Vin, H. Cheng, "Start-time Fair Queueing", SIGCOMM 1996, equations 4 to 6; for several at once SFQ(D):
// W. Jin, J. Chase, J. Kaur, SIGMETRICS 2004. A full queue drops the newest of the flow that waits with
// most for its weight, so that who floods it pushes out itself (P. McKenney, INFOCOM 1990).
//
// Bounded by its user; not thread-safe. Flows are remembered, so there must be a fixed number of them;
// taking the next is linear in it.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

namespace wattline::serve {

template <class Item>
class FairQueue {
 public:
  using Flow = const void*;

  std::size_t size() const { return size_; }
  std::size_t size(Flow flow) const {
    const auto it = flows_.find(flow);
    return it == flows_.end() ? 0 : it->second.waiting.size();
  }
  double virtual_time() const { return now_; }

  void push(Flow flow, double weight, double cost, Item item) {
    State& s = flows_[flow];
    s.weight = weight;
    const double start = std::max(now_, s.finish);
    s.finish = start + cost / weight;
    s.waiting.push_back({start, std::move(item)});
    ++size_;
  }
  // One that needs not wait: it counts against its flow all the same.
  void pass(Flow flow, double weight, double cost) {
    State& s = flows_[flow];
    s.weight = weight;
    now_ = std::max(now_, s.finish);
    s.finish = now_ + cost / weight;
  }
  // The next, of those flows that may go now.
  template <class MayGo>
  std::optional<Item> pop(MayGo&& may_go) {
    auto best = flows_.end();
    for (auto it = flows_.begin(); it != flows_.end(); ++it)
      if (!it->second.waiting.empty() && may_go(it->first) &&
          (best == flows_.end() || it->second.waiting.front().start < best->second.waiting.front().start))
        best = it;
    if (best == flows_.end()) return std::nullopt;
    auto& waiting = best->second.waiting;
    now_ = std::max(now_, waiting.front().start);
    std::optional<Item> out(std::move(waiting.front().item));
    waiting.pop_front();
    --size_;
    return out;
  }
  // Takes one out that will not wait any longer. False: it is not there.
  bool remove(Flow flow, const Item& item) {
    const auto f = flows_.find(flow);
    if (f == flows_.end()) return false;
    auto& waiting = f->second.waiting;
    const auto it = std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& w) { return w.item == item; });
    if (it == waiting.end()) return false;
    if (std::next(it) == waiting.end()) f->second.finish = it->start;
    waiting.erase(it);
    --size_;
    return true;
  }
  // Makes room for one more of `flow`: the newest of the flow with most waiting for its weight. Nothing
  // when that would be `flow` itself.
  std::optional<Item> push_out(Flow flow, double weight) {
    const double own = static_cast<double>(size(flow) + 1) / weight;
    State* worst = nullptr;
    double most = own;
    for (auto& [key, s] : flows_) {
      const double held = static_cast<double>(s.waiting.size()) / s.weight;
      if (key == flow || held <= most) continue;
      most = held;
      worst = &s;
    }
    if (!worst) return std::nullopt;
    worst->finish = worst->waiting.back().start;
    std::optional<Item> out(std::move(worst->waiting.back().item));
    worst->waiting.pop_back();
    --size_;
    return out;
  }

 private:
  struct Waiting {
    double start;
    Item item;
  };
  struct State {
    double weight = 1, finish = 0;
    std::deque<Waiting> waiting;
  };
  double now_ = 0;
  std::size_t size_ = 0;
  std::unordered_map<Flow, State> flows_;
};

}  // namespace wattline::serve
