#include "ledger/amend.h"

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/row_site.h"
#include "ledger/sealed_rows.h"

namespace wattline::ledger {
namespace {

// The row to put right; nullopt (with the verdict said) when there is none. Asked of the account as it
// is: opening for writing would make one where there was none.
std::optional<Row> row_of(const Context& context, const std::string& uid, Result& out) {
  const auto ledger = account(context);
  auto row = ledger ? find_row(*ledger, uid) : std::nullopt;
  if (!row) {
    const std::string sealed = ledger ? sealed_text(*ledger, uid) : "";
    out.title = "Nothing was changed";
    out.verdict = Verdict{
        false, !sealed.empty()
                   ? sealed
                   : fmt::format("the account in {} has no row '{}'; `wattline ledger list` shows those there are",
                                 account_dir(context).string(), uid.substr(0, 80))};
    out.exit_code = 2;  // as every other name that is not known
  }
  return row;
}

void demand_reason(const std::string& reason) {
  if (reason.empty()) throw bad_input("a reason is needed: it stays in the account", "reason");
}

}  // namespace

Result correct(const CorrectOptions& o, Context& context) {
  demand_reason(o.reason);
  if (!o.energy && o.model.empty() && o.device.empty() && o.place.empty() && !o.pue)
    throw bad_input("nothing is given that should be corrected", "energy",
                    "--energy, --model, --device, --place or --pue");
  if (!o.energy && o.spread > 0) throw bad_input("a spread belongs to an energy", "spread", "add --energy");
  if (!o.place.empty() && context.find<catalog::Catalog>()) context.get<catalog::Catalog>().place(o.place);
  Result out;
  const auto old = row_of(context, o.uid, out);
  if (!old) return out;
  Fact f = old->fact;
  f.uid.clear();
  if (o.energy)
    f.energy = Estimate<Energy>::relative(*o.energy, o.spread / 100, Method::declared, "corrected: " + o.reason);
  if (!o.model.empty()) f.model = o.model;
  if (!o.device.empty()) f.device = o.device;
  if (!o.place.empty()) f.place = o.place;
  if (o.pue) set_pue(f, *o.pue);
  std::erase_if(f.labels, [](const auto& label) { return label.first == "reason"; });
  f.labels.emplace_back("reason", o.reason);
  const std::string uid = writable_account(context)->correct(old->fact.uid, f);
  out.title = fmt::format("Row {} takes the place of {}", uid, o.uid);
  out.estimate("before", "Energy before", old->fact.energy);
  out.estimate("after", "Energy now", f.energy);
  out.note("Both rows stay in the account; only the new one is in sums.");
  return out;
}

Result retract(const RetractOptions& o, Context& context) {
  demand_reason(o.reason);
  Result out;
  const auto old = row_of(context, o.uid, out);
  if (!old) return out;
  const std::string uid = writable_account(context)->retract(old->fact.uid, o.reason);
  out.title = fmt::format("Row {} is retracted by {}", o.uid, uid);
  out.estimate("energy", "Energy left out of sums", old->fact.energy);
  out.note("Both rows stay in the account.");
  return out;
}

std::vector<Capability> amend_capabilities() {
  using C = CorrectOptions;
  static const Fields<C> correct_fields =
      Fields<C>()
          .text("row", &C::uid, "number or uid of the row")
          .required()
          .positional()
          .text("reason", &C::reason, "why; it stays in the account")
          .required()
          .quantity("energy", &C::energy, "J", "what the energy at the device was")
          .at_least(0)
          .number("spread", &C::spread, "how far that energy may be off, in per cent (95 %)")
          .range(0, 1000)
          .text("model", &C::model, "what the model was")
          .text("device", &C::device, "what the device was")
          .reference("place", &C::place, "places", "what the place was")
          .number("pue", &C::pue, "what the power usage effectiveness of its site was")
          .range(1, most_pue);
  Capability c = capability<C>("ledger", "correct", "Put one row right by a new row that takes its place.", &correct,
                               correct_fields);
  c.description =
      "Rows of the account are never changed. The new row holds what the old one held but for what is given, names the "
      "old one, and is counted in its place. A row is corrected once; the next correction names the newest row.";
  c.verb = Verb::account;
  c.doors = Doors::command_line;
  c.examples = {
      {{"17", "--energy", "12 Wh", "--spread", "5", "--reason", "the meter was read wrong"}, {}, "has no row"}};

  using R = RetractOptions;
  static const Fields<R> retract_fields = Fields<R>()
                                              .text("row", &R::uid, "number or uid of the row")
                                              .required()
                                              .positional()
                                              .text("reason", &R::reason, "why; it stays in the account")
                                              .required();
  Capability r = capability<R>("ledger", "retract", "Take one row out of all sums, with the reason why.", &retract,
                               retract_fields);
  r.description = "Writes a row that takes the place of the named one and counts nothing. Both stay in the account.";
  r.verb = Verb::account;
  r.doors = Doors::command_line;
  r.examples = {{{"17", "--reason", "a trial run"}, {}, "has no row"}};
  return {c, r};
}

}  // namespace wattline::ledger
