// The signals that cost no model (wrp-router, section 4.1): keywords, language, context, structure, conversation,
// metadata, roles, and what is known of the world. All keyword rules of a policy are matched in one pass over the
// text. Nothing allocates once a scratch has seen its longest text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/document.h"
#include "policy/engine.h"
#include "policy/finding.h"
#include "policy/request.h"
#include "policy/settings.h"

namespace wattline::policy {

class Heuristics {
 public:
  class Rule;
  class Scratch {
   public:
    virtual ~Scratch() = default;
  };

  Heuristics();
  ~Heuristics();
  Heuristics(Heuristics&&) noexcept;
  Heuristics& operator=(Heuristics&&) noexcept;

  static bool is_heuristic(std::string_view type);
  // The rule's index; faults go to `findings`.
  std::uint32_t add(const Signal&, std::vector<Finding>& findings);
  // After the last add().
  void build(std::vector<Finding>& findings);

  std::unique_ptr<Scratch> scratch() const;
  // A new request: forgets what was found in the last one.
  void begin(const RequestView&, const TokenEstimate&, Scratch&) const;
  SignalValue evaluate(std::uint32_t rule, const RequestView&, Scratch&) const;

 private:
  struct Texts;
  std::vector<std::unique_ptr<Rule>> rules_;
  std::unique_ptr<Texts> texts_;  // rules that are evaluated together
};

}  // namespace wattline::policy
