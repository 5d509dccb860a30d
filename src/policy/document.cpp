#include "policy/document.h"

#include <algorithm>

namespace wattline::policy {

const std::vector<SignalType>& signal_types() {
  static const std::vector<SignalType> all = {
      {"keyword", "keywords", false},
      {"language", "language", false},
      {"context", "context", false},
      {"structure", "structure", false},
      {"conversation", "conversation", false},
      {"metadata", "metadata", false},
      {"event", "events", false},
      {"authz", "role_bindings", false},
      {"carbon", "carbon", false},
      {"price", "price", false},
      {"budget", "budget", false},
      {"battery", "battery", false},
      {"domain", "domains", true},
      {"embedding", "embeddings", true},
      {"complexity", "complexity", true},
      {"jailbreak", "jailbreak", true},
      {"pii", "pii", true},
      {"fact_check", "fact_check", true},
      {"user_feedback", "user_feedbacks", true},
      {"reask", "reasks", true},
      {"preference", "preferences", true},
      {"modality", "modality", true},
      {"kb", "kb", true},
      {"classifier", "classifiers", true},
  };
  return all;
}

const SignalType* find_signal_type(std::string_view name) {
  const auto& all = signal_types();
  const auto found = std::find_if(all.begin(), all.end(), [&](const SignalType& t) { return t.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const Policy& Document::policy_for(std::string_view model) const {
  for (const auto& entry : entries)
    if (std::find(entry.models.begin(), entry.models.end(), model) != entry.models.end())
      for (const auto& recipe : recipes)
        if (recipe.name == entry.recipe) return recipe;
  return main;
}

}  // namespace wattline::policy
