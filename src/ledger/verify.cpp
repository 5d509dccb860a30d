#include "ledger/verify.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/sealed_rows.h"

namespace wattline::ledger {
namespace {

std::string checked_hash(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw bad_input(fmt::format("'{}' is no hash: 64 hexadecimal digits are needed", text.substr(0, 80)), "head",
                    "`wattline ledger verify` prints the head of each chain");
  return text;
}

}  // namespace

Result verify(const VerifyOptions& o, Context& context) {
  std::vector<std::string> heads;
  for (const auto& head : words_of(o.heads)) heads.push_back(checked_hash(head));
  Result out;
  const auto ledger = account(context);
  if (!ledger) {
    out.title = "The account is empty";
    out.note(no_account_text(context));
    out.verdict = heads.empty() ? Verdict{true, "nothing was recorded, and nothing is missing"}
                                : Verdict{false, fmt::format("there is no row with the hash {}", heads.front())};
    return out;
  }
  const Verification v = ledger->verify([&](double fraction) {
    context.check_cancelled();
    context.progress(fraction, "checking every row");
  });
  const std::string rows = fmt::format("{} {}", v.rows, v.rows == 1 ? "row" : "rows");
  out.title = v.holds ? fmt::format("The account holds: {} checked", rows) : "The account does not hold";
  Table t("ledger.chains.v1");
  t.title = "Chains";
  t.integer("rows").text("head", "hash of the last row").text("host").text("writer");
  for (const auto& c : v.chains) t.add_row({c.seq, c.hash, c.host, c.writer});
  out.add(std::move(t));
  out.note(
      "One chain for each host that wrote. A head kept elsewhere (a print, a mail) proves later, by `wattline ledger "
      "verify --head HASH`, that nothing before it was changed or cut off.");
  out.note(fmt::format(
      "{}, schema version {}. Each row carries the SHA-256 of its content and of the row before it; all were "
      "computed anew.",
      ledger->file().string(), ledger->schema_version()));
  if (v.sealed > 0)
    out.note(
        fmt::format("{} more {} in sealed files, which hold too.", v.sealed, v.sealed == 1 ? "row is" : "rows are"));
  if (v.sealed_unseen > 0)
    out.warn(fmt::format("{} {} in sealed files that are not here ({}): only the hashes around them were checked",
                         v.sealed_unseen, v.sealed_unseen == 1 ? "row is" : "rows are",
                         fmt::join(v.absent_segments, ", ")));
  if (v.staged > 0)
    out.note(fmt::format("{} more {} of an import that has not ended: they count nowhere before it has.", v.staged,
                         v.staged == 1 ? "row is" : "rows are"));
  if (!v.holds) {
    out.verdict = Verdict{false, v.first_fault};
    return out;
  }
  for (const auto& head : heads) {
    const auto row = ledger->find_hash(head);
    const auto sealed = row ? std::nullopt : find_sealed_hash(*ledger, head);
    if (!row && !sealed) {
      out.title = "The account does not hold";
      out.verdict = Verdict{
          false, fmt::format("there is no row with the hash {}: {}", head,
                             v.sealed_unseen > 0
                                 ? fmt::format("rows up to it were cut off or changed, or it is one of the {} in "
                                               "sealed files that are not here",
                                               v.sealed_unseen)
                                 : std::string("rows up to it were cut off or changed"))};
      return out;
    }
    if (sealed)
      out.note(fmt::format("Head {}… is row {} of writer {}, sealed in {}.", head.substr(0, 12), sealed->seq,
                           sealed->writer, sealed->file));
    else
      out.note(fmt::format("Head {}… is row {} of writer {}, recorded {}.", head.substr(0, 12), row->seq, row->writer,
                           to_string(row->recorded)));
  }
  out.verdict = Verdict{true, fmt::format("{} in {} {}: every hash and every link is right", rows, v.chains.size(),
                                          v.chains.size() == 1 ? "chain" : "chains")};
  return out;
}

Capability verify_capability() {
  static const Fields<VerifyOptions> fields = Fields<VerifyOptions>().list(
      "head", &VerifyOptions::heads, "hash of a row that must be there: a head printed before");
  Capability c = capability<VerifyOptions>(
      "ledger", "verify", "Is the account as it was written? Exit code 1 when it is not.", &verify, fields);
  c.description =
      "Reads every row, computes its hash anew and follows the chains: a changed figure, a changed label, a deleted, "
      "inserted "
      "or moved row and a cut end are found, and the first bad row is named. The file's own list of writers tells "
      "where each "
      "chain ends; whoever can write the file could rewrite the whole of it, so keep a head elsewhere and give it with "
      "--head.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.emits = {"ledger.chains.v1"};
  c.examples = {{{}, {}, "yes: nothing was recorded"}};
  return c;
}

}  // namespace wattline::ledger
