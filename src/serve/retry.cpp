#include "serve/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

#include "serve/chance.h"

namespace wattline::serve {

TryBudget::TryBudget(double share, double in_hand, double most)
    : share_(static_cast<std::int64_t>(share * token)),
      in_hand_(static_cast<std::int64_t>(in_hand * token)),
      most_(std::max(in_hand_, static_cast<std::int64_t>(most * token))),
      held_(in_hand_) {}

void TryBudget::deposit() {
  // What a few threads at once put in over the limit does no harm.
  if (held_.load(std::memory_order_relaxed) < most_) held_.fetch_add(share_, std::memory_order_relaxed);
}

bool TryBudget::withdraw(std::int64_t now_ns) {
  if (share_ <= 0) return false;
  auto last = refilled_ns_.load(std::memory_order_relaxed);
  if (last == 0) {
    refilled_ns_.compare_exchange_strong(last, now_ns);
  } else if (now_ns - last >= 100'000'000 && refilled_ns_.compare_exchange_strong(last, now_ns)) {
    const auto back = static_cast<std::int64_t>(static_cast<double>(in_hand_) *
                                                std::min(1.0, static_cast<double>(now_ns - last) * 1e-10));
    const auto held = held_.load(std::memory_order_relaxed);
    if (held < in_hand_) held_.fetch_add(std::min(back, in_hand_ - held), std::memory_order_relaxed);
  }
  auto held = held_.load(std::memory_order_relaxed);
  while (held >= token)
    if (held_.compare_exchange_weak(held, held - token, std::memory_order_relaxed)) return true;
  return false;
}

bool worth_another(const Failure& f) {
  if (!f.sent) return false;
  if (!f.reached || !f.told) return true;
  // 529: Anthropic's word for overloaded.
  return f.status == 401 || f.status == 403 || f.status == 429 || f.status == 502 || f.status == 503 ||
         f.status == 504 || f.status == 529;
}

bool speaks_against(const Failure& f) { return f.sent && (!f.reached || !f.told || f.status >= 500 || refuses_key(f)); }

bool refuses_key(const Failure& f) { return f.told && (f.status == 401 || f.status == 403); }

Duration backoff(const RetryConfig& c, int n, std::uint64_t& random) {
  const double most = std::min(c.backoff_most.base(), c.backoff.base() * std::exp2(std::clamp(n, 0, 30)));
  return Duration(most * (0.5 + 0.5 * chance_of(random)));
}

std::optional<Duration> read_retry_after(std::string_view text, std::int64_t now) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.empty() || text.size() > 64) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec == std::errc() && end == text.data() + text.size()) {
    if (seconds < 0) return std::nullopt;
    return Duration(static_cast<double>(seconds));
  }
  if (text.front() >= '0' && text.front() <= '9') return std::nullopt;
  std::tm tm{};
  const std::string copy(text);
  const char* rest = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (!rest || *rest != '\0') return std::nullopt;
  return Duration(std::max(0.0, static_cast<double>(::timegm(&tm) - now)));
}

}  // namespace wattline::serve
