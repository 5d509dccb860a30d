// `learn lm-train`: a small language model from nothing, with its energy.
#include <ctime>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/write_whole.h"
#include "learn/capabilities.h"
#include "learn/training.h"
#include "lm/evaluation.h"
#include "meter/host_power.h"

namespace wattline::learn {
namespace {

struct ShapeOptions {
  std::int64_t dim = 64, hidden = 192, layers = 4, heads = 4, kv_heads = 2, context = 256;
};

struct TrainOptions {
  std::string out, name = "glow-xs", checkpoint;
  ShapeOptions shape;
  std::int64_t steps = 10000, warm_up = 100, cool_down = 4000, tokens_per_step = 4096;
  double matrix_rate = 0.01, other_rate = 0.02, weight_decay = 0.01;
  std::int64_t level = 1, threads = 1, every = 500, questions = 200;
  bool resume = false, unrecorded = false;
};

// Training with its cost so far: what the progress bar, the account and the result read.
class MeteredTraining {
 public:
  MeteredTraining(const Plan& plan, const TrainOptions& o, Context& context)
      : options_(o),
        context_(context),
        host_(meter::HostPower::detect(context.get<catalog::Catalog>())),
        checkpoint_(o.checkpoint.empty() ? o.out + ".checkpoint" : o.checkpoint),
        begin_(Time::now()) {
    const int threads = static_cast<int>(o.threads);
    training_ =
        o.resume ? std::make_unique<Training>(plan, threads, checkpoint_) : std::make_unique<Training>(plan, threads);
    // A place that cannot be written is better known now than after an hour.
    if (!o.resume) training_->save(checkpoint_);
    tokens_before_ = training_->tokens_seen();
    cpu_before_ = training_->cpu_time();
    loss_.kind = Figure::Kind::line;
    loss_.title = "Loss";
    loss_.x = {"step", "", false, false};
    loss_.y = {"nats by answer token", "", true, false};
    loss_.traces.push_back({"training", {}, {}, {}, {}});
  }

  // To the end, or to a request to stop; either way the checkpoint and the account are written.
  void run(std::int64_t steps) {
    double sum = 0;
    std::int64_t count = 0;
    while (!training_->done()) {
      if (context_.stop.stop_requested()) {
        settle();
        throw Error(
            ErrorKind::cancelled,
            fmt::format("stopped after step {} of {}; all of it is in {}", training_->step_count(), steps, checkpoint_),
            {}, "the same command with --resume goes on");
      }
      sum += training_->step();
      ++count;
      const std::int64_t at = training_->step_count();
      if (at % 20 == 0)
        context_.progress(static_cast<double>(at) / static_cast<double>(steps),
                          fmt::format("step {}, loss {:.3f}, {}", at, sum / static_cast<double>(count),
                                      to_string(energy().value(), 3)));
      if (at % options_.every != 0 && !training_->done()) continue;
      loss_.traces[0].x.push_back(static_cast<double>(at));
      loss_.traces[0].y.push_back(sum / static_cast<double>(count));
      context_.log(fmt::format("step {} of {}: loss {:.4f} nats, {} tokens, {} ({})", at, steps,
                               sum / static_cast<double>(count), training_->tokens_seen(),
                               to_string(energy().value(), 3), to_string(host_->method())));
      sum = 0;
      count = 0;
      training_->save(checkpoint_);
    }
    settle();
  }

  Estimate<Energy> energy() const { return host_->energy_of_cpu_time(training_->cpu_time()); }
  const Training& training() const { return *training_; }
  const meter::HostPower& host() const { return *host_; }
  const Figure& loss() const { return loss_; }

 private:
  void settle() {
    training_->save(checkpoint_);
    auto* account = context_.find<AccountSink>();
    if (options_.unrecorded || !account || training_->tokens_seen() == tokens_before_) return;
    Fact fact;
    fact.kind = "training";
    fact.begin = begin_;
    fact.end = Time::now();
    // What a resumed training cost before is in the account already.
    fact.energy = host_->energy_of_cpu_time(training_->cpu_time() - cpu_before_);
    fact.tokens_in = training_->tokens_seen() - tokens_before_;
    fact.model = options_.name;
    fact.device = host_->device();
    account->record(fact);
  }

  const TrainOptions& options_;
  Context& context_;
  std::shared_ptr<const meter::HostPower> host_;
  std::string checkpoint_;
  Time begin_;
  std::unique_ptr<Training> training_;
  std::int64_t tokens_before_ = 0;
  Duration cpu_before_;
  Figure loss_;
};

Plan plan_of(const TrainOptions& o, const Context& context) {
  const auto n = [](std::int64_t i) { return static_cast<int>(i); };
  Plan p;
  p.shape.dim = n(o.shape.dim);
  p.shape.hidden = n(o.shape.hidden);
  p.shape.layers = n(o.shape.layers);
  p.shape.heads = n(o.shape.heads);
  p.shape.kv_heads = n(o.shape.kv_heads);
  p.shape.vocabulary = lm::ByteTokenizer::size;
  p.shape.context = n(o.shape.context);
  p.shape.check("shape");
  p.rates = {o.matrix_rate, o.other_rate, o.weight_decay};
  p.steps = o.steps;
  p.warm_up = o.warm_up;
  p.cool_down = o.cool_down;
  p.tokens_per_step = o.tokens_per_step;
  p.level = n(o.level);
  p.seed = context.seed;
  return p;
}

Result train(const TrainOptions& o, Context& context) {
  const Plan plan = plan_of(o, context);
  MeteredTraining metered(plan, o, context);
  metered.run(o.steps);
  const std::string bytes = lm::save_safetensors(o.name, plan.shape, metered.training().weights());
  write_whole(o.out, bytes);

  Result r;
  r.title = fmt::format("{}: {} parameters, {} steps", o.name, plan.shape.parameters(), plan.steps);
  r.estimate("energy", "Energy of training", metered.energy(), {}, metered.host().explanation());
  r.estimate("cpu_time", "CPU time",
             Estimate<Duration>::with_sd(metered.training().cpu_time(), Duration(0), Method::measured,
                                         "CLOCK_PROCESS_CPUTIME_ID"));
  r.estimate("tokens", "Tokens read",
             Estimate<Tokens>::exact(Tokens(static_cast<double>(metered.training().tokens_seen()))), "token");
  r.add(metered.loss());
  if (o.questions > 0) {
    const auto model = lm::load_safetensors(bytes, o.out);
    std::vector<lm::TaskAccuracy> all;
    for (const auto& t : lm::tasks()) {
      context.check_cancelled();
      context.progress(1, "asking: " + t.name);
      all.push_back(
          lm::evaluate(*model, t.name, static_cast<int>(o.questions), context.random("lm evaluate " + t.name)));
    }
    Table table = lm::accuracy_table(all);
    table.title = "On held-out questions, with the weights as written (fp16)";
    r.add(std::move(table));
  }
  r.note(fmt::format("Written: {} ({} bytes).", o.out, bytes.size()));
  return r;
}

}  // namespace

Capability train_capability() {
  using O = TrainOptions;
  using S = ShapeOptions;
  static const auto shape = Fields<S>()
                                .integer("dim", &S::dim, "width of the residual stream")
                                .range(2, 1024)
                                .integer("hidden", &S::hidden, "width of the feed-forward part")
                                .range(1, 4096)
                                .integer("layers", &S::layers, "layers")
                                .range(1, 32)
                                .integer("heads", &S::heads, "query heads")
                                .range(1, 64)
                                .integer("kv-heads", &S::kv_heads, "key and value heads")
                                .range(1, 64)
                                .integer("context", &S::context, "longest question and answer together, in tokens")
                                .range(128, 4096);
  static const auto fields =
      Fields<O>()
          .text("out", &O::out, "the model file to write (safetensors, fp16)")
          .required()
          .positional()
          .text("name", &O::name, "the model's name")
          .integer("level", &O::level, "the hardest tasks it learns; lm models lists them with their levels")
          .range(1, lm::hardest_level)
          .integer("steps", &O::steps, "steps of the optimisers")
          .range(1, 10000000)
          .integer("tokens-per-step", &O::tokens_per_step, "tokens of one step, about")
          .range(128, 1000000)
          .integer("warm-up", &O::warm_up, "first steps, over which the rates rise")
          .range(0, 10000000)
          .integer("cool-down", &O::cool_down, "last steps, over which the rates fall to zero")
          .range(0, 10000000)
          .number("matrix-rate", &O::matrix_rate, "learning rate of Muon")
          .range(0, 1)
          .number("other-rate", &O::other_rate, "learning rate of AdamW")
          .range(0, 1)
          .number("weight-decay", &O::weight_decay, "of the matrices, by rate")
          .range(0, 1)
          .integer("threads", &O::threads, "threads of the arithmetic; another number may round otherwise")
          .range(1, 256)
          .text("checkpoint", &O::checkpoint, "where the state is kept; absent: OUT.checkpoint")
          .integer("checkpoint-every", &O::every, "steps between checkpoints")
          .range(1, 10000000)
          .flag("resume", &O::resume, "go on from the checkpoint")
          .integer("questions", &O::questions, "held-out questions by task asked at the end")
          .range(0, 20000)
          .flag("unrecorded", &O::unrecorded, "leave the training out of the account")
          .group(&O::shape, shape, "Shape");
  Capability c =
      capability<O>("learn", "lm-train", "Train a small language model on the built-in tasks.", train, fields);
  c.description =
      "Trains a Llama-style byte-level model on procedurally generated questions (lm models lists the tasks) with Muon "
      "for matrices and AdamW for the rest, and writes it as safetensors. On one machine with one number of threads "
      "the "
      "same --seed gives the same weights, also when stopped and resumed. Its energy is that of the process's CPU "
      "time, "
      "measured or modelled as `wattline run` does, and goes into the account.";
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"lm.accuracy.v1"};
  c.examples = {{{"tiny.safetensors", "--steps", "3", "--dim", "16", "--hidden", "16", "--layers", "1", "--heads", "2",
                  "--kv-heads", "1", "--questions", "1"},
                 {},
                 "Energy of training"}};
  return c;
}

}  // namespace wattline::learn
