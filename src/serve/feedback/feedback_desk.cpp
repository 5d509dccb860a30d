#include "serve/feedback/feedback_desk.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_keys = 10'000, most_taught = 100'000;

int opened(const std::string& path) {
  if (path.empty()) return -1;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw errno_error("write", path, errno);
  return file;
}

// One text for several names, none of which can hold its separator.
std::string joined(std::initializer_list<std::string_view> names) {
  std::string out;
  for (const auto n : names) out.append(n).push_back('\n');
  return out;
}

ApiError not_found(std::string_view id) {
  return api_error(404, fmt::format("no answer '{}' of this key among the last ones", id.substr(0, 60)),
                   "invalid_request_error", "answer_id", "answer_not_found");
}

}  // namespace

std::string_view to_string(FeedbackEffect e) {
  constexpr std::string_view names[] = {"learned", "noted", "held_back", "repeated"};
  return names[static_cast<std::size_t>(e)];
}

std::string to_json(const FeedbackRecord& r) {
  const Answer& a = *r.answer;
  JsonWriter w;
  w.begin_object().member("object", "feedback").member("time", to_string(r.time)).member("answer_id", a.id);
  if (!r.tenant.empty()) w.member("tenant", r.tenant).member("key", r.key);
  if (!r.verdict.label.empty()) w.member("label", r.verdict.label);
  if (!r.verdict.better_than.empty()) w.member("better_than", r.verdict.better_than);
  w.member("quality", r.verdict.quality).member("effect", to_string(r.effect));
  if (a.basis) w.member("model", a.basis->model);
  w.member("energy_j", a.joules.value).member("tokens_in", a.tokens_in).member("tokens_out", a.tokens_out);
  w.member("latency_s", a.latency.base());
  if (a.route) {
    w.member("router", a.route->router).member("decision", a.route->decision);
    w.member("algorithm", a.route->algorithm).member("propensity", a.route->propensity);
    w.key("candidates").begin_array();
    for (const auto& c : a.route->considered) {
      w.begin_object().member("model", c.model).member("score", c.score).member("quality", c.quality);
      w.member("energy_j", c.joules).member("able", c.unable_because.empty()).end_object();
    }
    w.end_array();
    if (const auto& seen = a.route->seen) {
      w.key("seen").begin_object().member("conversation", fmt::format("{:016x}", seen->conversation));
      w.member("turn", seen->turn).member("tool_loop", seen->tool_loop).member("prompt_tokens", seen->prompt_tokens);
      w.key("features").begin_array();
      for (const float x : seen->features) w.value(static_cast<double>(x));
      w.end_array().end_object();
    }
  }
  w.end_object();
  return w.take();
}

FeedbackDesk::FeedbackDesk(FeedbackConfig config) : config_(std::move(config)), file_(opened(config_.file)) {}

FeedbackDesk::~FeedbackDesk() {
  if (file_ >= 0) ::close(file_);
}

void FeedbackDesk::apply(FeedbackConfig config) {
  const int file = opened(config.file);
  const std::lock_guard hold(mutex_);
  if (file_ >= 0) ::close(file_);
  file_ = file;
  if (config.per_minute != config_.per_minute) rates_.clear();
  config_ = std::move(config);
}

// Fades what counted before; takes one more where there is room.
bool FeedbackDesk::may_teach(const std::string& what, std::int64_t now_ns) {
  const double half_life = std::max(1e-3, config_.half_life.base());
  const auto faded = [&](const Taught& t) {
    return t.weight * std::exp2(-std::max(0.0, static_cast<double>(now_ns - t.at_ns) * 1e-9) / half_life);
  };
  if (taught_.size() >= most_taught && !taught_.contains(what)) {
    std::erase_if(taught_, [&](const auto& each) { return faded(each.second) < 0.5; });
    // Full of those who teach much: nobody new may before they fade.
    if (taught_.size() >= most_taught) return false;
  }
  Taught& t = taught_[what];
  const double weight = faded(t);
  if (weight + 1 > config_.influence) return false;
  t = {weight + 1, now_ns};
  return true;
}

std::variant<FeedbackRecord, ApiError> FeedbackDesk::take(const FeedbackAsk& ask, const Who& who, const Find& find,
                                                          const Teach& teach, Time now, std::int64_t now_ns) {
  std::vector<std::shared_ptr<Listener>> heard_by;
  auto out = [&]() -> std::variant<FeedbackRecord, ApiError> {
    const std::lock_guard hold(mutex_);
    auto done = judged(ask, who, find, teach, now, now_ns);
    if (const auto* r = std::get_if<FeedbackRecord>(&done); r && r->effect != FeedbackEffect::repeated)
      for (auto it = listeners_.begin(); it != listeners_.end();) {
        if (auto l = it->lock()) heard_by.push_back(std::move(l)), ++it;
        else it = listeners_.erase(it);
      }
    return done;
  }();
  const auto* record = std::get_if<FeedbackRecord>(&out);
  if (!record) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return out;
  }
  counts_[static_cast<std::size_t>(record->effect)].fetch_add(1, std::memory_order_relaxed);
  if (record->effect == FeedbackEffect::repeated) return out;
  (record->verdict.negative() ? negative_ : positive_).fetch_add(1, std::memory_order_relaxed);
  for (const auto& l : heard_by) try {
      (*l)(*record);
    } catch (const std::exception&) {
      // Its own business; the verdict is kept.
    }
  return out;
}

std::variant<FeedbackRecord, ApiError> FeedbackDesk::judged(const FeedbackAsk& ask, const Who& who, const Find& find,
                                                            const Teach& teach, Time now, std::int64_t now_ns) {
  const std::string name = joined({who.tenant, who.key});
  if (rates_.size() >= most_keys && !rates_.contains(name)) rates_.clear();
  auto& rate = rates_.try_emplace(name, config_.per_minute, now_ns).first->second;
  if (!rate.take(1, now_ns)) {
    const int wait = static_cast<int>(std::ceil(std::min(60.0, rate.seconds_until(1, now_ns))));
    return api_error(429, fmt::format("more than {} verdicts a minute of this key", config_.per_minute),
                     "rate_limit_error", {}, "feedback_rate", std::max(1, wait));
  }
  const auto own = [&](const AnswerPtr& a) {
    if (!a) return false;
    if (!a->requester) return who.tenant.empty() && who.key.empty();
    return a->requester->tenant == who.tenant && a->requester->key == who.key;
  };
  const AnswerPtr answer = find(ask.answer_id);
  if (!own(answer)) return not_found(ask.answer_id);
  if (!answer->attempt.empty() || answer->status != AnswerStatus::ok)
    return api_error(409, "that was no answer: it failed, or another was given in its place", "invalid_request_error",
                     "answer_id", "no_answer");
  AnswerPtr loser;
  if (!ask.verdict.better_than.empty()) {
    loser = find(ask.verdict.better_than);
    if (!own(loser)) return not_found(ask.verdict.better_than);
  }
  FeedbackRecord r{now, answer, ask.verdict, FeedbackEffect::noted, who.tenant, who.key};
  // What was given again is one with what it repeats.
  const std::string& source = answer->repeats() && !answer->saved_from.empty() ? answer->saved_from : answer->id;
  const std::string said = joined({who.tenant, who.key, source, ask.verdict.better_than});
  if (const auto before = by_answer_.find(said); before != by_answer_.end()) {
    if (before->second->verdict != ask.verdict)
      return api_error(409, "another verdict on this answer was given before; the first one counts",
                       "invalid_request_error", {}, "feedback_given");
    r = *before->second;
    r.effect = FeedbackEffect::repeated;
    return r;
  }
  if (const auto& route = answer->route) {
    const std::string model = answer->basis ? answer->basis->model : std::string();
    if (!may_teach(joined({who.tenant, who.key, route->router, route->decision, model}), now_ns)) {
      r.effect = FeedbackEffect::held_back;
    } else {
      policy::Feedback f = ask.verdict.told();
      f.propensity = route->propensity;
      f.energy = answer->joules.value;
      f.latency = answer->latency.base();
      f.output_tokens = static_cast<double>(answer->tokens_out);
      f.cache_hit = answer->repeats();
      if (teach(*answer, loser.get(), f)) r.effect = FeedbackEffect::learned;
    }
  }
  auto kept = std::make_shared<const FeedbackRecord>(r);
  by_answer_.emplace(said, kept);
  records_.push_front(std::move(kept));
  while (records_.size() > static_cast<std::size_t>(config_.kept)) {
    const FeedbackRecord& old = *records_.back();
    const Answer& a = *old.answer;
    by_answer_.erase(joined(
        {old.tenant, old.key, a.repeats() && !a.saved_from.empty() ? a.saved_from : a.id, old.verdict.better_than}));
    records_.pop_back();
  }
  write(r);
  return r;
}

void FeedbackDesk::write(const FeedbackRecord& r) {
  if (file_ < 0) return;
  const std::string line = to_json(r) + "\n";
  // One write a line, so that lines of several programs do not mix.
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    lost_.fetch_add(1, std::memory_order_relaxed);
}

std::shared_ptr<void> FeedbackDesk::listen(Listener listener) {
  auto held = std::make_shared<Listener>(std::move(listener));
  const std::lock_guard hold(mutex_);
  listeners_.push_back(held);
  return held;
}

std::vector<FeedbackRecord> FeedbackDesk::latest(std::size_t limit, const Who* of) const {
  const std::lock_guard hold(mutex_);
  std::vector<FeedbackRecord> out;
  for (const auto& r : records_) {
    if (out.size() >= limit) break;
    if (!of || (r->tenant == of->tenant && r->key == of->key)) out.push_back(*r);
  }
  return out;
}

void FeedbackDesk::append_metrics(std::string& out) const {
  out +=
      "# HELP wattline_feedback_total Verdicts on answers, by what became of them.\n"
      "# TYPE wattline_feedback_total counter\n";
  for (std::size_t e = 0; e < feedback_effect_count; ++e)
    out += fmt::format("wattline_feedback_total{{effect=\"{}\"}} {}\n", to_string(static_cast<FeedbackEffect>(e)),
                       counts_[e].load());
  out += fmt::format("wattline_feedback_total{{effect=\"refused\"}} {}\n", refused_.load());
  out +=
      "# HELP wattline_feedback_verdicts_total Verdicts on answers, by what they say.\n"
      "# TYPE wattline_feedback_verdicts_total counter\n";
  out += fmt::format("wattline_feedback_verdicts_total{{verdict=\"positive\"}} {}\n", positive_.load());
  out += fmt::format("wattline_feedback_verdicts_total{{verdict=\"negative\"}} {}\n", negative_.load());
  out +=
      "# HELP wattline_feedback_lost_total Verdicts that could not be written to the file.\n"
      "# TYPE wattline_feedback_lost_total counter\n";
  out += fmt::format("wattline_feedback_lost_total {}\n", lost_.load());
}

}  // namespace wattline::serve
