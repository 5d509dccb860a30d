#include "meter/run_account.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernel/account.h"
#include "kernel/error.h"
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

std::string record_run(const RunEnergy& run, Labels labels, const std::string& place, const std::string& program,
                       Context& context) {
  AccountSink* account = context.find<AccountSink>();
  if (!account || replaying()) return {};
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
  return account->record(fact);
}

}  // namespace wattline::meter
