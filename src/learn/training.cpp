#include "learn/training.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "kernel/context.h"
#include "kernel/error.h"
#include "kernel/options.h"
#include "kernel/write_whole.h"
#include "lm/safetensors.h"

namespace wattline::learn {
namespace {

constexpr std::string_view format = "wattline-training-1";

std::mt19937_64 random_for(std::uint64_t seed, std::string_view purpose) {
  Context context;
  context.seed = seed;
  return context.random(purpose);
}

Duration process_cpu() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return Duration(static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec));
}

Trainer::State first_state(const Plan& plan) {
  return {0, random_weights(plan.shape, random_for(plan.seed, "learn start")), {}, {}};
}

void need(const lm::Metadata& m, const std::string& key, const std::string& wanted, const std::string& where) {
  const auto found = m.find(key);
  const std::string got = found == m.end() ? "absent" : found->second;
  if (got != wanted)
    throw bad_input(fmt::format("was made with {} {}; this training has {}", key, got, wanted), where,
                    "give the same options, or begin anew without --resume");
}

lm::Metadata metadata_of(const Plan& plan) {
  lm::Metadata m = lm::shape_metadata(plan.shape);
  m["format"] = format;
  m["level"] = std::to_string(plan.level);
  m["seed"] = std::to_string(plan.seed);
  m["tokens_per_step"] = std::to_string(plan.tokens_per_step);
  return m;
}

std::int64_t number(const lm::Metadata& m, const std::string& key, const std::string& where) {
  const auto found = m.find(key);
  std::int64_t n = -1;
  if (found != m.end()) std::from_chars(found->second.data(), found->second.data() + found->second.size(), n);
  if (n < 0) throw bad_input(fmt::format("__metadata__ needs '{}', a whole number from 0", key), where);
  return n;
}

struct Saved {
  Trainer::State state;
  Duration cpu;
};

Saved read_checkpoint(const Plan& plan, const std::filesystem::path& path) {
  const std::string bytes = InputFile::from_path(path.string()).read();
  const lm::SafeTensors file = lm::read_safetensors(bytes, path.string());
  for (const auto& [key, value] : metadata_of(plan)) need(file.metadata, key, value, path.string());
  const auto specs = lm::tensor_specs(plan.shape);
  Trainer::State state;
  state.steps = number(file.metadata, "steps", path.string());
  for (const auto& spec : specs) {
    const auto take = [&](lm::Weights& into, const std::string& suffix, bool must) {
      const lm::TensorView* t = file.find(spec.name + suffix);
      if (t && t->shape == spec.shape) into[spec.name] = t->floats(path.string());
      else if (t || must)
        throw bad_input(fmt::format("the tensor '{}{}' is missing or of another shape", spec.name, suffix),
                        path.string());
    };
    take(state.weights, "", true);
    take(state.momentum, ".momentum", false);
    take(state.square, ".square", false);
  }
  return {std::move(state), Duration(1e-3 * static_cast<double>(number(file.metadata, "cpu_ms", path.string())))};
}

std::int64_t tokens_of(const Batch& b) {
  return std::count_if(b.tokens.begin(), b.tokens.end(), [](auto t) { return t != lm::ByteTokenizer::end; });
}

}  // namespace

double Plan::rate_scale(std::int64_t step) const {
  const double rising = static_cast<double>(step + 1) / static_cast<double>(std::max<std::int64_t>(1, warm_up));
  const double falling = static_cast<double>(steps - step) / static_cast<double>(std::max<std::int64_t>(1, cool_down));
  return std::clamp(std::min(rising, falling), 0.0, 1.0);
}

Training::Training(const Plan& plan, int threads)
    : plan_(plan),
      stream_(random_for(plan.seed, "learn examples"), plan.tokens_per_step, plan.level),
      trainer_(std::make_unique<Trainer>(plan.shape, first_state(plan), plan.rates, threads)) {}

Training::Training(const Plan& plan, int threads, const std::filesystem::path& checkpoint)
    : plan_(plan), stream_(random_for(plan.seed, "learn examples"), plan.tokens_per_step, plan.level) {
  const auto [state, cpu] = read_checkpoint(plan, checkpoint);
  cpu_ = cpu;
  trainer_ = std::make_unique<Trainer>(plan.shape, state, plan.rates, threads);
  // Examples are cheap: drawing the past ones again leaves the stream where it was.
  for (; step_ < state.steps; ++step_) tokens_ += tokens_of(stream_.next());
}

double Training::step() {
  const Duration before = process_cpu();
  const Batch batch = stream_.next();
  tokens_ += tokens_of(batch);
  const double loss = trainer_->step(std::span(&batch, 1), plan_.rate_scale(step_++));
  cpu_ += process_cpu() - before;
  return loss;
}

void Training::save(const std::filesystem::path& checkpoint) const {
  const Trainer::State state = trainer_->state();
  lm::Metadata m = metadata_of(plan_);
  m["steps"] = std::to_string(state.steps);
  m["cpu_ms"] = std::to_string(std::llround(cpu_.base() * 1e3));
  std::vector<lm::TensorToWrite> tensors;
  for (const auto& spec : lm::tensor_specs(plan_.shape)) {
    tensors.push_back({spec.name, spec.shape, &state.weights.at(spec.name)});
    const auto put = [&](const lm::Weights& from, const std::string& suffix) {
      if (const auto found = from.find(spec.name); found != from.end())
        tensors.push_back({spec.name + suffix, spec.shape, &found->second});
    };
    put(state.momentum, ".momentum");
    put(state.square, ".square");
  }
  write_whole(checkpoint, lm::write_safetensors(m, tensors, lm::StoredAs::f32));
}

}  // namespace wattline::learn
