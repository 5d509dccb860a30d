// Deadlines of many connections without a timer for each: one sweep, a few times a second, looks at
// all. Belongs to one thread.
#pragma once

#include <cstdint>
#include <limits>

namespace wattline::serve {

class Deadlines;

// What has a deadline. It is in its list from construction to destruction.
class Watched {
 public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  explicit Watched(Deadlines& list);
  virtual ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // On monotonic_ns(). Setting it anew clears `expired`.
  void set_deadline(std::int64_t at_ns) {
    deadline_ns_ = at_ns;
    expired_ = false;
  }
  bool expired() const { return expired_; }

 protected:
  virtual void on_deadline() = 0;  // must not destroy any Watched
  virtual void on_sweep() {}  // at every sweep, likewise

 private:
  friend class Deadlines;
  Deadlines& list_;
  Watched *previous_ = nullptr, *next_ = nullptr;
  std::int64_t deadline_ns_ = never;
  bool expired_ = false;
};

class Deadlines {
 public:
  void sweep(std::int64_t now_ns) {
    for (Watched* w = first_; w; w = w->next_) {
      w->on_sweep();
      if (w->deadline_ns_ > now_ns) continue;
      w->deadline_ns_ = Watched::never;
      w->expired_ = true;
      w->on_deadline();
    }
  }
  bool empty() const { return !first_; }
  // Ends everything at once, as if its time were over.
  void expire_all() { sweep(Watched::never); }
  template <class F>
  void for_each(F&& f) {
    for (Watched* w = first_; w; w = w->next_) f(*w);
  }

 private:
  friend class Watched;
  Watched* first_ = nullptr;
};

inline Watched::Watched(Deadlines& list) : list_(list), next_(list.first_) {
  if (next_) next_->previous_ = this;
  list.first_ = this;
}
inline Watched::~Watched() {
  (previous_ ? previous_->next_ : list_.first_) = next_;
  if (next_) next_->previous_ = previous_;
}

}  // namespace wattline::serve
