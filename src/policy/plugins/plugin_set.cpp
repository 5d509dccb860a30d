#include "policy/plugins/plugin_set.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace wattline::policy {
namespace {

constexpr std::size_t longest_message = 64 << 10;

std::size_t errors(const std::vector<Finding>& all) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const Finding& f) { return f.level == Finding::Level::error; }));
}

FastResponse fast_response(Settings& s) {
  FastResponse f{s.text("message")};
  if (f.message.empty())
    s.fault("missing-field", "'message' is missing or empty", "message = \"This is not answered here.\"");
  if (f.message.size() > longest_message)
    s.fault("out-of-range",
            fmt::format("'message' has {} bytes; at most {} are allowed", f.message.size(), longest_message));
  return f;
}

}  // namespace

PluginSet read_plugins(const Policy& policy, const Decision& decision, std::vector<Finding>& findings) {
  PluginSet out;
  std::set<PluginKind> seen;
  const auto all = resolve_plugins(policy, decision);
  for (const auto& p : all) {
    if (!p.kind) continue;  // told by the check of names
    Settings s(p.fields, fmt::format("decision '{}', plugin {}", decision.name, p.name), p.where, findings);
    const bool on = s.flag("enabled", true);
    if (!seen.insert(*p.kind).second) {
      s.warn("plugin-twice",
             fmt::format("the decision has a plugin {} already; the first one counts", to_string(*p.kind)),
             "put both into one");
      continue;
    }
    if (serving_of(*p.kind) != PluginType::Serving::pipeline) continue;
    const std::size_t before = errors(findings);
    // Read, told of what is at fault, and taken where nothing is.
    const auto take = [&](auto& place, auto read) {
      auto value = read(s);
      s.finish();
      if (on && errors(findings) == before) place = std::move(value);
    };
    switch (*p.kind) {
      case PluginKind::fast_response: take(out.fast_response, fast_response); break;
      case PluginKind::request_params: take(out.request_params, RequestParams::read); break;
      case PluginKind::header_mutation: take(out.header_mutation, HeaderMutation::read); break;
      case PluginKind::system_prompt: take(out.system_prompt, SystemPrompt::read); break;
      case PluginKind::tool_selection: take(out.tool_selection, ToolSelection::read); break;
      case PluginKind::context_compression: take(out.context_compression, ContextCompression::read); break;
      case PluginKind::memory: take(out.memory, MemoryOptions::read); break;
      case PluginKind::redaction: take(out.redaction, RedactionOptions::read); break;
      case PluginKind::answer_checks: take(out.answer_checks, AnswerCheckOptions::read); break;
      default: break;
    }
  }
  if (out.fast_response)
    for (const auto& p : all)
      if (p.kind && *p.kind != PluginKind::fast_response && p.enabled())
        findings.push_back(
            {Finding::Level::warning, "plugin-never-runs", p.where,
             fmt::format("decision '{}': {} never runs, as the fast response answers before it", decision.name, p.name),
             "take one of the two out", "any request that matches the decision"});
  return out;
}

void PluginRun::tell(PluginKind kind, std::string effect) { effects_.push_back({kind, std::move(effect)}); }

void PluginRun::on_request(Draft& d, const PluginPlace& place) {
  const PluginSet& set = *set_;
  if (set.answer_checks) context_ = answer_context(d, *set.answer_checks);
  if (set.memory && set.memory->store && !place.owner.empty()) turns_ = turns_of(d);
  const auto told = [&](PluginKind kind, std::string effect) {
    tell(kind, effect.empty() ? "nothing to do" : std::move(effect));
  };
  if (set.request_params) told(PluginKind::request_params, set.request_params->apply(d));
  if (set.header_mutation) told(PluginKind::header_mutation, set.header_mutation->apply(d));
  if (set.system_prompt) told(PluginKind::system_prompt, set.system_prompt->apply(d));
  if (set.tool_selection && place.tools) {
    learn_from_results(d, *place.tools, place.owner);
    const auto chance = place.chance ? place.chance : [] { return 0.999; };
    told(PluginKind::tool_selection, set.tool_selection->apply(d, *place.tools, place.owner, chance).describe());
  }
  if (set.context_compression) {
    const auto keep = place.keep ? place.keep : [](std::string_view) { return std::string(); };
    const auto done = set.context_compression->apply(d, keep);
    std::string effect;
    if (done.messages > 0) {
      effect = fmt::format("{} texts from {} to {} tokens", done.messages, done.tokens_before, done.tokens_after);
      for (const auto& id : done.ids) effect += fmt::format(", {}", id);
    }
    if (done.guarded > 0) effect += fmt::format("{}{} left whole", effect.empty() ? "" : "; ", done.guarded);
    told(PluginKind::context_compression, std::move(effect));
  }
  if (set.memory) {
    if (place.owner.empty() || !place.memory) {
      tell(PluginKind::memory, "no user is known, so nothing is recalled or kept");
    } else {
      const auto recalled =
          place.memory->recall(place.owner, d.query(), *set.memory, place.now, [&](const std::string& text) {
            // An episode of this conversation: its first question is among those asked here.
            const std::string first = text.substr(3, text.find('\n', 3) - 3);
            return std::any_of(d.messages.begin(), d.messages.end(), [&](const DraftMessage& m) {
              return std::any_of(m.texts.begin(), m.texts.end(),
                                 [&](const DraftText& t) { return !first.empty() && t.text.starts_with(first); });
            });
          });
      const std::size_t tokens = put_before_question(d, recalled, set.memory->tokens);
      personal_ = tokens > 0;
      told(PluginKind::memory,
           tokens > 0 ? fmt::format("{} recalled, {} tokens put before the question", recalled.size(), tokens)
                      : std::string());
    }
  }
  if (set.redaction) {
    redaction_.apply(d);
    told(PluginKind::redaction, redaction_.describe());
  }
}

void PluginRun::check(const AnswerText& answer) {
  if (!set_->answer_checks) return;
  std::erase_if(effects_, [](const PluginEffect& e) { return e.kind == PluginKind::answer_checks; });
  failed_ = check_answer(answer, context_, *set_->answer_checks);
  std::string effect;
  for (const auto& f : failed_)
    effect += fmt::format("{}{}: {}", effect.empty() ? "" : "; ", to_string(f.check), f.detail);
  tell(PluginKind::answer_checks, effect.empty() ? "nothing found (heuristic)" : effect + " (heuristic)");
}

void PluginRun::remember(std::string_view text, const PluginPlace& place) {
  // What failed a check is nothing to remember.
  if (!set_->memory || turns_.empty() || !place.memory || !failed_.empty()) return;
  turns_.back().answer = redaction_.restored(text);
  std::string episode = episode_of(turns_, *set_->memory);
  // Where personal data is taken out of requests it is not kept either.
  if (set_->redaction) episode = redaction_.for_keeping(episode);
  if (!episode.empty() && place.memory->keep(place.owner, std::move(episode), place.now))
    tell(PluginKind::memory, "an episode kept");
}

bool PluginRun::blocks() const {
  return set_->answer_checks && set_->answer_checks->action == AnswerCheckOptions::Action::block && !failed_.empty();
}

}  // namespace wattline::policy
