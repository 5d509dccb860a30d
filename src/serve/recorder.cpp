#include "serve/recorder.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_watchers = 64, told_at_once = 100;
constexpr auto between_words = std::chrono::seconds(10);  // of the log on losses that go on

}  // namespace

void make_fact(Fact& f, const Answer& a, bool reused) {
  const Basis& b = *a.basis;
  f.begin = a.begin;
  f.end = a.end;
  f.energy = a.energy;
  for (const auto& s : b.energy.sources) f.energy.raw().add_source(s);
  // As in the line: one model's answers share the error of its energy, and it does not average out.
  f.energy.raw().attribute_to(energy_cause(b));
  f.tokens_in = a.tokens_in;
  f.tokens_out = a.tokens_out;
  f.uid = a.id;
  if (reused) return;
  f.kind = "answer";
  f.model = b.catalog_model.empty() ? b.model : b.catalog_model;
  f.device = b.device;
  f.place = b.place;
  f.labels = {{"served_as", b.model}, {"upstream", b.upstream}, {"status", std::string(to_string(a.status))}};
  if (a.tokens_estimated) f.labels.emplace_back("tokens", "estimated");
  if (!a.requester) return;
  f.labels.emplace_back("tenant", a.requester->tenant);
  if (!a.requester->key.empty()) f.labels.emplace_back("key", a.requester->key);
}

// Facts of one transaction after another, in the same memory: most answers of a batch differ in a few
// numbers only from those that stood there before.
class Recorder::Facts {
 public:
  std::span<const Fact> of(std::span<const AnswerPtr> answers) {
    if (facts_.size() < answers.size()) {
      facts_.resize(answers.size());
      kinds_.resize(answers.size());
    }
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Answer& a = *answers[i];
      const bool same = kinds_[i].basis == a.basis && kinds_[i].requester == a.requester && kinds_[i].status == a.status && kinds_[i].estimated == a.tokens_estimated;
      make_fact(facts_[i], a, same);
      if (!same) kinds_[i] = {a.basis, a.requester, a.status, a.tokens_estimated};
    }
    return {facts_.data(), answers.size()};
  }

 private:
  struct Kind {
    std::shared_ptr<const Basis> basis;
    std::shared_ptr<const Requester> requester;
    AnswerStatus status = AnswerStatus::ok;
    bool estimated = false;
  };
  std::vector<Fact> facts_;
  std::vector<Kind> kinds_;
};

Recorder::Recorder(std::shared_ptr<AccountSink> sink, RecorderOptions options)
    : sink_(std::move(sink)), options_(std::move(options)), answers_(options_.answers_kept), facts_(std::make_unique<Facts>()) {
  options_.batch = std::max<std::size_t>(options_.batch, 1);
  if (sink_) writer_ = std::thread([this] { write_loop(); });
  teller_ = std::thread([this] { tell_loop(); });
}

Recorder::~Recorder() { close(); }

void Recorder::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  {
    std::lock_guard lock(watchers_mutex_);
    teller_closing_ = true;
  }
  wake_.notify_all();
  wake_teller_.notify_all();
  if (teller_.joinable()) teller_.join();
  if (writer_.joinable()) writer_.join();
}

void Recorder::record(AnswerPtr answer) {
  if (sink_) {
    bool wake = false;
    std::unique_lock lock(mutex_);
    if (ended_ || waiting_.load(std::memory_order_relaxed) >= static_cast<std::int64_t>(options_.queue)) {
      lost_.fetch_add(1);
    } else {
      waiting_.fetch_add(1, std::memory_order_relaxed);
      queue_.push_back(answer);
      wake = std::exchange(writer_rests_, false);
    }
    lock.unlock();
    if (wake) wake_.notify_one();
  }
  answers_.add(std::move(answer));
}

bool Recorder::watch(std::uint64_t id, Watcher watcher) {
  std::lock_guard lock(watchers_mutex_);
  if (watchers_.size() >= most_watchers) return false;
  if (watchers_.empty()) told_ = answers_.added();
  watchers_[id] = std::move(watcher);
  wake_teller_.notify_one();
  return true;
}

void Recorder::unwatch(std::uint64_t id) {
  std::lock_guard lock(watchers_mutex_);
  watchers_.erase(id);
}

void Recorder::tell_loop() {
  std::unique_lock lock(watchers_mutex_);
  while (!teller_closing_) {
    wake_teller_.wait(lock, [&] { return teller_closing_ || !watchers_.empty(); });
    bool last = false;
    while (!last && !watchers_.empty()) {
      last = wake_teller_.wait_for(lock, options_.period, [&] { return teller_closing_; });
      // A page needs the newest; the rest is in the totals.
      for (const auto& answer : answers_.since(told_, told_at_once)) {
        auto json = std::make_shared<std::string>();
        append_json(*json, *answer);
        for (const auto& [id, watcher] : watchers_) watcher(json);
      }
    }
  }
}

void Recorder::log(std::string_view text) const {
  if (options_.log) options_.log(text);
}

void Recorder::log_losses(bool at_once) {
  const std::int64_t lost = lost_.load();
  const auto now = std::chrono::steady_clock::now();
  if (lost == lost_said_ || (!at_once && lost_said_ > 0 && now - said_at_ < between_words)) return;
  log(fmt::format("{} answers were lost to the ledger, {} in all: {}", lost - lost_said_, lost,
                  why_lost_.empty() ? fmt::format("{} wait already", options_.queue) : why_lost_));
  lost_said_ = lost;
  said_at_ = now;
  why_lost_.clear();
}

void Recorder::put(std::span<const Fact> facts, std::size_t& done) {
  try {
    sink_->record_all(facts);
    written_.fetch_add(static_cast<std::int64_t>(facts.size()));
    done += facts.size();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::bad_input) throw;
    if (facts.size() > 1) {
      // Only what can never be taken is left out.
      const std::size_t half = facts.size() / 2;
      put(facts.first(half), done);
      put(facts.subspan(half), done);
      return;
    }
    lost_.fetch_add(1);
    why_lost_ = fmt::format("{} is refused for good: {}", facts[0].uid, e.what());
    ++done;
  }
}

// One transaction. False when the ledger takes nothing now.
bool Recorder::write_some(std::vector<AnswerPtr>& taken, std::size_t& at) {
  const std::size_t n = std::min(options_.batch, taken.size() - at);
  std::size_t done = 0;
  bool fine = true;
  try {
    put(facts_->of({taken.data() + at, n}), done);
    if (refused_) log("the ledger takes answers again");
    refused_ = false;
  } catch (const std::exception& e) {
    if (!refused_) log(fmt::format("the ledger takes no answers now: {}; up to {} wait, and answers go on", e.what(), options_.queue));
    refused_ = true;
    fine = false;
  }
  for (std::size_t i = at; i < at + done; ++i) taken[i].reset();
  at += done;
  waiting_.fetch_sub(static_cast<std::int64_t>(done));
  return fine;
}

void Recorder::write_loop() {
  std::vector<AnswerPtr> taken, fresh;
  std::size_t at = 0;  // of the first in `taken` that is not written
  bool last = false;
  while (!last) {
    {
      std::unique_lock lock(mutex_);
      if (taken.empty()) {
        writer_rests_ = queue_.empty();
        wake_.wait(lock, [&] { return closing_ || !queue_.empty(); });
        writer_rests_ = false;
      }
      last = wake_.wait_for(lock, options_.period, [&] { return closing_; });
      fresh.swap(queue_);
      ended_ = last;
    }
    if (taken.empty()) taken.swap(fresh);
    else std::move(fresh.begin(), fresh.end(), std::back_inserter(taken));
    fresh.clear();
    while (at < taken.size() && write_some(taken, at)) {
    }
    if (last && at < taken.size()) {
      why_lost_ = "the ledger took them neither now nor before the end";
      lost_.fetch_add(static_cast<std::int64_t>(taken.size() - at));
      waiting_.fetch_sub(static_cast<std::int64_t>(taken.size() - at));
      at = taken.size();
    }
    taken.erase(taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(at));
    at = 0;
    log_losses(last);
  }
}

}  // namespace wattline::serve
