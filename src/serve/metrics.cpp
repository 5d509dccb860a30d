#include "serve/metrics.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>

namespace wattline::serve {

std::string label_value(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

namespace {

void add(std::atomic<double>& to, double v) { to.fetch_add(v, std::memory_order_relaxed); }

}  // namespace

void Histogram::add(double s) {
  const auto i = static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), s) - bounds.begin());
  counts_[i].fetch_add(1, std::memory_order_relaxed);
  serve::add(sum_, s);
}

void Histogram::write(std::string& out, std::string_view name, std::string_view labels) const {
  std::uint64_t total = 0;
  auto to = std::back_inserter(out);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    total += counts_[i].load(std::memory_order_relaxed);
    fmt::format_to(to, "{}_bucket{{{},le=\"{}\"}} {}\n", name, labels, bounds[i], total);
  }
  total += counts_.back().load(std::memory_order_relaxed);
  fmt::format_to(to, "{}_bucket{{{},le=\"+Inf\"}} {}\n", name, labels, total);
  fmt::format_to(to, "{}_sum{{{}}} {}\n{}_count{{{}}} {}\n", name, labels, sum_.load(std::memory_order_relaxed), name,
                 labels, total);
}

ModelMetrics::ModelMetrics(std::string model, std::string upstream)
    : labels_(fmt::format("model=\"{}\",upstream=\"{}\"", label_value(model), label_value(upstream))) {}

void ModelMetrics::add(const Answer& a) {
  constexpr auto relaxed = std::memory_order_relaxed;
  if (a.attempt.empty()) answers_[static_cast<std::size_t>(a.status)].fetch_add(1, relaxed);
  tokens_in_.fetch_add(static_cast<std::uint64_t>(a.tokens_in), relaxed);
  tokens_out_.fetch_add(static_cast<std::uint64_t>(a.tokens_out), relaxed);
  serve::add(joules_[static_cast<std::size_t>(a.basis->energy.method)], a.joules.value);
  if (a.status != AnswerStatus::ok) serve::add(wasted_j_, a.joules.value);
  serve::add(carbon_g_, a.carbon.value * 1e-3);
  serve::add(water_l_, a.water.value * 1e-3);
  if (!a.attempt.empty()) return;
  if (a.cache != CacheUse::none) {
    cache_[static_cast<std::size_t>(a.cache)].fetch_add(1, relaxed);
    if (a.repeats() && a.status == AnswerStatus::ok)
      serve::add(saved_j_[a.cache == CacheUse::shared ? 1 : a.cache == CacheUse::similar ? 2 : 0], a.saved.value);
  }
  latency_.add(a.latency.base());
  if (a.first_token) first_token_.add(a.first_token->base());
}

ModelMetrics::Totals ModelMetrics::totals() const {
  Totals t;
  for (const auto& n : answers_) t.answers += static_cast<std::int64_t>(n.load());
  t.failed = t.answers - static_cast<std::int64_t>(answers_[static_cast<std::size_t>(AnswerStatus::ok)].load());
  t.tokens_in = static_cast<std::int64_t>(tokens_in_.load());
  t.tokens_out = static_cast<std::int64_t>(tokens_out_.load());
  for (const auto& j : joules_) t.energy_j += j.load();
  t.carbon_g = carbon_g_.load();
  t.water_l = water_l_.load();
  return t;
}

std::string render_metrics(const std::vector<const ModelMetrics*>& models, const GatewayState& s) {
  std::string out;
  auto to = std::back_inserter(out);
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  };
  const auto single = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    head(name, type, help);
    fmt::format_to(to, "{} {}\n", name, value);
  };
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto&& line) {
    head(name, type, help);
    for (const auto* m : models) line(*m);
  };
  head("wattline_info", "gauge", "Version of the gateway.");
  fmt::format_to(to, "wattline_info{{version=\"{}\"}} 1\n", label_value(s.version));
  head("wattline_configuration_info", "gauge",
       "The configuration in force: which since the start, and the begin of its SHA-256.");
  fmt::format_to(to, "wattline_configuration_info{{version=\"{}\"}} 1\n", label_value(s.configuration));
  head("wattline_configuration_reloads_total", "counter", "Configurations that were to be taken while serving.");
  fmt::format_to(to,
                 "wattline_configuration_reloads_total{{result=\"taken\"}} "
                 "{}\nwattline_configuration_reloads_total{{result=\"refused\"}} {}\n",
                 s.reloads_taken, s.reloads_refused);
  single("wattline_configuration_last_reload_successful", "gauge", "Whether the last of them was taken.",
         s.last_reload_taken ? 1 : 0);
  each("wattline_answers_total", "counter", "Answers by outcome.", [&](const ModelMetrics& m) {
    for (const auto status : {AnswerStatus::ok, AnswerStatus::error, AnswerStatus::cancelled})
      fmt::format_to(to, "wattline_answers_total{{{},status=\"{}\"}} {}\n", m.labels_, to_string(status),
                     m.answers_[static_cast<std::size_t>(status)].load());
  });
  each("wattline_tokens_total", "counter", "Tokens read and written.", [&](const ModelMetrics& m) {
    fmt::format_to(
        to, "wattline_tokens_total{{{0},type=\"input\"}} {1}\nwattline_tokens_total{{{0},type=\"output\"}} {2}\n",
        m.labels_, m.tokens_in_.load(), m.tokens_out_.load());
  });
  each("wattline_energy_joules_total", "counter", "Energy at the device, by how it is known.",
       [&](const ModelMetrics& m) {
         for (const auto method : {Method::measured, Method::declared, Method::modelled})
           fmt::format_to(to, "wattline_energy_joules_total{{{},method=\"{}\"}} {}\n", m.labels_, to_string(method),
                          m.joules_[static_cast<std::size_t>(method)].load());
       });
  const auto plain = [&](std::string_view name, std::string_view help, std::atomic<double> ModelMetrics::*member) {
    each(name, "counter", help,
         [&](const ModelMetrics& m) { fmt::format_to(to, "{}{{{}}} {}\n", name, m.labels_, (m.*member).load()); });
  };
  plain("wattline_wasted_joules_total", "Energy of answers that failed or were left by their reader.",
        &ModelMetrics::wasted_j_);
  plain("wattline_carbon_grams_total", "gCO2e of the energy, site overhead included.", &ModelMetrics::carbon_g_);
  plain("wattline_water_litres_total", "Litres of water, on site and of generation.", &ModelMetrics::water_l_);
  if (s.cache) {
    each("wattline_saved_joules_total", "counter",
         "Modelled energy that answers given again would have cost, by what saved it.", [&](const ModelMetrics& m) {
           fmt::format_to(to,
                          "wattline_saved_joules_total{{{0},reason=\"cache\"}} "
                          "{1}\nwattline_saved_joules_total{{{0},reason=\"single_flight\"}} "
                          "{2}\nwattline_saved_joules_total{{{0},reason=\"semantic\"}} {3}\n",
                          m.labels_, m.saved_j_[0].load(), m.saved_j_[1].load(), m.saved_j_[2].load());
         });
    each("wattline_cache_answers_total", "counter", "Answers by what the cache had to do with them.",
         [&](const ModelMetrics& m) {
           for (const auto use :
                {CacheUse::miss, CacheUse::bypass, CacheUse::hit, CacheUse::shared, CacheUse::similar, CacheUse::audit})
             fmt::format_to(to, "wattline_cache_answers_total{{{},result=\"{}\"}} {}\n", m.labels_, to_string(use),
                            m.cache_[static_cast<std::size_t>(use)].load());
         });
    single("wattline_cache_entries", "gauge", "Answers kept.", s.cache->entries);
    single("wattline_cache_bytes", "gauge", "Bytes of the answers kept.", s.cache->bytes);
    single("wattline_cache_capacity_bytes", "gauge", "Most bytes that are kept.", s.cache->capacity);
    single("wattline_cache_stored_total", "counter", "Answers put into the cache.", s.cache->stored);
    single("wattline_cache_evicted_total", "counter", "Answers thrown out for want of room.", s.cache->evicted);
    single("wattline_cache_expired_total", "counter", "Answers past their time.", s.cache->expired);
    single("wattline_shared_runs", "gauge", "Runs under way that who asks the same may follow.", s.cache->runs);
    single("wattline_shared_followers", "gauge", "Requests that follow another's run.", s.cache->followers);
  }
  each("wattline_answer_duration_seconds", "histogram", "From the request read to the answer sent.",
       [&](const ModelMetrics& m) { m.latency_.write(out, "wattline_answer_duration_seconds", m.labels_); });
  each("wattline_time_to_first_token_seconds", "histogram", "From the request read to the first token, of streams.",
       [&](const ModelMetrics& m) { m.first_token_.write(out, "wattline_time_to_first_token_seconds", m.labels_); });
  head("wattline_in_flight_requests", "gauge", "Requests under way.");
  for (const auto& [name, n] : s.in_flight)
    fmt::format_to(to, "wattline_in_flight_requests{{upstream=\"{}\"}} {}\n", label_value(name), n);
  single("wattline_connections", "gauge", "Open client connections.", s.connections);
  single("wattline_http_requests_total", "counter", "HTTP requests of all kinds.", s.requests);
  single("wattline_http_refused_total", "counter", "Requests refused before any model was asked.", s.refused);
  single("wattline_ledger_waiting", "gauge", "Answers not yet in the ledger.", s.ledger.waiting);
  single("wattline_ledger_written_total", "counter", "Answers written to the ledger.", s.ledger.written);
  single("wattline_ledger_lost_total", "counter", "Answers that the ledger could not take.", s.ledger.lost);
  single("wattline_grid_intensity_grams_per_kwh", "gauge", "Carbon intensity of the gateway's own place.",
         s.grid_g_per_kwh);
  single("wattline_uptime_seconds", "gauge", "Seconds since the start.", s.uptime_s);
  if (s.access_log) {
    single("wattline_access_log_lines_total", "counter", "Lines taken for the access log.", s.access_log->first);
    single("wattline_access_log_lost_total", "counter", "Lines that the access log could not take.",
           s.access_log->second);
  }
  if (s.spans) {
    single("wattline_spans_exported_total", "counter", "Spans handed to the trace collector.", s.spans->first);
    single("wattline_spans_dropped_total", "counter", "Spans that it did not take in time.", s.spans->second);
  }
  single("process_start_time_seconds", "gauge", "Start of this process since the Unix epoch.", s.started_s);
  single("process_cpu_seconds_total", "counter", "CPU time of this process.", s.cpu_s);
  single("process_resident_memory_bytes", "gauge", "Resident memory.", s.resident_bytes);
  return out;
}

}  // namespace wattline::serve
