// What the parts of the check share. For the files of the check alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/check/check.h"
#include "policy/check/meaning.h"

namespace wattline::policy {

struct Scope {
  const Document& document;
  const Policy& policy;  // with the cards of the main one
  const CheckOptions& options;
  std::vector<Finding>& out;

  // The level is that of the code.
  void add(std::string_view code, const std::string& where, std::string message, std::string fix = {},
           std::string example = {});
};

void check_document(Scope&);  // recipes and entries: once a document
void check_references(Scope&);
void check_logic(Scope&, Meaning&);
void check_projections(Scope&);
void check_embeddings(Scope&);
void check_constraints(Scope&, Meaning&);

// Which decisions come before `decision` whatever their confidence: by tier, or by priority.
std::vector<const Decision*> surely_before(const Policy&, const Decision&);

}  // namespace wattline::policy
