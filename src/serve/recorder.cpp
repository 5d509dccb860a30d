#include "serve/recorder.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_watchers = 64, told_at_once = 100;
constexpr std::int64_t between_words_ns = 10'000'000'000;  // of the log on losses that go on

// What facts of answers have in common, by what decides it.
struct Common {
  std::shared_ptr<const Basis> basis;
  std::shared_ptr<const Requester> requester;
  AnswerStatus status = AnswerStatus::ok;
  bool estimated = false;
  std::string_view attempt;
  explicit Common(const Answer& a) : basis(a.basis), requester(a.requester), status(a.status), estimated(a.tokens_estimated), attempt(a.attempt) {}
  bool of(const Answer& a) const {
    return basis == a.basis && requester == a.requester && status == a.status && estimated == a.tokens_estimated && attempt == a.attempt;
  }
};

// Of one thread: the shapes of the answers it recorded last, the latest in front.
struct KnownShapes {
  struct Known {
    std::uint64_t recorder;
    Common common;
    AccountJournal::Shape shape;
  };
  static constexpr std::size_t most = 256;
  std::vector<Known> all;

  Known* find(std::uint64_t recorder, const Answer& a) {
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].recorder == recorder && all[i].common.of(a)) {
        if (i > 0) std::swap(all[i], all[i / 2]);
        return &all[i / 2];
      }
    return nullptr;
  }
};

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
  auto* known = shapes.find(number_, a);
  if (!known) {
    Fact common = make_fact(a);
    common.uid.clear();
    common.energy.raw().renumber(1, 1);
    if (shapes.all.size() >= KnownShapes::most) shapes.all.pop_back();
    shapes.all.push_back({number_, Common(a), journal_->shape(common)});
    known = &shapes.all.back();
  }
  journal_->stage(known->shape, {a.id, a.begin, a.end, a.energy.value(), a.energy.sd(), a.tokens_in, a.tokens_out});
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
