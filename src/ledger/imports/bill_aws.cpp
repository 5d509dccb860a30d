// Cost and usage reports of AWS (CUR, CUR 2.0, Data Exports) as CSV: lines of instance hours.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/utf8.h"
#include "ledger/imports/bill.h"

namespace wattline::ledger::imports {
namespace {

// Lines that say how long something ran, not what it cost.
constexpr std::string_view usage_lines[] = {"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"};
// What usage types of whole machines begin with, behind the region's letters ("EUC1-BoxUsage:m5.large").
constexpr std::string_view machine_usage[] = {"BoxUsage",  "SpotUsage", "DedicatedUsage", "UnusedBox", "InstanceUsage",
                                              "UnusedDed", "NodeUsage", "MultiAZUsage",   "Host",      "TrainUsage",
                                              "Train",     "Notebk",    "Processing",     "Tsform",    "ReservedBox"};

class Aws : public RowFormat {
 public:
  Aws(Sheet& s, Reading& reading)
      : bill_(s, reading, "aws"),
        id_(s.find({"lineItem/LineItemId", "identity/LineItemId", "identity_line_item_id", "line_item_id"})),
        line_(s.find({"lineItem/LineItemType", "LineItemType"})),
        begin_(s.require("an AWS report", {"lineItem/UsageStartDate", "UsageStartDate"})),
        end_(s.require("an AWS report", {"lineItem/UsageEndDate", "UsageEndDate"})),
        amount_(s.require("an AWS report", {"lineItem/UsageAmount", "UsageAmount", "UsageQuantity"})),
        usage_(s.find({"lineItem/UsageType", "UsageType"})),
        product_(s.find({"lineItem/ProductCode", "ProductCode"})),
        instance_(s.find({"product/instanceType", "product_instance_type", "InstanceType"})),
        unit_(s.find({"pricing/unit", "pricing_unit", "Unit"})),
        region_(s.find({"product/regionCode", "product_region_code", "product/region", "product_region", "Region"})),
        zone_(s.find({"lineItem/AvailabilityZone", "AvailabilityZone"})) {
    if (usage_ < 0 && instance_ < 0) s.require("an AWS report", {"product/instanceType"});
  }

  std::string identity(const Sheet& s) const override { return std::string(s.text(id_)); }

  std::optional<Fact> fact(Sheet& s) override {
    const auto line = s.text(line_);
    if (!line.empty() && std::find(std::begin(usage_lines), std::end(usage_lines), line) == std::end(usage_lines))
      return bill_.left_out(fmt::format("line type {} (no use of its own)", shown_text(line)));
    const auto type = machine(s);
    if (type.empty()) return bill_.left_out("no rented machine (storage, transfer, requests ...)");
    if (const auto unit = column_key(s.text(unit_));
        !unit.empty() && unit != "hrs" && unit != "hours" && unit != "hour")
      return bill_.left_out(fmt::format("counted in {}, not in hours", shown_text(s.text(unit_))));
    const double hours = s.required_amount(amount_, "an amount of instance hours");
    if (hours == 0) return bill_.left_out("no hours");
    const Instance* instance = bill_.instance(s, instance_ >= 0 ? instance_ : usage_, type);
    if (!instance) return std::nullopt;
    const Time begin = s.required_time(begin_), end = s.required_time(end_);
    if (end < begin) s.fail(end_, fmt::format("ends before it begins ({})", s.text(begin_)));
    Fact f = bill_.fact(s, bill_.instances().power(*instance), hours * units::hour, begin, end);
    auto region = s.text(region_);
    const auto zone = s.text(zone_);
    // "eu-central-1a"
    if (region.empty() && zone.size() > 1) region = zone.substr(0, zone.find_last_of("0123456789") + 1);
    f.place = bill_.place(s, region_ >= 0 ? region_ : zone_, region);
    f.device = instance->device;
    f.labels.emplace_back("instance", instance->name);
    if (const auto product = s.text(product_); !product.empty()) f.labels.emplace_back("service", product);
    return f;
  }

 private:
  // The instance type that the row is about, "" when it is about none.
  std::string_view machine(const Sheet& s) const {
    const auto usage = s.text(usage_), instance = s.text(instance_);
    if (usage_ < 0) return instance;
    const auto colon = usage.find(':');
    std::string_view what = usage.substr(0, colon);
    if (const auto dash = what.rfind('-'); dash != std::string_view::npos) what.remove_prefix(dash + 1);
    const bool whole = std::any_of(std::begin(machine_usage), std::end(machine_usage),
                                   [&](std::string_view m) { return what.starts_with(m); });
    if (!whole) return {};
    if (!instance.empty()) return instance;
    return colon == std::string_view::npos ? std::string_view() : usage.substr(colon + 1);
  }

  Bill bill_;
  int id_, line_, begin_, end_, amount_, usage_, product_, instance_, unit_, region_, zone_;
};

}  // namespace

std::unique_ptr<RowFormat> aws_format(Sheet& sheet, Reading& reading) { return std::make_unique<Aws>(sheet, reading); }

}  // namespace wattline::ledger::imports
