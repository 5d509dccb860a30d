// One try at one upstream: the request is sent and the reply read so far that it can be told whether it
// is one. A whole reply is read to its end, a stream up to its first event, as many servers put an error
// into the first event of a stream of status 200. Until here the client was told nothing, so another try
// may follow. Of one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "serve/asked.h"
#include "serve/io_thread.h"
#include "serve/pending_answer.h"
#include "serve/retry.h"
#include "serve/route/held_stream.h"
#include "serve/sse.h"

namespace wattline::serve {

class ActivePlugins;

// What a client asks, read; it outlives the tries.
struct Question {
  const ChatRequest& request;
  std::string_view body;
  std::string id;  // of the answer
  const Asked* asked = nullptr;  // how it was asked, where that was no chat completion
  Ticket* ticket = nullptr;  // to which its cost is charged
  CacheUse cache = CacheUse::none;
  std::shared_ptr<const RouteTold> route = {};  // how the model was chosen; null where it was asked for
  std::shared_ptr<const LookTold> look = {};  // how a similar answer was looked for; null where none was
  std::string_view request_id;
  std::shared_ptr<RequestInfo> info;  // null where nobody is to be told
  const ActivePlugins* plugins = nullptr;  // of its decision; null where it has none
};

class Attempt {
 public:
  Attempt(IoThread&, const ServedModel&, const Question&);

  // Sends and reads. Afterwards either `failed` is set or the reply is there to be handed on; which of
  // both it is the client's going does not change.
  Awaitable<void> run();
  // From outside, while it runs: it ends with a failure.
  void abort() { exchange.abort(); }

  const ServedModel& model;
  PendingAnswer pending;
  UpstreamExchange exchange;

  std::optional<ApiError> failed;
  bool sent = true;  // false: the question cannot be put to this upstream at all
  bool own_words = false;  // the upstream's words of its failure (the exchange's body) can be handed on as they are
  std::string retry_after;  // of a failure: the upstream's header

  Carriage carriage;  // whether the reply is in the client's own shape, or a chat completion
  bool is_stream = false;
  ReplyFacts facts;  // of the whole reply, or of the first event

  // Of a stream: what was read of it so far.
  SseParser events;
  std::string ahead;  // comments before the first event
  std::optional<SseParser::Event> first;  // nothing where only comments came yet
  // The next event, told as a chunk of a chat completion where the upstream speaks another dialect. Valid
  // until the next call.
  std::optional<SseParser::Event> next_event();
  // Reads a stream to its end before anything of it is told; what it was is in `held`, and next_event() gives it
  // again. One that is too long to be held is read so far. Ends with `failed` when it breaks off.
  Awaitable<void> hold();
  std::optional<HeldStream> held;

  // What failed, for those who decide what comes next.
  Failure failure() const;
  // The failure that a reply tells.
  ApiError translated(int status, const ReplyFacts&, std::string_view body) const;

 private:
  // Puts the request together in `head_` and `body_`; false: that cannot be.
  bool prepare();
  void judge_whole();
  Awaitable<void> read_first_event();
  // From what was read of the upstream.
  std::optional<SseParser::Event> read_event();

  std::string headers_;  // of this try, each ended by CR LF
  std::string_view head_;
  BodyPieces body_;
  // What of both is this try's own.
  std::string own_head_, own_body_;
  InsertedTexts inserted_;
  IoThread& thread_;
  const Question& question_;
  std::unique_ptr<UpstreamStream> translator_;
  std::vector<std::string> chunks_;  // told by the translator
  std::size_t next_chunk_ = 0;
  std::string raw_;
};

}  // namespace wattline::serve
