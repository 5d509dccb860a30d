#include "lm/generate.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/time.h"
#include "lm/decoder.h"
#include "lm/sampling.h"
#include "lm/utf8.h"

namespace wattline::lm {
namespace {

Duration thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return Duration(static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec));
}

Duration since(std::int64_t start_ns) { return Duration(1e-9 * static_cast<double>(monotonic_ns() - start_ns)); }

void check(const GenerateOptions& o) {
  if (o.max_tokens < 1)
    throw bad_input(fmt::format("is {}; at least one token can be asked for", o.max_tokens), "max_tokens");
  if (!(o.temperature >= 0 && o.temperature <= 100))
    throw bad_input(fmt::format("is {}; allowed is 0 to 100", o.temperature), "temperature");
  if (!(o.top_p > 0 && o.top_p <= 1))
    throw bad_input(fmt::format("is {}; allowed is above 0 and at most 1", o.top_p), "top_p");
  for (const auto& s : o.stop)
    if (s.empty()) throw bad_input("holds an empty text; a stop text has at least one character", "stop");
}

// The answer as it grows: tokens to bytes to characters, up to the first stop text.
class Answer {
 public:
  Answer(const Tokenizer& tokenizer, const GenerateOptions& options) : tokenizer_(tokenizer), stop_(options.stop) {}

  // True when a stop text has been reached.
  bool add(int token) {
    tokens_.push_back(token);
    return take(tokenizer_.settled_bytes(tokens_), false);
  }
  bool finish() { return take(std::string::npos, true); }

  // What can be shown and has not been: nothing that may be the beginning of a stop text.
  std::string_view fresh(bool ended) {
    std::size_t until = text_.size();
    if (!ended)
      for (const auto& s : stop_)
        for (std::size_t n = std::min(s.size() - 1, text_.size()); n > 0; --n)
          if (text_.ends_with(std::string_view(s).substr(0, n))) {
            until = std::min(until, text_.size() - n);
            break;
          }
    const std::size_t from = std::min(shown_, until);
    shown_ = std::max(shown_, until);
    return std::string_view(text_).substr(from, until - from);
  }
  const std::string& text() const { return text_; }

 private:
  bool take(std::size_t settled, bool last) {
    const std::string bytes = tokenizer_.decode(tokens_);
    const std::size_t until = std::min(settled, bytes.size());
    const std::size_t searched = text_.size();
    utf8_.push(std::string_view(bytes).substr(taken_, until - taken_), text_);
    taken_ = until;
    if (last) utf8_.finish(text_);
    std::size_t first = std::string::npos;
    for (const auto& s : stop_) first = std::min(first, text_.find(s, searched - std::min(searched, s.size() - 1)));
    if (first == std::string::npos) return false;
    text_.resize(first);
    return true;
  }

  const Tokenizer& tokenizer_;
  const std::vector<std::string>& stop_;
  std::vector<int> tokens_;
  Utf8Stream utf8_;
  std::string text_;
  std::size_t taken_ = 0, shown_ = 0;
};

}  // namespace

Generation generate(const Model& model, std::string_view prompt, const GenerateOptions& options,
                    const std::function<bool(std::string_view piece)>& on_piece, std::stop_token stop) {
  check(options);
  const std::int64_t start = monotonic_ns();
  const Duration cpu_start = thread_cpu();
  const Tokenizer& tokenizer = model.tokenizer();
  const std::vector<int> tokens = tokenizer.encode_prompt(prompt);
  const int context = model.shape().context, asked = static_cast<int>(std::min<std::size_t>(tokens.size(), 1u << 30));
  if (asked >= context)
    throw bad_input(fmt::format("the prompt has {} tokens; the model {} reads {} and needs one for its answer",
                                tokens.size(), model.name(), context),
                    "prompt", "shorten it, or ask a model with a longer context");
  Generation g;
  g.prompt_tokens = asked;
  const int room = std::min(options.max_tokens, context - asked);
  Decoder decoder(model, asked + room);
  Answer answer(tokenizer, options);
  std::mt19937_64 random(options.seed);
  const auto show = [&](bool ended) {
    const std::string_view piece = answer.fresh(ended);
    return piece.empty() || !on_piece || on_piece(piece);
  };

  double surprised = 0;  // nats
  g.finish = Generation::length;
  if (stop.stop_requested()) g.finish = Generation::cancelled;
  else decoder.feed(tokens);
  const Duration cpu_read = thread_cpu();
  g.prefill_cpu = cpu_read - cpu_start;
  while (g.finish == Generation::length && g.completion_tokens < room) {
    const int token = sample(decoder.logits(), options.temperature, options.top_p, random);
    if (options.score) surprised += surprise(decoder.logits(), token);
    if (++g.completion_tokens == 1) g.time_to_first_token = since(start);
    if (tokenizer.is_end(token) || answer.add(token)) {
      g.finish = Generation::stop;
    } else if (!show(false) || stop.stop_requested()) {
      g.finish = Generation::cancelled;
    } else if (g.completion_tokens < room) {
      decoder.feed(std::span(&token, 1));
    }
  }
  if (g.finish != Generation::cancelled) {
    if (answer.finish()) g.finish = Generation::stop;
    if (!show(true)) g.finish = Generation::cancelled;
  }
  if (options.score && g.completion_tokens > 0) g.mean_logprob = -surprised / static_cast<double>(g.completion_tokens);
  g.text = answer.text();
  g.decode_cpu = thread_cpu() - cpu_read;
  g.total = since(start);
  return g;
}

std::string_view to_string(Generation::Finish f) {
  switch (f) {
    case Generation::stop: return "stop";
    case Generation::length: return "length";
    case Generation::cancelled: return "cancelled";
  }
  return "?";
}

}  // namespace wattline::lm
