// `text encode`: the sentence vector of a text, and what it took.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/cpu_energy.h"
#include "kernel/error.h"
#include "text/commands.h"
#include "text/find_encoder.h"

namespace wattline::text {
namespace {

struct EncodeOptions {
  std::string text;
  InputFile file;
  bool vector = false;
};

constexpr std::size_t longest_file = std::size_t{64} << 20;

Result encode_text(const EncodeOptions& o, Context& context) {
  if (o.text.empty() == !o.file.given())
    throw bad_input("give a text or a file, and not both", "text", "wattline text encode \"How do I reset it?\"");
  const std::string text = o.file.given() ? o.file.read(longest_file) : o.text;
  const FoundEncoder found = find_encoder();
  std::vector<float> vector(found.encoder->width());
  EncodeFacts facts = found.encoder->encode(text, vector);
  // Once more until the clock of CPU time has something to tell; the first, cold time does not count.
  int times = 0;
  const Duration begin = thread_cpu_time();
  Duration used;
  do {
    context.check_cancelled();
    facts = found.encoder->encode(text, vector);
    used = thread_cpu_time() - begin;
  } while (++times < 1000 && used.base() < 0.05);

  Result r;
  r.title = fmt::format("{} values by {}", vector.size(), found.encoder->name());
  const auto tokens = Estimate<Tokens>::exact(Tokens(facts.tokens));
  const auto cpu = Estimate<Duration>::with_sd(used / times, Duration(0), Method::measured, "CLOCK_THREAD_CPUTIME_ID");
  r.estimate("tokens", "Read", tokens, "token", facts.truncated ? "the text has more" : "the whole text");
  r.estimate("unknown", "Unknown tokens", Estimate<Ratio>::exact(Ratio(facts.unknown_share)), "%",
             facts.unknown_share > 0.2 ? "too many for the vector to mean much" : "");
  r.estimate("cpu", "CPU time", cpu, "ms", fmt::format("mean of {}", times));
  if (const auto* joules = context.find<CpuEnergy>(); joules && facts.tokens > 0) {
    const auto energy = joules->of(used / times);
    r.estimate("energy", "Energy", energy);
    r.estimate("energy_per_token", "Energy of a token", energy / tokens);
  }
  if (o.vector) {
    Table t("text.vector.v1");
    t.title = "Vector";
    t.integer("place").number("value");
    for (std::size_t i = 0; i < vector.size(); ++i)
      t.add_row({static_cast<std::int64_t>(i), static_cast<double>(vector[i])});
    r.add(std::move(t));
  }
  r.note(fmt::format("Encoder: {} ({}), from {}. Fingerprint {}.", found.encoder->name(), found.encoder->limits(),
                     found.origin, found.encoder->fingerprint()));
  if (found.origin == "built in")
    for (const auto& note : found.notes) r.note("Not taken: " + note);
  return r;
}

}  // namespace

Capability encode_capability() {
  using O = EncodeOptions;
  static const auto fields = Fields<O>()
                                 .text("text", &O::text, "what to encode")
                                 .positional()
                                 .file("file", &O::file, "the text is in this file")
                                 .flag("vector", &O::vector, "list the vector's values");
  Capability c = capability<O>("text", "encode", "The sentence vector of a text, and its joules.", encode_text, fields);
  c.description =
      "Runs the sentence encoder in this process on one thread, again and again for 50 ms of CPU time, and says what "
      "one time takes. The encoder is Universal Sentence Encoder Lite (Cer et al. 2018, arXiv 1803.11175) where its "
      "npm "
      "package is installed, else hashed n-grams; WATTLINE_ENCODER names another folder. Semantic signals, the "
      "semantic cache and tool selection compare such vectors by their cosine.";
  c.emits = {"text.vector.v1"};
  c.examples = {{{"How do I reset my password?"}, {}, "values by"}, {{"energy per token", "--vector"}, {}, "Vector"}};
  return c;
}

}  // namespace wattline::text
