#include "ledger/row.h"

#include <cmath>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

constexpr std::size_t longest_text = 4096, most_labels = 100;

// Valid UTF-8, by the writer of JSON that replaces what is not.
std::string valid_text(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain = plain && static_cast<unsigned char>(c) < 0x80;
  if (plain) return std::string(text);
  std::string quoted;
  append_json_string(quoted, text);
  return parse_json(quoted).as_string();
}

std::string checked_text(std::string_view what, std::string_view text) {
  if (text.size() > longest_text)
    throw bad_input(fmt::format("{} of {} bytes; at most {} are kept", what, text.size(), longest_text));
  return valid_text(text);
}

}  // namespace

std::string canonical(const Row& row) {
  const Fact& f = row.fact;
  const RawEstimate& e = f.energy.raw();
  JsonWriter w;
  w.begin_object().member("v", 1).member("writer", row.writer).member("seq", row.seq);
  w.member("prev", row.prev_hash).member("uid", f.uid).member("recorded", row.recorded.ns);
  w.member("corrects", row.corrects).member("factors", row.factor_set).member("kind", f.kind);
  w.member("begin", f.begin.ns).member("end", f.end.ns);
  w.key("energy").begin_object().member("value", e.value()).member("sd", e.independent_sd());
  w.key("by").begin_object();
  for (const auto& [factor, sd] : e.by_factor())
    if (sd != 0) w.member(factor, sd);
  w.end_object().member("method", to_string(e.method())).member("signed", e.can_be_negative());
  w.key("sources").begin_array();
  for (const auto& s : e.sources()) w.value(s);
  w.end_array().end_object();
  w.member("in", f.tokens_in).member("out", f.tokens_out).member("model", f.model);
  w.member("device", f.device).member("place", f.place);
  w.key("labels").begin_array();
  for (const auto& [key, value] : f.labels) w.begin_array().value(key).value(value).end_array();
  w.end_array().end_object();
  return w.take();
}

std::string hash_of(std::string_view canonical_text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(canonical_text.data(), canonical_text.size(), digest, &size, EVP_sha256(), nullptr);
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (unsigned int i = 0; i < size; ++i) {
    out += hex[digest[i] >> 4];
    out += hex[digest[i] & 15];
  }
  return out;
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
                                      parse_method(e.at("method").as_string()), sources,
                                      e.at("signed").as_bool()));
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

RawEstimate restore(double value, double independent_sd, const std::map<std::string, double>& by_factor,
                    Method method, const std::vector<std::string>& sources, bool can_be_negative) {
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

Fact checked(const Fact& fact) {
  const RawEstimate& e = fact.energy.raw();
  if (!std::isfinite(e.value()) || !std::isfinite(e.sd()))
    throw bad_input("a fact whose energy is no finite number", fact.uid);
  if (e.value() < 0)
    throw bad_input(fmt::format("a fact with an energy of {} J; energy used is 0 or more", e.value()), fact.uid);
  if (fact.end < fact.begin)
    throw bad_input(fmt::format("a fact that ends ({}) before it begins ({})", to_string(fact.end),
                                to_string(fact.begin)), fact.uid);
  if (fact.tokens_in < 0 || fact.tokens_out < 0)
    throw bad_input("a fact with a negative number of tokens", fact.uid);
  if (fact.kind.empty()) throw bad_input("a fact without a kind", fact.uid);
  if (fact.labels.size() > most_labels)
    throw bad_input(fmt::format("{} labels; at most {} are kept", fact.labels.size(), most_labels), fact.uid);
  Fact out = fact;
  out.kind = checked_text("a kind", fact.kind);
  out.uid = checked_text("a uid", fact.uid);
  out.model = checked_text("a model name", fact.model);
  out.device = checked_text("a device name", fact.device);
  out.place = checked_text("a place name", fact.place);
  for (auto& [key, value] : out.labels) {
    key = checked_text("a label's name", key);
    value = checked_text("a label's value", value);
  }
  std::map<std::string, double> by;
  for (const auto& [factor, sd] : e.by_factor()) by[checked_text("a factor id", factor)] += sd;
  std::vector<std::string> sources;
  for (const auto& s : e.sources()) sources.push_back(checked_text("a source", s));
  // +0.0 makes of a negative zero a plain one: both are written "0".
  out.energy = Estimate<Energy>(restore(e.value() + 0.0, e.independent_sd(), by, e.method(), sources,
                                        e.can_be_negative()));
  return out;
}

}  // namespace wattline::ledger
