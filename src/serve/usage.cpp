#include "serve/usage.h"

#include <algorithm>

namespace wattline::serve {
namespace {

void add(Impact& to, const Impact& more) {
  to.value += more.value;
  to.low += more.low;
  to.high += more.high;
}

void write_figure(JsonWriter& w, std::string_view name, const Impact& v, Resource r, Method m) {
  w.key(name).begin_object().member("value", v.value).member("low", v.low).member("high", v.high);
  w.member("unit", unit_of(r)).member("method", to_string(m)).end_object();
}

}  // namespace

void Usage::add(const Usage& u) {
  answers += u.answers;
  failed += u.failed;
  tokens_in += u.tokens_in;
  tokens_out += u.tokens_out;
  serve::add(energy, u.energy);
  serve::add(carbon, u.carbon);
  serve::add(water, u.water);
  serve::add(money, u.money);
  method = std::max(method, u.method);
}

double Usage::amount(Resource r) const {
  switch (r) {
    case Resource::energy: return energy.value;
    case Resource::carbon: return carbon.value;
    case Resource::water: return water.value;
    case Resource::money: return money.value;
    case Resource::tokens: return static_cast<double>(tokens_in + tokens_out);
  }
  return 0;
}

void write_json(JsonWriter& w, const Usage& u) {
  w.member("answers", u.answers)
      .member("failed", u.failed)
      .member("tokens_in", u.tokens_in)
      .member("tokens_out", u.tokens_out);
  write_figure(w, "energy", u.energy, Resource::energy, u.method);
  // Factors of the grid and of water are declared at best.
  const Method derived = std::max(u.method, Method::declared);
  write_figure(w, "carbon", u.carbon, Resource::carbon, derived);
  write_figure(w, "water", u.water, Resource::water, derived);
  write_figure(w, "money", u.money, Resource::money, derived);
}

void UsageBook::roll(Time now) {
  for (const auto window : {Window::hour, Window::day, Window::month, Window::total}) {
    Sum& s = sums_[static_cast<std::size_t>(window)];
    if (s.span.holds(now)) continue;
    // A clock that was set back: what was counted stays.
    if (now >= s.span.end && window != Window::total) {
      s.used = Usage{};
      if (window == Window::month) {
        keys_.clear();
        models_.clear();
      }
    }
    s.span = window_at(window, now);
  }
}

void UsageBook::count(const Usage& u, std::string_view key, std::string_view model) {
  const auto to = [&](auto& map, std::string_view name) {
    if (name.empty()) return;
    const auto it = map.find(name);
    (it != map.end() ? it->second : map[std::string(name)]).add(u);
  };
  to(keys_, key);
  to(models_, model);
}

void UsageBook::add(const Usage& u, std::string_view key, std::string_view model, Time now) {
  roll(now);
  for (auto& s : sums_) s.used.add(u);
  count(u, key, model);
}

void UsageBook::add_past(const Usage& u, std::string_view key, std::string_view model, Time at, Time now) {
  roll(now);
  for (auto& s : sums_)
    if (at >= s.span.begin) s.used.add(u);
  if (at >= sums_[static_cast<std::size_t>(Window::month)].span.begin) count(u, key, model);
}

const Usage& UsageBook::of(Window w, Time now) {
  roll(now);
  return sums_[static_cast<std::size_t>(w)].used;
}

void UsageBook::write_json(JsonWriter& w, Time now) {
  roll(now);
  for (const auto window : {Window::hour, Window::day, Window::month, Window::total}) {
    const Sum& s = sums_[static_cast<std::size_t>(window)];
    w.key(to_string(window)).begin_object();
    w.member("since", to_string(window == Window::total ? since_ : s.span.begin));
    if (window != Window::total) w.member("until", to_string(s.span.end));
    serve::write_json(w, s.used);
    w.end_object();
  }
  for (const auto& [name, map] : {std::pair("keys", &keys_), std::pair("models", &models_)}) {
    w.key(name).begin_object();
    for (const auto& [id, used] : *map) {
      w.key(id).begin_object();
      serve::write_json(w, used);
      w.end_object();
    }
    w.end_object();
  }
}

}  // namespace wattline::serve
