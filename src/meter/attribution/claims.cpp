#include "meter/attribution/claims.h"

#include <algorithm>

namespace wattline::meter {

void Claims::add(AccountId account, double seconds, std::int64_t now_ns) {
  if (seconds > 0) claims_.push_back({account, seconds, now_ns});
}

double Claims::pay(double unseen, std::int64_t now_ns, std::vector<Work>& work) {
  while (!claims_.empty() && now_ns - claims_.front().since_ns > lapse_ns) claims_.pop_front();
  while (!claims_.empty() && unseen > 0) {
    Claim& c = claims_.front();
    const double paid = std::min(c.seconds, unseen);
    work.push_back({c.account, paid, {no_account, no_account}});
    unseen -= paid;
    c.seconds -= paid;
    if (c.seconds <= 0) claims_.pop_front();
  }
  return std::max(unseen, 0.0);
}

void Claims::forget(AccountId account) {
  std::erase_if(claims_, [account](const Claim& c) { return c.account == account; });
}

double Claims::open() const {
  double out = 0;
  for (const auto& c : claims_) out += c.seconds;
  return out;
}

}  // namespace wattline::meter
