// One client connection: requests in, responses out, one after the other, every wait bounded.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "serve/answer_cache.h"
#include "serve/asked.h"
#include "serve/io_thread.h"
#include "serve/mailbox.h"
#include "serve/pending_answer.h"
#include "serve/route/evidence.h"
#include "serve/semantic/semantic_cache.h"

namespace wattline::serve {

class ActivePlugins;
class Attempt;
class Dispatcher;

struct RequestTarget;

// Where a connection came in.
enum class Door { clients, administrators };

class Session : public Watched, public std::enable_shared_from_this<Session> {
 public:
  Session(IoThread& thread, Socket socket, Door door = Door::clients);
  ~Session() override;
  void start();
  // No further request is taken; a connection at rest is closed.
  void drain();
  // Ends it now.
  void kill();

 private:
  Awaitable<void> run();
  // False: the connection is over.
  Awaitable<bool> read_request();
  Awaitable<bool> read_body();
  // Of what is left and what is new; what it leaves is tail_ again.
  error_code parse(std::string_view fresh);
  Awaitable<void> refuse_head(error_code);
  Awaitable<void> send_timeout(std::string_view what, Duration limit);
  // Functions that only choose who goes on are no coroutines: a frame for each would cost as much as they do.
  Awaitable<void> dispatch();
  Awaitable<void> refuse(ApiError, std::string more_headers = {});
  Awaitable<void> reply(HttpReply);
  Awaitable<void> administrate();
  std::shared_ptr<HttpRequest> plain_request(RequestTarget);
  // On the worker pool.
  Awaitable<void> answer_with(std::function<HttpReply()> work);
  Awaitable<void> events();
  Awaitable<void> chat();
  Awaitable<void> answer(const ServedModel&);
  Awaitable<void> answer_if_admitted(const ServedModel&);
  // Of a virtual model: chooses who answers.
  Awaitable<void> route(const Router&);
  // On the worker pool, for signals that take milliseconds.
  Awaitable<void> route_slowly(const Router&);
  Awaitable<void> go_on(const Router&, Router::Chosen, std::unique_ptr<ActivePlugins>);
  // Of a decision that answers by itself.
  Awaitable<void> fast_reply(const Router&, Router::Chosen);
  // The plugins of a choice, which have worked on the body; null where it has none. On any thread.
  static std::unique_ptr<ActivePlugins> run_plugins(const Router::Chosen&, Gateway&, std::string_view body,
                                                    const std::string& owner);
  // What they did to an answer that stays is put into its account.
  void tell_plugins(PendingAnswer&);
  // In place of an answer that they hold back.
  Awaitable<void> send_blocked(PendingAnswer&, const ServedModel&);
  Router::MayUse may_use();
  policy::RequestView view_of_asker(const Router&);
  // Of who asks, for what is learned of users.
  std::string pseudonym(std::string_view user);
  // Why the tenant may not ask, or not yet: then the ticket has a waiter.
  std::optional<ApiError> admit(const ServedModel&, std::string& headers);
  Awaitable<void> answer_in_turn(const ServedModel&);
  Ticket* ticket() { return ticket_ ? &ticket_ : nullptr; }
  std::optional<ApiError> identify(std::string_view path);
  // Of a model that is not there, or not for whom this is.
  ApiError no_model(std::string_view id);
  // Of a question that came in another dialect: puts its canonical form where a chat completion would lie.
  std::variant<ChatRequest, ApiError> read_asked();
  Awaitable<void> count_tokens();
  Awaitable<void> chat_model(const ServedModel&, const ChatRequest&, CacheUse, CacheKeeper*);
  Awaitable<void> chat_cached(const ServedModel&, const ChatRequest&);
  Awaitable<void> kept_reply(const ServedModel&, const ChatRequest&, const StoredReply&, std::int64_t age_ns,
                             const SemanticCache::Look* similar = nullptr);
  // On the worker pool; what it found.
  Awaitable<std::shared_ptr<SemanticCache::Look>> look_for_similar(const ServedModel&, const CacheWish&);
  // What the model answers is kept for similar questions too, and judges an audit.
  void keep_for_similar(CacheKeeper&, std::shared_ptr<SemanticCache::Look>);
  Awaitable<void> send_repeat(Answer&&, const ServedModel&, const StoredReply&, std::string_view age);
  // The failure of the run that it follows, where the client was told nothing yet and another may be tried.
  Awaitable<std::optional<ApiError>> follow(const ServedModel&, const ChatRequest&, SingleFlight::Follow&,
                                            std::shared_ptr<Mailbox> bell, bool last_try);
  // That tells a stream in the client's dialect; null where that is chat completions.
  std::unique_ptr<ClientStream> new_voice() const;
  Answer new_repeat(const ServedModel&, bool stream, CacheUse);
  void end_repeat(Answer&&, const ServedModel&, AnswerStatus, int http_status, std::string error = {});
  Awaitable<void> chat_upstream(const ServedModel&, const ChatRequest&, CacheUse);
  // The model that is to be asked next, where the reply did not verify; `evidence`: null where it need not.
  Awaitable<const ServedModel*> ask_upstream(const ServedModel&, const ChatRequest&, CacheUse,
                                             const AskedEvidence* evidence);
  // Looks at what came before anything of it is told. `asked`: null where an answer that came stays.
  const ServedModel* take_further(Attempt&, const AskedEvidence* asked);
  // What was spent on a stream that is not told.
  void look_at_held(Attempt&);
  Awaitable<void> failed_reply(Attempt&);
  Awaitable<void> whole_reply(Attempt&);
  // Settles and records it, and puts the reply together: in head_, and of a long one the rest in its body.
  void settle_whole(Attempt&);
  Awaitable<void> stream_reply(Attempt&, bool tell_usage);
  Awaitable<void> chat_builtin(const ServedModel&, const ChatRequest&, CacheUse);
  // Whether an answer is to be verified before anything of it is told.
  bool verifies() const { return router_ && router_->config().verify && !escalation_.empty(); }
  // The next model of the cascade when the answer does not verify; null: it stays.
  const ServedModel* escalate(const policy::Evidence&, PendingAnswer&);
  static bool another_may_answer(const ApiError&);
  const ServedModel* next_of_cascade(std::string_view reason);
  // Sets the attempt aside; the next model of the cascade.
  const ServedModel* go_further(PendingAnswer&, int status = 200,
                                std::string_view reason = "the answer of a cheaper model did not verify",
                                std::string error = "the answer did not verify, and a larger model was asked");
  Awaitable<void> finish();

  // The request's id, of the client or ours; and where somebody is told of requests, what is known of this one.
  void take_request_id();
  void begin_observing(std::string_view path);
  void observe_question(std::string_view operation);
  void end_observing();

  Awaitable<bool> send(std::span<const std::string_view> pieces);  // at most 4
  // What of them goes out at once, in bytes.
  std::size_t send_now(std::span<const std::string_view> pieces);
  Awaitable<bool> send_rest(std::span<const std::string_view> pieces, std::size_t sent);
  Awaitable<bool> send_chunk(std::string_view data);
  Awaitable<bool> send_last_chunk();
  Awaitable<void> send_error(const ApiError&, std::string_view more_headers = {});
  Awaitable<void> send_reply(const HttpReply&);
  void append_common_headers(std::string& head);
  void append_stream_framing(std::string& head);
  std::string new_id();

  void on_deadline() override;
  void on_sweep() override;
  // The client has closed its side of the connection: is it still there to be answered?
  void ask_whether_there();
  void client_left();
  void others_left();
  void stop_work();
  // Nobody waits for the answer under way: neither the client nor who follows its run.
  bool given_up() const { return client_gone_ && !for_others_; }

  IoThread& thread_;
  Gateway& gateway_;
  Socket socket_;
  const Door door_;

  std::string in_;  // what is read into while there is no request
  std::string tail_;  // bytes that are not parsed yet
  HeaderText header_;
  std::string body_, head_;
  ChatRequest request_;  // that is answered
  std::shared_ptr<const RouteTold> route_;  // how its model was chosen; null where the client named it
  std::shared_ptr<const LookTold> look_;  // how a similar answer was looked for; null where none was
  std::vector<const ServedModel*> escalation_;  // asked next, in order, when the answer does not verify
  const Router* router_ = nullptr;  // that chose
  std::unique_ptr<ActivePlugins> plugins_;  // of the decision; null where it has none
  std::string again_id_;  // of the answer for which a further model is asked
  std::optional<RequestParser> parser_;
  std::unique_ptr<Asked> asked_;  // where the request is a question and no chat completion

  bool at_rest_ = true;  // waits for a request of which nothing has come
  bool is_fresh_ = true;  // has not asked yet
  bool keep_alive_ = false;
  bool draining_ = false;
  bool chunked_ = true;  // streams; HTTP/1.0 knows no chunks
  bool linger_ = false;  // the client may still be sending
  bool watch_client_ = false;  // someone works for it: see whether it is still there
  bool asked_whether_there_ = false;  // since its request
  bool writing_ = false;  // a write waits for the client
  enum class Told { nothing, something, stream, all } told_ = Told::nothing;  // of the reply
  bool client_gone_ = false;
  bool for_others_ = false;  // the client has left; the run goes on for those who follow it
  bool killed_ = false;
  std::string request_id_;
  std::shared_ptr<RequestInfo> info_;  // null where nobody is told
  std::uint64_t sent_ = 0, sent_before_ = 0;  // bytes
  Dispatcher* dispatcher_ = nullptr;
  CacheKeeper* keeper_ = nullptr;  // of the answer under way
  std::shared_ptr<Mailbox> bell_;  // rings when the run that is followed gets on
  std::stop_source generation_;
  std::shared_ptr<Mailbox> events_;
  LastDigest last_key_;
  Access access_;  // whose the request is, where that is asked
  Ticket ticket_;  // of the request that was let in
  std::shared_ptr<Mailbox> turn_;  // where it waits for its turn
};

}  // namespace wattline::serve
