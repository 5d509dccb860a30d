#include "policy/quality/text_quality.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "policy/evaluate/calibration.h"
#include "policy/quality/prompt_shape.h"
#include "text/linear_training.h"

namespace wattline::policy {
namespace {

constexpr std::string_view format = "policy.quality.v1";
constexpr std::size_t most_bins = 40, fewest_in_bin = 40;
constexpr double confidence = 0.90;

// FNV-1a, mixed: which rows calibrate must not depend on their order.
double place_of(std::string_view prompt) {
  std::uint64_t h = 14695981039346656037u;
  for (const unsigned char c : prompt) h = (h ^ c) * 1099511628211u;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdu;
  h ^= h >> 33;
  return static_cast<double>(h >> 11) * 0x1p-53;
}

struct Judged {
  double predicted = 0, outcome = 0;
};

// The probability that a right answer is predicted higher than a wrong one.
double area_under_curve(std::vector<Judged> all) {
  std::sort(all.begin(), all.end(), [](const Judged& a, const Judged& b) { return a.predicted < b.predicted; });
  double wrong = 0, right = 0, area = 0;
  for (std::size_t i = 0; i < all.size();) {
    double ties_wrong = 0, ties_right = 0;
    const double p = all[i].predicted;
    for (; i < all.size() && all[i].predicted == p; ++i) (all[i].outcome >= 0.5 ? ties_right : ties_wrong) += 1;
    area += ties_right * (wrong + ties_wrong / 2);
    wrong += ties_wrong;
    right += ties_right;
  }
  return right > 0 && wrong > 0 ? area / (right * wrong) : NAN;
}

void append_number(std::string& out, std::uint64_t n) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(n >> (8 * i));
  out.append(bytes, 8);
}

class Reader {
 public:
  Reader(std::string_view bytes, std::string_view where) : bytes_(bytes), where_(where) {}
  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size())
      throw bad_input("ends in the middle", std::string(where_), "make it anew with learn router-train");
    const auto piece = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return piece;
  }
  std::uint64_t number() {
    const auto piece = take(8);
    std::uint64_t n = 0;
    for (int i = 7; i >= 0; --i) n = n << 8 | static_cast<unsigned char>(piece[static_cast<std::size_t>(i)]);
    return n;
  }
  bool done() const { return bytes_.empty(); }

 private:
  std::string_view bytes_, where_;
};

void write_numbers(JsonWriter& w, std::string_view key, const std::vector<float>& all) {
  w.key(key).begin_array();
  for (const float v : all) w.value(std::round(static_cast<double>(v) * 1e6) / 1e6);
  w.end_array();
}

std::vector<float> read_numbers(const Json& map, std::string_view key, std::string_view where) {
  std::vector<float> out;
  for (const auto& v : map.at(key).as_array()) {
    const double n = v.as_number();
    if (!(n >= 0 && n <= 1))
      throw bad_input(fmt::format("'{}' holds {}, which is no probability", key, n), std::string(where));
    out.push_back(static_cast<float>(n));
  }
  return out;
}

}  // namespace

TextQuality::TextQuality() = default;

Quality TextQuality::Map::at(double p) const {
  if (predicted.empty()) return {p, 0};
  const auto up = std::upper_bound(predicted.begin(), predicted.end(), static_cast<float>(p));
  const auto i = static_cast<std::size_t>(up - predicted.begin());
  const auto at = [&](std::size_t k) { return Quality{expected[k], low[k]}; };
  if (i == 0) return at(0);
  if (i == predicted.size()) return at(i - 1);
  const double gap = static_cast<double>(predicted[i]) - static_cast<double>(predicted[i - 1]);
  const double t = gap > 0 ? (p - static_cast<double>(predicted[i - 1])) / gap : 0;
  const Quality a = at(i - 1), b = at(i);
  return {a.expected + t * (b.expected - a.expected), a.low + t * (b.low - a.low)};
}

TextQuality TextQuality::train(const std::vector<std::string>& models, std::span<const QualityRow> rows,
                               const Options& options, std::vector<Report>* report) {
  if (models.empty() || rows.empty()) throw bad_input("nothing to learn from: no models, or no rows");
  for (const auto& r : rows)
    if (r.quality.size() != models.size())
      throw bad_input(fmt::format("a row has {} outcomes for {} models", r.quality.size(), models.size()));
  TextQuality out;
  out.models_ = models;
  out.reader_ = std::make_shared<text::FeatureReader>(std::make_shared<PromptShape>(), options.bits);
  std::vector<text::Features> features;
  std::vector<bool> calibrates;
  for (const auto& r : rows) {
    features.push_back(out.reader_->read(r.prompt));
    calibrates.push_back(place_of(r.prompt) < options.held_out);
  }
  for (std::size_t m = 0; m < models.size(); ++m) {
    Member& member = out.members_.emplace_back();
    Report said;
    said.model = models[m];
    std::vector<text::Example> fit;
    std::vector<std::size_t> held;
    double sum = 0;
    std::size_t rights = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double q = rows[i].quality[m];
      if (std::isnan(q)) continue;
      sum += q;
      if (calibrates[i]) held.push_back(i);
      else fit.push_back({&features[i], q >= 0.5 ? 1u : 0u, 1});
      rights += !calibrates[i] && q >= 0.5;
    }
    said.fitted = fit.size();
    said.calibrated = held.size();
    said.adequate = fit.empty() && held.empty() ? NAN : sum / static_cast<double>(fit.size() + held.size());
    if (rights > 0 && rights < fit.size()) {
      text::TrainingOptions t;
      t.l2 = options.l2;
      t.balance = false;  // what is predicted is a probability
      member.head.push_back(text::train_linear_head(fit, {"wrong", "right"}, *out.reader_, t));
    }
    const double constant = fit.empty() ? 0 : static_cast<double>(rights) / static_cast<double>(fit.size());
    std::vector<Judged> judged;
    for (const std::size_t i : held) {
      float p[2] = {0, static_cast<float>(constant)};
      if (!member.head.empty()) member.head[0].predict(features[i], p);
      judged.push_back({static_cast<double>(p[1]), rows[i].quality[m]});
    }
    said.auc = area_under_curve(judged);
    std::sort(judged.begin(), judged.end(), [](const Judged& a, const Judged& b) { return a.predicted < b.predicted; });
    // Bins of equal size, pooled until they rise.
    struct Bin {
      double predicted = 0, right = 0, n = 0;
    };
    std::vector<Bin> bins;
    const std::size_t count = std::clamp<std::size_t>(judged.size() / fewest_in_bin, 1, most_bins);
    for (std::size_t b = 0; b < count && !judged.empty(); ++b) {
      Bin bin;
      for (std::size_t i = b * judged.size() / count; i < (b + 1) * judged.size() / count; ++i) {
        bin.predicted += judged[i].predicted;
        bin.right += judged[i].outcome;
        ++bin.n;
      }
      bins.push_back(bin);
      while (bins.size() > 1 &&
             bins[bins.size() - 2].right / bins[bins.size() - 2].n >= bins.back().right / bins.back().n) {
        const Bin last = bins.back();
        bins.pop_back();
        bins.back().predicted += last.predicted;
        bins.back().right += last.right;
        bins.back().n += last.n;
      }
    }
    for (const Bin& b : bins) {
      member.map.predicted.push_back(static_cast<float>(b.predicted / b.n));
      member.map.expected.push_back(static_cast<float>(b.right / b.n));
      member.map.low.push_back(static_cast<float>(wilson(b.right, b.n, confidence).low));
    }
    if (report) {
      std::vector<double> predicted, observed;
      for (const auto& j : judged) {
        predicted.push_back(member.map.at(j.predicted).expected);
        observed.push_back(j.outcome);
      }
      const CalibrationError e = calibration_error(predicted, observed, 10, 0);
      said.ece = e.ece;
      said.brier = e.brier;
      report->push_back(said);
    }
  }
  return out;
}

void TextQuality::predict(std::string_view prompt, std::span<Quality> out) const {
  thread_local text::Features features;
  reader_->read(prompt, features);
  for (std::size_t m = 0; m < members_.size() && m < out.size(); ++m) {
    const Member& member = members_[m];
    float p[2] = {0, 0};
    if (!member.head.empty()) member.head[0].predict(features, p);
    out[m] = member.map.at(static_cast<double>(p[1]));
  }
}

std::string TextQuality::save() const {
  JsonWriter w;
  w.begin_object().member("format", format).member("bits", static_cast<std::int64_t>(reader_->bits()));
  w.key("members").begin_array();
  for (std::size_t m = 0; m < models_.size(); ++m) {
    w.begin_object().member("model", models_[m]).member("head", !members_[m].head.empty());
    write_numbers(w, "predicted", members_[m].map.predicted);
    write_numbers(w, "expected", members_[m].map.expected);
    write_numbers(w, "low", members_[m].map.low);
    w.end_object();
  }
  w.end_array().end_object();
  const std::string text = w.take();
  std::string out;
  append_number(out, text.size());
  out += text;
  for (const auto& m : members_)
    for (const auto& head : m.head) {
      const std::string bytes = head.save();
      append_number(out, bytes.size());
      out += bytes;
    }
  return out;
}

TextQuality TextQuality::load(std::string_view bytes, std::string_view where) {
  Reader reader(bytes, where);
  const Json header = parse_json(reader.take(reader.number()), where);
  if (header.text_or("format", "") != format)
    throw bad_input(fmt::format("is no {} file", format), std::string(where),
                    "make one with wattline learn router-train");
  const std::int64_t bits = header.at("bits").as_integer();
  if (bits < 0 || bits > 20) throw bad_input("'bits' must be from 0 to 20", std::string(where));
  TextQuality out;
  out.reader_ = std::make_shared<text::FeatureReader>(std::make_shared<PromptShape>(), static_cast<unsigned>(bits));
  for (const auto& one : header.at("members").as_array()) {
    out.models_.push_back(one.at("model").as_string());
    Member& member = out.members_.emplace_back();
    member.map = {read_numbers(one, "predicted", where), read_numbers(one, "expected", where),
                  read_numbers(one, "low", where)};
    const auto& map = member.map;
    if (map.expected.size() != map.predicted.size() || map.low.size() != map.predicted.size() ||
        !std::is_sorted(map.predicted.begin(), map.predicted.end()))
      throw bad_input("its map of calibration is broken", std::string(where));
    if (!one.at("head").as_bool()) continue;
    member.head.push_back(text::LinearHead::load(reader.take(reader.number()), where));
    member.head[0].check(*out.reader_);
    if (member.head[0].labels().size() != 2) throw bad_input("a head must have two labels", std::string(where));
  }
  if (!reader.done()) throw bad_input("has bytes behind its end", std::string(where));
  return out;
}

}  // namespace wattline::policy
