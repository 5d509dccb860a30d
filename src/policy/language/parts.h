// Parts of a policy that its languages share.
#pragma once

#include <string>
#include <string_view>

#include "kernel/json.h"
#include "policy/document.h"
#include "policy/language/source.h"

namespace wattline::policy {

// A projection's kind by its word ("score"), and back.
bool projection_kind(std::string_view word, Projection::Kind&);
std::string_view to_string(Projection::Kind);

// "priority", "confidence" or "" (which is priority) of member `strategy`.
Policy::Strategy read_strategy(Members&);
std::string_view to_string(Policy::Strategy);

// Adds members of `fields` to `out`. A name that `out` has already cannot be written: Error that names `of`.
void append_fields(Json::Object& out, const Json& fields, const std::string& of);
inline bool empty(const Json& fields) { return !fields.is_object() || fields.as_object().empty(); }

// Reads [{name, query, decision, ...}].
Probe read_probe(Source, Faults&);
Json probe_json(const Probe&);

}  // namespace wattline::policy
