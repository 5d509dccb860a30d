#include "serve/key_command.h"

#include <fmt/format.h>

#include "serve/api_key.h"
#include "serve/audit_log.h"
#include "serve/governance_config.h"

namespace wattline::serve {
namespace {

constexpr std::size_t largest_log = std::size_t{1} << 30;

std::string checked_name(const std::string& name, const char* field) {
  if (!good_name(name))
    throw bad_input(fmt::format("'{}' is no name: 1 to 64 of letters, digits, '.', '_', '-' and '@' are allowed",
                                name.substr(0, 80)),
                    field);
  return name;
}

}  // namespace

const Fields<KeyOptions>& key_fields() {
  static const Fields<KeyOptions> fields =
      Fields<KeyOptions>()
          .enumeration("action", &KeyOptions::action, {"new"}, "what to do: `new` makes a key")
          .positional()
          .text("tenant", &KeyOptions::tenant, "whose key it is")
          .required()
          .text("id", &KeyOptions::id,
                "its name in figures, logs and the ledger; made from its SHA-256 when nobody says")
          .list("models", &KeyOptions::models,
                "names or patterns (llama-*) of the models it may use; all that its tenant may when nobody says")
          .list("roles", &KeyOptions::roles, "of whoever has the key, as rules of routers ask for them")
          .list("groups", &KeyOptions::groups, "likewise")
          .text("expires", &KeyOptions::expires, "when it ends, for example 2027-01-01T00:00:00Z");
  return fields;
}

Result make_key(const KeyOptions& o, Context&) {
  const Secret key = new_api_key();
  KeyConfig k;
  k.digest = sha256(key.reveal());
  k.tenant = checked_name(o.tenant, "--tenant");
  k.id = o.id.empty() ? default_key_id(k.digest) : checked_name(o.id, "--id");
  for (const auto& p : o.models)
    if (!good_pattern(p))
      throw bad_input(
          fmt::format("'{}' is no pattern: 1 to 200 bytes without spaces, quotes and backslashes are allowed",
                      p.substr(0, 80)),
          "--models");
  k.models = o.models;
  for (const auto* names : {&o.roles, &o.groups})
    for (const auto& name : *names) checked_name(name, names == &o.roles ? "--roles" : "--groups");
  k.roles = o.roles;
  k.groups = o.groups;
  if (!o.expires.empty()) k.expires = parse_time(o.expires);
  KeysFile lines;
  lines.keys.push_back(k);
  const std::string text = keys_file_text(lines);
  Result r;
  r.title = fmt::format("A key of tenant {}", k.tenant);
  Table t("serve.key.v1");
  t.text("id").text("tenant").text("key", "shown this once");
  t.add_row({k.id, k.tenant, key.reveal()});
  r.add(std::move(t));
  r.note(
      "Give the key to its user: it is kept nowhere. Let it in by these lines of the configuration or keys file, "
      "beside a [[tenant]] of that name:\n" +
      text.substr(text.find("\n[[key]]")));
  return r;
}

const Fields<AuditOptions>& audit_fields() {
  static const Fields<AuditOptions> fields =
      Fields<AuditOptions>()
          .file("file", &AuditOptions::file, "the audit log that governance.audit_log names")
          .required()
          .positional();
  return fields;
}

Result verify_audit(const AuditOptions& o, Context&) {
  const AuditCheck check = check_audit(o.file.read(largest_log));
  Result r;
  r.title = fmt::format("Audit log {}", o.file.name());
  Table t("serve.audit.v1");
  t.integer("lines").text("last_hash", "keep it elsewhere: it proves that nothing was cut off").text("fault");
  t.add_row({check.lines, check.last_hash, check.first_fault});
  r.add(std::move(t));
  r.verdict = check.first_fault.empty() ? Verdict{true, "the chain holds"} : Verdict{false, check.first_fault};
  return r;
}

}  // namespace wattline::serve
