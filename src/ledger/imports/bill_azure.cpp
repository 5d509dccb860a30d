// Cost and usage details of Azure as CSV: a day of a virtual machine a line.
#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/utf8.h"
#include "ledger/imports/bill.h"

namespace wattline::ledger::imports {
namespace {

class Azure : public RowFormat {
 public:
  Azure(Sheet& s, Reading& reading)
      : bill_(s, reading, "azure"),
        date_(s.require("an Azure export", {"Date", "UsageDate", "UsageDateTime"})),
        category_(s.require("an Azure export", {"MeterCategory", "ServiceName"})),
        meter_(s.find({"MeterName"})),
        quantity_(s.require("an Azure export", {"Quantity", "UsageQuantity", "ConsumedQuantity"})),
        unit_(s.require("an Azure export", {"UnitOfMeasure", "Unit"})),
        region_(s.find({"ResourceLocation", "ResourceLocationNormalized", "ResourceRegion"})),
        info_(s.find({"AdditionalInfo"})),
        charge_(s.find({"ChargeType"})),
        group_(s.find({"ResourceGroup", "ResourceGroupName"})),
        subscription_(s.find({"SubscriptionName", "SubscriptionId", "SubscriptionGuid"})) {
    if (meter_ < 0 && info_ < 0) s.require("an Azure export", {"AdditionalInfo"});
  }

  std::optional<Fact> fact(Sheet& s) override {
    if (const auto charge = s.text(charge_); !charge.empty() && charge != "Usage")
      return bill_.left_out(fmt::format("charge type {} (no use of its own)", shown_text(charge)));
    if (const auto category = column_key(s.text(category_)); category != "virtualmachines")
      return bill_.left_out("no rented machine (storage, transfer, licences ...)");
    // "1 Hour"; "100 Hours" is counted now in hours, now in hundreds of them.
    const auto unit = column_key(s.text(unit_));
    if (unit != "1hour" && unit != "hour" && unit != "hours" && unit != "1hours")
      s.fail(unit_, fmt::format("'{}' is not '1 Hour'", shown_text(s.text(unit_))),
             "whether the quantity is in hours or in such units is not told; write hours and 1 Hour");
    const double hours = s.required_amount(quantity_, "a quantity of hours");
    if (hours == 0) return bill_.left_out("no hours");
    int column = info_;
    const std::string type = machine(s, column);
    const Instance* instance = bill_.instance(s, column, type);
    if (!instance) return std::nullopt;
    const Time day = s.required_time(date_, true);
    Fact f = bill_.fact(s, bill_.instances().power(*instance), hours * units::hour, day, day + 24 * units::hour);
    std::string region = column_key(s.text(region_));
    f.place = bill_.place(s, region_, spelt(region));
    f.device = instance->device;
    f.labels.emplace_back("instance", instance->name);
    if (const auto group = s.text(group_); !group.empty()) f.labels.emplace_back("group", group);
    if (const auto name = s.text(subscription_); !name.empty()) f.labels.emplace_back("subscription", name);
    return f;
  }

 private:
  // "EU West" of older files, where newer ones have "westeurope".
  static std::string spelt(const std::string& key) {
    constexpr std::pair<std::string_view, std::string_view> older[] = {{"euwest", "westeurope"},
                                                                       {"eunorth", "northeurope"},
                                                                       {"useast", "eastus"},
                                                                       {"useast2", "eastus2"},
                                                                       {"uswest", "westus"},
                                                                       {"uswest2", "westus2"},
                                                                       {"uswest3", "westus3"},
                                                                       {"uscentral", "centralus"},
                                                                       {"usnorthcentral", "northcentralus"},
                                                                       {"ussouthcentral", "southcentralus"},
                                                                       {"uswestcentral", "westcentralus"},
                                                                       {"apsoutheast", "southeastasia"},
                                                                       {"apeast", "eastasia"},
                                                                       {"jaeast", "japaneast"},
                                                                       {"jawest", "japanwest"}};
    for (const auto& [old, now] : older)
      if (key == old) return std::string(now);
    return key;
  }

  // "Standard_D2s_v3" of the additional information, else the meter's "D2 v3/D2s v3".
  std::string machine(Sheet& s, int& column) const {
    if (const auto info = s.text(info_); !info.empty()) {
      try {
        const Json json = parse_json(info.starts_with('{') ? std::string(info) : fmt::format("{{{}}}", info));
        if (const auto type = json.text_or("ServiceType", ""); !type.empty()) return type;
      } catch (const Error& e) {
        s.fail(info_, fmt::format("is no JSON: {}", e.message()),
               "\"ServiceType\": \"Standard_D2s_v3\" is looked for there");
      }
    }
    column = meter_ >= 0 ? meter_ : info_;
    std::string_view name = s.text(meter_);
    name = name.substr(0, name.find('/'));
    for (const std::string_view end : {" Spot", " Low Priority"})
      if (name.ends_with(end)) name.remove_suffix(end.size());
    return std::string(name);
  }

  Bill bill_;
  int date_, category_, meter_, quantity_, unit_, region_, info_, charge_, group_, subscription_;
};

}  // namespace

std::unique_ptr<RowFormat> azure_format(Sheet& sheet, Reading& reading) {
  return std::make_unique<Azure>(sheet, reading);
}

}  // namespace wattline::ledger::imports
