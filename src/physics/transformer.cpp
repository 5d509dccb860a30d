#include "physics/transformer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::physics {
namespace {

bool positive(double v) { return std::isfinite(v) && v > 0; }

}  // namespace

double windowed_sum(double first, double count, double window) {
  if (count <= 0) return 0;
  const auto plain = [](double from, double n) { return n * from + n * (n - 1) / 2; };
  if (window <= 0) return plain(first, count);
  // The steps that still see everything, then those that see a full window.
  const double growing = std::clamp(window - first, 0.0, count);
  return plain(first, growing) + (count - growing) * window;
}

Transformer::Transformer(const catalog::Model& m) {
  total_ = m.parameters;
  active_ = m.active_parameters > 0 ? m.active_parameters : m.parameters;
  if (!positive(total_) || !positive(active_) || active_ > total_)
    throw bad_input(fmt::format("model '{}' has {:g} parameters, {:g} of them active; both must be positive "
                                "and the active no more than all",
                                m.name, m.parameters, m.active_parameters),
                    {}, "mend its row in a catalog override");
  shared_ = active_;
  if (active_ < total_) {
    if (m.experts > m.experts_per_token && m.experts_per_token > 0) {
      experts_ = m.experts;
      picked_ = m.experts_per_token;
      const double one = (total_ - active_) / (experts_ - picked_);
      shared_ = active_ - picked_ * one;
      expert_pool_ = one * experts_;
    }
    if (experts_ == 0 || shared_ < 0) {
      // All weights as if they were experts of which a token uses the active share.
      experts_ = total_ / active_;
      picked_ = 1;
      shared_ = 0;
      expert_pool_ = total_;
      warnings_.push_back(
          fmt::format("the number of experts of {} is not known: each token is taken to read a "
                      "random {:.3g} % of the weights",
                      m.name, 100 * active_ / total_));
    }
  }
  if (m.layers <= 0 || m.heads <= 0 || m.head_size <= 0) {
    warnings_.push_back(
        fmt::format("the shape of {} is not published: work is 2 FLOP per active parameter and "
                    "token, and neither attention nor keys and values are counted",
                    m.name));
    return;
  }
  layers_ = m.layers;
  hidden_ = m.hidden;
  window_ = m.window;
  windowed_ = m.window > 0 ? std::min(m.window_layers, m.layers) : 0;
  attention_width_ = static_cast<double>(m.heads) * m.head_size;
  if (m.kv_elements_per_token) {
    kv_elements_ = *m.kv_elements_per_token / layers_;
    latent_width_ = m.heads * kv_elements_;
  } else {
    kv_elements_ = 2.0 * (m.kv_heads > 0 ? m.kv_heads : m.heads) * m.head_size;
  }
  const double embedding = static_cast<double>(m.vocabulary) * m.hidden;
  if (embedding > 0 && embedding < shared_) {
    head_ = embedding;
    // Tied: the one matrix is the head. Not tied: a second one is looked up only. Unknown: as if tied,
    // which counts at most that much too many.
    if (m.tied_embeddings == false && 2 * embedding < shared_) input_ = embedding;
  }
}

double Transformer::attention_flops() const { return 4 * attention_width_; }

Flops Transformer::flops_per_token(double context) const { return decode_flops(1, std::max(context - 1, 0.0)); }

Flops Transformer::prefill_flops(double tokens, double before) const {
  if (tokens <= 0) return Flops(0);
  double flops = 2 * body() * tokens + head_flops();
  if (shape_known())
    flops += attention_flops() * ((layers_ - windowed_) * windowed_sum(before + 1, tokens, 0) +
                                  windowed_ * windowed_sum(before + 1, tokens, window_));
  return Flops(flops);
}

Flops Transformer::decode_flops(double steps, double context) const {
  if (steps <= 0) return Flops(0);
  double flops = (2 * body() + head_flops()) * steps;
  if (shape_known()) {
    // Latent attention decodes in the latent space, each head over the whole latent vector.
    const double per_token = latent_width_ > 0 ? 4 * latent_width_ : attention_flops();
    flops += per_token * ((layers_ - windowed_) * windowed_sum(context + 1, steps, 0) +
                          windowed_ * windowed_sum(context + 1, steps, window_));
  }
  return Flops(flops);
}

Bytes Transformer::stored_weights(double bits) const { return Bytes(total_ * bits / 8); }

double Transformer::experts_touched(double tokens) const {
  if (expert_pool_ <= 0 || tokens <= 0) return 0;
  return experts_ * -std::expm1(tokens * std::log1p(-picked_ / experts_));
}

Bytes Transformer::weights_read(double tokens, double bits) const {
  if (tokens <= 0) return Bytes(0);
  double read = shared_ - input_;
  if (expert_pool_ > 0) read += expert_pool_ * experts_touched(std::max(tokens, 1.0)) / experts_;
  return Bytes(std::max(read, 0.0) * bits / 8);
}

Bytes Transformer::kv_per_token(double bits) const { return Bytes(kv_elements_ * layers_ * bits / 8); }

Bytes Transformer::kv_held(double context, double bits) const {
  const double windowed = windowed_ > 0 ? windowed_ * std::min(context, window_) : 0;
  return Bytes(kv_elements_ * ((layers_ - windowed_) * context + windowed) * bits / 8);
}

Bytes Transformer::kv_read(double steps, double context, double bits) const {
  const double looked_back = (layers_ - windowed_) * windowed_sum(context + 1, steps, 0) +
                             windowed_ * windowed_sum(context + 1, steps, window_);
  return Bytes(kv_elements_ * looked_back * bits / 8);
}

Bytes Transformer::exchanged(double tokens, double devices) const {
  if (devices <= 1) return Bytes(0);
  constexpr double all_reduces_per_layer = 2, bytes_per_element = 2;
  return Bytes(all_reduces_per_layer * layers_ * 2 * (devices - 1) / devices * tokens * hidden_ * bytes_per_element);
}

}  // namespace wattline::physics
