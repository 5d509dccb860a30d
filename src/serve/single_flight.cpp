#include "serve/single_flight.h"

#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace wattline::serve {

struct SingleFlight::Table {
  struct Shard {
    std::mutex mutex;
    std::unordered_map<CacheKey, std::shared_ptr<Flight>, CacheKeyHash> flights;
  };
  std::array<Shard, 16> shards;
  Shard& of(const CacheKey& key) { return shards[key.bytes[31] % shards.size()]; }
};

// Locks are taken in the order table, flight.
class Flight {
 public:
  std::shared_ptr<Flight> next;  // the run after this one, which failed; of the table's lock
  Flight(std::shared_ptr<SingleFlight::Table> table, const CacheKey& key, bool stream)
      : table_(std::move(table)), key_(key), stream_(stream) {}

  // 0: it is over, or nobody is left in it.
  std::uint64_t add(std::function<void()> wake) {
    std::lock_guard lock(mutex_);
    if (over_ || deserted_) return 0;
    waiting_.push_back({++last_id_, std::move(wake)});
    return last_id_;
  }
  void remove(std::uint64_t id) {
    std::function<void()> told;
    {
      std::lock_guard lock(mutex_);
      std::erase_if(waiting_, [&](const Waiter& w) { return w.id == id; });
      if (waiting_.empty() && leader_gone_ && !over_ && !deserted_) {
        deserted_ = true;
        told = std::move(on_deserted_);
      }
    }
    if (told) told();
  }
  void append(std::string_view events) {
    std::lock_guard lock(mutex_);
    text_ += events;
    wake_all();
  }
  void end(StoredReplyPtr reply, ApiError error) {
    {
      auto& shard = table_->of(key_);
      std::lock_guard lock(shard.mutex);
      const auto it = shard.flights.find(key_);
      if (it != shard.flights.end() && it->second.get() == this) shard.flights.erase(it);
    }
    std::lock_guard lock(mutex_);
    if (over_) return;
    over_ = true;
    on_deserted_ = nullptr;
    reply_ = std::move(reply);
    error_ = std::move(error);
    wake_all();
  }
  bool leader_left(std::function<void()> on_deserted) {
    std::lock_guard lock(mutex_);
    leader_gone_ = true;
    if (waiting_.empty()) {
      deserted_ = true;
      return false;
    }
    on_deserted_ = std::move(on_deserted);
    return true;
  }
  std::size_t followers() const {
    std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  bool over() const {
    std::lock_guard lock(mutex_);
    return over_;
  }
  FlightView look(std::size_t& taken, std::string& events) const {
    std::lock_guard lock(mutex_);
    FlightView out;
    out.is_stream = stream_;
    const bool more = taken < text_.size();
    events.append(text_, taken, std::string::npos);
    taken = text_.size();
    if (!over_) {
      out.state = more ? FlightView::flowing : FlightView::waiting;
    } else if (reply_) {
      out.state = FlightView::complete;
      out.reply = reply_;
    } else {
      out.state = FlightView::failed;
      out.error = error_;
    }
    return out;
  }

 private:
  void wake_all() {
    for (const auto& w : waiting_) w.wake();
  }

  struct Waiter {
    std::uint64_t id;
    std::function<void()> wake;
  };
  const std::shared_ptr<SingleFlight::Table> table_;
  const CacheKey key_;
  const bool stream_;
  mutable std::mutex mutex_;
  std::vector<Waiter> waiting_;
  std::uint64_t last_id_ = 0;
  std::string text_;
  bool over_ = false, leader_gone_ = false, deserted_ = false;
  std::function<void()> on_deserted_;
  StoredReplyPtr reply_;
  ApiError error_;
};

SingleFlight::SingleFlight() : table_(std::make_shared<Table>()) {}
SingleFlight::~SingleFlight() = default;

SingleFlight::Joined SingleFlight::join(const CacheKey& key, bool stream, std::function<void()> wake,
                                        const Follow* after) {
  auto& shard = table_->of(key);
  std::lock_guard lock(shard.mutex);
  std::shared_ptr<Flight> none;
  auto& next = after && after->flight_ ? after->flight_->next : none;
  if (next) {
    const auto id = next->add(wake);
    if (id || next->over()) return {Lead(), Follow(next, id)};
  }
  auto& flight = shard.flights[key];
  const auto id = flight ? flight->add(std::move(wake)) : 0;
  if (!id) flight = std::make_shared<Flight>(table_, key, stream);
  next = flight;
  if (id) return {Lead(), Follow(flight, id)};
  return {Lead(flight), Follow()};
}

std::size_t SingleFlight::flights() const {
  std::size_t n = 0;
  for (auto& s : table_->shards) {
    std::lock_guard lock(s.mutex);
    n += s.flights.size();
  }
  return n;
}

std::size_t SingleFlight::followers() const {
  std::size_t n = 0;
  for (auto& s : table_->shards) {
    std::lock_guard lock(s.mutex);
    for (const auto& [key, flight] : s.flights) n += flight->followers();
  }
  return n;
}

SingleFlight::Lead::~Lead() {
  if (flight_)
    flight_->end(nullptr, api_error(503, "the request that asked for the same was ended", "server_error", {},
                                    std::string(flight_ended), 1));
}
SingleFlight::Lead& SingleFlight::Lead::operator=(Lead&& o) noexcept {
  flight_.swap(o.flight_);
  return *this;
}
SingleFlight::Follow& SingleFlight::Follow::operator=(Follow&& o) noexcept {
  flight_.swap(o.flight_);
  std::swap(id_, o.id_);
  std::swap(taken_, o.taken_);
  return *this;
}
void SingleFlight::Lead::append(std::string_view events) { flight_->append(events); }
void SingleFlight::Lead::complete(StoredReplyPtr reply) { flight_->end(std::move(reply), {}); }
void SingleFlight::Lead::fail(ApiError error) { flight_->end(nullptr, std::move(error)); }
bool SingleFlight::Lead::client_left(std::function<void()> on_deserted) {
  return flight_->leader_left(std::move(on_deserted));
}
std::size_t SingleFlight::Lead::followers() const { return flight_->followers(); }

FlightView SingleFlight::Follow::look(std::string& events) { return flight_->look(taken_, events); }
void SingleFlight::Follow::leave() {
  if (flight_) flight_->remove(id_);
  flight_.reset();
}

}  // namespace wattline::serve
