#include "ledger/people/erase.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/people/people.h"

namespace wattline::ledger {
namespace {

// Rows in sums that name the person.
std::int64_t rows_of(const Ledger& ledger, const std::string& label, const std::string& pseudonym) {
  std::int64_t rows = 0;
  ledger.for_each_subtotal({}, [&](const Subtotal& s) {
    for (const auto& [name, value] : s.like.fact.labels)
      if (name == label && value == pseudonym) {
        rows += s.rows;
        return;
      }
  });
  return rows;
}

}  // namespace

Result erase(const EraseOptions& o, Context& context) {
  if (!is_personal(o.label))
    throw bad_input(fmt::format("'{}' is no label that names people", o.label.substr(0, 80)), "label",
                    "user, email, end_user and person are");
  const auto dir = account_dir(context);
  Result out;
  People people(dir, std::chrono::seconds(10));
  const auto ledger = account(context);
  const auto pseudonym = people.known(o.label, o.name);
  const std::int64_t rows = ledger && pseudonym ? rows_of(*ledger, o.label, *pseudonym) : 0;
  if (!people.erase(o.label, o.name)) {
    out.title = "Nobody was erased";
    out.verdict =
        Verdict{false, fmt::format("nobody is known as {} '{}' in {}", o.label, o.name.substr(0, 80), dir.string())};
    return out;
  }
  out.title = fmt::format("The {} '{}' is erased; {} and no more {} whose {}", o.label, o.name.substr(0, 80),
                          rows == 1 ? "1 row stays" : fmt::format("{} rows stay", rows), rows == 1 ? "tells" : "tell",
                          rows == 1 ? "it was" : "they were");
  out.note(
      "Name and salt are destroyed. The rows stay in all sums under their pseudonym, and nothing in this account tells "
      "any "
      "more whose they were. Copies of people.sqlite elsewhere (backups) are not touched.");
  return out;
}

Capability erase_capability() {
  static const Fields<EraseOptions> fields = Fields<EraseOptions>()
                                                 .text("name", &EraseOptions::name, "who")
                                                 .required()
                                                 .text("label", &EraseOptions::label, "the label that names them");
  Capability c = capability<EraseOptions>(
      "ledger", "erase", "Forget a person: the rows stay, nobody knows whose they were.", &erase, fields);
  c.description =
      "Labels that name people (user, email, end_user, person) are kept as pseudonyms, each under a salt of its own "
      "that "
      "lies with the name in people.sqlite beside the account. Erasing destroys both; the chain of rows still holds.";
  c.verb = Verb::account;
  c.doors = Doors::command_line;
  c.examples = {{{"--name", "ann"}, {}, "nobody is known"}};
  return c;
}

}  // namespace wattline::ledger
