// Personal data out of a request before it leaves, and back into the answer: each value that has a form
// (personal_data.h) gives way to a placeholder, "[EMAIL_ADDRESS_1]", the same for the same value; where the model
// repeats the placeholder, whoever asked sees the value again.
//
// Heuristic: names, places and whatever has no form stay where they are. The values live in this object alone, for as
// long as the answer is under way; nothing here tells them to a log, a ledger or an explanation: describe() counts.
// Placeholders that stand in the request already (somebody wrote them) are never used, so an answer cannot be made to
// tell a value by naming one.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/learned/personal_data.h"
#include "policy/plugins/draft.h"
#include "policy/settings.h"

namespace wattline::policy {

inline constexpr std::size_t personal_kinds = 6;

struct RedactionOptions {
  std::array<bool, personal_kinds> kinds{true, true, true, true, true, true};
  double threshold = 0.5;  // of confidence
  bool restore = true;  // in the answer
  bool instructions = true;  // system and developer messages, too

  static RedactionOptions read(Settings&);
};

class Redaction {
 public:
  explicit Redaction(const RedactionOptions& o = {}) : options_(o) {}

  // All texts of the request: contents, arguments of tool calls and their results, labels.
  void apply(Draft&);
  // A further text of the same request; what it may not repeat has been learned by apply().
  std::string redacted(std::string_view text);
  // The same without a way back: "[EMAIL_ADDRESS]", for what is kept.
  std::string for_keeping(std::string_view text) const;

  bool any() const { return !values_.empty(); }
  std::size_t count() const { return values_.size(); }
  bool restores() const { return options_.restore && any(); }
  // "2 EMAIL_ADDRESS, 1 IBAN_CODE": kinds and counts, never values.
  std::string describe() const;
  // Every placeholder in a whole text gives way to its value.
  std::string restored(std::string_view text) const;
  std::size_t longest() const { return longest_; }
  // Of a placeholder exactly as it is written; null when it is none of ours.
  const std::string* value_of(std::string_view placeholder) const;

 private:
  struct Value {
    PersonalKind kind;
    std::string value, placeholder;
  };
  bool wanted(const PersonalPart&) const;
  void learn_taken(std::string_view text);
  const std::string& placeholder_of(PersonalKind, std::string_view value);

  RedactionOptions options_;
  std::vector<Value> values_;
  std::map<std::string, std::size_t, std::less<>> by_value_, by_placeholder_;
  std::array<std::size_t, personal_kinds> next_{};
  std::vector<std::string> taken_;  // that the request holds by itself; sorted
  std::size_t longest_ = 0;  // bytes of a placeholder
};

// Puts values back into a text that comes in pieces: what may be the beginning of a placeholder is held back until more
// comes, at most one placeholder's length. Of one stream of text.
class Restorer {
 public:
  explicit Restorer(const Redaction& r) : redaction_(&r) {}
  // What can be told now of what has come.
  std::string push(std::string_view piece);
  // What was held back, at the end.
  std::string finish();
  bool holds() const { return !held_.empty(); }

 private:
  const Redaction* redaction_;
  std::string held_;
};

}  // namespace wattline::policy
