// The plugins of one decision, read and checked once, and how they work on a request in their fixed order (kinds.h).
// Immutable; a request brings its Draft, and gets a PluginRun that goes with it until it is answered.
//
// Tools, the response cache and retrieval have their place in the order and are served elsewhere or not
// yet; so is the deeper half of safety (hallucination, response_jailbreak), whose place is behind dispatch, beside
// answer_checks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/finding.h"
#include "policy/plugins/answer_checks.h"
#include "policy/plugins/context_compression.h"
#include "policy/plugins/draft.h"
#include "policy/plugins/header_mutation.h"
#include "policy/plugins/kinds.h"
#include "policy/plugins/memory.h"
#include "policy/plugins/redaction.h"
#include "policy/plugins/request_params.h"
#include "policy/plugins/system_prompt.h"
#include "policy/plugins/tool_selection.h"

namespace wattline::policy {

struct FastResponse {
  std::string message;
};

struct PluginSet {
  std::optional<FastResponse> fast_response;
  std::optional<RequestParams> request_params;
  std::optional<HeaderMutation> header_mutation;
  std::optional<SystemPrompt> system_prompt;
  std::optional<ToolSelection> tool_selection;
  std::optional<ContextCompression> context_compression;
  std::optional<MemoryOptions> memory;
  std::optional<RedactionOptions> redaction;
  std::optional<AnswerCheckOptions> answer_checks;

  bool empty() const {
    return !fast_response && !request_params && !header_mutation && !system_prompt && !tool_selection &&
           !context_compression && !memory && !redaction && !answer_checks;
  }
  // Whether the answer is looked at, or changed.
  bool reads_answer() const { return answer_checks || memory || (redaction && redaction->restore); }
};

// What is wrong goes to `findings`, with its place: errors (wrong-type, unknown-value, out-of-range, missing-field ...),
// warnings (unknown-field, plugin-twice, plugin-not-served, plugin-never-runs). A plugin at fault is left out.
PluginSet read_plugins(const Policy&, const Decision&, std::vector<Finding>& findings);

// What one of them did, for people and for the answer's account: counts, never what anybody said.
struct PluginEffect {
  PluginKind kind;
  std::string effect;
};

// What is around a request.
struct PluginPlace {
  std::string_view owner;  // who asks, by a key; "" is nobody: no memory
  Time now;
  MemoryStore* memory = nullptr;  // null: none
  ToolKnowledge* tools = nullptr;  // null: all tools stay
  std::function<double()> chance;  // from 0 to below 1; none: nothing is left to chance
  ContextCompression::Keep keep;  // of texts that were shortened; none: they are not
};

// A request's plugins from its draft to its answer. Of one request; `set` outlives it.
class PluginRun {
 public:
  explicit PluginRun(const PluginSet& set) : set_(&set), redaction_(set.redaction.value_or(RedactionOptions{})) {}

  // In order; but for the fast response, after which there is no request.
  void on_request(Draft&, const PluginPlace&);
  // An answer as the model gave it; `text` of its first choice. A further one takes the place of the one before.
  void check(const AnswerText&);
  // The answer that stays: what is due is kept in memory.
  void remember(std::string_view text, const PluginPlace&);

  const PluginSet& set() const { return *set_; }
  const Redaction& redaction() const { return redaction_; }
  const std::vector<PluginEffect>& effects() const { return effects_; }
  const std::vector<CheckFinding>& failed() const { return failed_; }
  // Whether the request holds what concerns its user alone: an answer to it is nobody else's.
  bool personal() const { return personal_; }
  bool blocks() const;

 private:
  void tell(PluginKind, std::string effect);

  const PluginSet* set_;
  Redaction redaction_;
  AnswerContext context_;
  std::vector<Turn> turns_;  // before anything was changed
  std::vector<PluginEffect> effects_;
  std::vector<CheckFinding> failed_;
  bool personal_ = false;
};

}  // namespace wattline::policy
