// The hours that rows need and no stored series covers, asked for from a provider before a report is made: at most the
// provider's own questions for the times of the rows, place by place. What fails leaves the report what is stored, then
// the yearly figure, with the reason.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog/intensity/intensity_fetch.h"
#include "kernel/context.h"
#include "kernel/result.h"
#include "ledger/rollup.h"

namespace wattline::ledger {

class LiveHours {
 public:
  // `place`: that of rows that name none; may be empty.
  LiveHours(const catalog::Catalog& catalog, std::string place) : catalog_(catalog), place_(std::move(place)) {}

  // The sum's rows will be asked about.
  void need(const Subtotal&);
  // Puts what is missing into the store. After a fault that concerns all places alike nothing more is asked.
  void fetch(const catalog::IntensityStore&, catalog::IntensityProvider&, const Context&);
  // Why hours could not be had, by place as rows name it.
  std::map<std::string, std::string> failures() const;
  // The table of what was asked.
  void tell(Result&) const;

 private:
  struct Hours {
    std::vector<catalog::IntensityGap> wanted;  // whole hours
    std::int64_t questions = 0, values = 0;
    double missing_s = 0;
    std::string failure;
  };
  static void join(std::vector<catalog::IntensityGap>&);
  void fetch_place(const std::string& place, Hours&, const catalog::IntensityStore&, catalog::IntensityProvider&,
                   const Context&);

  const catalog::Catalog& catalog_;
  std::string place_;
  std::map<std::string, Hours> hours_;  // by place as rows name it
  std::string given_up_;  // why nobody is asked any more
};

}  // namespace wattline::ledger
