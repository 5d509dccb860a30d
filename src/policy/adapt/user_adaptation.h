// How much a user wants: for each user and intent a posterior of "a model that is not the largest was good enough", and
// from it a bounded shift of what is predicted for such models, which moves the border between small and large
// (context-aware switching, section 2, point 5; the paper does not publish its rule, so this one is ours: prior strength
// 8, forgetting factor 0.98 a verdict, a shift of at most 0.15).
//
// With s = sum of verdicts, e = sum of what had been predicted, n = their number, all forgotten alike:
//   shift = clamp((s - e) / (prior + n), -most, +most)
// which is the mean of Beta(prior p + s, prior (1 - p) + n - s) less p where all predictions were p. Without verdicts it
// is 0: who is new is served as if there were no adaptation. Besides, all fades with time.
//
// Users are pseudonyms, made with a salt that is drawn once, so that neither memory nor file holds a name. Thread-safe, bounded: beyond `users`
// the one that was quiet the longest goes.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"
#include "kernel/quantity.h"
#include "kernel/time.h"

namespace wattline::policy {

struct AdaptationRule {
  double prior = 8;  // verdicts that a prediction is worth
  double keep = 0.98;  // of what is known, at each verdict; above 0, at most 1
  Duration half_life{30.0 * 86400};  // without verdicts
  double most = 0.15;  // of the shift, either way
  std::size_t users = 10'000;  // pairs of user and intent
};

class UserAdaptation {
 public:
  explicit UserAdaptation(AdaptationRule r = {}) : rule_(r) {}

  const AdaptationRule& rule() const { return rule_; }
  void set_rule(AdaptationRule);

  // `user` is a pseudonym. 0 for who is not known.
  double shift(std::string_view user, std::string_view intent, Time now) const;
  // A verdict (0 to 1) on an answer of a model that is not the largest, and what had been predicted of it (NaN: 0.5).
  void learn(std::string_view user, std::string_view intent, double verdict, double predicted, Time now);

  struct Entry {
    std::string user, intent;
    double verdicts = 0, expected = 0, n = 0;  // faded to `at`
    Time at;
    double shift = 0;
  };
  // In order of user and intent; of one user where `user` is not empty.
  std::vector<Entry> entries(Time now, std::string_view user = {}) const;
  // How many pairs there were.
  std::size_t erase(std::string_view user);
  std::size_t erase_all();

  // {"version":1,"salt":"...","entries":[...]}. Without the salt nobody can make a pseudonym.
  Json state() const;
  // Error(bad_input) when it is no such state; then nothing has changed.
  void restore(const Json&);

  // What pseudonyms are made with: 32 hexadecimal digits, drawn by chance.
  std::string salt() const;

 private:
  struct Belief {
    double verdicts = 0, expected = 0, n = 0;
    Time at;
  };
  using Key = std::pair<std::string, std::string>;
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      const int user = std::string_view(a.first).compare(std::string_view(b.first));
      return user < 0 || (user == 0 && std::string_view(a.second) < std::string_view(b.second));
    }
  };
  double fading(const Belief&, Time now) const;
  double shift_of(const Belief&, double fading) const;

  mutable std::mutex mutex_;
  AdaptationRule rule_;
  std::map<Key, Belief, Less> beliefs_;
  std::string salt_ = fresh_salt();
  static std::string fresh_salt();
};

}  // namespace wattline::policy
