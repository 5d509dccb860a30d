#include "ledger/journal.h"

#include <algorithm>

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include "kernel/error.h"
#include "ledger/row.h"

namespace wattline::ledger {
namespace {

constexpr auto between_words = std::chrono::seconds(10);  // of the log on losses that go on

// Of this thread alone: those who answer come first, and what is left of the machine commits.
void take_what_is_left() {
  sched_param none{};
  ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &none);
  ::pthread_setname_np(::pthread_self(), "wl-journal");
}

}  // namespace

std::shared_ptr<Journal> Journal::open(const std::filesystem::path& dir, Commit commit, JournalOptions options) {
  return std::shared_ptr<Journal>(new Journal(dir, std::move(commit), std::move(options)));
}

Journal::Journal(const std::filesystem::path& dir, Commit commit, JournalOptions options)
    : dir_(dir), commit_(std::move(commit)), options_(std::move(options)) {
  options_.batch = std::max<std::size_t>(options_.batch, 1);
  begin_file();
  committer_ = std::thread([this] { commit_loop(); });
}

Journal::~Journal() { close(std::chrono::seconds(10)); }

void Journal::log(std::string_view text) const {
  if (options_.log) options_.log(text);
}

void Journal::begin_file() {
  auto part = std::make_unique<Part>();
  part->file = std::make_unique<JournalFile>(JournalFile::create(journal_dir(dir_)));
  part->written = part->file->size();
  parts_.push_back(std::move(part));
  in_file_.assign(shape_entries_.size(), false);
}

Journal::Shape Journal::shape(const Fact& common) {
  Row row;
  row.fact = checked(common);
  std::string text = canonical(row);
  std::lock_guard lock(mutex_);
  const auto [it, fresh] = shape_numbers_.try_emplace(std::move(text), static_cast<Shape>(shape_entries_.size()));
  if (fresh) {
    append_shape(shape_entries_.emplace_back(), it->second, row.fact, options_.factor_set);
    in_file_.push_back(false);
  }
  return it->second;
}

void Journal::lose(std::int64_t facts, const std::string& why) {
  const std::int64_t lost = lost_.fetch_add(facts) + facts;
  const auto now = std::chrono::steady_clock::now();
  if (lost_said_ > 0 && now - said_at_ < between_words) return;
  log(fmt::format("{} answers were lost to the ledger, {} in all: {}", lost - lost_said_, lost, why));
  lost_said_ = lost;
  said_at_ = now;
}

// False: there is none, and waiting brings none.
bool Journal::has_room(std::unique_lock<std::mutex>& lock) {
  const auto limit = static_cast<std::int64_t>(options_.backlog_bytes);
  if (backlog_bytes_.load(std::memory_order_relaxed) <= limit) return true;
  // The thread that commits has what this one leaves of the machine.
  const auto end = std::chrono::steady_clock::now() + options_.patience;
  while (backlog_bytes_ > limit && !stalled_ && !closed_ && std::chrono::steady_clock::now() < end)
    less_.wait_for(lock, std::chrono::milliseconds(1));
  return backlog_bytes_ <= 2 * limit;
}

void Journal::stage(Shape shape, const FactNumbers& numbers) {
  std::unique_lock lock(mutex_);
  if (shape >= shape_entries_.size()) throw bad_input("a shape of another journal");
  if (closed_) return lose(1, "the journal is closed");
  if (!has_room(lock)) return lose(1, fmt::format("{} MiB wait already", backlog_bytes_.load() >> 20));
  if (staged_.size() > options_.memory_bytes)
    return lose(1, "the disk takes nothing, and the memory set aside for that is full");
  if (!in_file_[shape]) staged_ += shape_entries_[shape];
  in_file_[shape] = true;
  append_fact(staged_, shape, numbers);
  ++staged_facts_;
  waiting_.fetch_add(1, std::memory_order_relaxed);
  is_staged_.store(true, std::memory_order_release);
}

void Journal::flush() {
  // Another thread that is just writing leaves this set until it has.
  if (!is_staged_.load(std::memory_order_acquire)) return;
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (!flush_staged()) return;
    wake = std::exchange(rests_, false);
  }
  if (wake) wake_.notify_one();
}

bool Journal::flush_staged() {
  if (staged_.empty() || parts_.empty()) return true;
  const auto now = std::chrono::steady_clock::now();
  if (disk_refuses_ && now < try_again_ && !closed_) return false;
  Part& part = *parts_.back();
  if (!part.file->append(staged_)) {
    try_again_ = now + options_.period;
    if (!disk_refuses_)
      log(fmt::format("the disk takes no answers now ({}); they wait in memory",
                      part.file->path().parent_path().string()));
    disk_refuses_ = true;
    return false;
  }
  disk_refuses_ = false;
  backlog_bytes_.fetch_add(static_cast<std::int64_t>(staged_.size()));
  part.facts += staged_facts_;
  part.written.store(part.file->size(), std::memory_order_release);
  staged_.clear();
  staged_facts_ = 0;
  is_staged_.store(false, std::memory_order_release);
  if (part.written >= options_.file_bytes) {
    try {
      begin_file();
    } catch (const Error&) {
      // A full disk, perhaps: the present file may still take some.
    }
  }
  return true;
}

AccountBacklog Journal::backlog() const { return {waiting_.load(), written_.load(), lost_.load()}; }

// One transaction. False when the account takes nothing now.
bool Journal::commit_some(Part& part, bool sealed) {
  const std::uint64_t before = part.walk.at();
  auto state = JournalWalk::State::end;
  try {
    state = part.walk.read(*part.file, part.written.load(std::memory_order_acquire), options_.batch, batch_);
    const std::int64_t refused =
        batch_.count > 0 ? commit_what_can_be(commit_, batch_.span(), batch_.factor_set, options_.log) : 0;
    part.walk.done();
    const auto count = static_cast<std::int64_t>(batch_.count);
    part.committed += count;
    if (stalled_.exchange(false)) log("the ledger takes answers again");
    backlog_bytes_.fetch_sub(static_cast<std::int64_t>(part.walk.at() - before));
    written_.fetch_add(count - refused);
    waiting_.fetch_sub(count);
    if (refused > 0) {
      std::lock_guard lock(mutex_);
      lose(refused, "refused for good");
    }
    less_.notify_all();
  } catch (const std::exception& e) {
    if (!stalled_.exchange(true))
      log(fmt::format("the ledger takes no answers now: {}; they wait in the journal, and answers go on", e.what()));
    less_.notify_all();
    return false;
  }
  const bool spoilt = state == JournalWalk::State::torn || state == JournalWalk::State::damaged;
  if (!spoilt && (!sealed || part.has_more())) return true;
  std::lock_guard lock(mutex_);
  if (spoilt) {
    // Only a failing disk or a hand from outside does this.
    lose(part.facts - part.committed,
         fmt::format("what was written can no longer be read; kept as {}", part.file->set_aside().string()));
    waiting_.fetch_sub(part.facts - part.committed);
    if (parts_.size() == 1) begin_file();
  } else {
    part.file->remove();
  }
  parts_.pop_front();
  return true;
}

void Journal::commit_loop() {
  take_what_is_left();
  try {
    const auto adopted = adopt_journals(dir_, commit_, options_.log);
    if (adopted.facts > 0)
      log(fmt::format("{} answers that an earlier gateway left in its journal were taken into the ledger",
                      adopted.facts));
  } catch (const std::exception& e) {
    log(fmt::format("a journal left behind could not be read: {}", e.what()));
  }
  std::unique_lock lock(mutex_);
  const auto has_work = [&] { return !staged_.empty() || parts_.size() > 1 || parts_.front()->has_more(); };
  const auto is_late = [&] { return closed_ && std::chrono::steady_clock::now() >= last_; };
  while (true) {
    rests_ = true;
    wake_.wait(lock, [&] { return closed_ || has_work(); });
    rests_ = false;
    // What comes together is one transaction.
    wake_.wait_for(lock, options_.period, [&] { return closed_; });
    bool fine = flush_staged();
    while (fine && !is_late() && (parts_.size() > 1 || parts_.front()->has_more())) {
      Part& part = *parts_.front();
      const bool sealed = parts_.size() > 1;
      lock.unlock();
      fine = commit_some(part, sealed);
      lock.lock();
    }
    if (closed_ && (!has_work() || is_late())) break;
    if (!fine && closed_) {
      lock.unlock();
      std::this_thread::sleep_for(options_.period);
      lock.lock();
    }
  }
  end_files();
}

void Journal::end_files() {
  if (staged_facts_ > 0) {
    lose(staged_facts_, "the disk took them neither now nor before the end");
    waiting_.fetch_sub(staged_facts_);
  }
  const Part& front = *parts_.front();
  if (parts_.size() == 1 && !front.has_more()) front.file->remove();
  else
    log(fmt::format("{} answers wait in {}; who next opens this ledger takes them in", waiting_.load(),
                    front.file->path().parent_path().string()));
  parts_.clear();
}

void Journal::close(std::chrono::milliseconds patience) {
  {
    std::lock_guard lock(mutex_);
    if (!closed_) last_ = std::chrono::steady_clock::now() + patience;
    closed_ = true;
  }
  wake_.notify_all();
  less_.notify_all();
  if (committer_.joinable()) committer_.join();
}

}  // namespace wattline::ledger
