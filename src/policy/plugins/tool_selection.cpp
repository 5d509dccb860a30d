#include "policy/plugins/tool_selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "policy/tools/tool_data.h"
#include "text/bm25.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_tools = 4096;

std::string joined(std::string_view owner, std::string_view text) {
  return std::string(owner).append("\n").append(text);
}

const DraftMember* member(const Draft& d, std::string_view name) {
  for (const auto& m : d.members)
    if (m.name == name && m.state != DraftMember::State::dropped) return &m;
  return nullptr;
}

// A tool of a request: its name ("" where it has none of its own), what is searched, its place and length.
struct Offered {
  std::string name, text;
  std::size_t bytes = 0;
};
Offered offered(const Json& entry) {
  Offered o;
  o.bytes = entry.dump().size();
  const Json* function = entry.find("function");
  const Json& named = function && function->is_object() ? *function : entry;
  const Json* name = named.find("name");
  if (!name || !name->is_string()) return o;
  o.name = name->as_string();
  const Json* description = named.find("description");
  o.text = searched_text(o.name, description && description->is_string() ? description->as_string() : "");
  return o;
}

std::vector<Offered> tools_of(const Json& list) {
  std::vector<Offered> out;
  for (const Json& entry : list.as_array()) out.push_back(offered(entry));
  return out;
}

// Parsed; null when the member is not there or is no list.
Json list_of(const Draft& d) {
  const DraftMember* tools = member(d, "tools");
  if (!tools) return {};
  try {
    Json j = parse_json(tools->value, "tools");
    return j.is_array() ? j : Json();
  } catch (const Error&) {
    return {};
  }
}

// Whether all tools must stay because of tool_choice; else the name that it gives, "" for none.
bool wants_all(const Draft& d, std::string& named) {
  const DraftMember* choice = member(d, "tool_choice");
  if (!choice) return false;
  try {
    const Json j = parse_json(choice->value, "tool_choice");
    if (j.is_string()) return j.as_string() == "required" || j.as_string() == "any";
    const Json* function = j.find("function");
    const Json& holder = function && function->is_object() ? *function : j;
    named = holder.text_or("name", "");
    return named.empty();
  } catch (const Error&) {
    return true;
  }
}

}  // namespace

ToolKnowledge::ToolKnowledge(std::shared_ptr<const text::Encoder> encoder, Options o)
    : encoder_(std::move(encoder)), options_(o) {}

// With the lock held, but for the encoding itself.
std::vector<float> ToolKnowledge::vector_of(std::string_view text) {
  const std::string key(text);
  {
    const std::lock_guard hold(mutex_);
    if (const auto found = texts_.find(key); found != texts_.end()) {
      texts_used_.splice(texts_used_.begin(), texts_used_, texts_at_.at(key));
      return found->second;
    }
  }
  std::vector<float> made = encoder_->encoded(text);
  const std::lock_guard hold(mutex_);
  if (texts_.contains(key)) return made;
  while (texts_.size() >= std::max<std::size_t>(1, options_.texts)) {
    texts_.erase(texts_used_.back());
    texts_at_.erase(texts_used_.back());
    texts_used_.pop_back();
  }
  texts_used_.push_front(key);
  texts_at_[key] = texts_used_.begin();
  texts_[key] = made;
  return made;
}

std::vector<float> ToolKnowledge::scores(std::string_view owner, std::string_view query,
                                         std::span<const std::string> texts) {
  const std::vector<float> asked = encoder_->encoded(query);
  std::vector<float> out(texts.size()), words(texts.size()), refined(encoder_->width());
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const std::vector<float> plain = vector_of(texts[t]);
    out[t] = text::dot(asked, plain);
    const std::lock_guard hold(mutex_);
    if (const auto known = tools_.find(joined(owner, texts[t])); known != tools_.end()) {
      known->second.outcomes.refined(0, options_.refinement, refined);
      out[t] = text::dot(asked, refined);
    }
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  text::Bm25::Scratch scratch;
  text::Bm25(views).score(query, words, scratch);
  const float most = words.empty() ? 0 : *std::max_element(words.begin(), words.end());
  for (std::size_t t = 0; t < texts.size(); ++t)
    out[t] = options_.meaning * out[t] + (most > 0 ? (1 - options_.meaning) * words[t] / most : 0);
  return out;
}

void ToolKnowledge::learn(std::string_view owner, std::string_view query, std::string_view text, bool served) {
  if (owner.empty() || query.empty() || text.empty()) return;
  const std::vector<float> plain = vector_of(text), asked = encoder_->encoded(query);
  const std::string key = joined(owner, text);
  const std::lock_guard hold(mutex_);
  auto known = tools_.find(key);
  if (known == tools_.end()) {
    while (tools_.size() >= std::max<std::size_t>(1, options_.tools)) {
      tools_.erase(tools_used_.back());
      tools_used_.pop_back();
    }
    tools_used_.push_front(key);
    known = tools_.emplace(key, Known{plain, OutcomeVectors(encoder_->width()), tools_used_.begin()}).first;
    known->second.outcomes.add(plain);
  }
  tools_used_.splice(tools_used_.begin(), tools_used_, known->second.used);
  OutcomeVectors& outcomes = known->second.outcomes;
  outcomes.forget(0, options_.keep);
  if (served) outcomes.served(0, asked);
  else outcomes.failed(0, asked);
}

std::size_t ToolKnowledge::forget(std::string_view owner) {
  const std::string begin = joined(owner, "");
  const std::lock_guard hold(mutex_);
  std::size_t gone = 0;
  for (auto it = tools_.begin(); it != tools_.end();) {
    if (!it->first.starts_with(begin)) {
      ++it;
      continue;
    }
    tools_used_.erase(it->second.used);
    it = tools_.erase(it);
    ++gone;
  }
  return gone;
}

std::size_t ToolKnowledge::tools() const {
  const std::lock_guard hold(mutex_);
  return tools_.size();
}

ToolSelection ToolSelection::read(Settings& s) {
  ToolSelection out;
  // The reference's name of it.
  const char* keep = s.has("keep") ? "keep" : "top_k";
  out.keep = static_cast<std::size_t>(s.number(keep, static_cast<double>(out.keep), 1, most_tools));
  out.min_tools = static_cast<std::size_t>(s.number("min_tools", static_cast<double>(out.min_tools), 1, most_tools));
  out.explore = s.number("explore", out.explore, 0, 1);
  return out;
}

std::string ToolSelection::Done::describe() const {
  if (explored) return fmt::format("all {} tools, to learn from", tools);
  if (kept == tools) return {};
  return fmt::format("{} of {} tools, {} of {} tokens", kept, tools, tokens_of_bytes(bytes_after),
                     tokens_of_bytes(bytes_before));
}

ToolSelection::Done ToolSelection::apply(Draft& d, ToolKnowledge& knowledge, std::string_view owner,
                                         const std::function<double()>& chance) const {
  Done done;
  Json list = list_of(d);
  if (!list.is_array()) return done;
  const std::vector<Offered> all = tools_of(list);
  done.tools = done.kept = all.size();
  for (const auto& t : all) done.bytes_before += t.bytes;
  done.bytes_after = done.bytes_before;
  if (all.size() < min_tools || all.size() <= keep || all.size() > most_tools) return done;
  std::string named;
  const std::string query = d.query();
  if (wants_all(d, named) || query.empty()) return done;
  if (explore > 0 && chance() < explore) {
    done.explored = true;
    return done;
  }
  std::vector<bool> stays(all.size(), false);
  const auto called = [&](const std::string& name) {
    return std::any_of(d.messages.begin(), d.messages.end(), [&](const DraftMessage& m) {
      return std::find(m.called.begin(), m.called.end(), name) != m.called.end();
    });
  };
  std::vector<std::string> texts;
  for (std::size_t t = 0; t < all.size(); ++t) {
    texts.push_back(all[t].text);
    stays[t] = all[t].name.empty() || all[t].name == named || called(all[t].name);
  }
  std::vector<float> scores;
  try {
    scores = knowledge.scores(owner, query, texts);
  } catch (const Error&) {
    return done;  // an encoder on another server that is not there: all stay
  }
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  for (std::size_t k = 0; k < keep; ++k) stays[order[k]] = true;
  // In their own order, so that the prompt's beginning changes as little as can be.
  Json::Array kept;
  done.kept = done.bytes_after = 0;
  for (std::size_t t = 0; t < all.size(); ++t) {
    if (!stays[t]) {
      done.dropped.push_back(all[t].name);
      continue;
    }
    kept.push_back(std::move(list.as_array()[t]));
    ++done.kept;
    done.bytes_after += all[t].bytes;
  }
  for (auto& m : d.members)
    if (m.name == "tools" && m.state != DraftMember::State::dropped) {
      m.value = Json(std::move(kept)).dump();
      if (m.state == DraftMember::State::kept) m.state = DraftMember::State::changed;
    }
  return done;
}

void learn_from_results(const Draft& d, ToolKnowledge& knowledge, std::string_view owner) {
  if (owner.empty() || d.messages.empty() || d.messages.back().role != Role::tool) return;
  bool error = false;
  std::size_t i = d.messages.size();
  for (; i > 0 && d.messages[i - 1].role == Role::tool; --i) error = error || d.messages[i - 1].is_error;
  if (i == 0 || d.messages[i - 1].called.empty()) return;
  const DraftMessage& call = d.messages[i - 1];
  const std::string query = d.query();
  const Json list = list_of(d);
  if (query.empty() || !list.is_array()) return;
  for (const Offered& tool : tools_of(list)) {
    if (tool.name.empty() || std::find(call.called.begin(), call.called.end(), tool.name) == call.called.end())
      continue;
    // Of several calls at once an error may be any one's.
    try {
      if (!error) knowledge.served(owner, query, tool.text);
      else if (call.called.size() == 1) knowledge.failed(owner, query, tool.text);
    } catch (const Error&) {
      return;
    }
  }
}

}  // namespace wattline::policy
