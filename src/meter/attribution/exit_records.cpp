#include "meter/attribution/exit_records.h"

#include <algorithm>
#include <cstring>

#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>

namespace wattline::meter {
namespace {

using ByteSpan = std::span<const std::byte>;

template <class T>
std::optional<T> take(ByteSpan from) {
  T out;
  if (from.size() < sizeof out) return std::nullopt;
  std::memcpy(&out, from.data(), sizeof out);
  return out;
}

// Calls with type and content of each attribute, until one is broken.
template <class F>
void for_each_attribute(ByteSpan bytes, F&& f) {
  while (const auto head = take<nlattr>(bytes)) {
    if (head->nla_len < sizeof(nlattr) || head->nla_len > bytes.size()) return;
    f(static_cast<int>(head->nla_type & NLA_TYPE_MASK), bytes.subspan(sizeof(nlattr), head->nla_len - sizeof(nlattr)));
    bytes = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(head->nla_len), bytes.size()));
  }
}

// Calls with type and content of each message.
template <class F>
void for_each_message(ByteSpan bytes, F&& f) {
  while (const auto head = take<nlmsghdr>(bytes)) {
    if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > bytes.size()) return;
    f(head->nlmsg_type, bytes.subspan(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr)));
    bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(head->nlmsg_len), bytes.size()));
  }
}

// A structure that may be longer or shorter than ours: what is lacking is 0.
taskstats stats_of(ByteSpan bytes) {
  taskstats out{};
  std::memcpy(&out, bytes.data(), std::min(bytes.size(), sizeof out));
  return out;
}

double seconds_of(const taskstats& s) {
  // The scheduler's time is exact; the other is counted in ticks of the clock and there without delay accounting too.
  if (s.cpu_run_virtual_total > 0) return static_cast<double>(s.cpu_run_virtual_total) * 1e-9;
  return static_cast<double>(s.ac_utime + s.ac_stime) * 1e-6;
}

}  // namespace

std::vector<ExitRecord> parse_exit_message(std::span<const std::byte> message, std::uint16_t family, bool& too_old) {
  std::vector<ExitRecord> out;
  for_each_message(message, [&](std::uint16_t type, ByteSpan content) {
    if (type != family || content.size() < sizeof(genlmsghdr)) return;
    std::optional<taskstats> thread, process;
    for_each_attribute(content.subspan(GENL_HDRLEN), [&](int kind, ByteSpan inside) {
      if (kind != TASKSTATS_TYPE_AGGR_PID && kind != TASKSTATS_TYPE_AGGR_TGID) return;
      for_each_attribute(inside, [&](int inner, ByteSpan stats) {
        if (inner == TASKSTATS_TYPE_STATS) (kind == TASKSTATS_TYPE_AGGR_PID ? thread : process) = stats_of(stats);
      });
    });
    if (!thread) return;
    if (thread->version < 12) {
      too_old = true;
      return;
    }
    if (!(thread->ac_flag & AGROUP) || thread->ac_tgid == 0 || thread->ac_tgid > (1u << 30)) return;
    ExitRecord r;
    r.pid = static_cast<int>(thread->ac_tgid);
    r.parent = thread->ac_ppid <= (1u << 30) ? static_cast<int>(thread->ac_ppid) : 0;
    r.user = thread->ac_uid;
    const char* name = thread->ac_comm;
    r.name.assign(name, std::find(name, name + sizeof thread->ac_comm, '\0'));
    for (char& c : r.name)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
    r.seconds = std::max(seconds_of(*thread), process ? seconds_of(*process) : 0);
    r.elapsed = static_cast<double>(std::max(thread->ac_tgetime, thread->ac_etime)) * 1e-6;
    r.delayed = static_cast<double>(thread->cpu_delay_total) * 1e-9;
    out.push_back(std::move(r));
  });
  return out;
}

std::optional<std::uint16_t> parse_family(std::span<const std::byte> message, int& error) {
  std::optional<std::uint16_t> out;
  for_each_message(message, [&](std::uint16_t type, ByteSpan content) {
    if (type == NLMSG_ERROR) {
      if (const auto code = take<int>(content); code && *code < 0 && *code > -4096) error = -*code;
    } else if (type == GENL_ID_CTRL && content.size() >= GENL_HDRLEN) {
      for_each_attribute(content.subspan(GENL_HDRLEN), [&](int kind, ByteSpan inside) {
        if (kind == CTRL_ATTR_FAMILY_ID) out = take<std::uint16_t>(inside);
      });
    }
  });
  return out;
}

}  // namespace wattline::meter
