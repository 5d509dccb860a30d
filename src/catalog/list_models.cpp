#include <cmath>

#include <fmt/format.h>

#include "catalog/listing.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

struct ModelsOptions {
  std::string name, match;
  bool open = false;
};

double kv_elements(const Model& m) {
  if (m.kv_elements_per_token) return *m.kv_elements_per_token;
  const double n = 2.0 * m.layers * m.kv_heads * m.head_size;
  return n > 0 ? n : NAN;
}

Result explain(const Model& m) {
  Result out;
  out.title = m.name;
  Explained e;
  e.figure("parameters", m.parameters, "", m.parameters_interval);
  e.figure("active parameters", m.active_parameters, "", m.active_parameters_interval);
  e.count("layers", m.layers).count("hidden", m.hidden).count("heads", m.heads).count("kv heads", m.kv_heads);
  e.count("head size", m.head_size).count("feed forward", m.feed_forward).count("vocabulary", m.vocabulary);
  e.count("experts", m.experts).count("experts per token", m.experts_per_token);
  e.count("layers that look back over a window only", m.window_layers).count("window", m.window);
  if (m.context) e.figure("context", m.context, "tokens");
  if (const double kv = kv_elements(m); std::isfinite(kv))
    e.figure("keys and values of a token at 16 bit", 2 * kv / 1024, "KiB");
  e.figure("weights at 16 bit", m.parameters * 2 / units::GiB.base(), "GiB");
  e.figure("weights at 4 bit", m.parameters / 2 / units::GiB.base(), "GiB");
  if (m.tied_embeddings) e.about("input and output embeddings", *m.tied_embeddings ? "one matrix" : "two matrices");
  e.names(m.aliases).origin(m.origin).about("note", m.note);
  std::move(e).add_to(out);
  if (m.layers == 0) out.warn("the shape is not published: predictions use the number of parameters alone");
  out.use(use(m));
  return out;
}

Result models(const ModelsOptions& o, Context& context) {
  const auto& catalog = context.get<Catalog>();
  if (!o.name.empty()) return explain(catalog.model(o.name));
  Result out;
  Table t("catalog.models.v1");
  t.text("name")
      .number("parameters", "", "thousand millions")
      .number("active", "", "of them for a token, thousand millions");
  t.number("active_low", "", "95 %, where only a range is known").number("active_high");
  t.integer("layers").integer("hidden").integer("heads").integer("kv_heads").integer("experts");
  t.integer("context", "tokens").integer("year");
  const auto known = [](int n) { return n ? std::int64_t{n} : missing_integer; };
  for (const auto& m : catalog.models()) {
    if ((o.open && m.layers == 0) || !matches(o.match, m.name, m.aliases)) continue;
    const auto& i = m.active_parameters_interval;
    t.add_row({m.name, m.parameters / 1e9, m.active_parameters / 1e9, i ? i->low / 1e9 : NAN, i ? i->high / 1e9 : NAN,
               known(m.layers), known(m.hidden), known(m.heads), known(m.kv_heads), known(m.experts), known(m.context),
               std::int64_t{m.origin.year}});
  }
  if (t.rows() == 0) nothing_left("model", o.match);
  out.title = std::to_string(t.rows()) + " models";
  t.caption = "parameters in thousand millions; name one to see its shape, aliases, source and licence";
  out.add(std::move(t));
  return out;
}

}  // namespace

Capability models_capability() {
  static const auto fields = Fields<ModelsOptions>()
                                 .reference("model", &ModelsOptions::name, "models", "this one only, explained whole")
                                 .positional()
                                 .flag("open", &ModelsOptions::open, "only those whose shape is published")
                                 .text("match", &ModelsOptions::match, "only those with this in their name or aliases");
  Capability c = capability<ModelsOptions>("catalog", "models", "Language models that are known, or one of them.",
                                           &models, fields);
  c.description =
      "Size and shape, from which work and memory traffic follow. Models that are not published have ranges of "
      "EcoLogits "
      "in place of counts. A model is found by its name at the usual hubs and providers "
      "(\"meta-llama/Llama-3.1-8B-Instruct\", \"llama3.1:8b\").";
  c.emits = {"catalog.models.v1"};
  c.examples = {{{"llama3.1:8b"}, {}, "14336"}, {{"--match", "qwen3", "--open"}, {}, "qwen3-8b"}};
  return c;
}

}  // namespace wattline::catalog
