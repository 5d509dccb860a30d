#include "meter/run_account.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernel/account.h"
#include "kernel/error.h"
#include "meter/gap_fill.h"
#include "meter/run_nesting.h"
#include "meter/traces/replay.h"

namespace wattline::meter {

Labels read_labels(const std::vector<std::string>& texts) {
  Labels out;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == text.npos)
      throw bad_input(fmt::format("'{}' is not NAME=VALUE", text), "--label", "for instance --label project=thesis");
    const std::string name = text.substr(0, equals);
    for (const auto& [known, value] : out)
      if (known == name) throw bad_input(fmt::format("the label '{}' is given twice", name), "--label");
    out.emplace_back(name, text.substr(equals + 1));
  }
  return out;
}

std::string program_name(const std::vector<std::string>& command) {
  return std::filesystem::path(command.front()).filename().string();
}

std::string why_not_recorded() {
  if (replaying()) return "what was read is a replayed trace";
  if (const auto outer = outer_run())
    return fmt::format("it is a part of the `wattline run` around it (process {}), whose row will hold its energy",
                       *outer);
  return {};
}

std::string record_run(const RunEnergy& run, Labels labels, const std::string& place, const std::string& program,
                       Context& context) {
  AccountSink* account = context.find<AccountSink>();
  if (!account || !why_not_recorded().empty()) return {};
  Fact fact;
  fact.kind = "run";
  fact.begin = run.outcome.begin;
  fact.end = run.outcome.end;
  fact.energy = run.total;
  fact.device = run.device;
  fact.place = place;
  fact.labels = std::move(labels);
  bool named = false;
  for (const auto& [name, value] : fact.labels) named = named || name == "command";
  if (!named) fact.labels.emplace_back("command", program);
  const auto label = [&](const char* name, std::string value) {
    for (const auto& [known, ignored] : fact.labels)
      if (known == name) return;
    fact.labels.emplace_back(name, std::move(value));
  };
  if (run.missing > std::min(run.outcome.length * 0.01, Duration(0.5)))
    label("missing_s", fmt::format("{:.3g}", run.missing.base()));
  if (run.modelled_share > 0 && run.modelled_share < 1) label("modelled_share", share_in_words(run.modelled_share));
  return account->record(fact);
}

}  // namespace wattline::meter
