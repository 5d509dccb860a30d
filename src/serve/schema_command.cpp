#include "serve/schema_command.h"

#include <fmt/format.h>

#include "kernel/write_whole.h"
#include "serve/config_schema.h"

namespace wattline::serve {
namespace {

struct SchemaOptions {
  std::string write;
};

void list_keys(const TomlSchema& s, const std::string& path, Table& out) {
  for (const auto& k : s.keys) {
    const std::string name = path.empty() ? k.name : path + "." + k.name;
    if (!k.table) out.add_row({name, k.type, k.standard, std::string(k.required ? "needed" : "")});
  }
  for (const auto& k : s.keys) {
    const std::string name = path.empty() ? k.name : path + "." + k.name;
    if (k.table) list_keys(*k.table, k.many ? name + "[]" : name, out);
  }
}

Result show_schema(const SchemaOptions& o, Context&) {
  Result r;
  r.title = "Keys of the gateway's configuration";
  Table t("serve.keys.v1");
  t.text("key", "[] is a list of tables: [[upstream]]").text("allowed").text("default").text("needed");
  list_keys(config_schema(), "", t);
  r.add(std::move(t));
  if (!o.write.empty()) {
    write_whole(o.write, config_json_schema() + "\n");
    r.note(fmt::format("JSON Schema written to {}: editors with a TOML language server check and complete by it.",
                       o.write));
  }
  return r;
}

}  // namespace

Capability schema_capability() {
  using O = SchemaOptions;
  static const auto fields =
      Fields<O>().text("write", &O::write, "also write them as JSON Schema (2020-12) into this file");
  Capability c =
      capability<O>("serve", "schema", "Every key that a gateway configuration may have.", show_schema, fields);
  c.description =
      "Lists key, what is allowed and the default, as the reader of the configuration asks for them: there is no "
      "second list that "
      "could say otherwise. What the keys mean: docs/formats/serve-config.md. The same as JSON Schema: "
      "docs/formats/serve-config.schema.json.";
  c.doors = Doors::command_line;
  c.emits = {"serve.keys.v1"};
  c.examples = {{{}, {}, "server.listen"}};
  return c;
}

}  // namespace wattline::serve
