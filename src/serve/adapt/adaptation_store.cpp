#include "serve/adapt/adaptation_store.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "kernel/error.h"
#include "kernel/options.h"
#include "kernel/write_whole.h"
#include "serve/digest.h"

namespace wattline::serve {
namespace {

constexpr std::int64_t save_every_ns = 5'000'000'000;
constexpr std::size_t largest_file = std::size_t{512} << 20, longest_user = 1000;

}  // namespace

std::size_t largest_of(const RouteTold& told) {
  const auto& all = told.considered;
  if (all.empty()) return 0;
  if (std::any_of(all.begin(), all.end(), [](const auto& c) { return std::isnan(c.joules); })) return all.size() - 1;
  const auto most =
      std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.joules < b.joules; });
  return static_cast<std::size_t>(most - all.begin());
}

AdaptationStore::AdaptationStore(AdaptationConfig c, std::function<void(std::string_view)> log)
    : users_(c.rule), explore_(c.explore), file_(std::move(c.file)), log_(std::move(log)) {
  if (file_.empty() || !std::filesystem::exists(file_)) return;
  try {
    users_.restore(parse_json(InputFile::from_path(file_).read(largest_file), file_));
  } catch (const Error& e) {
    throw e.at(file_);
  }
}

AdaptationStore::~AdaptationStore() {
  listening_.reset();
  save(true);
}

void AdaptationStore::apply(const AdaptationConfig& c) {
  users_.set_rule(c.rule);
  explore_ = c.explore;
}

void AdaptationStore::listen(FeedbackDesk& desk) {
  if (listening_) return;
  listening_ = desk.listen([this](const FeedbackRecord& r) { learn(*r.answer, r.verdict, r.time); });
}

std::string AdaptationStore::pseudonym(std::string_view tenant, std::string_view key, std::string_view user) const {
  if (user.empty() && key.empty()) return {};
  std::string text = users_.salt();
  for (const auto part : {tenant, key, user.substr(0, longest_user)}) text.append("\n").append(part);
  return to_hex(sha256(text)).substr(0, 16);
}

void AdaptationStore::learn(const Answer& a, const FeedbackVerdict& verdict, Time now) {
  if (!a.route || a.route->user.empty() || a.route->considered.size() < 2) return;
  const auto& largest = a.route->considered[largest_of(*a.route)];
  const bool by_largest = a.basis && a.basis->model == largest.model;
  // Of the largest itself only this says something: that less would have done.
  if (by_largest && verdict.label != "overprovisioned") return;
  users_.learn(a.route->user, a.route->decision, by_largest ? 1 : verdict.quality,
               by_largest ? std::nan("") : a.route->quality - a.route->shift, now);
  save(false);
}

std::size_t AdaptationStore::erase(std::string_view pseudonym) {
  const std::size_t n = users_.erase(pseudonym);
  save(true);
  return n;
}

std::size_t AdaptationStore::erase_all() {
  const std::size_t n = users_.erase_all();
  save(true);
  return n;
}

// Often enough that little is lost, seldom enough that a verdict costs no file.
void AdaptationStore::save(bool at_once) {
  if (file_.empty()) return;
  const std::lock_guard hold(saving_);
  unsaved_ = true;
  const std::int64_t now = monotonic_ns();
  if (!at_once && now - saved_ns_ < save_every_ns) return;
  saved_ns_ = now;
  try {
    write_whole(file_, users_.state().dump(1));
    unsaved_ = false;
  } catch (const Error& e) {
    if (log_) log_(e.what());
  }
}

std::string AdaptationStore::json(Time now, std::string_view pseudonym) const {
  JsonWriter w;
  w.begin_object().key("users").begin_array();
  for (const auto& e : users_.entries(now, pseudonym)) {
    w.begin_object().member("user", e.user).member("intent", e.intent).member("verdicts", e.n);
    w.member("good", e.verdicts).member("expected", e.expected).member("shift", e.shift);
    w.member("at", to_string(e.at)).end_object();
  }
  w.end_array().end_object();
  return w.take();
}

}  // namespace wattline::serve
