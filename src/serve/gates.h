// How many requests are under way, of a tenant and of models that share a queue; the others wait their
// turn fairly, for so long and so many, or are refused at once.
//
// Thread-safe; one short lock. Who waits is told by a call from the thread of whoever made room.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "serve/fair_queue.h"
#include "serve/governance_config.h"

namespace wattline::serve {

// A tenant as the gates see it. Its numbers are changed under the gates' lock.
struct GateFlow {
  double weight = 1;
  std::atomic<int> most{0};  // under way at once; 0: any number
  int under_way = 0, waiting = 0;
};

class Gates {
 public:
  explicit Gates(const std::vector<QueueConfig>& queues, std::int64_t waiting, Duration longest_wait);

  // Which queue a model's requests stand in: the first that names it, or the one of all others.
  std::size_t index_of(std::string_view model) const;
  // Whether requests of this queue and tenant are counted at all. Takes no lock.
  bool counts(std::size_t gate, const GateFlow& flow) const {
    return gates_[gate].concurrent > 0 || flow.most.load(std::memory_order_relaxed) > 0;
  }

  class Waiter {
   public:
    enum class State { waiting, in, pushed_out, left };
    // Calls `wake` once it is decided, at once where it is already. From any thread.
    void when_decided(std::function<void()> wake);

   private:
    friend class Gates;
    std::mutex mutex_;  // of wake_ and decided_
    std::function<void()> wake_;
    bool decided_ = false;
    State state_ = State::waiting;  // guarded by the gates' lock
    GateFlow* flow_ = nullptr;
    std::size_t gate_ = 0;
  };

  enum class Entry { in, waits, full };
  // `cost` in tokens, or anything that is in proportion to the work. Where it waits, `waiter` is set.
  Entry enter(std::size_t gate, GateFlow&, double cost, std::shared_ptr<Waiter>& waiter);
  // Ends the wait: `in` when it has its turn, else it waits no longer.
  Waiter::State end_wait(const std::shared_ptr<Waiter>&);
  // Of one that was in: it took so long.
  void leave(std::size_t gate, GateFlow&, double seconds);
  // Other numbers for a tenant; those who may go now do.
  void set_limits(GateFlow&, double weight, int most);

  Duration longest_wait(std::size_t gate) const { return gates_[gate].longest_wait; }
  // A guess in seconds, 1 to 60, of when it is worth to come again.
  int retry_after_s(std::size_t gate) const;

  struct Figures {
    std::string name;  // of the first pattern; "other models"
    std::int64_t under_way = 0, waiting = 0, most_under_way = 0, most_waiting = 0;
  };
  std::vector<Figures> figures() const;

 private:
  using WaiterPtr = std::shared_ptr<Waiter>;
  struct Gate {
    std::string name;
    std::vector<std::string> models;
    std::int64_t concurrent = 0;  // 0: any number
    std::int64_t waiting = 0;
    Duration longest_wait{10};
    std::int64_t under_way = 0;
    double mean_seconds = 1;
    FairQueue<WaiterPtr> queue;
  };
  static bool room_in(const Gate& g) { return g.concurrent == 0 || g.under_way < g.concurrent; }
  static bool room_in(const GateFlow& f) { return f.most == 0 || f.under_way < f.most; }
  void let_in(std::vector<WaiterPtr>& decided);
  static void tell(const std::vector<WaiterPtr>& decided);

  mutable std::mutex mutex_;
  std::vector<Gate> gates_;  // the last is of all other models
};

}  // namespace wattline::serve
