// Who asks, whether it may now, and what it has used: the one door of governance on the request path.
//
//   identify(key)                  whose key it is, or 401
//   admit(access, model, estimate) rates, budgets, the queue: a ticket, a ticket that waits, or 429
//   Ticket::charge(answer)         what an answer made for it cost; as often as there are answers
//   ~Ticket                        the request is over: what was reserved and not used is given back
//
// A hard budget is overspent by no more than what was under way when it ran out: a request is let in while
// what is used and what those under way are expected to use is below it. What to expect follows from the
// tokens estimated and from what the model's answers have cost so far.
//
// Thread-safe. Tenants, keys and models live as long as the governor.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "serve/answer.h"
#include "serve/audit_log.h"
#include "serve/gates.h"
#include "serve/governance_config.h"
#include "serve/key_ring.h"
#include "serve/tenant.h"
#include "serve/token_estimate.h"
#include "serve/usage_source.h"

namespace wattline::serve {

class Governor;
inline constexpr std::string_view server_key_id = "server";  // of server.api_key

// A model as governance sees it.
class GovernedModel {
 public:
  GovernedModel(std::string id, double pue, std::size_t gate, PriceConfig price)
      : id_(std::move(id)), pue_(pue), gate_(gate), price_(std::move(price)) {}
  const std::string& id() const { return id_; }
  std::size_t gate() const { return gate_; }
  const TokenCalibration& calibration() const { return calibration_; }

  Usage usage_of(const Answer&) const;
  Amounts expected(double tokens) const;
  void learn(const Answer&, const TokenEstimate&);
  Impact money(std::int64_t tokens_in, std::int64_t tokens_out, const Impact& joules) const;
  double expected_money(double tokens_in, double tokens_out, double joules) const;  // USD

 private:
  std::string id_;
  double pue_;
  std::size_t gate_;
  PriceConfig price_;
  TokenCalibration calibration_;
  std::array<std::atomic<double>, resource_count> per_token_{};  // running means
};

// A request that was let in, or waits to be. Of one thread at a time.
class Ticket {
 public:
  Ticket() = default;
  Ticket(Ticket&& o) noexcept { *this = std::move(o); }
  Ticket& operator=(Ticket&&) noexcept;
  ~Ticket() { close(); }

  explicit operator bool() const { return governor_ != nullptr; }
  const std::shared_ptr<Gates::Waiter>& waiter() const { return waiter_; }
  // Its label in the ledger; null where keys are not asked for.
  const std::shared_ptr<const Requester>& requester() const;
  // Whether the tenant is beyond a soft limit of a budget: of models that do, the cheaper is to be taken.
  bool prefers_cheaper() const { return figures_.soft.has_value(); }

  void charge(const Answer&);
  void append_headers(std::string& out) const { serve::append_headers(out, figures_); }
  // Gives back what is left. Nothing happens a second time.
  void close();

 private:
  friend class Governor;
  Governor* governor_ = nullptr;
  Access access_;
  GovernedModel* model_ = nullptr;
  std::shared_ptr<Gates::Waiter> waiter_;
  TokenEstimate estimate_;
  double tokens_ = 0, used_tokens_ = 0;
  Amounts expected_{};
  LimitFigures figures_;
  bool reserved_ = false, in_gate_ = false;
  std::int64_t in_since_ns_ = 0;
};

enum class KeyRefusal { missing, unknown, revoked, expired };
inline constexpr std::size_t key_refusal_count = 4;
std::string_view to_string(KeyRefusal);

class Governor {
 public:
  struct Options {
    std::function<Time()> now = Time::now;
    std::function<std::int64_t()> monotonic = monotonic_ns;
    std::function<void(std::string_view)> log;
  };
  // `server_key`: server.api_key, of the tenant "default". Error: a keys file or audit log that cannot be.
  Governor(GovernanceConfig, const Secret& server_key, Options options);
  Governor(GovernanceConfig config, const Secret& server_key) : Governor(std::move(config), server_key, Options{}) {}
  Governor(const Governor&) = delete;
  Governor& operator=(const Governor&) = delete;

  // Before the first request: a model that is served, and the PUE of where it runs.
  GovernedModel* add_model(std::string id, double pue);
  // Where budgets and usage stood, from the ledger: the start of this month, or all where a budget is for all
  // time. `footprint` fills carbon (mgCO2e) and water (mL) of an answer from its energy, upstream and place.
  using FootprintOf = std::function<void(const PastAnswer&, Answer&)>;
  void restore(const UsageSource&, const FootprintOf&);

  // --- The request path.
  bool needs_key() const { return needs_keys_; }
  // `last` is the connection's. `from` tells where the client is, for the audit log; called where the key is refused.
  template <class From>
  std::variant<Access, ApiError> identify(KeyRing::View& view, LastDigest& last, std::string_view presented,
                                          From&& from) {
    Access out;
    const auto refused = look_up(view, last, presented, out);
    if (!refused) return out;
    return refuse(*refused, out.key, from());
  }
  std::variant<Access, ApiError> identify(KeyRing::View& view, std::string_view presented) {
    LastDigest none;
    return identify(view, none, presented, [] { return std::string(); });
  }
  // Whether an estimate of tokens is used for such a request at all.
  bool wants_estimate(const Access&, const GovernedModel&) const;
  struct Admission {
    Ticket ticket;  // one with a waiter() is to wait for its turn, then see turn()
    std::optional<ApiError> refused;
    std::string headers;  // to send with the refusal
  };
  Admission admit(const Access&, GovernedModel&, const TokenEstimate&);
  Duration longest_wait(const GovernedModel& m) const { return gates_.longest_wait(m.gate()); }
  // After its wait: nothing when it is in, else why not. The key may have been revoked meanwhile.
  std::optional<ApiError> turn(Ticket&);
  bool may_use(const Access&, std::string_view model) const;
  ApiError not_allowed(const Access&, std::string_view model);

  // --- What was used, for its tenant or for all.
  std::string usage_json(const Tenant& only) const;
  std::string usage_json() const;
  void append_metrics(std::string& out) const;

  // --- What administrators do. Each is in the audit log before it happens. Error: it cannot be.
  struct NewKey {
    Secret key;
    std::string id;
    bool kept;  // in the keys file
  };
  NewKey create_key(const std::string& tenant, std::string id, std::vector<std::string> models,
                    std::optional<Time> expires);
  // At once, whatever happens to file and log. False: it had been before.
  bool revoke_key(const std::string& id);
  void set_tenant(TenantConfig);
  // The tenants, keys and prices of another configuration in place of the last one's, all at once for what asks
  // later; what the keys file holds stays over them, and what was used stays used. A key that is not there any
  // more is revoked. Prices are those of models added from now on; queues, audit log and admin door are those of
  // the start. The configuration must have been found good (check_governance). Error unsupported: keys were not
  // asked for and would be.
  void apply(const GovernanceConfig&);
  bool keeps_changes() const { return !config_.keys_file.empty(); }
  std::string keys_json(std::string_view tenant) const;  // "": of all
  std::string tenants_json() const;
  const Tenant* find_tenant(std::string_view name) const;
  AuditLog& audit() { return audit_; }

 private:
  friend class Ticket;
  Tenant& tenant(TenantConfig);
  std::unique_ptr<ApiKey> made(KeyConfig) const;
  // What is refused keeps its key in `out`, where it is one of ours.
  std::optional<KeyRefusal> look_up(KeyRing::View&, LastDigest&, std::string_view presented, Access& out) const;
  ApiError refuse(KeyRefusal, const ApiKey*, std::string_view from);
  void keep();

  GovernanceConfig config_;
  Options options_;
  const bool needs_keys_;
  Gates gates_;
  AuditLog audit_;
  KeyRing ring_;
  std::array<std::atomic<std::int64_t>, key_refusal_count> key_refusals_{};

  mutable std::shared_mutex people_mutex_;  // of the lists, not of what they hold
  std::map<std::string, std::unique_ptr<Tenant>, std::less<>> tenants_;
  std::vector<std::unique_ptr<ApiKey>> keys_;
  std::vector<std::unique_ptr<ApiKey>> replaced_;  // to which tickets may point
  std::unique_ptr<Tenant> anyone_;  // where keys are not asked for
  std::mutex admin_mutex_;  // one action at a time
  KeysFile kept_;  // what the keys file holds
  std::deque<GovernedModel> models_;
};

}  // namespace wattline::serve
