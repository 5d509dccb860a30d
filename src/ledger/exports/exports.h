// The account in the forms of other programs. All go through a sink in pieces, so that an account of any size needs
// little memory.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ledger/account.h"
#include "ledger/impacts.h"

namespace wattline::ledger {

using TextSink = std::function<void(std::string_view)>;

// emissions.csv of CodeCarbon: one line a row, kWh and kg. What CodeCarbon has no column for (tokens, intervals, other
// labels than project and experiment) is not in it; energy is not told apart by processor, GPU and memory. The
// timestamp is the row's end in UTC, with its zone.
class CodeCarbonLines {
 public:
  explicit CodeCarbonLines(const catalog::Catalog& catalog) : catalog_(catalog) {}
  static std::string header();
  std::string line(const Fact&, const Impacts&) const;

 private:
  const catalog::Catalog& catalog_;
};

// Text exposition format of Prometheus (version 0.0.4): totals by kind, model, device, place and the labels named,
// with HELP and TYPE, in base units. They are sums of the whole account: a counter falls when a row is corrected.
class PrometheusTotals {
 public:
  explicit PrometheusTotals(std::vector<std::string> labels) : labels_(std::move(labels)) {}
  void add(const Subtotal&);
  // Carbon and water are derived with the factors of today.
  std::string text(Grids&) const;

 private:
  struct Sum {
    EnergyBySite energy;
    std::int64_t rows = 0, tokens_in = 0, tokens_out = 0;
  };
  std::vector<std::string> labels_;
  std::map<std::string, Sum> sums_;  // by the text of the labels
};

// The row in its canonical form (row.h) with all causes of its uncertainty: what `ledger import` takes back whole.
std::string json_line(const Row&);

}  // namespace wattline::ledger
