#include "ledger/row_text.h"

#include <charconv>

#include "kernel/json.h"

namespace wattline::ledger {
namespace {

void append_integer(std::string& out, std::int64_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_text(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  append_json_string(out, value);
}

void append_count(std::string& out, std::string_view name, std::int64_t value) {
  out += name;
  append_integer(out, value);
}

}  // namespace

void FactTexts::read(const Fact& f) {
  const RawEstimate& e = f.energy.raw();
  by_ = "{";
  for (const auto& [factor, sd] : e.by_factor()) {
    if (sd == 0) continue;
    if (by_.size() > 1) by_ += ',';
    append_json_string(by_, factor);
    by_ += ':';
    by_ += shortest(sd);
  }
  by_ += '}';
  if (e.sources() != known_sources_) {
    known_sources_ = e.sources();
    sources_ = "[";
    for (const auto& source : known_sources_) {
      if (sources_.size() > 1) sources_ += ',';
      append_json_string(sources_, source);
    }
    sources_ += ']';
  }
  if (f.labels != known_labels_) {
    known_labels_ = f.labels;
    labels_ = "[";
    for (const auto& [key, value] : known_labels_) {
      labels_ += labels_.size() > 1 ? ",[" : "[";
      append_json_string(labels_, key);
      labels_ += ',';
      append_json_string(labels_, value);
      labels_ += ']';
    }
    labels_ += ']';
  }
}

void append_canonical(std::string& out, const RowPlace& p, const Fact& f, const FactTexts& texts) {
  const RawEstimate& e = f.energy.raw();
  append_text(out, "{\"v\":1,\"writer\":", p.writer);
  append_count(out, ",\"seq\":", p.seq);
  append_text(out, ",\"prev\":", p.prev_hash);
  append_text(out, ",\"uid\":", p.uid);
  append_count(out, ",\"recorded\":", p.recorded.ns);
  append_text(out, ",\"corrects\":", p.corrects);
  append_text(out, ",\"factors\":", p.factor_set);
  append_text(out, ",\"kind\":", f.kind);
  append_count(out, ",\"begin\":", f.begin.ns);
  append_count(out, ",\"end\":", f.end.ns);
  out.append(",\"energy\":{\"value\":").append(shortest(e.value()));
  out.append(",\"sd\":").append(shortest(e.independent_sd()));
  out.append(",\"by\":").append(texts.by());
  append_text(out, ",\"method\":", to_string(e.method()));
  out += e.can_be_negative() ? ",\"signed\":true" : ",\"signed\":false";
  out.append(",\"sources\":").append(texts.sources());
  append_count(out, "},\"in\":", f.tokens_in);
  append_count(out, ",\"out\":", f.tokens_out);
  append_text(out, ",\"model\":", f.model);
  append_text(out, ",\"device\":", f.device);
  append_text(out, ",\"place\":", f.place);
  out.append(",\"labels\":").append(texts.labels()) += '}';
}

}  // namespace wattline::ledger
