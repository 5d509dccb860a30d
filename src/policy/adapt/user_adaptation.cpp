#include "policy/adapt/user_adaptation.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

constexpr std::size_t longest_name = 200;

}  // namespace

std::string UserAdaptation::fresh_salt() {
  std::random_device device;
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:08x}", device());
  return out;
}

std::string UserAdaptation::salt() const {
  const std::lock_guard hold(mutex_);
  return salt_;
}

void UserAdaptation::set_rule(AdaptationRule r) {
  const std::lock_guard hold(mutex_);
  rule_ = r;
}

double UserAdaptation::fading(const Belief& b, Time now) const {
  const double age = std::max(0.0, (now - b.at).base());
  return std::exp2(-age / std::max(1.0, rule_.half_life.base()));
}

double UserAdaptation::shift_of(const Belief& b, double fading) const {
  const double shift = (b.verdicts - b.expected) * fading / (rule_.prior + b.n * fading);
  return std::isfinite(shift) ? std::clamp(shift, -rule_.most, rule_.most) : 0;
}

double UserAdaptation::shift(std::string_view user, std::string_view intent, Time now) const {
  const std::lock_guard hold(mutex_);
  const auto found = beliefs_.find(std::pair(user, intent));
  return found == beliefs_.end() ? 0 : shift_of(found->second, fading(found->second, now));
}

void UserAdaptation::learn(std::string_view user, std::string_view intent, double verdict, double predicted, Time now) {
  if (!(verdict >= 0 && verdict <= 1) || user.empty() || user.size() > longest_name) return;
  if (!(predicted >= 0 && predicted <= 1)) predicted = 0.5;
  intent = intent.substr(0, longest_name);
  const std::lock_guard hold(mutex_);
  auto found = beliefs_.find(std::pair(user, intent));
  if (found == beliefs_.end()) {
    if (rule_.users == 0) return;
    while (beliefs_.size() >= rule_.users)
      beliefs_.erase(std::min_element(beliefs_.begin(), beliefs_.end(),
                                      [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
    found = beliefs_.emplace(Key(user, intent), Belief{0, 0, 0, now}).first;
  }
  Belief& b = found->second;
  const double kept = rule_.keep * fading(b, now);
  b.verdicts = kept * b.verdicts + verdict;
  b.expected = kept * b.expected + predicted;
  b.n = kept * b.n + 1;
  b.at = std::max(b.at, now);
}

std::vector<UserAdaptation::Entry> UserAdaptation::entries(Time now, std::string_view user) const {
  const std::lock_guard hold(mutex_);
  std::vector<Entry> out;
  for (const auto& [key, b] : beliefs_) {
    if (!user.empty() && key.first != user) continue;
    const double f = fading(b, now);
    out.push_back({key.first, key.second, b.verdicts * f, b.expected * f, b.n * f, b.at, shift_of(b, f)});
  }
  return out;
}

std::size_t UserAdaptation::erase(std::string_view user) {
  const std::lock_guard hold(mutex_);
  return std::erase_if(beliefs_, [&](const auto& each) { return each.first.first == user; });
}

std::size_t UserAdaptation::erase_all() {
  const std::lock_guard hold(mutex_);
  const std::size_t n = beliefs_.size();
  beliefs_.clear();
  return n;
}

Json UserAdaptation::state() const {
  const std::lock_guard hold(mutex_);
  Json::Array rows;
  for (const auto& [key, b] : beliefs_) {
    Json& row = rows.emplace_back(Json::Object());
    row.set("user", key.first);
    row.set("intent", key.second);
    row.set("verdicts", b.verdicts);
    row.set("expected", b.expected);
    row.set("n", b.n);
    row.set("at", to_string(b.at));
  }
  Json out = Json::Object{};
  out.set("version", 1);
  out.set("salt", salt_);
  out.set("entries", std::move(rows));
  return out;
}

void UserAdaptation::restore(const Json& j) {
  if (!j.is_object() || !j.find("version") || !j.at("version").is_integer() || j.at("version").as_integer() != 1)
    throw bad_input("is no state of user adaptation of version 1", "version");
  const std::string& salt = j.at("salt").as_string();
  if (salt.size() != 32 || salt.find_first_not_of("0123456789abcdef") != salt.npos)
    throw bad_input("is not 32 hexadecimal digits", "salt");
  std::map<Key, Belief, Less> read;
  const auto& rows = j.at("entries").as_array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string at = fmt::format("entries: {}", i + 1);
    const auto number = [&](const char* name) {
      const double v = rows[i].at(name).as_number();
      if (!(v >= 0 && v <= 1e9)) throw bad_input(fmt::format("'{}' is {}; 0 to 1e9 is allowed", name, v), at);
      return v;
    };
    Belief b{number("verdicts"), number("expected"), number("n"), parse_time(rows[i].at("at").as_string())};
    if (b.verdicts > b.n + 1e-6 || b.expected > b.n + 1e-6)
      throw bad_input("more verdicts are good, or were expected to be, than there are", at);
    const std::string &user = rows[i].at("user").as_string(), &intent = rows[i].at("intent").as_string();
    if (user.empty() || user.size() > longest_name || intent.size() > longest_name)
      throw bad_input(fmt::format("user and intent have {} and {} bytes; 1 to {} and 0 to {} are allowed", user.size(),
                                  intent.size(), longest_name, longest_name),
                      at);
    if (!read.emplace(Key(user, intent), b).second) throw bad_input("this user and intent come twice", at);
  }
  const std::lock_guard hold(mutex_);
  beliefs_ = std::move(read);
  salt_ = salt;
}

}  // namespace wattline::policy
