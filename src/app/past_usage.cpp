#include "app/past_usage.h"

#include "ledger/account.h"
#include "ledger/ledger.h"

namespace wattline::app {
namespace {

class PastUsage : public serve::UsageSource {
 public:
  explicit PastUsage(const Context& context) : context_(context) {}

  void for_each(Time since, const std::function<void(const serve::PastAnswer&)>& use) const override {
    const auto account = ledger::account(context_);
    if (!account) return;
    ledger::Query query;
    query.since = since;
    query.kind = "answer";
    account->for_each(query, [&](const ledger::Row& row) {
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
    });
  }

 private:
  const Context context_;
};

}  // namespace

std::shared_ptr<serve::UsageSource> past_usage(const Context& context) { return std::make_shared<PastUsage>(context); }

}  // namespace wattline::app
