#include "learn/trainer.h"

#include <cmath>
#include <map>
#include <numbers>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wall"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/generated/variable_factories.h>
#include <torch/csrc/autograd/grad_mode.h>
#pragma GCC diagnostic pop

#include "learn/fused.h"

extern "C" void openblas_set_num_threads(int);

namespace wattline::learn {
namespace {

using at::Tensor;

double uniform(std::mt19937_64& random) { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; }

// Copies: the tensor outlives the vector.
Tensor to_tensor(const std::vector<float>& values, at::IntArrayRef shape) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).clone();
}
Tensor to_tensor(const std::vector<std::int64_t>& values) {
  return at::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())}, at::kLong)
      .clone();
}

std::vector<float> to_vector(const Tensor& tensor) {
  const Tensor t = tensor.detach().contiguous();
  return {t.data_ptr<float>(), t.data_ptr<float>() + t.numel()};
}

class RmsNorm : public torch::autograd::Function<RmsNorm> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& weight, double epsilon) {
    Tensor y = at::empty_like(x), scale = at::empty({x.size(0)}, at::kFloat);
    rms_norm_forward(x.data_ptr<float>(), weight.data_ptr<float>(), x.size(0), x.size(1), static_cast<float>(epsilon),
                     y.data_ptr<float>(), scale.data_ptr<float>());
    ctx->save_for_backward({x, weight, scale});
    return y;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor dy = grads[0].contiguous();
    Tensor dx = at::empty_like(saved[0]), dweight = at::zeros_like(saved[1]);
    rms_norm_backward(saved[0].data_ptr<float>(), saved[1].data_ptr<float>(), saved[2].data_ptr<float>(),
                      dy.data_ptr<float>(), dx.size(0), dx.size(1), dx.data_ptr<float>(), dweight.data_ptr<float>());
    return {dx, dweight, Tensor()};
  }
};

// x [rows][length][heads][size].
class Rotate : public torch::autograd::Function<Rotate> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& cosines,
                        const Tensor& sines) {
    ctx->save_for_backward({cosines, sines});
    return turned(x, cosines, sines, 1);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    return {turned(grads[0].contiguous(), saved[0], saved[1], -1), Tensor(), Tensor()};
  }

 private:
  static Tensor turned(const Tensor& x, const Tensor& cosines, const Tensor& sines, float direction) {
    Tensor y = at::empty_like(x);
    rotate_forward(x.data_ptr<float>(), cosines.data_ptr<float>(), sines.data_ptr<float>(), x.size(0), x.size(1),
                   x.size(2), x.size(3), direction, y.data_ptr<float>());
    return y;
  }
};

Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon) {
  return RmsNorm::apply(x.contiguous(), weight, epsilon);
}

// Coefficients of the quintic iteration, from Jordan et al. 2024.
Tensor orthogonalised(const Tensor& gradient) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;
  const bool tall = gradient.size(0) > gradient.size(1);
  Tensor x = tall ? gradient.t() : gradient;
  x = x / (x.norm() + 1e-7);
  for (int i = 0; i < 5; ++i) {
    const Tensor g = x.mm(x.t());
    x = a * x + (b * g + c * g.mm(g)).mm(x);
  }
  return tall ? x.t() : x;
}

}  // namespace

lm::Weights random_weights(const lm::Shape& shape, std::mt19937_64 random) {
  lm::Weights weights;
  for (const auto& spec : lm::tensor_specs(shape)) {
    std::size_t count = 1;
    for (auto n : spec.shape) count *= static_cast<std::size_t>(n);
    std::vector<float> values(count, 1.0f);  // the norms
    if (spec.shape.size() == 2) {
      double scale = 1 / std::sqrt(static_cast<double>(spec.shape[1]));
      if (spec.name == "embedding") scale = 0.05;
      // What is added to the residual stream starts small, so that depth does not blow it up.
      if (spec.name.ends_with(".o") || spec.name.ends_with(".down")) scale /= std::sqrt(2.0 * shape.layers);
      for (auto& v : values)
        v = static_cast<float>(scale * std::sqrt(-2 * std::log(uniform(random))) *
                               std::cos(2 * std::numbers::pi * uniform(random)));
    }
    weights[spec.name] = std::move(values);
  }
  return weights;
}

struct Trainer::Network {
  struct Parameter {
    Tensor value;
    bool matrix;  // learns by Muon
    Tensor momentum, square;  // square: of AdamW alone
  };

  lm::Shape shape;
  Rates rates;
  std::map<std::string, Parameter> parameters;
  Tensor cosines, sines;  // of the rotations: [context][head_size / 2]
  std::int64_t steps = 0;

  const Tensor& operator[](const std::string& name) const { return parameters.at(name).value; }

  Tensor attention(const std::string& layer, const Tensor& x, const Tensor& mask, std::int64_t rows,
                   std::int64_t length) const {
    const std::int64_t size = shape.head_size(), group = shape.heads / shape.kv_heads;
    const Tensor h = rms_norm(x, (*this)[layer + "attention_norm"], shape.norm_epsilon);
    const auto turned = [&](const Tensor& t, std::int64_t heads) {
      return Rotate::apply(t.view({rows, length, heads, size}), cosines, sines);
    };
    const Tensor q = turned(h.mm((*this)[layer + "q"].t()), shape.heads);
    const Tensor k = turned(h.mm((*this)[layer + "k"].t()), shape.kv_heads);
    const Tensor v = h.mm((*this)[layer + "v"].t()).view({rows, length, shape.kv_heads, size});
    // Query heads that share a key head lie one after the other and go through one product.
    const Tensor queries = (q * (1 / std::sqrt(static_cast<double>(size))))
                               .view({rows, length, shape.kv_heads, group, size})
                               .permute({0, 2, 3, 1, 4})
                               .reshape({rows * shape.kv_heads, group * length, size});
    const Tensor keys = k.permute({0, 2, 3, 1}).reshape({rows * shape.kv_heads, size, length});
    const Tensor values = v.permute({0, 2, 1, 3}).reshape({rows * shape.kv_heads, length, size});
    const Tensor weights = at::softmax(at::bmm(queries, keys) + mask, -1);
    const Tensor mixed = at::bmm(weights, values)
                             .view({rows, shape.kv_heads, group, length, size})
                             .permute({0, 3, 1, 2, 4})
                             .reshape({rows * length, shape.dim});
    return mixed.mm((*this)[layer + "o"].t());
  }

  Tensor feed_forward(const std::string& layer, const Tensor& x) const {
    const Tensor h = rms_norm(x, (*this)[layer + "ffn_norm"], shape.norm_epsilon);
    const Tensor inner = at::silu(h.mm((*this)[layer + "gate"].t())) * h.mm((*this)[layer + "up"].t());
    return inner.mm((*this)[layer + "down"].t());
  }

  // Logits at `places` (row * length + position).
  Tensor forward(const Tensor& tokens, const Tensor& places, std::int64_t rows, std::int64_t length) const {
    const Tensor mask = at::full({length, length}, -1e30, at::kFloat).triu(1).repeat({shape.heads / shape.kv_heads, 1});
    Tensor x = at::embedding((*this)["embedding"], tokens);
    for (int l = 0; l < shape.layers; ++l) {
      const std::string layer = "layers." + std::to_string(l) + ".";
      x = x + attention(layer, x, mask, rows, length);
      // After the last attention only the wanted positions matter.
      if (l + 1 == shape.layers) x = x.index_select(0, places);
      x = x + feed_forward(layer, x);
    }
    return rms_norm(x, (*this)["norm"], shape.norm_epsilon).mm((*this)["embedding"].t());
  }

  void update(Parameter& p, double scale) {
    Tensor gradient = p.value.grad();
    if (!p.momentum.defined()) p.momentum = at::zeros_like(p.value);
    if (p.matrix) {
      constexpr double keep = 0.95;
      p.momentum.mul_(keep).add_(gradient);
      const Tensor direction = orthogonalised(gradient + p.momentum * keep);
      const double rate = rates.matrix * scale;
      const double aspect = static_cast<double>(p.value.size(0)) / static_cast<double>(p.value.size(1));
      p.value.mul_(1 - rate * rates.weight_decay);
      p.value.sub_(direction * (rate * std::sqrt(std::max(1.0, aspect))));
    } else {
      constexpr double first = 0.9, second = 0.98;
      if (!p.square.defined()) p.square = at::zeros_like(p.value);
      p.momentum.mul_(first).add_(gradient, 1 - first);
      p.square.mul_(second).addcmul_(gradient, gradient, 1 - second);
      const auto n = static_cast<double>(steps);
      const Tensor root = (p.square / (1 - std::pow(second, n))).sqrt() + 1e-8;
      p.value.addcdiv_(p.momentum, root, -rates.other * scale / (1 - std::pow(first, n)));
    }
    p.value.mutable_grad().zero_();
  }
};

Trainer::Trainer(const lm::Shape& shape, const State& start, const Rates& rates, int threads)
    : network_(std::make_unique<Network>()) {
  at::set_num_threads(threads);
  openblas_set_num_threads(threads);
  network_->shape = shape;
  network_->rates = rates;
  network_->steps = start.steps;
  for (const auto& spec : lm::tensor_specs(shape)) {
    Network::Parameter p;
    p.value = to_tensor(start.weights.at(spec.name), spec.shape).requires_grad_(true);
    p.matrix = spec.shape.size() == 2 && spec.name != "embedding";
    if (const auto found = start.momentum.find(spec.name); found != start.momentum.end())
      p.momentum = to_tensor(found->second, spec.shape);
    if (const auto found = start.square.find(spec.name); found != start.square.end())
      p.square = to_tensor(found->second, spec.shape);
    network_->parameters.emplace(spec.name, std::move(p));
  }
  const std::int64_t pairs = shape.head_size() / 2;
  Tensor angles = at::empty({shape.context, pairs}, at::kFloat);
  for (std::int64_t position = 0; position < shape.context; ++position)
    for (std::int64_t i = 0; i < pairs; ++i)
      angles[position][i] = static_cast<float>(
          static_cast<double>(position) /
          std::pow(static_cast<double>(shape.rope_base), static_cast<double>(i) / static_cast<double>(pairs)));
  network_->cosines = angles.cos();
  network_->sines = angles.sin();
}

Trainer::~Trainer() = default;

double Trainer::step(std::span<const Batch> batches, double scale) {
  std::size_t targets = 0;
  for (const auto& b : batches) targets += b.targets.size();
  double total = 0;
  for (const auto& b : batches) {
    const Tensor logits = network_->forward(to_tensor(b.tokens), to_tensor(b.places), b.rows, b.length);
    const Tensor loss = at::cross_entropy_loss(logits, to_tensor(b.targets), {}, at::Reduction::Sum);
    total += loss.item<double>();
    (loss / static_cast<double>(targets)).backward();
  }
  at::NoGradGuard no_gradient;
  ++network_->steps;
  for (auto& [name, p] : network_->parameters) network_->update(p, scale);
  return total / static_cast<double>(targets);
}

lm::Weights Trainer::weights() const {
  lm::Weights out;
  for (const auto& [name, p] : network_->parameters) out[name] = to_vector(p.value);
  return out;
}

Trainer::State Trainer::state() const {
  State s{network_->steps, weights(), {}, {}};
  for (const auto& [name, p] : network_->parameters) {
    if (p.momentum.defined()) s.momentum[name] = to_vector(p.momentum);
    if (p.square.defined()) s.square[name] = to_vector(p.square);
  }
  return s;
}

std::vector<float> Trainer::logits(const std::vector<int>& tokens) const {
  at::NoGradGuard no_gradient;
  const auto length = static_cast<std::int64_t>(tokens.size());
  std::vector<std::int64_t> ids(tokens.begin(), tokens.end());
  const Tensor t = network_->forward(to_tensor(ids), at::arange(length, at::kLong), 1, length);
  return to_vector(t);
}

}  // namespace wattline::learn
