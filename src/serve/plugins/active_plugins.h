// The plugins of a request that is under way: its body before it is sent, the headers of that, and its answer, whole or
// as a stream, before the client is told. Of one request and one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/plugins/plugin_set.h"
#include "serve/dialect.h"
#include "serve/plugins/reply_texts.h"
#include "serve/route/told.h"

namespace wattline::serve {

struct PluginMemory;

class ActivePlugins {
 public:
  // `set` and `memory` outlive this. `owner`: who asks (plugin_memory.h).
  ActivePlugins(const policy::PluginSet& set, std::string owner, PluginMemory& memory);

  // Works on a chat completion's body; what is to be sent instead is in body() then, "" where it stays as it is.
  void on_request(std::string_view body);
  std::string& body() { return body_; }
  // Whether only the canonical form is what is to be sent, and answered.
  bool needs_chat() const { return !body_.empty() || run_.set().reads_answer(); }
  bool redacts() const { return run_.set().redaction.has_value(); }
  // Of the request to the upstream, each ended by CR LF.
  void change_headers(std::string& headers) const;
  // An answer to this request is for nobody else.
  bool personal() const { return run_.personal(); }

  // --- The answer.
  bool restores() const { return run_.redaction().restores(); }
  // As the model gave it, before anything of it is told.
  void judge(std::string_view chat);
  void judge_text(std::string_view text, std::string_view finish_reason);
  bool failed() const { return !run_.failed().empty(); }
  bool checks() const { return run_.set().answer_checks.has_value(); }
  bool blocks() const { return run_.blocks(); }
  ApiError blocked() const;
  // The whole chat completion with what was taken out put back.
  void restore(std::string& chat) const;
  // Tells a stream as `inner` does (null: as it is), but for what was put back, and looks at it on the way.
  std::unique_ptr<ClientStream> voice(std::unique_ptr<ClientStream> inner);
  // The route's account with what was done, and what that cost since the last time. `answered`: the answer stays, so
  // what is due of it is remembered.
  std::shared_ptr<const RouteTold> told(const RouteTold&, bool answered = false);

 private:
  friend class PluginStream;
  void judge_gathered();
  policy::PluginPlace place();

  policy::PluginRun run_;
  std::string owner_;
  PluginMemory& memory_;
  std::string body_;
  std::vector<policy::Draft::Header> headers_;
  GatheredAnswer gathered_;
  bool judged_ = false, remembered_ = false;
  Duration cpu_{0};
};

}  // namespace wattline::serve
