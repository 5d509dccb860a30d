// Conditions as the trees of YAML.
//
// Where one part stands alone in an AND or OR it is that part, so that trees and expressions (expression.h) give the same.
#pragma once

#include <string>

#include "kernel/json.h"
#include "policy/document.h"
#include "policy/language/source.h"

namespace wattline::policy {

// {operator: AND | OR | NOT, conditions: [...]} or {type, name, on_error}. `of` names the decision in findings.
Condition read_condition(Source, const std::string& of, Faults&);
Json condition_json(const Condition&);

// An AND or OR of one part is that part.
Condition simplified(Condition);

}  // namespace wattline::policy
