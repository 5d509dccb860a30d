#include "ledger/imports/bill.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::ledger::imports {

Bill::Bill(Sheet& s, Reading& r, std::string provider)
    : reading_(r), provider_(std::move(provider)), instances_(r, provider_), labels_(s, r) {}

std::nullopt_t Bill::left_out(std::string_view why) {
  ++reading_.notes.left_out[std::string(why)];
  return std::nullopt;
}

const Instance* Bill::instance(Sheet& s, int column, std::string_view name) {
  const Instance* found = instances_.find(name);
  if (found && (found->accelerators == 0 || !found->device.empty())) return found;
  if (reading_.options.skip_unknown) {
    left_out(found ? "instance with an accelerator that the catalog has not (--skip-unknown)"
                   : "instance type that is not known (--skip-unknown)");
    return nullptr;
  }
  if (found)
    s.fail(column, fmt::format("the accelerator of '{}' is not in the catalog", shown_text(name)),
           "--skip-unknown leaves such rows out; or give its device with --catalog DIR (cloud_instances.csv)");
  std::string near;
  for (const auto& n : instances_.nearest(name)) near += (near.empty() ? "" : ", ") + n;
  s.fail(column,
         fmt::format("unknown {} instance type '{}'{}", provider_, shown_text(name),
                     near.empty() ? "" : "; the nearest known: " + near),
         "--skip-unknown leaves such rows out; or add its vCPU and memory with --catalog DIR (cloud_instances.csv)");
}

std::string Bill::place(Sheet& s, int column, std::string_view region) {
  if (!region.empty()) {
    if (const auto found = reading_.place(fmt::format("{}/{}", provider_, region))) return *found;
    if (reading_.options.place.empty())
      s.fail(column, fmt::format("the catalog has no region '{}/{}'", provider_, shown_text(region)),
             "--place NAME is taken for rows whose region is not known");
  }
  return reading_.options.place;
}

Fact Bill::fact(Sheet& s, const Estimate<Power>& power, Duration time, Time begin, Time end) {
  Fact f;
  f.kind = reading_.options.kind.empty() ? "rented" : reading_.options.kind;
  f.begin = begin;
  f.end = end;
  f.energy = power * Estimate<Duration>::exact(time);
  f.labels.emplace_back("provider", provider_);
  labels_.add(s, f);
  return f;
}

}  // namespace wattline::ledger::imports
