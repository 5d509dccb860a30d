#include "ledger/row.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "ledger/row_text.h"
#include "ledger/sha256.h"

namespace wattline::ledger {
namespace {

constexpr std::size_t longest_text = 4096, most_labels = 100;

bool is_valid_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = static_cast<unsigned char>(text[i]) < 0x80 ? 1 : utf8_length(text, i);
    if (n == 0) return false;
    i += n;
  }
  return true;
}

// Valid UTF-8, by the writer of JSON that replaces what is not.
std::string valid_text(std::string_view text) {
  if (is_valid_text(text)) return std::string(text);
  std::string quoted;
  append_json_string(quoted, text);
  return parse_json(quoted).as_string();
}

bool is_clean_text(std::string_view what, std::string_view text) {
  if (text.size() > longest_text)
    throw bad_input(fmt::format("{} of {} bytes; at most {} are kept", what, text.size(), longest_text));
  return is_valid_text(text);
}

// Below, its square loses digits, and what is read back is another number.
bool is_clean_sd(double sd) { return sd == 0 || std::abs(sd) > 1e-140; }

}  // namespace

std::string canonical(const Row& row) {
  FactTexts texts;
  texts.read(row.fact);
  std::string out;
  append_canonical(out, {row.writer, row.seq, row.prev_hash, row.fact.uid, row.recorded, row.corrects, row.factor_set},
                   row.fact, texts);
  return out;
}

std::string hash_of(std::string_view canonical_text) {
  thread_local Sha256 sha;
  sha.begin();
  sha.add(canonical_text);
  return sha.hex();
}

Row parse_row(const Json& j) {
  if (j.at("v").as_integer() != 1)
    throw bad_input(fmt::format("a row of form {}; this program reads form 1", j.at("v").as_integer()));
  Row row;
  row.writer = j.at("writer").as_string();
  row.seq = j.at("seq").as_integer();
  row.prev_hash = j.at("prev").as_string();
  row.recorded.ns = j.at("recorded").as_integer();
  row.corrects = j.at("corrects").as_string();
  row.factor_set = j.at("factors").as_string();
  Fact& f = row.fact;
  f.uid = j.at("uid").as_string();
  f.kind = j.at("kind").as_string();
  f.begin.ns = j.at("begin").as_integer();
  f.end.ns = j.at("end").as_integer();
  const Json& e = j.at("energy");
  std::map<std::string, double> by;
  for (const auto& [factor, sd] : e.at("by").as_object()) by[factor] = sd.as_number();
  std::vector<std::string> sources;
  for (const auto& s : e.at("sources").as_array()) sources.push_back(s.as_string());
  f.energy = Estimate<Energy>(restore(e.at("value").as_number(), e.at("sd").as_number(), by,
                                      parse_method(e.at("method").as_string()), sources, e.at("signed").as_bool()));
  f.tokens_in = j.at("in").as_integer();
  f.tokens_out = j.at("out").as_integer();
  f.model = j.at("model").as_string();
  f.device = j.at("device").as_string();
  f.place = j.at("place").as_string();
  for (const auto& pair : j.at("labels").as_array()) {
    const auto& both = pair.as_array();
    if (both.size() != 2) throw bad_input("a label that is not a pair of name and value");
    f.labels.emplace_back(both[0].as_string(), both[1].as_string());
  }
  return row;
}

RawEstimate restore(double value, double independent_sd, const std::map<std::string, double>& by_factor, Method method,
                    const std::vector<std::string>& sources, bool can_be_negative) {
  RawEstimate out(value, independent_sd, method, "");
  for (const auto& [factor, sd] : by_factor) {
    RawEstimate part(0, std::abs(sd), Method::measured, "");
    part.attribute_to(factor);
    // A negative sensitivity: the value falls when the factor rises.
    if (sd < 0) part = RawEstimate::product(part, RawEstimate(-1.0));
    out = RawEstimate::sum(out, part, 1);
  }
  for (const auto& s : sources) out.add_source(s);
  if (can_be_negative) out.set_signed();
  return out;
}

bool is_clean(const Fact& fact) {
  const RawEstimate& e = fact.energy.raw();
  if (!std::isfinite(e.value()) || !std::isfinite(e.sd()))
    throw bad_input("a fact whose energy is no finite number", fact.uid);
  if (e.value() < 0)
    throw bad_input(fmt::format("a fact with an energy of {} J; energy used is 0 or more", e.value()), fact.uid);
  if (fact.end < fact.begin)
    throw bad_input(
        fmt::format("a fact that ends ({}) before it begins ({})", to_string(fact.end), to_string(fact.begin)),
        fact.uid);
  if (fact.tokens_in < 0 || fact.tokens_out < 0) throw bad_input("a fact with a negative number of tokens", fact.uid);
  if (fact.kind.empty()) throw bad_input("a fact without a kind", fact.uid);
  if (fact.labels.size() > most_labels)
    throw bad_input(fmt::format("{} labels; at most {} are kept", fact.labels.size(), most_labels), fact.uid);
  // All are looked at, so that what is too long is found.
  bool clean = is_clean_text("a kind", fact.kind);
  clean &= is_clean_text("a uid", fact.uid);
  clean &= is_clean_text("a model name", fact.model);
  clean &= is_clean_text("a device name", fact.device);
  clean &= is_clean_text("a place name", fact.place);
  for (const auto& [key, value] : fact.labels) {
    clean &= is_clean_text("a label's name", key);
    clean &= is_clean_text("a label's value", value);
  }
  for (const auto& [factor, sd] : e.by_factor()) {
    clean &= is_clean_text("a factor id", factor);
    clean &= is_clean_sd(sd);
  }
  for (const auto& s : e.sources()) clean &= is_clean_text("a source", s);
  return clean && is_clean_sd(e.independent_sd()) && !std::signbit(e.value());
}

Fact checked(const Fact& fact) {
  if (is_clean(fact)) return fact;
  const RawEstimate& e = fact.energy.raw();
  Fact out = fact;
  for (std::string* text : {&out.kind, &out.uid, &out.model, &out.device, &out.place}) *text = valid_text(*text);
  for (auto& [key, value] : out.labels) {
    key = valid_text(key);
    value = valid_text(value);
  }
  const auto kept = [](double sd) { return is_clean_sd(sd) ? sd : 0.0; };
  std::map<std::string, double> by;
  for (const auto& [factor, sd] : e.by_factor()) by[valid_text(factor)] += kept(sd);
  std::vector<std::string> sources;
  for (const auto& s : e.sources()) sources.push_back(valid_text(s));
  // +0.0 makes of a negative zero a plain one: both are written "0".
  out.energy = Estimate<Energy>(
      restore(e.value() + 0.0, kept(e.independent_sd()), by, e.method(), sources, e.can_be_negative()));
  return out;
}

}  // namespace wattline::ledger
