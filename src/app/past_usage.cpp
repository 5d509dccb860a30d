#include "app/past_usage.h"

#include <fmt/format.h>

#include "ledger/account.h"
#include "ledger/ledger.h"
#include "ledger/row_choice.h"
#include "ledger/sealed_rows.h"

namespace wattline::app {
namespace {

class PastUsage : public serve::UsageSource {
 public:
  explicit PastUsage(const Context& context) : context_(context) {}

  void for_each(Time since, const std::function<void(const serve::PastAnswer&)>& use) const override {
    const auto account = ledger::account(context_);
    if (!account) return;
    ledger::RowChoice answers;
    answers.query.since = since;
    answers.query.kind = "answer";
    const auto take = [&](const ledger::Row& row) {
      const Fact& f = row.fact;
      serve::PastAnswer a;
      std::string_view status;
      for (const auto& [name, value] : f.labels) {
        if (name == "tenant") a.tenant = value;
        else if (name == "key") a.key = value;
        else if (name == "served_as") a.model = value;
        else if (name == "upstream") a.upstream = value;
        else if (name == "status") status = value;
      }
      if (a.tenant.empty()) return;
      a.end = f.end;
      a.place = f.place;
      a.ok = status == "ok";
      a.tokens_in = f.tokens_in;
      a.tokens_out = f.tokens_out;
      a.energy = f.energy;
      use(a);
    };
    const auto sealed = ledger::for_each_sealed_row(*account, answers, context_, take);
    if (sealed.unseen > 0)
      context_.log(fmt::format("budgets leave out {} of the account, sealed in files that are not here",
                               sealed.unseen == 1 ? "1 row" : fmt::format("{} rows", sealed.unseen)));
    account->for_each(answers.query, take);
  }

 private:
  const Context context_;
};

}  // namespace

std::shared_ptr<serve::UsageSource> past_usage(const Context& context) { return std::make_shared<PastUsage>(context); }

}  // namespace wattline::app
