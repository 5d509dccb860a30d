// `text train`: a linear head from labelled texts.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/write_whole.h"
#include "text/calibration.h"
#include "text/commands.h"
#include "text/find_encoder.h"
#include "text/labelled.h"
#include "text/linear_training.h"
#include "text/proportion.h"

namespace wattline::text {
namespace {

struct TrainOptions {
  InputFile examples, more, held_out;
  std::string out, note;
  bool mmlu = false, topics = false, hashed = false;
  std::int64_t bits = 14, folds = 4, iterations = 100;
  double l2 = 3e-5, weight = 1;
};

constexpr std::size_t longest_file = std::size_t{256} << 20;

struct Data {
  std::vector<std::string> labels;
  std::vector<Features> features;
  std::vector<std::uint32_t> truth;
  std::vector<float> weights;
};

Data features_of(const std::vector<LabelledText>& texts, const FeatureReader& reader, std::vector<std::string> labels,
                 Context& context, std::string_view what) {
  Data d;
  d.labels = std::move(labels);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    context.check_cancelled();
    context.progress(0.7 * static_cast<double>(i) / static_cast<double>(texts.size()), what);
    const auto at = std::find(d.labels.begin(), d.labels.end(), texts[i].label);
    if (at == d.labels.end()) throw unknown_name("label", texts[i].label, d.labels).at("held-out texts");
    d.truth.push_back(static_cast<std::uint32_t>(at - d.labels.begin()));
    d.features.push_back(reader.read(texts[i].text));
    d.weights.push_back(texts[i].weight);
  }
  return d;
}

LinearHead trained(const Data& d, const FeatureReader& reader, const TrainOptions& o, std::int64_t without_fold,
                   Context& context, LbfgsReport* report = nullptr) {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < d.truth.size(); ++i)
    if (without_fold < 0 || static_cast<std::int64_t>(i) % o.folds != without_fold)
      examples.push_back({&d.features[i], d.truth[i], d.weights[i]});
  TrainingOptions t;
  t.l2 = o.l2;
  t.solver.iterations = static_cast<int>(o.iterations);
  return train_linear_head(examples, d.labels, reader, t, report, [&](int) {
    context.check_cancelled();
    return true;
  });
}

// What a head that has not seen them makes of texts.
struct Judged {
  std::vector<double> confidence;
  std::vector<std::uint8_t> correct;
  std::vector<std::vector<double>> confusion;  // [truth][guess]

  explicit Judged(std::size_t labels) : confusion(labels, std::vector<double>(labels, 0)) {}
  void add(std::span<const float> p, std::uint32_t truth) {
    const LabelScore top = top_labels(p, 1)[0];
    confidence.push_back(std::min(1.0, static_cast<double>(top.probability)));
    correct.push_back(top.label == truth);
    ++confusion[truth][top.label];
  }
  std::size_t right() const { return static_cast<std::size_t>(std::count(correct.begin(), correct.end(), 1)); }
};

void report(Result& r, const std::string& name, const std::string& label, const Judged& j) {
  const Interval bounds = proportion_interval(j.right(), j.correct.size());
  const double share = static_cast<double>(j.right()) / static_cast<double>(j.correct.size());
  r.estimate(
      name + "_accuracy", label,
      Estimate<Ratio>::within(Ratio(share), Ratio(bounds.low), Ratio(bounds.high), Method::measured, "held-out texts"),
      "%", fmt::format("{} of {}", j.right(), j.correct.size()));
  r.estimate(name + "_ece", label + ", calibration error",
             Estimate<Ratio>::exact(Ratio(calibration_error(reliability(j.confidence, j.correct)))), "%",
             "15 bins of equal width");
}

Figure confusion_figure(const Judged& j, const std::vector<std::string>& labels, std::string title) {
  Figure f;
  f.kind = Figure::Kind::heat;
  f.title = std::move(title);
  f.caption = "Rows: the true label. Columns: the guess.";
  f.categories = f.row_labels = labels;
  f.cells = j.confusion;
  f.value_unit = "texts";
  return f;
}

Result train(const TrainOptions& o, Context& context) {
  std::vector<LabelledText> texts = read_labelled(o.examples.read(longest_file), o.examples.name()), held;
  for (auto& t : texts) t.weight = static_cast<float>(o.weight);
  if (o.more.given())
    for (auto& t : read_labelled(o.more.read(longest_file), o.more.name())) texts.push_back(std::move(t));
  if (o.held_out.given()) held = read_labelled(o.held_out.read(longest_file), o.held_out.name());
  if (o.mmlu) as_mmlu_domains(texts);
  if (o.topics)
    for (auto& t : domain_topics()) texts.push_back(std::move(t));
  const std::size_t before = texts.size(), gone = exclude(texts, held);
  const FoundEncoder found = find_encoder();
  const FeatureReader reader(o.hashed ? nullptr : found.encoder, static_cast<unsigned>(o.bits));
  std::map<std::string, std::size_t> counts;
  for (const auto& t : texts) ++counts[t.label];
  std::vector<std::string> labels;
  for (const auto& [label, n] : counts) {
    if (o.folds > 0 && n < static_cast<std::size_t>(o.folds))
      throw bad_input(fmt::format("label '{}' has {} texts, fewer than folds", label, n), "--folds",
                      "give more texts, or --folds 0");
    labels.push_back(label);
  }
  if (labels.size() < 2) throw bad_input("all texts have one label", o.examples.name(), "give two labels or more");

  // In an order without pattern, so that folds are alike.
  std::shuffle(texts.begin(), texts.end(), context.random("text train"));
  const Data d = features_of(texts, reader, labels, context, "reading texts");
  Judged cross(labels.size());
  double temperature = 1;
  if (o.folds > 0) {
    std::vector<float> scores;
    std::vector<std::uint32_t> truth;
    for (std::int64_t fold = 0; fold < o.folds; ++fold) {
      context.progress(0.7 + 0.25 * static_cast<double>(fold) / static_cast<double>(o.folds), "cross-validation");
      const LinearHead head = trained(d, reader, o, fold, context);
      std::vector<float> row(labels.size());
      for (std::size_t i = 0; i < d.truth.size(); ++i) {
        if (static_cast<std::int64_t>(i) % o.folds != fold) continue;
        head.scores(d.features[i], row);
        scores.insert(scores.end(), row.begin(), row.end());
        truth.push_back(d.truth[i]);
      }
    }
    temperature = fit_temperature(scores, labels.size(), truth);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      std::span<float> row = std::span(scores).subspan(i * labels.size(), labels.size());
      softmax(row, temperature);
      cross.add(row, truth[i]);
    }
  }
  LbfgsReport made;
  LinearHead head = trained(d, reader, o, -1, context, &made);
  head.set_temperature(temperature);
  head.note = o.note.empty() ? fmt::format("{} texts, {} labels", texts.size(), labels.size()) : o.note;
  const std::string bytes = head.save();
  head = LinearHead::load(bytes, o.out);

  Result r;
  r.title = fmt::format("{} labels from {} texts", labels.size(), texts.size());
  if (o.folds > 0) report(r, "cross", fmt::format("{}-fold cross-validation", o.folds), cross);
  if (!held.empty()) {
    const Data h = features_of(held, reader, labels, context, "held-out texts");
    Judged judged(labels.size());
    std::vector<float> p(labels.size());
    for (std::size_t i = 0; i < h.truth.size(); ++i) {
      head.predict(h.features[i], p);
      judged.add(p, h.truth[i]);
    }
    report(r, "held_out", "Held-out texts", judged);
    r.add(confusion_figure(judged, labels, "Held-out texts"));
    r.note(fmt::format("Left out of training: {} texts that are held out too, {} repeated ones.", gone,
                       before - gone - texts.size()));
  }
  write_whole(o.out, bytes);
  Table t("text.head.v1");
  t.text("file").integer("bytes", "B").integer("texts").integer("iterations").number("temperature");
  t.add_row({o.out, static_cast<std::int64_t>(bytes.size()), static_cast<std::int64_t>(texts.size()),
             static_cast<std::int64_t>(made.iterations), temperature});
  r.add(std::move(t));
  r.note(fmt::format("Features: {}.", reader.fingerprint()));
  return r;
}

}  // namespace

Capability train_capability() {
  using O = TrainOptions;
  static const auto fields =
      Fields<O>()
          .file("examples", &O::examples, "labelled texts: CSV or JSON")
          .required()
          .positional()
          .text("out", &O::out, "the head to write")
          .required()
          .file("more", &O::more, "labelled texts besides")
          .file("held-out", &O::held_out, "texts to judge by; what is here is left out of training")
          .flag("mmlu-domains", &O::mmlu, "MMLU subjects become their domains, and choices are cut")
          .flag("topics", &O::topics, "our own topics of the 14 domains besides")
          .number("weight", &O::weight, "a text of the first file counts as so many")
          .range(0.001, 1000)
          .flag("ngrams-only", &O::hashed, "without a sentence encoder")
          .integer("ngram-bits", &O::bits, "n-grams are hashed into 2^bits places; 0: none")
          .range(0, 20)
          .number("l2", &O::l2, "penalty on squared weights, of the mean loss")
          .range(0, 1000)
          .integer("iterations", &O::iterations, "of L-BFGS at most")
          .range(1, 10000)
          .integer("folds", &O::folds, "of cross-validation, which sets the temperature too; 0: none")
          .range(0, 20)
          .text("note", &O::note, "kept in the file, for people");
  Capability c = capability<O>("text", "train", "A classifier of texts from labelled ones.", train, fields);
  c.description =
      "Multinomial logistic regression (L2, every label of equal weight, L-BFGS) over the sentence vector and hashed "
      "n-grams. Cross-validation "
      "tells the accuracy to expect and sets the softmax temperature (Guo et al. 2017). The same texts, --seed and "
      "encoder give the same file. 95 % intervals: Wilson 1927. Formats: docs/formats/labelled-texts.md, text-head.md.";
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"text.head.v1"};
  c.examples = {
      {{"topics.csv", "--out", "topics.head", "--ngrams-only", "--folds", "2"},
       {{"topics.csv",
         "text,label\nthe cat meows,animals\na dog barks,animals\ncats and dogs play,animals\nmy cat sleeps,animals\n"
         "rivers flow to the sea,water\nthe lake is deep,water\na river runs dry,water\nthe sea is deep,water\n"}},
       "2 labels from 8 texts"}};
  return c;
}

}  // namespace wattline::text
