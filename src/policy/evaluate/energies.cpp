#include "policy/evaluate/energies.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"

namespace wattline::policy {

std::vector<std::optional<TokenEnergy>> parse_energies(const std::vector<std::string>& texts, const Workload& w) {
  std::vector<std::optional<TokenEnergy>> out(w.models.size());
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    const auto refuse = [&](const std::string& why) {
      return bad_input(fmt::format("'{}' is no energy of a model: {}", text, why), "energy",
                       "NAME=J_IN,J_OUT or NAME=J_IN,J_OUT,J_FIX, in J a prompt token, J an output token, J a request");
    };
    if (equals == std::string::npos) throw refuse("there is no '='");
    const std::string name = text.substr(0, equals);
    const auto found = std::find(w.models.begin(), w.models.end(), name);
    if (found == w.models.end()) throw unknown_name("model", name, w.models).at("energy");
    std::vector<double> numbers;
    for (std::size_t begin = equals + 1; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const auto number = csv::read_number(csv::trimmed(std::string_view(text).substr(begin, end - begin)));
      if (!number || !(*number >= 0) || !std::isfinite(*number))
        throw refuse(fmt::format("'{}' is no number of 0 or more", text.substr(begin, end - begin)));
      numbers.push_back(*number);
      begin = end + 1;
    }
    if (numbers.size() < 2 || numbers.size() > 3) throw refuse("two or three numbers are expected");
    out[static_cast<std::size_t>(found - w.models.begin())] =
        TokenEnergy{numbers[0], numbers[1], numbers.size() > 2 ? numbers[2] : 0};
  }
  return out;
}

Energies energies_of(const Workload& w, const Split& split, const std::vector<std::optional<TokenEnergy>>& by_tokens,
                     double default_output) {
  const std::size_t models = w.models.size(), rows = w.rows.size();
  Energies e;
  e.joules.assign(models, std::vector<double>(rows, RecordedAnswer::unknown));
  e.expected = e.joules;
  e.known = e.recorded = true;
  for (std::size_t m = 0; m < models; ++m) {
    double tokens = 0, with_tokens = 0, joules = 0, with_joules = 0;
    for (const auto r : split.train) {
      const RecordedAnswer& a = w.rows[r].answers[m];
      if (!std::isnan(a.output_tokens)) tokens += a.output_tokens, ++with_tokens;
      if (!std::isnan(a.energy)) joules += a.energy, ++with_joules;
    }
    const double output = with_tokens > 0 ? tokens / with_tokens : default_output;
    e.mean_output.push_back(output);
    e.assumed_output = e.assumed_output || (with_tokens == 0 && by_tokens[m] && with_joules == 0);
    e.known = e.known && (by_tokens[m] || with_joules > 0);
    for (std::size_t r = 0; r < rows; ++r) {
      const RecordedAnswer& a = w.rows[r].answers[m];
      const auto modelled = [&](double out_tokens) {
        const TokenEnergy& t = *by_tokens[m];
        return t.per_input * w.rows[r].prompt_tokens + t.per_output * out_tokens + t.fixed;
      };
      e.expected[m][r] = with_joules > 0 ? joules / with_joules
                         : by_tokens[m]  ? modelled(output)
                                         : RecordedAnswer::unknown;
      if (!a.there()) continue;
      if (!std::isnan(a.energy)) {
        e.joules[m][r] = a.energy;
        continue;
      }
      e.recorded = false;
      e.joules[m][r] =
          by_tokens[m] ? modelled(std::isnan(a.output_tokens) ? output : a.output_tokens) : e.expected[m][r];
    }
  }
  if (e.known) return e;
  e.recorded = e.assumed_output = false;
  for (std::size_t m = 0; m < models; ++m) {
    std::fill(e.expected[m].begin(), e.expected[m].end(), static_cast<double>(m + 1));
    for (std::size_t r = 0; r < rows; ++r)
      e.joules[m][r] = w.rows[r].answers[m].there() ? static_cast<double>(m + 1) : RecordedAnswer::unknown;
  }
  return e;
}

}  // namespace wattline::policy
