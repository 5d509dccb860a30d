// One run for all who ask the same at the same time: the first leads and asks an upstream, the others
// follow and get what comes of it as it comes. Safe from any thread.
//
// - A leader whose client leaves carries on while anyone follows; when the last of them leaves too, it is
//   told to stop (on_deserted).
// - A leader that is stopped, or gets no answer, ends the flight as failed. Who has been given nothing of
//   it yet joins again: the first to come leads the next run, the rest follow that one, also when they come
//   after its end. So nobody waits for the dead, and no herd reaches the upstream.
// - What is shared is one run's outcome, whatever its end (also cut by a limit, also tool calls); what may
//   be kept for later is decided apart.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "serve/api_error.h"
#include "serve/canonical_key.h"
#include "serve/exact_cache.h"

namespace wattline::serve {

class Flight;

// The code of a failure that says nothing of the upstream: the run was ended with its leader.
inline constexpr std::string_view flight_ended = "flight_ended";

// What a follower sees when it looks.
struct FlightView {
  enum State {
    waiting,  // nothing further has come
    flowing,  // more of the stream has come
    complete,  // `reply` is all of it
    failed,  // `error` says why; join again when nothing was taken
  } state = waiting;
  bool is_stream = false;
  StoredReplyPtr reply;
  ApiError error;
};

class SingleFlight {
 public:
  SingleFlight();
  ~SingleFlight();
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // Of who leads. Gone without complete() or fail() is a failure too.
  class Lead {
   public:
    Lead() = default;
    explicit Lead(std::shared_ptr<Flight> f) : flight_(std::move(f)) {}
    Lead(Lead&&) noexcept = default;
    Lead& operator=(Lead&&) noexcept;
    ~Lead();
    explicit operator bool() const { return flight_ != nullptr; }

    // More of a stream, whole events.
    void append(std::string_view events);
    void complete(StoredReplyPtr);
    void fail(ApiError);
    // The leader's client has gone. True: others wait, carry on; `on_deserted` is called, from any
    // thread and at most once, when they have left too.
    bool client_left(std::function<void()> on_deserted);
    std::size_t followers() const;

   private:
    std::shared_ptr<Flight> flight_;
  };

  // Of who follows; leaves the flight when it goes.
  class Follow {
   public:
    Follow() = default;
    Follow(std::shared_ptr<Flight> f, std::uint64_t id) : flight_(std::move(f)), id_(id) {}
    Follow(Follow&& o) noexcept : flight_(std::move(o.flight_)), id_(o.id_), taken_(o.taken_) {}
    Follow& operator=(Follow&&) noexcept;
    ~Follow() { leave(); }
    explicit operator bool() const { return flight_ != nullptr; }

    // Appends what of the stream was not taken yet.
    FlightView look(std::string& events);
    std::size_t taken() const { return taken_; }
    void leave();

   private:
    friend class SingleFlight;
    std::shared_ptr<Flight> flight_;
    std::uint64_t id_ = 0;
    std::size_t taken_ = 0;  // bytes of the stream
  };

  struct Joined {
    Lead lead;  // one of
    Follow follow;  // the two
  };
  // `wake` is called, from any thread, when there is something to look at; it must not call back.
  // `after`: a run that the asker followed and that failed.
  Joined join(const CacheKey&, bool stream, std::function<void()> wake, const Follow* after = nullptr);

  std::size_t flights() const;  // under way
  std::size_t followers() const;  // of all of them

 private:
  friend class Flight;
  struct Table;
  std::shared_ptr<Table> table_;
};

}  // namespace wattline::serve
