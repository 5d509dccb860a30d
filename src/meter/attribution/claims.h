// Work that is known to have been done and was not seen being done: of processes that came and went between two looks,
// told later by their parent's or their cgroup's sums. It is paid out of the time that no process explains, as that
// comes; what is not paid within some seconds lapses, so that nobody is given another's work.
#pragma once

#include <deque>
#include <vector>

#include "meter/attribution/energy_book.h"

namespace wattline::meter {

class Claims {
 public:
  void add(AccountId account, double seconds, std::int64_t now_ns);
  // Pays at most `unseen` seconds, the oldest claims first; adds what each gets to `work` and returns what nobody
  // claims.
  double pay(double unseen, std::int64_t now_ns, std::vector<Work>& work);
  // The account ends: what it claims lapses.
  void forget(AccountId account);
  double open() const;

 private:
  static constexpr std::int64_t lapse_ns = 5'000'000'000;
  struct Claim {
    AccountId account;
    double seconds;
    std::int64_t since_ns;
  };
  std::deque<Claim> claims_;
};

}  // namespace wattline::meter
