#include "serve/recorder.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_watchers = 64, told_at_once = 100;

Fact fact_of(const Answer& a) {
  const Basis& b = *a.basis;
  Fact f;
  f.kind = "answer";
  f.begin = a.begin;
  f.end = a.end;
  f.energy = a.energy;
  for (const auto& s : b.energy.sources) f.energy.raw().add_source(s);
  f.tokens_in = a.tokens_in;
  f.tokens_out = a.tokens_out;
  f.model = b.catalog_model.empty() ? b.model : b.catalog_model;
  f.device = b.device;
  f.place = b.place;
  f.uid = a.id;
  f.labels = {{"served_as", b.model}, {"upstream", b.upstream}, {"status", std::string(to_string(a.status))}};
  if (a.tokens_estimated) f.labels.emplace_back("tokens", "estimated");
  return f;
}

// Sum of many answers of one basis and outcome.
struct Sum {
  const Answer* first = nullptr;
  Time begin, end;
  Energy energy{0}, sd{0};
  std::int64_t in = 0, out = 0, count = 0;

  void add(const Answer& a) {
    if (!first) {
      first = &a;
      begin = a.begin;
      end = a.end;
    }
    begin = std::min(begin, a.begin);
    end = std::max(end, a.end);
    energy += a.energy.value();
    sd += a.energy.sd();  // answers of one model share the error of its model
    in += a.tokens_in;
    out += a.tokens_out;
    ++count;
  }
  Fact fact() const {
    Fact f = fact_of(*first);
    f.begin = begin;
    f.end = end;
    f.energy = Estimate<Energy>::with_sd(energy, sd, first->basis->energy.method, {});
    for (const auto& s : first->basis->energy.sources) f.energy.raw().add_source(s);
    f.tokens_in = in;
    f.tokens_out = out;
    f.labels.emplace_back("answers", std::to_string(count));
    return f;
  }
};

}  // namespace

std::vector<Fact> facts_of(const std::vector<AnswerPtr>& batch, std::size_t rows_each) {
  std::map<std::pair<const Basis*, AnswerStatus>, std::pair<std::size_t, Sum>> groups;
  std::vector<Fact> out;
  for (const auto& a : batch) {
    auto& [rows, sum] = groups[{a->basis.get(), a->status}];
    if (rows < rows_each) {
      ++rows;
      out.push_back(fact_of(*a));
    } else {
      sum.add(*a);
    }
  }
  for (const auto& [key, group] : groups)
    if (group.second.count > 0) out.push_back(group.second.fact());
  return out;
}

Recorder::Recorder(std::shared_ptr<AccountSink> sink, RecorderOptions options)
    : sink_(std::move(sink)), options_(std::move(options)), answers_(options_.answers_kept), thread_([this] { run(); }) {}

Recorder::~Recorder() { close(); }

void Recorder::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Recorder::record(AnswerPtr answer) {
  answers_.add(answer);
  std::lock_guard lock(mutex_);
  if (queue_.size() >= options_.queue) {
    lost_.fetch_add(1);
    return;
  }
  queue_.push_back(std::move(answer));
  waiting_.store(static_cast<std::int64_t>(queue_.size()));
}

bool Recorder::watch(std::uint64_t id, Watcher watcher) {
  std::lock_guard lock(watchers_mutex_);
  if (watchers_.size() >= most_watchers) return false;
  watchers_[id] = std::move(watcher);
  return true;
}

void Recorder::unwatch(std::uint64_t id) {
  std::lock_guard lock(watchers_mutex_);
  watchers_.erase(id);
}

void Recorder::tell(const std::vector<AnswerPtr>& batch) {
  std::lock_guard lock(watchers_mutex_);
  if (watchers_.empty()) return;
  // A page needs the newest; the rest is in the totals.
  for (std::size_t i = batch.size() - std::min(batch.size(), told_at_once); i < batch.size(); ++i) {
    auto json = std::make_shared<std::string>();
    append_json(*json, *batch[i]);
    for (const auto& [id, watcher] : watchers_) watcher(json);
  }
}

void Recorder::write(std::vector<AnswerPtr>& batch, bool last) {
  if (batch.empty()) return;
  try {
    if (sink_) sink_->record_all(facts_of(batch, options_.rows_each));
    written_.fetch_add(static_cast<std::int64_t>(batch.size()));
    batch.clear();
    told_ = false;
  } catch (const std::exception& e) {
    if (options_.log && !told_) options_.log(fmt::format("the ledger took no answers: {}", e.what()));
    told_ = true;
    const auto* error = dynamic_cast<const Error*>(&e);
    // What it can never take is not tried again.
    if (last || (error && error->kind() == ErrorKind::bad_input)) {
      lost_.fetch_add(static_cast<std::int64_t>(batch.size()));
      batch.clear();
    }
  }
}

void Recorder::run() {
  std::vector<AnswerPtr> fresh, batch;
  while (true) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, options_.period, [&] { return closing_; });
      last = closing_;
      fresh.clear();
      // While the ledger takes nothing, answers wait in the queue, which is bounded.
      if (batch.empty() || last) fresh.swap(queue_);
      waiting_.store(static_cast<std::int64_t>(queue_.size() + fresh.size() + batch.size()));
    }
    tell(fresh);
    std::move(fresh.begin(), fresh.end(), std::back_inserter(batch));
    write(batch, last);
    if (batch.empty()) {
      std::lock_guard lock(mutex_);
      waiting_.store(static_cast<std::int64_t>(queue_.size()));
    }
    if (last) return;
  }
}

}  // namespace wattline::serve
