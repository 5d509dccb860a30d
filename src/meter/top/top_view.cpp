#include "meter/top/top_view.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline::meter {
namespace {

double sum(const std::array<double, domain_count>& j) { return std::accumulate(j.begin(), j.end(), 0.0); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// Names come from programs: nothing of theirs may steer a terminal.
std::string clean(std::string_view text, bool unicode) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = utf8_length(text, i);
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control = n == 0 || (n == 1 && (c < 0x20 || c == 0x7f)) ||
                         (n == 2 && c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0);
    if (control || (n > 1 && !unicode)) out += '?';
    else out.append(text, i, n);
    i += std::max<std::size_t>(n, 1);
  }
  return out;
}

std::string padded(std::string_view text, std::size_t width, bool right = false) {
  const std::size_t has = text_width(text);
  if (has >= width) return std::string(text_prefix(text, width));
  const std::string blank(width - has, ' ');
  return right ? blank + std::string(text) : std::string(text) + blank;
}

std::string_view several(Level level) {
  switch (level) {
    case Level::process: return "processes";
    case Level::container: return "containers";
    case Level::pod: return "pods";
    case Level::user: return "users";
    case Level::job: return "jobs";
    case Level::gpu_process: return "GPU processes";
    case Level::gpu_slice: return "MIG slices";
    case Level::service: return "services";
  }
  return "";
}

std::string span_text(double s) {
  if (s < 60) return fmt::format("{:.0f} s", s);
  if (s < 3600) return fmt::format("{:.0f} min {:02.0f} s", std::floor(s / 60), std::floor(std::fmod(s, 60)));
  return fmt::format("{:.0f} h {:02.0f} min", std::floor(s / 3600), std::floor(std::fmod(s, 3600) / 60));
}

std::string energy_text(double j, bool unicode) {
  std::string out = format_quantity(j, Energy::dimension, 3);
  if (!unicode)
    for (auto at = out.find("µ"); at != out.npos; at = out.find("µ")) out.replace(at, 2, "u");
  return out;
}

std::string watts_text(double w) { return std::isnan(w) ? "-" : fmt::format("{:.{}f} W", w, w < 100 ? 1 : 0); }

std::string interval_text(double low, double high, bool unicode) {
  return fmt::format(" [{:.{}f} {} {:.{}f}]", low, low < 100 ? 1 : 0, unicode ? "…" : "..", high, high < 100 ? 1 : 0);
}

class Frame {
 public:
  Frame(const TopLook& look) : look_(look) {}
  bool full() const { return lines_.size() >= look_.height; }
  std::size_t left() const { return look_.height - std::min(look_.height, lines_.size()); }
  // `style`: "1" bold, "7" reversed, "2" faint; "" none.
  void line(std::string_view text, std::string_view style = {}) {
    if (full()) return;
    std::string shown(text_prefix(text, look_.width));
    while (!shown.empty() && shown.back() == ' ' && style != "7") shown.pop_back();
    if (look_.colour && !style.empty() && !shown.empty()) shown = fmt::format("\x1b[{}m{}\x1b[0m", style, shown);
    lines_.push_back(std::move(shown));
  }
  // `text` to the left and `right` to the right, which gives way first.
  void line(std::string_view text, std::string_view right, std::string_view style) {
    const std::size_t a = text_width(text), b = text_width(right);
    if (a + b + 1 > look_.width) return line(text, style);
    line(std::string(text) + std::string(look_.width - a - b, ' ') + std::string(right), style);
  }
  // The first pair of both that has room; else the first of `lefts` that has, or what there is room for of the last.
  // Returns whether one of `rights` stands.
  bool line(const std::vector<std::string>& lefts, const std::vector<std::string>& rights, std::string_view style) {
    for (const auto& left : lefts)
      for (const auto& right : rights)
        if (text_width(left) + text_width(right) + 2 <= look_.width) {
          line(left, right, style);
          return true;
        }
    const auto alone =
        std::find_if(lefts.begin(), lefts.end(), [&](const auto& l) { return text_width(l) <= look_.width; });
    line(alone == lefts.end() ? lefts.back() : *alone, style);
    return false;
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  const TopLook& look_;
  std::vector<std::string> lines_;
};

constexpr std::string_view help_lines[] = {
    "keys",
    "  p c o u j   processes, containers, pods, users, jobs",
    "  g m v       processes on GPUs, MIG slices, services of systemd",
    "  l, arrows   the level beside",
    "  s           sort by watts, joules, CPU, name",
    "  /           show only names that hold what is typed; Esc: all",
    "  up down     one row; page up, page down: many; home, end",
    "  space       stand still, and go on",
    "  q           quit",
    "",
    "Watts of consumers are active energy: what their work drew above idle.",
    "Levels see the same joules: add up within one, never across.",
    "What no counter told is modelled, and says so (wattline meter sources).",
    "A dash: it was not read just now, and is not 0.  Any key goes back.",
};

// Lines of a frame that are not rows of consumers. In a low window components, names of columns and what stands around
// them go before consumers do.
struct Layout {
  std::size_t head = 2, components = 0, foot = 0;
  bool blank = false, heading = false, columns = false;
  Layout(const Snapshot& now, const TopLook& look) {
    const std::size_t height = look.height;
    if (height < 3) head = 1;
    columns = height > 5;
    heading = height > 6;
    if (height < 8) return;
    foot = look.keys ? 2 : 1;
    blank = height >= 12;
    components = std::min(now.components.size(), blank ? std::max<std::size_t>(3, height / 3) : height - 7);
  }
  std::size_t lines() const { return head + components + blank + heading + columns + foot; }
};

bool read_once(const ComponentSeen& c) { return c.energy.value().base() > 0 || c.missing.base() <= 0; }

// What stands beside the name; a narrow terminal leaves out what tells least.
struct Columns {
  bool joules = true, cpu = true, pid = true;
  Columns(std::size_t width, bool numbered) : joules(width >= 34), cpu(width >= 44), pid(numbered && width >= 52) {}
};

// Power and its interval, carbon now, and both since the beginning.
void draw_head(Frame& f, const Snapshot& now, const std::string& host, const TopState& state, const TopCarbon& carbon,
               const TopLook& look) {
  double watts = 0, joules = 0;
  bool modelled = false, gaps = false, any = false;
  std::optional<Estimate<Energy>> read;
  for (const auto& c : now.components) {
    if (!c.info.counted) continue;
    if (std::isnan(c.watts)) {
      gaps = true;
    } else {
      watts += c.watts, any = true;
      read = read ? *read + c.energy : c.energy;
    }
    joules += c.energy.value().base();
    modelled = modelled || c.energy.method() == Method::modelled;
  }
  const std::string power = any ? watts_text(watts) : "- W", mark = modelled ? " modelled" : "";
  const std::string more = gaps && any ? " and what is not read" : "";
  // As sure, in proportion, as the energy so far.
  std::string interval;
  if (const double j = read ? read->value().base() : 0; j > 0 && read->high() > read->low())
    interval = interval_text(watts * (read->low().base() / j), watts * (read->high().base() / j), look.unicode);
  const std::string name = clean(host, look.unicode);
  const std::string figure = power + interval + mark;
  const std::vector<std::string> lefts = {fmt::format("wattline top  {}  {}{}", name, figure, more),
                                          fmt::format("{}  {}{}", name, figure, more), figure + more,
                                          power + mark + (more.empty() ? "" : " + ?"), power};
  std::vector<std::string> rights;
  if (carbon.g_per_kwh > 0 && any) {
    const std::string rate = format_number(watts / 1000 * carbon.g_per_kwh, 3) + " gCO2e/h";
    if (carbon.place.empty())
      rights = {fmt::format("{}, world average {:.3g} g/kWh with PUE", rate, carbon.g_per_kwh),
                rate + ", world average", rate + " (world)"};
    else
      rights = {fmt::format("{} in {}, {:.3g} g/kWh with PUE", rate, carbon.place, carbon.g_per_kwh),
                rate + " in " + clean(carbon.place, look.unicode), rate};
  }
  const bool told = f.line(lefts, rights, "1") || rights.empty();
  if (look.height < 3) return;
  std::string since =
      fmt::format("{} in {}", any || joules > 0 ? energy_text(joules, look.unicode) : std::string("- J"),
                  span_text(now.covered.base()));
  if (carbon.g_per_kwh > 0 && joules > 0)
    since += fmt::format(", {} gCO2e", format_number(joules / 3.6e6 * carbon.g_per_kwh, 3));
  if (now.missing.base() > 0) since += fmt::format("; {} not seen", span_text(now.missing.base()));
  if (!told) {
    const bool fits = text_width(rights[1]) + 2 + text_width(since) <= look.width;
    since = (fits ? rights[1] : rights.back()) + "; " + since;
  }
  f.line(since, state.paused ? "PAUSED" : "", "");
}

void draw_components(Frame& f, const Snapshot& now, const TopHistory& history, const TopLook& look, std::size_t most) {
  std::size_t name = 9, drawn = 0;
  for (const auto& c : now.components) name = std::max(name, std::min<std::size_t>(20, text_width(c.info.component)));
  const std::size_t fixed = name + 1 + 9 + 1 + 10 + 1 + 9 + 2;
  const std::size_t graph = look.width > fixed + 8 ? std::min<std::size_t>(40, look.width - fixed) : 0;
  for (const auto& c : now.components) {
    if (drawn + 1 == most && now.components.size() > most) {
      f.line(fmt::format("... and {} more components", now.components.size() - drawn));
      return;
    }
    if (drawn++ == most) return;
    std::string text = padded(clean(c.info.component, look.unicode), name) + padded(watts_text(c.watts), 10, true) +
                       padded(read_once(c) ? energy_text(c.energy.value().base(), look.unicode) : "-", 11, true) + " " +
                       padded(to_string(c.energy.method()), 9) + " ";
    if (!c.trouble.empty()) text += clean(c.trouble, look.unicode);
    else if (graph > 0) text += small_graph(history.of(c.info.component), graph, look.unicode);
    if (!c.info.counted) text += " (contained)";
    f.line(text, c.trouble.empty() ? "" : "2");
  }
}

}  // namespace

void TopHistory::add(const Snapshot& s) {
  for (const auto& c : s.components) {
    auto& w = watts_[c.info.component];
    w.push_back(c.watts);
    if (w.size() > kept) w.pop_front();
  }
}

const std::deque<double>& TopHistory::of(const std::string& component) const {
  static const std::deque<double> none;
  const auto it = watts_.find(component);
  return it == watts_.end() ? none : it->second;
}

std::string small_graph(const std::deque<double>& values, std::size_t width, bool unicode) {
  static constexpr std::string_view blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr char signs[] = {'_', '.', '-', '=', '#'};
  double most = 0;
  const std::size_t n = std::min(width, values.size()), from = values.size() - n;
  for (std::size_t i = from; i < values.size(); ++i)
    if (values[i] > most && std::isfinite(values[i])) most = values[i];
  std::string out;
  for (std::size_t i = from; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      out += ' ';
      continue;
    }
    const double part = most > 0 ? std::clamp(values[i] / most, 0.0, 1.0) : 0;
    if (unicode) out += blocks[static_cast<std::size_t>(std::lround(part * 7))];
    else out += signs[static_cast<std::size_t>(std::lround(part * 4))];
  }
  return out;
}

std::vector<TopRow> top_rows(const Snapshot* before, const Snapshot& now, const TopState& state) {
  // By the clock that is never set. Of another run, if it lived as long.
  if (before && (before->lived() >= now.lived() || before->ticks > now.ticks)) before = nullptr;
  std::map<ConsumerIdentity, const Consumer*> then;
  if (before)
    for (const auto& c : before->consumers)
      if (c.level == state.level) then[identity_of(c)] = &c;
  const double seconds = before ? (now.covered - before->covered).base() : now.covered.base();
  const std::string wanted = lower(state.filter);
  std::vector<TopRow> rows;
  for (const auto& c : now.consumers) {
    if (c.level != state.level || lower(c.name).find(wanted) == std::string::npos) continue;
    TopRow r{&c, sum(c.joules), std::nan(""), std::nan("")};
    const auto old = then.find(identity_of(c));
    if (seconds > 0) {
      r.watts = std::max(0.0, r.joules - (old == then.end() ? 0 : sum(old->second->joules))) / seconds;
      r.cpu_percent = 100 * std::max(0.0, c.cpu_seconds - (old == then.end() ? 0 : old->second->cpu_seconds)) / seconds;
    }
    if (r.joules > 0 || c.alive) rows.push_back(r);
  }
  const auto known = [](double v) { return std::isnan(v) ? -1 : v; };
  const auto order = [&](const TopRow& a, const TopRow& b) {
    switch (state.sort) {
      case TopSort::joules: return a.joules > b.joules;
      case TopSort::cpu: return known(a.cpu_percent) > known(b.cpu_percent);
      case TopSort::name: return a.consumer->name < b.consumer->name;
      case TopSort::watts: break;
    }
    return known(a.watts) != known(b.watts) ? known(a.watts) > known(b.watts) : a.joules > b.joules;
  };
  std::stable_sort(rows.begin(), rows.end(), order);
  return rows;
}

std::size_t most_scrolled(std::size_t rows, const Snapshot& now, const TopLook& look) {
  const std::size_t others = Layout(now, look).lines();
  const std::size_t room = look.height > others ? look.height - others : 0;
  return rows > room ? rows - room : 0;
}

std::vector<std::string> draw_top(const Snapshot* before, const Snapshot& now, const std::string& host,
                                  const TopState& state, const TopHistory& history, const TopCarbon& carbon,
                                  const TopLook& look) {
  Frame f(look);
  draw_head(f, now, host, state, carbon, look);
  if (state.help) {
    for (const auto text : help_lines) f.line(text);
    return f.take();
  }
  const Layout layout(now, look);
  if (layout.components > 0) draw_components(f, now, history, look, layout.components);

  const auto rows = top_rows(before, now, state);
  double idle = 0, unattributed = 0;
  std::string how;
  for (const auto& d : now.domains) {
    if (d.how.empty()) continue;
    idle += d.idle.value().base();
    unattributed += d.unattributed;
    if (how.empty()) how = d.how;
  }
  std::string heading = fmt::format("{} by {}", several(state.level), to_string(state.sort));
  if (!state.filter.empty() || state.typing)
    heading += fmt::format(", with '{}{}'", clean(state.filter, look.unicode), state.typing ? "_" : "");
  if (layout.blank) f.line("");
  if (layout.heading || state.typing || !state.filter.empty())
    f.line(heading, how.empty() ? "" : "shared out by " + how, "");
  const bool numbered = state.level == Level::process || state.level == Level::gpu_process;
  const Columns columns(look.width, numbered);
  if (layout.columns)
    f.line(padded("watts", columns.joules ? 9 : 7, true) + (columns.joules ? padded("joules", 11, true) : "") +
               (columns.cpu ? padded("CPU %", 8, true) : "") + (columns.pid ? padded("pid", 9, true) : "") +
               (columns.joules ? "  name" : " name"),
           "7");
  const std::size_t room = f.left() > layout.foot ? f.left() - layout.foot : 0;
  const std::size_t from = std::min(state.scrolled, rows.size() > room ? rows.size() - room : 0);
  for (std::size_t i = from; i < rows.size() && i < from + room; ++i) {
    const Consumer& c = *rows[i].consumer;
    const auto shown = [](double v, int digits) {
      return std::isnan(v) ? std::string("-") : fmt::format("{:.{}f}", v, digits);
    };
    std::string text = padded(shown(rows[i].watts, 2), columns.joules ? 9 : 7, true);
    if (columns.joules) text += padded(energy_text(rows[i].joules, look.unicode), 11, true);
    if (columns.cpu) text += padded(c.cpu_seconds > 0 ? shown(rows[i].cpu_percent, 1) : "", 8, true);
    if (columns.pid) text += padded(c.pid ? std::to_string(c.pid) : "", 9, true);
    text += (columns.joules ? "  " : " ") + clean(c.name, look.unicode);
    if (!c.alive) text += " (ended)";
    if (!c.detail.empty()) text += "  in " + clean(c.detail, look.unicode);
    f.line(text, c.alive ? "" : "2");
  }
  if (rows.empty()) f.line(state.filter.empty() ? "  none seen here" : "  none with such a name");
  if (layout.foot == 0) return f.take();
  while (f.left() > layout.foot) f.line("");
  f.line(fmt::format("idle {}, nobody's {}; {} {}", energy_text(idle, look.unicode),
                     energy_text(unattributed, look.unicode), rows.size(), several(state.level)));
  if (look.keys) f.line("q quit  h help  p c u j levels  s sort  / filter  space pause", "2");
  return f.take();
}

}  // namespace wattline::meter
