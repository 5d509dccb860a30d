#include "meter/attribution/unrecorded.h"

#include <algorithm>
#include <ctime>

#include <unistd.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

constexpr std::int64_t wait_ns = 1'000'000'000;  // for a parent to wait for its child, and for its sum to show that
constexpr double least_room = 1e-4;  // s: records leave out the end of every process
constexpr int deepest = 64;

double kernel_tick() {
  timespec t{};
  return ::clock_getres(CLOCK_MONOTONIC_COARSE, &t) == 0 && t.tv_nsec > 0 ? static_cast<double>(t.tv_nsec) * 1e-9
                                                                          : 0.004;
}

}  // namespace

Unrecorded::Unrecorded(Roots roots)
    : roots_(std::move(roots)),
      clock_tick_(1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK))),
      kernel_tick_(kernel_tick()) {}

double Unrecorded::room_of(const ExitRecord& r, double known) const {
  return r.elapsed > 0 ? std::clamp(r.elapsed - r.delayed - known, least_room, kernel_tick_) : 0;
}

void Unrecorded::read(const std::vector<ExitRecord>& told, std::int64_t now_ns) {
  readings_.clear();
  const auto ask = [&](int pid) {
    if (pid <= 0 || readings_.contains(pid)) return;
    const auto text = read_small_file(roots_.proc / std::to_string(pid) / "stat", 1024);
    const auto stat = text ? parse_process_stat(*text) : std::nullopt;
    if (stat)
      readings_[pid] = {static_cast<double>(stat->waited_ticks) * clock_tick_,
                        static_cast<std::int64_t>(stat->start_ticks)};
  };
  for (const auto& r : told) ask(r.parent);
  for (const auto& [pid, family] : families_)
    if (family.news_ns >= last_read_ns_ || now_ns - family.news_ns <= wait_ns) ask(pid);
  last_read_ns_ = now_ns;
}

void Unrecorded::begin() {
  families_.clear();
  gone_.clear();
}

void Unrecorded::ended(const Ended& e, std::int64_t now_ns) {
  gone_[e.pid] = e.parent;
  Family& family = families_[e.parent];
  family.known += e.known;
  family.children.push_back({e.account, e.room, now_ns});
  family.news_ns = now_ns;
}

// What children of a process that is gone itself lacks is in the sum of its parent, or of the next one that is there.
void Unrecorded::hand_up() {
  for (const auto& [pid, parent] : gone_) {
    auto found = families_.extract(pid);
    if (!found) continue;
    int heir = parent;
    for (int depth = 0; depth < deepest; ++depth) {
      const auto next = gone_.find(heir);
      if (next == gone_.end()) break;
      heir = next->second;
    }
    Family& to = families_[heir];
    Family& from = found.mapped();
    to.known += from.known;
    to.children.insert(to.children.end(), from.children.begin(), from.children.end());
    to.news_ns = std::max(to.news_ns, from.news_ns);
  }
  gone_.clear();
}

double Unrecorded::share(double seconds, std::vector<Child>& children, bool lost,
                         const std::function<void(AccountId, double)>& book) {
  double room = 0;
  for (const auto& c : children) room += c.room;
  const double part = room > 0 ? std::min(seconds / room, 1.0) : 0;
  // Beyond what records may lack are the ends of the processes, and the work of those without a record.
  const double beyond = std::max(seconds - room, 0.0);
  const bool of_parent = lost || children.empty();
  const double more = of_parent ? 0 : beyond / static_cast<double>(children.size());
  for (auto& c : children) {
    book(c.account, c.room * part + more);
    c.room -= c.room * part;
  }
  return of_parent ? beyond : 0;
}

void Unrecorded::settle(ProcessTable& table, std::int64_t now_ns, bool lost,
                        const std::function<void(AccountId, double)>& book, std::vector<AccountId>& over) {
  hand_up();
  for (auto it = families_.begin(); it != families_.end();) {
    Family& family = it->second;
    WatchedProcess* parent = table.find(it->first);
    const auto read = readings_.find(it->first);
    if (parent && read != readings_.end() && read->second.started == parent->started &&
        read->second.waited > parent->waited) {
      const double rise = read->second.waited - parent->waited, known = std::min(family.known, rise);
      parent->waited = read->second.waited;
      family.known -= known;
      const double left = share(rise - known, family.children, lost, book);
      if (left > 0 && parent->account != no_account) book(parent->account, left);
    }
    std::erase_if(family.children, [&](const Child& c) {
      if (c.room > 0 && now_ns - c.since_ns <= wait_ns) return false;
      over.push_back(c.account);
      return true;
    });
    const bool nothing = family.children.empty() && (family.known <= 0 || !parent);
    it = nothing && now_ns - family.news_ns > wait_ns ? families_.erase(it) : std::next(it);
  }
}

}  // namespace wattline::meter
