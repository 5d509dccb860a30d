// `wattline serve key new` and `wattline serve audit`: keys made without a gateway, and its audit log looked
// through.
#pragma once

#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/options.h"
#include "kernel/result.h"

namespace wattline::serve {

enum class KeyAction { make };

struct KeyOptions {
  KeyAction action = KeyAction::make;
  std::string tenant, id, expires;
  std::vector<std::string> models, roles, groups;
};
const Fields<KeyOptions>& key_fields();
// A new key, shown this once, and the lines of the configuration that let it in. Nothing is written.
Result make_key(const KeyOptions&, Context&);

struct AuditOptions {
  InputFile file;
};
const Fields<AuditOptions>& audit_fields();
// Whether the log's chain holds; the verdict is no where it does not.
Result verify_audit(const AuditOptions&, Context&);

}  // namespace wattline::serve
