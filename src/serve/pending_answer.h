// The bookkeeping of one answer from the request read to the answer told: tokens as they become
// known, the first token, what it cost. Of one thread.
#pragma once

#include <string>

#include "serve/gateway.h"

namespace wattline::serve {

class PendingAnswer {
 public:
  // `body_bytes` of the request: tokens are guessed from it (4 bytes each) when nobody says.
  // What it cost is charged to `ticket`, where there is one, which outlives it.
  PendingAnswer(Gateway&, const ServedModel&, std::string id, bool streamed, std::size_t body_bytes,
                Ticket* ticket = nullptr);
  ~PendingAnswer();
  PendingAnswer(const PendingAnswer&) = delete;
  PendingAnswer& operator=(const PendingAnswer&) = delete;

  // A chunk of a stream, or the whole reply.
  void look(const ReplyFacts&);
  // The upstream could not be reached: nothing was spent there.
  void unreached() { spent_.reached = false; }
  // The upstream had the prompt and told nothing: the prompt at least counts as read.
  void prompt_read() { prompt_read_ = true; }
  // A try whose work is for nothing: what is recorded is not the answer but the `n`th try for it, as waste.
  void set_aside(std::string_view attempt, int n);
  void first_token();
  // Of the built-in model.
  void generated(const lm::Generation&);
  // How its model was chosen.
  void routed(std::shared_ptr<const RouteTold> route) { answer_.route = std::move(route); }
  // Who asked, where no ticket tells it.
  void asked_by(std::shared_ptr<const Requester> who) { answer_.requester = std::move(who); }
  // How a similar answer was looked for.
  void looked(std::shared_ptr<const LookTold> look) { answer_.look = std::move(look); }
  void cache_use(CacheUse use) { answer_.cache = use; }
  // For which request it is; `info` where somebody is to be told of it.
  void observe(std::string_view request_id, std::shared_ptr<RequestInfo> info, const std::array<std::uint8_t, 8>& span);
  bool has_usage() const { return has_usage_; }

  // What it cost until now; later calls change nothing more but the time.
  const Answer& settle();
  // Records it. `error` is what went wrong.
  void end(AnswerStatus, int http_status, std::string error = {});
  bool ended() const { return ended_; }
  const std::string& finish_reason() const { return answer_.finish_reason; }
  const Answer& answer() const { return answer_; }

 private:
  double now_s() const;

  Gateway& gateway_;
  const ServedModel& model_;
  Ticket* charged_;
  Answer answer_;
  Spent spent_;
  std::shared_ptr<RequestInfo> info_;
  std::size_t body_bytes_, content_bytes_ = 0;
  std::int64_t content_chunks_ = 0;
  std::int64_t begun_ns_;
  int batch_at_begin_ = 1;
  CpuShare::Ticket ticket_;
  AgentShare::Ticket metered_;
  bool has_usage_ = false, prompt_read_ = false, ticket_open_ = false, settled_ = false, ended_ = false;
};

}  // namespace wattline::serve
