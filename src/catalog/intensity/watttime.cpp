#include <fmt/format.h>

#include "catalog/intensity/provider_families.h"
#include "catalog/intensity/provider_http.h"

namespace wattline::catalog {
namespace {

constexpr std::int64_t second = 1'000'000'000, hour = 3600 * second;
// A token is good for 30 minutes.
constexpr std::int64_t token_ns = 25 * 60 * second;

std::string base64(std::string_view text) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u; };
    const unsigned three = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (int k = 0; k < 4; ++k)
      out += i + static_cast<std::size_t>(k) > text.size() ? '=' : digits[three >> (18 - 6 * k) & 63];
  }
  return out;
}

class WattTime : public IntensityProvider {
 public:
  WattTime(const ProviderConfig& config, std::function<bool()> cancelled)
      : config_(config), http_(config_, std::move(cancelled)) {}

  const ProviderConfig& config() const override { return config_; }
  bool has(IntensityKind) const override { return true; }
  Duration longest_range() const override { return Duration(30 * 86400.0); }

  IntensityFile range(const ZoneAsked& asked, Time from, Time to) override {
    // The end belongs to the answer: a second less keeps the next question's first value out.
    IntensityFile out = ask(asked, "/v3/historical",
                            {{"region", asked.zone},
                             {"start", to_string(from)},
                             {"end", to_string(Time{to.ns - second})},
                             {"signal_type", signal(asked)}});
    keep_within(out, from, to);
    return out;
  }

  IntensityFile latest(const ZoneAsked& asked, Time now) override {
    // Of averages there is no forecast, and history comes late.
    if (asked.kind == IntensityKind::average) return range(asked, Time{now.ns - 24 * hour}, now);
    return ask(asked, "/v3/forecast", {{"region", asked.zone}, {"signal_type", signal(asked)}, {"horizon_hours", "0"}});
  }

 private:
  static std::string signal(const ZoneAsked& asked) {
    return asked.kind == IntensityKind::marginal ? "co2_moer" : "co2_aoer";
  }

  IntensityFile ask(const ZoneAsked& asked, const std::string& path, const Query& query) {
    http_.begin();
    const std::string where = http_.where(path);
    std::string body;
    try {
      body = get(path, query);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::not_found) throw with_nearest(e, asked.zone, regions());
      throw;
    }
    IntensityFile out = answer_of(body, where, [&](auto at) { return read_watttime(body, at, true); });
    check_zone(out, asked.zone, where);
    if (out.kind != asked.kind)
      throw world_error(fmt::format("{} intensities were asked for and {} ones came", to_string(asked.kind),
                                    out.kind ? to_string(*out.kind) : "other"),
                        where);
    out.source = fmt::format("WattTime API v3, {}, {}", signal(asked), path.substr(4));
    return out;
  }

  std::string get(const std::string& path, const Query& query) {
    const bool held = !token_.empty() && monotonic_ns() - token_since_ < token_ns;
    if (!held) log_in();
    try {
      return http_.get(path, query, {{"authorization", "Bearer " + token_.reveal()}});
    } catch (const Error& e) {
      // The server may forget a token before its time.
      if (e.kind() != ErrorKind::denied || !held) throw;
    }
    log_in();
    return http_.get(path, query, {{"authorization", "Bearer " + token_.reveal()}});
  }

  void log_in() {
    const std::string password = config_.key().reveal(), pair = base64(config_.user_name() + ":" + password);
    http_.hide(password);
    http_.hide(pair);
    const std::string body = http_.get("/login", {}, {{"authorization", "Basic " + pair}});
    try {
      token_ = Secret(token_of(body));
    } catch (const Error& e) {
      throw world_error("the log-in's answer holds no token", http_.where("/login"));
    }
    http_.hide(token_.reveal());
    token_since_ = monotonic_ns();
  }

  std::vector<std::string> regions() {
    try {
      return names_of_regions(get("/v3/my-access", {}));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled) throw;
      return {};
    }
  }

  const ProviderConfig config_;
  ProviderHttp http_;
  Secret token_;
  std::int64_t token_since_ = 0;
};

}  // namespace

std::string token_of(std::string_view body) {
  std::string token = parse_json(body, "login").at("token").as_string();
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos) throw bad_input("no token", "login");
  return token;
}

std::vector<std::string> names_of_regions(std::string_view body) {
  std::vector<std::string> out;
  const Json json = parse_json(body, "my-access");
  for (const Json& signal : json.at("signal_types").as_array())
    for (const Json& region : signal.at("regions").as_array()) out.push_back(region.at("region").as_string());
  return out;
}

std::unique_ptr<IntensityProvider> make_watttime(const ProviderConfig& config, std::function<bool()> cancelled) {
  return std::make_unique<WattTime>(config, std::move(cancelled));
}

}  // namespace wattline::catalog
