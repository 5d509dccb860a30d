#include "serve/metered/agent_feed.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/time.h"
#include "meter/fleet/pull.h"

namespace wattline::serve {
namespace {

constexpr Duration longest_pause{30};  // between two questions to one that does not answer
constexpr Duration most_overlap{1};  // of two runs of one agent, by its clock, which may have been set in between
constexpr int believed_after = 10;  // answers of another run that cannot be a later one
constexpr int well_after = 3;  // answers in a row, before the log says so

AgentFeed::Ask over_http(const AgentConfig& c) {
  meter::AgentPlace place;
  place.name = c.name;
  place.url = c.url;
  place.key = c.api_key;
  place.ca = c.ca_file;
  place.timeout = c.timeout;
  return [place](const std::function<bool()>& cancelled) { return meter::pull(place, cancelled); };
}

double seconds_now() { return static_cast<double>(monotonic_ns()) * 1e-9; }

}  // namespace

AgentFeed::AgentFeed(AgentConfig config, std::function<void(std::string_view)> log)
    : config_(std::move(config)), log_(std::move(log)), ask_(over_http(config_)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

AgentFeed::AgentFeed(AgentConfig config, std::function<void(std::string_view)> log, Ask ask)
    : config_(std::move(config)), log_(std::move(log)), ask_(std::move(ask)) {}

AgentFeed::~AgentFeed() {
  leaving_ = true;
  thread_.request_stop();
}

bool AgentFeed::is_of(const AgentConfig& c) const {
  return c.name == config_.name && c.url == config_.url && c.api_key.reveal() == config_.api_key.reveal() &&
         c.ca_file == config_.ca_file && c.interval == config_.interval && c.timeout == config_.timeout;
}

std::shared_ptr<AgentShare> AgentFeed::share(const AgentSelection& selection) {
  std::lock_guard lock(mutex_);
  std::erase_if(shares_, [](const auto& one) { return one.second.share.use_count() == 1; });
  auto& held = shares_[selection].share;
  if (!held) held = std::make_shared<AgentShare>(selection, config_.interval);
  return held;
}

AgentFeed::State AgentFeed::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void AgentFeed::say_trouble(const std::string& why) {
  for (const auto& [selection, held] : shares_) held.share->lost(why);
  state_.answers = false;
  state_.trouble = why;
  well_ = 0;
  if (std::exchange(said_, true) || !log_) return;
  log_(fmt::format("agent '{}' does not tell what '{}' draws: {}; answers there are modelled meanwhile", config_.name,
                   config_.url, why));
}

void AgentFeed::say_change(Held& held, const std::string& trouble) {
  if (held.in_trouble == !trouble.empty()) return;
  held.in_trouble = !trouble.empty();
  if (!log_) return;
  if (held.in_trouble)
    log_(fmt::format("agent '{}' does not tell what an upstream needs: {}; its answers are modelled meanwhile",
                     config_.name, trouble));
  else log_(fmt::format("agent '{}' tells again what was missing", config_.name));
}

bool AgentFeed::ask_once() {
  try {
    const auto pulled = ask_([this] { return leaving_.load(); });
    std::lock_guard lock(mutex_);
    take(pulled, seconds_now());
    return state_.answers;
  } catch (const std::exception& e) {
    if (leaving_) return false;
    std::lock_guard lock(mutex_);
    const auto* error = dynamic_cast<const Error*>(&e);
    std::string why = error ? error->message() : e.what();
    if (error && !error->hint().empty()) why += "; " + error->hint();
    say_trouble(why);
    return false;
  }
}

void AgentFeed::take(const meter::PulledSnapshot& pulled, double answered) {
  const meter::Published& now = pulled.told;
  state_.host = now.host;
  const bool same_run = last_ && last_->instance == now.instance;
  if (last_ && !same_run && last_->seen.now - now.seen.started > most_overlap) {
    // Its counters are not those that were read before.
    strangers_ = now.instance == stranger_ ? strangers_ + 1 : 1;
    stranger_ = now.instance;
    if (strangers_ < believed_after) {
      say_trouble("several agents answer there by turns; give each a URL of its own");
      return;
    }
    last_.reset();
  }
  strangers_ = 0;
  state_.answers = true;
  state_.trouble.clear();
  if (said_ && ++well_ >= well_after) {
    said_ = false;
    if (log_) log_(fmt::format("agent '{}' answers again", config_.name));
  }
  // Of the agent's two instants only the difference is used: how old the publication was when it answered.
  const Time clock = pulled.agent_clock.value_or(pulled.answered);
  const double on_the_way = std::max(0.0, (pulled.answered - pulled.asked).base()) / 2;
  const double age = std::clamp((clock - now.seen.now).base(), 0.0, 3600.0), end = answered - on_the_way - age;
  if (same_run && now.version <= last_->version) {  // told already
    if (pulled.agent_clock && age > 3 * (config_.interval + std::max(now.resolution, now.interval)).base())
      say_trouble(fmt::format("it answers and has told nothing new for {:.0f} s", age));
    return;
  }
  if (last_) {
    const auto seconds = [](const meter::Snapshot& s) { return (s.covered + s.missing).base(); };
    const double begin = same_run ? last_end_ : end - seconds(now.seen);
    for (auto& [selection, held] : shares_) {
      const AgentPart part = part_between(same_run ? &*last_ : nullptr, now, selection);
      say_change(held, part.trouble);
      held.share->take(begin, end, part);
    }
  }
  last_ = now;
  last_end_ = end;
}

void AgentFeed::run(const std::stop_token& stop) {
  Duration pause = config_.interval;
  while (!stop.stop_requested()) {
    pause = ask_once() ? config_.interval : std::max(config_.interval, std::min(pause * 2.0, longest_pause));
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::duration<double>(pause.base()), [] { return false; });
  }
}

}  // namespace wattline::serve
