#include "meter/attribution/gpu_work.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

namespace wattline::meter {
namespace {

constexpr std::int64_t ask_every_ns = 500'000'000;

// Ends the accounts whose keys are not among those that stay.
template <class Accounts, class Keys>
void end_others(Accounts& accounts, const Keys& stay, EnergyBook& book) {
  std::erase_if(accounts, [&](const auto& a) {
    if (stay.contains(a.first)) return false;
    book.end(a.second);
    return true;
  });
}

}  // namespace

GpuWork::GpuWork(std::unique_ptr<GpuUsers> users, bool own_numbers)
    : users_(std::move(users)), own_numbers_(own_numbers) {}

void GpuWork::ask(Board& board, const SourceInfo& info, std::int64_t boot_ns, EnergyBook& book) {
  if (board.asked && boot_ns - board.asked_ns < ask_every_ns) return;
  board.look = users_->look(info.id);
  board.asked_ns = boot_ns;
  board.asked = true;
  if (!board.look.how.empty()) {
    how_ = board.look.how;
    factor_ = board.look.factor;
  }
  std::set<std::string> slices;
  for (const auto& u : board.look.uses)
    if (!u.slice.empty()) slices.insert(u.slice);
  end_others(board.slices, slices, book);
}

GpuWork::Uses GpuWork::of(const SourceInfo& info, std::int64_t boot_ns, ProcessTable* table, EnergyBook& book) {
  Uses out;
  Board& board = boards_[info.component];
  ask(board, info, boot_ns, book);
  std::set<std::pair<int, std::int64_t>> there;
  std::set<int> strangers;
  for (const auto& u : board.look.uses) {
    const WatchedProcess* p = table && own_numbers_ ? table->find(u.pid) : nullptr;
    Work w;
    w.amount = u.weight;
    if (p) {
      w.account = p->account;
    } else if (own_numbers_ && table) {
      out.unseen += u.weight;
      continue;
    } else {
      strangers.insert(u.pid);
      const auto [it, is_new] = board.strangers.try_emplace(u.pid, no_account);
      if (is_new) it->second = book.open_process(fmt::format("GPU process {}", u.pid), 0, 0, {});
      w.account = it->second;
    }
    const std::pair key(u.pid, p ? p->started : 0);
    there.insert(key);
    const auto [process, new_process] = board.processes.try_emplace(key, no_account);
    if (new_process)
      process->second = book.open(Level::gpu_process, p ? p->name : fmt::format("GPU process {}", u.pid),
                                  info.component, u.pid, p ? p->started : 0);
    w.also[0] = process->second;
    if (!u.slice.empty()) {
      const auto [slice, new_slice] = board.slices.try_emplace(u.slice, no_account);
      if (new_slice) slice->second = book.open(Level::gpu_slice, info.component + " " + u.slice, info.component, 0);
      w.also[1] = slice->second;
    }
    out.work.push_back(w);
  }
  end_others(board.processes, there, book);
  end_others(board.strangers, strangers, book);
  return out;
}

bool sees_all_numbers(const Roots& roots) {
  char target[64] = {};
  const ssize_t n = ::readlink((roots.proc / "self/ns/pid").c_str(), target, sizeof target - 1);
  // The number of the first namespace is fixed in the kernel (PROC_PID_INIT_INO).
  return n > 0 && std::string_view(target, static_cast<std::size_t>(n)) == "pid:[4026531836]";
}

}  // namespace wattline::meter
