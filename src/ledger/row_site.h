// Where a row used its energy, as far as its impacts depend on it: the place it names, and the PUE that was recorded
// with it. The PUE is the label `pue`, a number from 1 to 20 (`ledger slurm` writes the one it was given). As a label
// it is in the row's hash, and a new figure comes by a correction like any other.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kernel/account.h"
#include "kernel/result.h"

namespace wattline::ledger {

inline constexpr std::string_view pue_label = "pue";
inline constexpr double most_pue = 20;

struct RowSite {
  RowSite(std::string at = {}, double own_pue = 0) : place(std::move(at)), pue(own_pue) {}
  std::string place;
  double pue;  // 0: none was recorded
  auto operator<=>(const RowSite&) const = default;
};

// A machine of somebody else's, from a cloud's bill, which contains its electricity.
inline bool is_rented(const Fact& f) { return f.kind == "rented"; }

// A label that is no such number counts as none.
RowSite site_of(const Fact&);
// Replaces the fact's PUE.
void set_pue(Fact&, double pue);

// How many of the rows had a PUE of their own, for the reader of a report.
class OwnPues {
 public:
  void see(const Fact&, std::int64_t rows);
  // A note where there are any; a warning about labels that are no PUE.
  void tell(Result&) const;

 private:
  std::map<double, std::int64_t> rows_;
  std::map<std::string, std::int64_t> unread_;
  std::int64_t without_ = 0;
};

}  // namespace wattline::ledger
