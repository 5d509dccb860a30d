// Billing exports of Google Cloud (BigQuery's tables and the cost table) as CSV. They bill a machine's cores, memory
// and accelerators in lines of their own, so energy is modelled line by line; reports by machine type are read too.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "kernel/utf8.h"
#include "ledger/imports/bill.h"

namespace wattline::ledger::imports {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

enum class Part { none, core, memory, accelerator };

// "N1 Predefined Instance Core running in Frankfurt", "Nvidia Tesla A100 GPU running in Iowa"
Part part_of(const std::string& sku) {
  const auto has = [&](std::string_view word) { return sku.find(word) != std::string::npos; };
  if (has("commitment") || has("reserved") || has("license") || has("licensing") || has("premium")) return Part::none;
  if (has("gpu") && has("running")) return Part::accelerator;
  if (!has("running") && !has("instance")) return Part::none;
  if (has(" core") || has("vcpu") || has("cpu ")) return Part::core;
  if (has(" ram") || has("memory")) return Part::memory;
  return Part::none;
}

// How many hours of one core (or GPU), or of one GiB, an amount in such a unit is; 0: it is another thing.
double hours_in(std::string_view unit, Part part) {
  const std::string key = column_key(unit);
  if (part == Part::memory) {
    if (key == "byteseconds" || key == "bytesecond") return 1.0 / 1073741824.0 / 3600;
    if (key == "gibibytehour" || key == "gibibytehours" || key == "gibyh" || key == "gibh") return 1;
    if (key == "gigabytehour" || key == "gbh") return 1e9 / 1073741824.0;
    return 0;
  }
  if (key == "seconds" || key == "second" || key == "s") return 1.0 / 3600;
  if (key == "hour" || key == "hours" || key == "h") return 1;
  return 0;
}

// What Google calls its accelerators, and the catalog's devices.
std::string accelerator_name(const std::string& sku) {
  struct Known {
    std::string_view word, device;
  };
  constexpr Known known[] = {{"a100 80gb", "NVIDIA A100 SXM 80GB"},
                             {"a100", "NVIDIA A100 SXM 40GB"},
                             {"h200", "NVIDIA H200 SXM"},
                             {"h100", "NVIDIA H100 SXM"},
                             {"l4", "NVIDIA L4"},
                             {"t4", "NVIDIA T4"},
                             {"v100", "NVIDIA V100 SXM2 16GB"},
                             {"p100", "NVIDIA P100 PCIe 16GB"},
                             {"b200", "NVIDIA B200"}};
  for (const auto& k : known)
    if (sku.find(k.word) != std::string::npos) return std::string(k.device);
  return {};
}

class Gcp : public RowFormat {
 public:
  Gcp(Sheet& s, Reading& reading)
      : bill_(s, reading, "gcp"),
        begin_(s.require("a Google Cloud export", {"usage_start_time", "Usage start date", "start_time"})),
        end_(s.require("a Google Cloud export", {"usage_end_time", "Usage end date", "end_time"})),
        sku_(s.find({"sku.description", "sku_description", "SKU description"})),
        service_(s.find({"service.description", "service_description", "Service description"})),
        cost_type_(s.find({"cost_type", "Cost type"})),
        amount_(s.require("a Google Cloud export", {"usage.amount", "usage_amount", "Usage amount"})),
        unit_(s.require("a Google Cloud export", {"usage.unit", "usage_unit", "Usage unit"})),
        region_(s.find({"location.region", "location_region", "Region", "location.location"})),
        project_(s.find({"project.id", "project_id", "Project ID"})),
        machine_(s.find({"machine_type", "machine_spec", "system_labels.machine_spec", "Machine type"})) {
    if (sku_ < 0 && machine_ < 0) s.require("a Google Cloud export", {"sku.description"});
  }

  std::optional<Fact> fact(Sheet& s) override {
    const auto cost_type = lower(s.text(cost_type_));
    if (!cost_type.empty() && cost_type != "regular" && cost_type != "usage")
      return bill_.left_out(fmt::format("cost type {} (no use of its own)", shown_text(cost_type)));
    const std::string sku = lower(s.text(sku_));
    const bool by_machine = sku_ < 0;
    const Part part = by_machine ? Part::core : part_of(sku);
    if (part == Part::none || (by_machine && s.text(machine_).empty()))
      return bill_.left_out("no rented machine (storage, transfer, requests ...)");
    const double hours = s.required_amount(amount_, "an amount of use") * hours_in(s.text(unit_), part);
    if (hours_in(s.text(unit_), part) == 0)
      s.fail(unit_, fmt::format("'{}' is no unit of this use", shown_text(s.text(unit_))),
             part == Part::memory ? "byte-seconds or gibibyte hour" : "seconds or hour");
    if (hours == 0) return bill_.left_out("no hours");
    std::string device, instance_name;
    Estimate<Power> power;
    if (by_machine) {
      const Instance* instance = bill_.instance(s, machine_, s.text(machine_));
      if (!instance) return std::nullopt;
      power = bill_.instances().power(*instance);
      device = instance->device;
      instance_name = instance->name;
    } else if (part == Part::core) {
      power = bill_.instances().vcpu_power();
    } else if (part == Part::memory) {
      power = bill_.instances().memory_power(1);
    } else {
      device = accelerator_name(sku);
      if (device.empty()) {
        if (bill_.reading().options.skip_unknown)
          return bill_.left_out("accelerator that is not known (--skip-unknown)");
        s.fail(sku_, fmt::format("the accelerator of '{}' is not known", shown_text(s.text(sku_), 80)),
               "--skip-unknown leaves such rows out");
      }
      power = bill_.instances().accelerator_power(device);
    }
    const Time begin = s.required_time(begin_), end = s.required_time(end_);
    if (end < begin) s.fail(end_, fmt::format("ends before it begins ({})", s.text(begin_)));
    Fact f = bill_.fact(s, power, hours * units::hour, begin, end);
    f.place = bill_.place(s, region_, s.text(region_));
    f.device = device;
    if (const auto project = s.text(project_); !project.empty()) f.labels.emplace_back("project", project);
    if (!instance_name.empty()) f.labels.emplace_back("instance", instance_name);
    f.labels.emplace_back("part", by_machine             ? "machine"
                                  : part == Part::core   ? "cores"
                                  : part == Part::memory ? "memory"
                                                         : "accelerators");
    if (const auto service = s.text(service_); !service.empty()) f.labels.emplace_back("service", service);
    return f;
  }

 private:
  Bill bill_;
  int begin_, end_, sku_, service_, cost_type_, amount_, unit_, region_, project_, machine_;
};

}  // namespace

std::unique_ptr<RowFormat> gcp_format(Sheet& sheet, Reading& reading) { return std::make_unique<Gcp>(sheet, reading); }

}  // namespace wattline::ledger::imports
