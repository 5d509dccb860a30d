#include "serve/generations.h"

#include <algorithm>

#include <fmt/format.h>

#include "serve/admin_api.h"

namespace wattline::serve {
namespace {

bool same_queues(const GovernanceConfig& a, const GovernanceConfig& b) {
  const auto same = [](const QueueConfig& x, const QueueConfig& y) {
    return x.models == y.models && x.concurrent == y.concurrent && x.waiting == y.waiting &&
           x.longest_wait.base() == y.longest_wait.base();
  };
  return a.waiting == b.waiting && a.longest_wait.base() == b.longest_wait.base() &&
         std::equal(a.queues.begin(), a.queues.end(), b.queues.begin(), b.queues.end(), same);
}

bool same_admin(const AdminConfig& a, const AdminConfig& b) {
  const auto text = [](const AdminConfig& c) { return c.listen ? c.listen->text() : std::string(); };
  return text(a) == text(b) && a.api_key.reveal() == b.api_key.reveal();
}

// What only a restart changes.
void must_stay(const Config& old, const Config& fresh) {
  const auto check = [&](bool same, std::string_view what) {
    if (!same)
      throw Error(ErrorKind::unsupported, fmt::format("{} cannot change while the gateway runs", what), fresh.file,
                  "restart the gateway, or put it back");
  };
  check(old.server.listen.text() == fresh.server.listen.text(), "server.listen");
  check(old.server.ledger == fresh.server.ledger, "server.ledger");
  check(old.server.answers_kept == fresh.server.answers_kept, "server.answers_kept");
  check(old.server.api_key.reveal() == fresh.server.api_key.reveal(), "the key of server.api_key_env");
  const GovernanceConfig &a = old.governance, &b = fresh.governance;
  check(a.active() == b.active() && a.needs_keys() == b.needs_keys(), "whether keys are asked for");
  check(same_queues(a, b), "[[queue]]");
  check(a.keys_file == b.keys_file && a.audit_log == b.audit_log, "[governance] keys_file and audit_log");
  check(same_admin(a.admin, b.admin), "[admin]");
}

// As long as an answer may take: nothing that is under way is cut off by a reload.
Duration longest_answer(const Config& c) {
  Duration longest = c.limits.drain;
  for (const auto& u : c.upstreams) longest = std::max(longest, u.total_timeout);
  return longest;
}

}  // namespace

Generations::Generations(Read read, GatewayParts parts)
    : read_(std::move(read)), parts_(std::move(parts)), log_(parts_.log) {
  parts_.log = [this](std::string_view text) { log(text); };
}

Generations::~Generations() { stop(); }

std::string Generations::version() const {
  std::lock_guard lock(version_mutex_);
  return version_;
}

void Generations::log(std::string_view text) const {
  if (log_) log_(fmt::format("{} (configuration {})", text, version()));
}

std::unique_ptr<Generations::Generation> Generations::make(Config config, const std::string& version) {
  auto g = std::make_unique<Generation>();
  config.version = version;
  g->gateway = std::make_unique<Gateway>(std::move(config), parts_);
  if (AdminApi* admin = g->gateway->admin())
    admin->on_reload([this] {
      if (const auto error = reload()) throw *error;
      return fmt::format("configuration {} was taken", this->version());
    });
  g->server = std::make_unique<Server>(*g->gateway);
  return g;
}

void Generations::start() {
  std::lock_guard lock(mutex_);  // administrators may ask for a reload as soon as they are served
  Config config = read_();
  const std::string version = fmt::format("1-{}", config.digest);
  {
    std::lock_guard version_lock(version_mutex_);
    version_ = version;
  }
  auto first = make(std::move(config), version);
  first->server->start();
  parts_.lasting = first->gateway->lasting();
  now_ = std::move(first);
  taken_ = 1;
}

std::optional<Error> Generations::reload() {
  std::lock_guard lock(mutex_);
  if (stopping_) return world_error("the gateway is being stopped, no configuration is read any more", {}, {});
  forget_ended();
  auto& lasting = *parts_.lasting;
  try {
    Config config = read_();
    must_stay(now_->gateway->config(), config);
    const std::string version = fmt::format("{}-{}", taken_ + 1, config.digest);
    auto next = make(std::move(config), version);
    next->server->start_beside(*now_->server);
    ++taken_;
    std::swap(now_, next);
    {
      std::lock_guard version_lock(version_mutex_);
      version_ = version;
    }
    lasting.reloads_taken.fetch_add(1);
    lasting.last_reload_taken = true;
    log("another configuration was taken");
    next->server->stop_accepting();
    Generation& old = *before_.emplace_back(std::move(next));
    const Duration patience = longest_answer(old.gateway->config());
    old.ending = std::thread([&old, patience] { old.server->stop(patience); });
    return std::nullopt;
  } catch (const Error& e) {
    lasting.reloads_refused.fetch_add(1);
    lasting.last_reload_taken = false;
    log(fmt::format("the configuration was not taken, the one before stays: {}", e.what()));
    return e;
  }
}

void Generations::forget_ended() {
  std::erase_if(before_, [](const std::unique_ptr<Generation>& g) {
    if (!g->server->ended()) return false;
    g->ending.join();
    return true;
  });
}

Generations::Served Generations::served() const {
  std::lock_guard lock(mutex_);
  Served out{now_->gateway->models().size(), now_->server->address(), std::nullopt};
  if (now_->gateway->admin()) out.admin = now_->server->admin_address();
  return out;
}

void Generations::refresh() {
  std::lock_guard lock(mutex_);
  now_->gateway->refresh();
}

void Generations::stop() {
  {
    std::lock_guard lock(mutex_);
    if (!now_) return;
    stopping_ = true;
  }
  const Duration drain = now_->gateway->config().limits.drain;
  // Those of before have no longer than the present one.
  std::vector<std::thread> ends;
  for (auto& g : before_) ends.emplace_back([&g, drain] { g->server->stop(drain); });
  now_->server->stop(drain);
  for (auto& t : ends) t.join();
  for (auto& g : before_) g->ending.join();
  before_.clear();
}

}  // namespace wattline::serve
