// `text classify`: the likeliest labels of a text.
#include <fmt/format.h>

#include "kernel/error.h"
#include "text/commands.h"
#include "text/domain.h"
#include "text/find_encoder.h"

namespace wattline::text {
namespace {

struct ClassifyOptions {
  std::string text;
  InputFile head;
  std::int64_t top = 5;
};

Result classify_text(const ClassifyOptions& o, Context&) {
  const FoundEncoder found = find_encoder();
  std::optional<LinearHead> given;
  const LinearHead* head = nullptr;
  std::optional<FeatureReader> reader;
  if (o.head.given()) {
    given = LinearHead::load(o.head.read(std::size_t{256} << 20), o.head.name());
    head = &*given;
    unsigned bits = 0;
    while (bits < 20 && (std::size_t{1} << bits) < head->sparse_width()) ++bits;
    reader.emplace(head->dense_width() > 0 ? found.encoder : nullptr, head->sparse_width() > 0 ? bits : 0);
    head->check(*reader);
  } else {
    DomainClassifier builtin = domain_classifier(found.encoder);
    head = builtin.head;
    reader.emplace(std::move(builtin.reader));
  }
  std::vector<float> p(head->labels().size());
  const EncodeFacts facts = [&] {
    Features x;
    const EncodeFacts f = reader->read(o.text, x);
    head->predict(x, p);
    return f;
  }();
  Table t("text.labels.v1");
  t.title = "Likeliest labels";
  t.text("label").number("probability");
  for (const LabelScore& s : top_labels(p, static_cast<std::size_t>(o.top)))
    t.add_row({head->labels()[s.label], static_cast<double>(s.probability)});
  Result r;
  r.title = head->labels()[top_labels(p, 1)[0].label];
  r.add(std::move(t));
  if (facts.unknown_share > 0.2)
    r.warn(fmt::format("the encoder does not know {:.0f} % of the tokens", 100 * facts.unknown_share));
  r.note(fmt::format("Head: {}. Encoder: {}.", head->note.empty() ? "without a note" : head->note,
                     head->dense_width() == 0 ? "none, n-grams alone"
                                              : fmt::format("{}, from {}", found.encoder->name(), found.origin)));
  return r;
}

}  // namespace

Capability classify_capability() {
  using O = ClassifyOptions;
  static const auto fields =
      Fields<O>()
          .text("text", &O::text, "the text")
          .required()
          .positional()
          .file("head", &O::head, "a head of `wattline text train`; the built-in one knows domains")
          .integer("top", &O::top, "so many labels")
          .range(1, 4096);
  Capability c = capability<O>("text", "classify", "The likeliest labels of a text.", classify_text, fields);
  c.description =
      "A multinomial logistic regression over the sentence vector and hashed n-grams, with calibrated probabilities. "
      "The built-in heads tell the 14 subject classes of MMLU-Pro: one with Universal Sentence Encoder Lite, one, less "
      "sure, with n-grams alone.";
  c.emits = {"text.labels.v1"};
  c.examples = {{{"How do enzymes lower the activation energy of a reaction?", "--top", "3"}, {}, "Likeliest labels"}};
  return c;
}

}  // namespace wattline::text
