#include "ledger/journal.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/row.h"

namespace wattline::ledger {
namespace {

constexpr auto between_words = std::chrono::seconds(10);  // of the log on losses that go on
constexpr int lowest_priority = 19;

// Of this thread alone: those who answer come first, and what is left of the machine commits.
void lower_priority() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), lowest_priority); }

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
  Part part;
  part.file = std::make_unique<JournalFile>(JournalFile::create(journal_dir(dir_)));
  part.written = part.file->size();
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

bool Journal::write(std::string_view entry, Shape shape) {
  if (parts_.back().written >= options_.file_bytes) {
    try {
      begin_file();
    } catch (const Error&) {
      // A full disk, perhaps: the present file may still take it.
    }
  }
  Part& part = parts_.back();
  if (!in_file_[shape]) {
    if (!part.file->append(shape_entries_[shape])) return false;
    in_file_[shape] = true;
  }
  if (!part.file->append(entry)) return false;
  backlog_bytes_ += part.file->size() - part.written;
  part.written = part.file->size();
  ++part.facts;
  return true;
}

bool Journal::flush_memory() {
  while (!memory_.empty()) {
    if (!write(memory_.front().entry, memory_.front().shape)) return false;
    memory_bytes_ -= memory_.front().entry.size();
    memory_.pop_front();
  }
  return true;
}

void Journal::lose(std::int64_t facts, std::string why) {
  const std::int64_t lost = lost_.fetch_add(facts) + facts;
  const auto now = std::chrono::steady_clock::now();
  if (lost_said_ > 0 && now - said_at_ < between_words) return;
  log(fmt::format("{} answers were lost to the ledger, {} in all: {}", lost - lost_said_, lost, why));
  lost_said_ = lost;
  said_at_ = now;
}

// False: there is none, and waiting brings none.
bool Journal::has_room(std::unique_lock<std::mutex>& lock) {
  if (backlog_bytes_ <= options_.backlog_bytes) return true;
  // The thread that commits has what this one leaves of the machine.
  if (!stalled_) less_.wait_for(lock, options_.patience, [&] { return backlog_bytes_ <= options_.backlog_bytes || stalled_ || closed_; });
  return backlog_bytes_ <= 2 * options_.backlog_bytes;
}

void Journal::record(Shape shape, const FactNumbers& numbers) {
  thread_local std::string entry;
  entry.clear();
  append_fact(entry, shape, numbers);
  std::unique_lock lock(mutex_);
  if (shape >= shape_entries_.size()) throw bad_input("a shape of another journal");
  if (closed_) return lose(1, "the journal is closed");
  if (!has_room(lock)) return lose(1, fmt::format("{:.0f} MiB wait already", static_cast<double>(backlog_bytes_) / (1 << 20)));
  if (!flush_memory() || !write(entry, shape)) {
    if (memory_bytes_ + entry.size() > options_.memory_bytes) return lose(1, "the disk takes nothing, and the memory set aside for that is full");
    if (memory_.empty()) log(fmt::format("the disk takes no answers now ({}); they wait in memory", parts_.back().file->path().parent_path().string()));
    memory_bytes_ += entry.size();
    memory_.push_back({shape, entry});
  }
  waiting_.fetch_add(1, std::memory_order_relaxed);
  const bool wake = std::exchange(rests_, false);
  lock.unlock();
  if (wake) wake_.notify_one();
}

AccountBacklog Journal::backlog() const { return {waiting_.load(), written_.load(), lost_.load()}; }

// One transaction. False when the account takes nothing now.
bool Journal::commit_some() {
  Part* part = nullptr;
  std::uint64_t until = 0;
  bool last = false;
  {
    std::lock_guard lock(mutex_);
    part = &parts_.front();
    until = part->written;
    last = parts_.size() == 1;
  }
  const std::uint64_t before = part->walk.at();
  auto state = JournalWalk::State::end;
  try {
    state = part->walk.read(*part->file, until, options_.batch, batch_);
    const std::int64_t refused = batch_.count > 0 ? commit_what_can_be(commit_, batch_.span(), batch_.factor_set, options_.log) : 0;
    part->walk.done();
    const auto count = static_cast<std::int64_t>(batch_.count);
    part->committed += count;
    std::lock_guard lock(mutex_);
    if (stalled_) log("the ledger takes answers again");
    stalled_ = false;
    backlog_bytes_ -= std::min(backlog_bytes_, part->walk.at() - before);
    written_.fetch_add(count - refused);
    waiting_.fetch_sub(count);
    if (refused > 0) lose(refused, "refused for good");
    less_.notify_all();
  } catch (const std::exception& e) {
    std::lock_guard lock(mutex_);
    if (!stalled_) log(fmt::format("the ledger takes no answers now: {}; they wait in the journal, and answers go on", e.what()));
    stalled_ = true;
    less_.notify_all();
    return false;
  }
  if (state == JournalWalk::State::more || (last && state == JournalWalk::State::end)) return true;
  std::lock_guard lock(mutex_);
  if (state != JournalWalk::State::end) {
    // Only a failing disk or a hand from outside does this.
    lose(part->facts - part->committed, fmt::format("what was written can no longer be read; kept as {}", part->file->set_aside().string()));
    waiting_.fetch_sub(part->facts - part->committed);
  } else {
    part->file->remove();
  }
  if (last) begin_file();
  parts_.pop_front();
  return true;
}

void Journal::commit_loop() {
  lower_priority();
  try {
    const auto adopted = adopt_journals(dir_, commit_, options_.log);
    if (adopted.facts > 0) log(fmt::format("{} answers that an earlier gateway left in its journal were taken into the ledger", adopted.facts));
  } catch (const std::exception& e) {
    log(fmt::format("a journal left behind could not be read: {}", e.what()));
  }
  const auto has_work = [&] { return !memory_.empty() || parts_.size() > 1 || parts_.front().walk.at() < parts_.front().written; };
  // An empty file's walk has not stepped over the first line yet.
  parts_.front().walk.read(*parts_.front().file, journal_magic.size(), 1, batch_);
  std::unique_lock lock(mutex_);
  while (true) {
    rests_ = true;
    wake_.wait(lock, [&] { return closed_ || has_work(); });
    rests_ = false;
    // What comes together is one transaction.
    wake_.wait_for(lock, options_.period, [&] { return closed_; });
    bool fine = flush_memory();
    while (fine && (parts_.size() > 1 || parts_.front().walk.at() < parts_.front().written)) {
      lock.unlock();
      fine = commit_some();
      lock.lock();
      if (closed_ && std::chrono::steady_clock::now() >= last_) break;
    }
    if (closed_ && (!has_work() || std::chrono::steady_clock::now() >= last_)) break;
    if (!fine && closed_) {
      lock.unlock();
      std::this_thread::sleep_for(options_.period);
      lock.lock();
    }
  }
  end_files();
}

void Journal::end_files() {
  if (!memory_.empty()) {
    lose(static_cast<std::int64_t>(memory_.size()), "the disk took them neither now nor before the end");
    waiting_.fetch_sub(static_cast<std::int64_t>(memory_.size()));
  }
  const Part& front = parts_.front();
  if (parts_.size() == 1 && front.walk.at() >= front.written) front.file->remove();
  else log(fmt::format("{} answers wait in {}; who next opens this ledger takes them in", waiting_.load(), front.file->path().parent_path().string()));
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
