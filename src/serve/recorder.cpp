#include "serve/recorder.h"

#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_watchers = 64, told_at_once = 100;
constexpr std::int64_t between_words_ns = 10'000'000'000;  // of the log on losses that go on

// What facts of answers have in common, by what decides it.
struct Common {
  std::uint64_t recorder = 0;
  std::shared_ptr<const Basis> basis;
  std::shared_ptr<const Requester> requester;
  AnswerStatus status = AnswerStatus::ok;
  CacheUse repeats = CacheUse::none;  // hit or shared, else none
  bool estimated = false;
  std::string_view attempt;
  bool operator==(const Common&) const = default;
};
struct HashOfCommon {
  std::size_t operator()(const Common& c) const {
    const auto bits = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p) >> 4; };
    std::size_t h = bits(c.basis.get()) * 0x9e3779b97f4a7c15 + bits(c.requester.get());
    h = h * 0x9e3779b97f4a7c15 + c.recorder * 8 + static_cast<std::size_t>(c.status) * 2 + (c.estimated ? 1 : 0) +
        static_cast<std::size_t>(c.repeats) * 1024;
    return h ^ (h >> 29);
  }
};
// Of one thread: shapes of the answers it recorded. Emptied when they become too many (keys that came and went).
using KnownShapes = std::unordered_map<Common, AccountJournal::Shape, HashOfCommon>;
constexpr std::size_t most_known_shapes = 16'384;

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Fact make_fact(const Answer& a) {
  const Basis& b = *a.basis;
  Fact f;
  f.kind = "answer";
  f.begin = a.begin;
  f.end = a.end;
  f.energy = Estimate<Energy>::with_sd(a.energy.value(), a.energy.sd(), a.energy.method(), {});
  for (const auto& s : b.energy.sources) f.energy.raw().add_source(s);
  // As in the line: one model's answers share the error of its energy, and it does not average out.
  f.energy.raw().attribute_to(energy_cause(b));
  f.tokens_in = a.tokens_in;
  f.tokens_out = a.tokens_out;
  f.uid = a.id;
  f.model = b.catalog_model.empty() ? b.model : b.catalog_model;
  f.device = b.device;
  f.place = b.place;
  f.labels = {{"served_as", b.model}, {"upstream", b.upstream}, {"status", std::string(to_string(a.status))}};
  if (a.tokens_estimated) f.labels.emplace_back("tokens", "estimated");
  if (!a.attempt.empty()) f.labels.emplace_back("attempt", a.attempt);
  if (a.repeats()) f.labels.emplace_back("cache", std::string(to_string(a.cache)));
  if (a.requester) {
    f.labels.emplace_back("tenant", a.requester->tenant);
    if (!a.requester->key.empty()) f.labels.emplace_back("key", a.requester->key);
  }
  return f;
}

Recorder::Recorder(std::shared_ptr<AccountSink> sink, RecorderOptions options)
    : sink_(std::move(sink)), options_(std::move(options)), number_(next_number()), answers_(options_.answers_kept) {
  if (sink_) journal_ = sink_->open_journal(options_.log);
  teller_ = std::thread([this] { tell_loop(); });
}

Recorder::~Recorder() { close(); }

void Recorder::close() {
  {
    std::lock_guard lock(watchers_mutex_);
    closing_ = true;
  }
  wake_teller_.notify_all();
  if (teller_.joinable()) teller_.join();
  if (journal_) journal_->close(options_.patience);
}

AccountBacklog Recorder::backlog() const {
  if (journal_) return journal_->backlog();
  return {0, written_.load(), lost_.load()};
}

void Recorder::keep_account(const Answer& a) {
  if (!journal_) {
    sink_->record(make_fact(a));
    written_.fetch_add(1);
    return;
  }
  thread_local KnownShapes shapes;
  const Common wanted{
      number_, a.basis, a.requester, a.status, a.repeats() ? a.cache : CacheUse::none, a.tokens_estimated, a.attempt};
  auto known = shapes.find(wanted);
  if (known == shapes.end()) {
    Fact common = make_fact(a);
    common.uid.clear();
    common.energy.raw().renumber(1, 1);
    if (shapes.size() >= most_known_shapes) shapes.clear();
    known = shapes.emplace(wanted, journal_->shape(common)).first;
  }
  journal_->stage(known->second, {a.id, a.begin, a.end, a.energy.value(), a.energy.sd(), a.tokens_in, a.tokens_out});
}

void Recorder::record(AnswerPtr answer) {
  if (sink_) {
    try {
      keep_account(*answer);
    } catch (const std::exception& e) {
      const std::int64_t lost = lost_.fetch_add(1) + 1;
      const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
      std::int64_t said = said_ns_.load();
      if (options_.log && (said == 0 || now - said > between_words_ns) && said_ns_.compare_exchange_strong(said, now))
        options_.log(fmt::format("answer {} was lost to the ledger, {} in all: {}", answer->id, lost, e.what()));
    }
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
  while (!closing_) {
    wake_teller_.wait(lock, [&] { return closing_ || !watchers_.empty(); });
    bool last = false;
    while (!last && !watchers_.empty()) {
      last = wake_teller_.wait_for(lock, options_.period, [&] { return closing_; });
      // A page needs the newest; the rest is in the totals.
      for (const auto& answer : answers_.since(told_, told_at_once)) {
        auto json = std::make_shared<std::string>();
        append_json(*json, *answer);
        for (const auto& [id, watcher] : watchers_) watcher(*answer, json);
      }
    }
  }
}

}  // namespace wattline::serve
