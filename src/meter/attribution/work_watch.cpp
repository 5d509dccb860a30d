#include "meter/attribution/work_watch.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

namespace wattline::meter {
namespace {

constexpr std::int64_t claims_every_ns = 1'000'000'000;

double noise_of(int threads) { return 2.0 * std::max(threads, 1) / static_cast<double>(::sysconf(_SC_CLK_TCK)); }

// Where they are is told beside it by the container; where there is none the name has to.
std::string short_lived_name(const CgroupPlace& p) {
  if (!p.container.empty()) return "short-lived";
  if (!p.job.empty()) return "short-lived of job " + p.job;
  if (!p.pod.empty()) return "short-lived of pod " + p.pod;
  return p.service.empty() ? "short-lived" : "short-lived of " + p.service;
}

std::string key_of(const CgroupPlace& p) { return fmt::format("{}|{}|{}|{}", p.container, p.pod, p.job, p.service); }

}  // namespace

WorkWatch::WorkWatch(const Roots& roots, int threads, std::unique_ptr<CpuTimes> times,
                     std::unique_ptr<ExitListener> exits, std::string why_no_exits)
    : table_(roots, std::move(times)),
      exits_(std::move(exits)),
      why_no_exits_(std::move(why_no_exits)),
      balance_(noise_of(threads)),
      waited_(roots),
      unrecorded_(roots),
      cgroups_(roots) {}

Belonging WorkWatch::belonging(const CgroupPlace& place, std::uint32_t user) {
  return {place.container, place.pod, user == UINT32_MAX ? std::string() : users_.name(user), place.job, place.service};
}

Belonging WorkWatch::of_process(const CgroupPlace& place, std::uint32_t user) {
  Belonging out = belonging(place, user);
  if (out.job.empty()) out.job = place.environment_job;
  return out;
}

std::vector<std::shared_ptr<const CgroupPlace>> WorkWatch::places() {
  std::set<std::shared_ptr<const CgroupPlace>> out;
  for (const auto& p : table_.processes()) out.insert(p.place);
  return {out.begin(), out.end()};
}

void WorkWatch::add(AccountId account, int pid, double seconds, EnergyBook& book) {
  if (!(seconds > 0)) return;
  done_.push_back({account, pid, seconds});
  book.add_seconds(account, seconds);
}

void WorkWatch::book_living(EnergyBook& book, double& seen) {
  for (auto& p : table_.processes()) {
    if (p.changed) {
      const Belonging b = of_process(*p.place, p.user);
      if (p.account == no_account) p.account = book.open_process(p.name, p.pid, p.started, b);
      else book.change(p.account, p.name, b);
      p.changed = false;
    }
    add(p.account, p.pid, p.worked, book);
    seen += p.worked;
    if (!exits_ && claimed_ && p.worked > 0) cgroups_.worked(p.place, p.worked);
  }
}

void WorkWatch::book_exits(std::int64_t boot_ns, EnergyBook& book, double& seen) {
  std::unordered_map<int, const WatchedProcess*> ended, unknown;  // unknown: without a record
  for (const auto& p : table_.ended()) {
    ended[p.pid] = &p;
    if (p.account != no_account) unknown[p.pid] = &p;
  }
  lost_now_ = exits_->drain(told_) || lost_now_;
  lost_ = lost_ || lost_now_;
  // A child ends before its parent: from the last to the first, each finds whose child it was.
  struct Known {
    std::shared_ptr<const CgroupPlace> place;
    std::uint32_t user;
  };
  std::unordered_map<int, Known> brief;
  std::vector<ExitRecord> later;
  for (auto r = told_.rbegin(); r != told_.rend(); ++r) {
    if (const auto e = ended.find(r->pid); e != ended.end() && e->second->account != no_account) {
      const WatchedProcess& p = *e->second;
      const double rest = r->seconds - p.used, known = std::max(r->seconds, p.used);
      if (rest > 0) {
        add(p.account, 0, rest, book);
        seen += rest;
      }
      unrecorded_.ended({p.pid, r->parent, p.account, known + p.waited, unrecorded_.room_of(*r, known)}, boot_ns);
      unknown.erase(p.pid);
      continue;
    }
    if (const WatchedProcess* p = table_.find(r->pid)) {
      // It is on its way out: its last stretch is booked when it is gone. One whose number is another's by now worked
      // more than that has.
      if (r->seconds + unrecorded_.most_room() >= p->used) later.push_back(std::move(*r));
      continue;
    }
    Known known{nullptr, r->user};
    if (const WatchedProcess* parent = table_.find(r->parent)) known.place = parent->place;
    else if (const auto e2 = ended.find(r->parent); e2 != ended.end()) known.place = e2->second->place;
    else if (const auto b = brief.find(r->parent); b != brief.end()) known.place = b->second.place;
    brief[r->pid] = known;
    if (first_) continue;
    const AccountId account =
        book.open_process(r->name, r->pid, 0, of_process(known.place ? *known.place : CgroupPlace{}, r->user));
    add(account, 0, r->seconds, book);
    seen += r->seconds;
    book.died(account);
    unrecorded_.ended({r->pid, r->parent, account, r->seconds, unrecorded_.room_of(*r, r->seconds)}, boot_ns);
  }
  for (const auto& [pid, p] : unknown)
    unrecorded_.ended({p->pid, p->parent, p->account, p->used + p->waited, 0}, boot_ns);
  std::reverse(later.begin(), later.end());
  told_ = std::move(later);
  if (first_) return unrecorded_.begin();
  unrecorded_.settle(
      table_, boot_ns, lost_now_,
      [&](AccountId account, double seconds) {
        add(account, 0, seconds, book);
        seen += seconds;
      },
      ending_);
}

void WorkWatch::end_short_lived_of_others(const std::vector<std::shared_ptr<const CgroupPlace>>& there) {
  std::set<std::string> keys;
  for (const auto& place : there) keys.insert(key_of(*place));
  std::erase_if(short_lived_, [&](const auto& one) {
    if (keys.contains(one.first)) return false;
    claims_.forget(one.second);
    ending_.push_back(one.second);
    return true;
  });
}

void WorkWatch::book_claims(std::int64_t boot_ns, double& unseen, EnergyBook& book) {
  for (const auto& p : table_.ended()) waited_.ended(p);
  if (boot_ns - last_claims_ns_ >= claims_every_ns && (claimed_ || unseen > 0)) {
    // The first sums are a beginning.
    const bool counts = claimed_;
    claimed_ = true;
    last_claims_ns_ = boot_ns;
    for (const auto& [p, seconds] : waited_.look(table_)) {
      if (!counts) continue;
      claims_.add(p->account, seconds, boot_ns);
      cgroups_.worked(p->place, seconds);
    }
    const auto there = places();
    for (const auto& r : cgroups_.rest(there)) {
      auto [it, is_new] = short_lived_.try_emplace(key_of(*r.place), no_account);
      if (is_new) it->second = book.open_process(short_lived_name(*r.place), 0, 0, belonging(*r.place, UINT32_MAX));
      claims_.add(it->second, r.seconds, boot_ns);
    }
    end_short_lived_of_others(there);
  }
  std::vector<Work> paid;
  unseen = claims_.pay(unseen, boot_ns, paid);
  for (const Work& w : paid) add(w.account, 0, w.amount, book);
}

void WorkWatch::look(std::int64_t boot_ns, std::optional<double> busy, EnergyBook& book) {
  lost_now_ = exits_ && exits_->drain(told_);
  if (exits_) unrecorded_.read(told_, boot_ns);
  table_.look(boot_ns);
  done_.clear();
  double seen = 0;
  book_living(book, seen);
  if (exits_) book_exits(boot_ns, book, seen);
  unseen_ = busy && !first_ ? balance_.of(*busy, seen) : 0;
  if (!exits_) book_claims(boot_ns, unseen_, book);
  for (const auto& p : table_.ended()) {
    if (p.account == no_account || exits_) continue;
    claims_.forget(p.account);
    ending_.push_back(p.account);
  }
  first_ = false;
}

void WorkWatch::close(EnergyBook& book) {
  for (const AccountId a : ending_) book.end(a);
  ending_.clear();
}

std::vector<std::string> WorkWatch::warnings() const {
  std::vector<std::string> out;
  if (const std::string trouble = table_.trouble(); !trouble.empty()) out.push_back(trouble);
  if (!exits_)
    out.push_back(
        fmt::format("processes that come and go between two ticks are not seen one by one ({}): what their "
                    "parents or cgroups tell is booked there, the rest to nobody",
                    why_no_exits_));
  else if (lost_)
    out.push_back(
        "so many processes ended at once that the kernel dropped word of some: their work is their parents', or "
        "nobody's");
  return out;
}

}  // namespace wattline::meter
