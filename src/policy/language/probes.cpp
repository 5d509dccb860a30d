#include "policy/language/probes.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "kernel/yaml.h"
#include "policy/document.h"
#include "policy/language/source.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_text = std::size_t{4} << 20;

std::uint32_t bytes_of(const Json& v) { return static_cast<std::uint32_t>(v.dump().size()); }

double number_of(const Json& v) { return v.is_number() ? v.as_number() : 0; }

class Reader {
 public:
  explicit Reader(Faults& faults) : faults_(faults) {}

  ProbeSet set(Source root) {
    ProbeSet out;
    Members m(root, "the probes", faults_);
    const std::string version = m.text("schema_version");
    if (!version.empty() && version != "v1")
      m.fault("schema_version", "bad-value", fmt::format("is '{}'; v1 is read", shown_text(version)));
    out.name = m.text("name");
    out.description = m.text("description");
    const auto numbers = [&](std::string_view key, std::initializer_list<std::pair<const char*, double*>> fields) {
      m.object(key, [&](Source s) {
        for (const auto& [name, to] : fields)
          if (const Json* v = s.value.find(name)) *to = number_of(*v);
      });
    };
    numbers("acceptance", {{"min_probe_pass_rate", &out.min_probe_pass_rate},
                           {"min_decision_pass_rate", &out.min_decision_pass_rate}});
    m.object("coverage", [&](Source s) {
      Members c(s, "coverage", faults_);
      const auto number = [&](std::string_view key, double& to) {
        c.take(key, [&](Source v) { to = number_of(v.value); });
      };
      number("min_signal_assertion_percent", out.min_signals);
      number("min_projection_assertion_percent", out.min_projections);
      number("min_algorithm_assertion_percent", out.min_algorithms);
      number("min_plugin_assertion_percent", out.min_plugins);
      out.shapes = c.texts("required_request_shapes");
      const auto table = [&](std::string_view key, std::vector<std::pair<std::string, double>>& to) {
        c.object(key, [&](Source v) {
          for (const auto& [tag, value] : v.value.as_object()) to.emplace_back(tag, number_of(value));
        });
      };
      table("min_tag_counts", out.min_tag_counts);
      table("min_tag_pass_rate", out.min_tag_pass_rates);
    });
    m.list("decisions", [&](Source s) { group(s, out); });
    return out;
  }

 private:
  void group(Source s, ProbeSet& out) {
    Members m(s, "a block of probes", faults_);
    ProbeCase base;
    base.group = m.text("id", true);
    m.call("block '" + base.group + "'");
    base.model = m.text("model");
    base.recipe = m.text("expected_recipe");
    base.decision = m.text("expected_decision");
    base.algorithm = m.text("expected_algorithm");
    base.alias = m.text("expected_alias");
    base.plugins = m.texts("expected_plugins");
    m.list("variants", [&](Source v) { out.cases.push_back(variant(v, base)); });
  }

  ProbeCase variant(Source s, ProbeCase out) {
    Members m(s, fmt::format("a variant of '{}'", out.group), faults_);
    out.where = m.where();
    out.id = m.text("id", true);
    m.call(fmt::format("variant '{}' of '{}'", out.id, out.group));
    if (m.has("model")) out.model = m.text("model");
    out.tags = m.texts("tags");
    std::string query = repeated(m, m.text("query"), m.integer("repeat", 0, 1'000'000));
    m.object("padding", [&](Source p) {
      Members padding(p, "the padding of " + m.what(), faults_);
      const std::string text = repeated(padding, padding.text("text"), padding.integer("repeat", 0, 1'000'000));
      const std::string placement = padding.text("placement");
      if (placement == "after") query += " " + text;
      else query = text + " " + query;
    });
    m.list("messages", [&](Source one) { out.messages.push_back(message(one, m.what())); });
    if (!query.empty()) out.messages.push_back({Role::user, std::move(query), 0, 0});
    if (out.messages.empty() && s.value.is_object())
      m.fault("query", "missing-field", "is not there, nor are messages", "give a query");
    m.list("tools", [&](Source one) { out.tools.push_back(tool(one)); });
    m.object("expected_signals", [&](Source lists) {
      Members expected(lists, "expected_signals of " + m.what(), faults_);
      for (const auto& [list, ignored] : lists.value.as_object()) {
        std::string type = list;
        for (const auto& t : signal_types())
          if (t.yaml == list) type = t.name;
        for (auto& name : expected.texts(list)) out.signals.emplace_back(type, std::move(name));
      }
    });
    return out;
  }

  std::string repeated(Members& m, const std::string& text, std::int64_t times) {
    const auto n = static_cast<std::size_t>(std::max<std::int64_t>(times, 1));
    if ((text.size() + 1) * n > most_text) {
      m.fault("repeat", "out-of-range", fmt::format("makes a text of more than {} bytes", most_text));
      return text;
    }
    std::string out = text;
    for (std::size_t i = 1; i < n; ++i) (out += ' ') += text;
    return out;
  }

  ProbeMessage message(Source s, const std::string& of) {
    Members m(s, "a message of " + of, faults_);
    ProbeMessage out;
    const std::string role = m.text("role", true);
    static constexpr std::pair<std::string_view, Role> roles[] = {{"system", Role::system},
                                                                  {"developer", Role::developer},
                                                                  {"user", Role::user},
                                                                  {"assistant", Role::assistant},
                                                                  {"tool", Role::tool}};
    out.role = Role::other;
    for (const auto& [name, value] : roles)
      if (name == role) out.role = value;
    out.text = m.text("content");
    m.list("tool_calls", [&](Source call) {
      ++out.tool_calls;
      const Json* f = call.value.find("function");
      const Json* arguments = f ? f->find("arguments") : nullptr;
      if (arguments)
        out.structured_bytes +=
            arguments->is_string() ? static_cast<std::uint32_t>(arguments->as_string().size()) : bytes_of(*arguments);
    });
    return out;
  }

  ProbeTool tool(Source s) {
    ProbeTool out;
    out.structured_bytes = bytes_of(s.value);
    const Json* f = s.value.find("function");
    const auto text = [&](const char* key) {
      const Json* v = (f ? *f : s.value).find(key);
      return v && v->is_string() ? v->as_string() : std::string();
    };
    out.name = text("name");
    out.description = text("description");
    if (out.name.empty()) faults_.add(s.line(), "missing-field", "a tool has no name", "give function.name");
    return out;
  }

  Faults& faults_;
};

}  // namespace

ProbeSet read_probes(std::string_view yaml, std::string_view file, std::vector<Finding>& out) {
  Faults faults(file, out);
  SourceLines lines;
  Json root;
  try {
    root = json_from_yaml(yaml, file, &lines);
  } catch (const Error& e) {
    out.push_back({Finding::Level::error, "syntax", e.where(), e.message(), e.hint(), std::string()});
    return {};
  }
  return Reader(faults).set({root, &lines});
}

ProbeRequest::ProbeRequest(const ProbeCase& c) {
  for (const auto& m : c.messages)
    messages_.push_back(
        {.role = m.role, .text = m.text, .tool_calls = m.tool_calls, .structured_bytes = m.structured_bytes});
  for (const auto& t : c.tools) tools_.push_back({t.name, t.description, t.structured_bytes});
  view_.model = c.model;
  view_.messages = messages_;
  view_.tools = tools_;
}

}  // namespace wattline::policy
