#include "serve/plugins/explain_plugins.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/table.h"
#include "policy/plugins/plugin_set.h"
#include "serve/plugins/plugin_memory.h"
#include "serve/plugins/request_draft.h"

namespace wattline::serve {

void explain_plugins(Result& r, const policy::Policy& p, const policy::Decision& d, std::string_view body,
                     bool show_body) {
  std::vector<policy::Finding> findings;
  const policy::PluginSet set = policy::read_plugins(p, d, findings);
  PluginMemory memory;
  policy::PluginRun run(set);
  RequestDraft request(body);
  policy::PluginPlace place;
  place.owner = "explain";
  place.now = Time::now();
  place.memory = &memory.episodes;
  if (set.tool_selection) place.tools = &memory.tools();
  place.keep = [&](std::string_view text) { return memory.context_id("explain", text); };
  if (!set.fast_response) run.on_request(request.draft, place);
  Table t("serve.explain_plugins.v1");
  t.title = "Plugins, in the order in which they work";
  t.integer("order").text("plugin").text("would");
  std::int64_t order = 0;
  for (const auto& plugin : policy::resolve_plugins(p, d)) {
    std::string would = "nothing: it is not known here";
    if (plugin.kind) {
      const auto effect = std::find_if(run.effects().begin(), run.effects().end(),
                                       [&](const policy::PluginEffect& e) { return e.kind == *plugin.kind; });
      const auto fault = std::find_if(findings.begin(), findings.end(), [&](const policy::Finding& f) {
        return f.level == policy::Finding::Level::error && f.where == plugin.where;
      });
      if (!plugin.enabled()) would = "nothing: it is switched off";
      else if (fault != findings.end()) would = "not run: " + fault->message;
      else if (set.fast_response && *plugin.kind == policy::PluginKind::fast_response)
        would = fmt::format("answer with {} bytes; no model is asked", set.fast_response->message.size());
      else if (set.fast_response) would = "nothing: the fast response comes before it";
      else if (effect != run.effects().end()) would = effect->effect;
      else if (*plugin.kind == policy::PluginKind::answer_checks) would = "look at the answer (heuristic)";
      else if (policy::serving_of(*plugin.kind) == policy::PluginType::Serving::elsewhere)
        would = "be done by the gateway at this place";
      else would = "nothing: kept for other programs";
    }
    t.add_row({++order, plugin.name, would});
  }
  if (t.rows() == 0) return;
  r.add(std::move(t));
  if (!show_body || set.fast_response) return;
  r.note("Sent to the model: " + (request.changed() ? request.written() : std::string(body)));
}

}  // namespace wattline::serve
