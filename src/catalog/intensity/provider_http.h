// Questions to a provider over HTTP: tried again while that may help and the deadline holds, and what goes wrong told
// in words that hold no key.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/intensity/provider_config.h"
#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/json.h"
#include "kernel/time.h"

namespace wattline::catalog {

using Query = std::vector<std::pair<std::string, std::string>>;

// How long the other side says to wait ("120", or a date); nothing when it does not say.
std::optional<Duration> retry_after(std::string_view header, Time now);
// What a server says for people in a refusal: its JSON's error, message or detail, cut short; "" for none.
std::string words_of(std::string_view body);
// Error(world) unless the text can be JSON: a page in its place is told as one.
void check_is_json(std::string_view body, std::string_view content_type, const std::string& where);

// Questions that share one deadline.
class ProviderHttp {
 public:
  ProviderHttp(const ProviderConfig& config, std::function<bool()> cancelled)
      : config_(config), cancelled_(std::move(cancelled)) {}

  // Begins the time of a question.
  void begin() { began_ns_ = monotonic_ns(); }
  // The body of a good answer. Statuses that say no are Errors: see provider.h.
  std::string get(const std::string& path, const Query&, const HttpHeaders&);
  // What messages must not hold.
  void hide(std::string secret) { secrets_.push_back(std::move(secret)); }
  std::string where(const std::string& path) const { return shown_url(config_.url + path); }

 private:
  Duration left() const;
  bool wait(Duration);  // false: the deadline comes first
  [[noreturn]] void refuse(const FetchResponse&, const std::string& where) const;
  std::string without_secrets(std::string text) const;

  const ProviderConfig& config_;
  std::function<bool()> cancelled_;
  std::int64_t began_ns_ = 0;
  std::vector<std::string> secrets_;
};

}  // namespace wattline::catalog
