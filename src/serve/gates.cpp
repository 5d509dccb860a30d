#include "serve/gates.h"

#include <algorithm>
#include <cmath>

#include "serve/api_key.h"

namespace wattline::serve {

Gates::Gates(const std::vector<QueueConfig>& queues, std::int64_t waiting, Duration longest_wait)
    : gates_(queues.size() + 1) {
  for (std::size_t i = 0; i < queues.size(); ++i) {
    gates_[i].name = queues[i].models.empty() ? "*" : queues[i].models.front();
    gates_[i].models = queues[i].models.empty() ? std::vector<std::string>{"*"} : queues[i].models;
    gates_[i].concurrent = queues[i].concurrent;
    gates_[i].waiting = queues[i].waiting;
    gates_[i].longest_wait = queues[i].longest_wait;
  }
  gates_.back().name = "other models";
  gates_.back().waiting = waiting;
  gates_.back().longest_wait = longest_wait;
}

std::size_t Gates::index_of(std::string_view model) const {
  for (std::size_t i = 0; i + 1 < gates_.size(); ++i)
    for (const auto& p : gates_[i].models)
      if (matches_pattern(p, model)) return i;
  return gates_.size() - 1;
}

void Gates::Waiter::when_decided(std::function<void()> wake) {
  {
    std::lock_guard lock(mutex_);
    if (!decided_) {
      wake_ = std::move(wake);
      return;
    }
  }
  wake();
}

void Gates::tell(const std::vector<WaiterPtr>& decided) {
  for (const auto& w : decided) {
    std::function<void()> wake;
    {
      std::lock_guard lock(w->mutex_);
      w->decided_ = true;
      wake = std::move(w->wake_);
    }
    if (wake) wake();
  }
}

void Gates::let_in(std::vector<WaiterPtr>& decided) {
  for (auto& g : gates_) {
    while (g.queue.size() > 0 && room_in(g)) {
      auto next = g.queue.pop([](const void* flow) { return room_in(*static_cast<const GateFlow*>(flow)); });
      if (!next) break;
      Waiter& w = **next;
      w.state_ = Waiter::State::in;
      ++g.under_way;
      ++w.flow_->under_way;
      --w.flow_->waiting;
      decided.push_back(std::move(*next));
    }
  }
}

Gates::Entry Gates::enter(std::size_t gate, GateFlow& flow, double cost, WaiterPtr& waiter) {
  std::vector<WaiterPtr> decided;
  {
    std::lock_guard lock(mutex_);
    Gate& g = gates_[gate];
    cost = std::max(cost, 1.0);
    // Who may go now but came later does not pass those of its own that wait.
    if (room_in(g) && room_in(flow) && g.queue.size(&flow) == 0) {
      g.queue.pass(&flow, flow.weight, cost);
      ++g.under_way;
      ++flow.under_way;
      return Entry::in;
    }
    if (static_cast<std::int64_t>(g.queue.size()) >= g.waiting) {
      auto out = g.waiting > 0 ? g.queue.push_out(&flow, flow.weight) : std::nullopt;
      if (!out) return Entry::full;
      (*out)->state_ = Waiter::State::pushed_out;
      --(*out)->flow_->waiting;
      decided.push_back(std::move(*out));
    }
    waiter = std::make_shared<Waiter>();
    waiter->flow_ = &flow;
    waiter->gate_ = gate;
    ++flow.waiting;
    g.queue.push(&flow, flow.weight, cost, waiter);
  }
  tell(decided);
  return Entry::waits;
}

Gates::Waiter::State Gates::end_wait(const WaiterPtr& w) {
  std::lock_guard lock(mutex_);
  if (w->state_ == Waiter::State::waiting) {
    gates_[w->gate_].queue.remove(w->flow_, w);
    --w->flow_->waiting;
    w->state_ = Waiter::State::left;
  }
  return w->state_;
}

void Gates::leave(std::size_t gate, GateFlow& flow, double seconds) {
  std::vector<WaiterPtr> decided;
  {
    std::lock_guard lock(mutex_);
    Gate& g = gates_[gate];
    --g.under_way;
    --flow.under_way;
    g.mean_seconds += 0.1 * (seconds - g.mean_seconds);
    let_in(decided);
  }
  tell(decided);
}

void Gates::set_limits(GateFlow& flow, double weight, int most) {
  std::vector<WaiterPtr> decided;
  {
    std::lock_guard lock(mutex_);
    flow.weight = weight;
    flow.most = most;
    let_in(decided);
  }
  tell(decided);
}

int Gates::retry_after_s(std::size_t gate) const {
  std::lock_guard lock(mutex_);
  const Gate& g = gates_[gate];
  const double served_at_once =
      static_cast<double>(std::max<std::int64_t>(1, g.concurrent > 0 ? g.concurrent : g.under_way));
  return static_cast<int>(
      std::clamp(std::ceil(g.mean_seconds * static_cast<double>(g.queue.size() + 1) / served_at_once), 1.0, 60.0));
}

std::vector<Gates::Figures> Gates::figures() const {
  std::lock_guard lock(mutex_);
  std::vector<Figures> out;
  for (const auto& g : gates_)
    out.push_back({g.name, g.under_way, static_cast<std::int64_t>(g.queue.size()), g.concurrent, g.waiting});
  return out;
}

}  // namespace wattline::serve
