#include "meter/families/external.h"

#include <algorithm>
#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/time.h"
#include "meter/families/external_config.h"
#include "meter/families/poller.h"
#include "meter/families/redfish.h"

namespace wattline::meter {
namespace {

constexpr std::size_t largest_answer = std::size_t{1} << 20, most_of_a_log = std::size_t{1} << 18;

std::string base64(std::string_view bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t v = 0;
    for (std::size_t k = 0; k < 3; ++k)
      v = v << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? letters[v >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

HttpHeaders headers_of(const MeterConfig& m) {
  HttpHeaders out = {{"accept", "application/json"}};
  if (m.key.empty()) return out;
  if (!m.user.empty()) out.emplace_back("authorization", "Basic " + base64(m.user + ":" + m.key.reveal()));
  else if (m.type == MeterType::redfish) out.emplace_back("x-auth-token", m.key.reveal());
  else out.emplace_back("authorization", "Bearer " + m.key.reveal());
  return out;
}

std::string body_of(const MeterConfig& m, const std::string& url, const std::function<bool()>& cancelled) {
  FetchRequest request;
  request.url = url;
  request.headers = headers_of(m);
  request.connect_deadline = request.deadline = m.timeout;
  request.body_limit = largest_answer;
  request.ca_file = m.ca_file;
  request.cancelled = cancelled;
  FetchResponse response = fetch(request);
  if (response.status == 401 || response.status == 403)
    throw Error(ErrorKind::denied, fmt::format("the meter wants a key (status {})", response.status), shown_url(url),
                "set key_env, and user where it wants a password");
  if (response.status != 200) throw world_error(fmt::format("status {}", response.status), shown_url(url));
  return std::move(response.body);
}

// The end of a file, and how long ago it was written.
std::pair<std::string, Duration> end_of(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw errno_error("open", path.string(), errno);
  struct stat s {};
  std::string text;
  const bool regular = ::fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
  if (regular) {
    const auto size = static_cast<std::size_t>(std::max<off_t>(0, s.st_size));
    const std::size_t from = size > most_of_a_log ? size - most_of_a_log : 0;
    text.resize(size - from);
    const ssize_t n = ::pread(fd, text.data(), text.size(), static_cast<off_t>(from));
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  ::close(fd);
  if (!regular) throw world_error("is no file", path.string());
  if (text.empty()) throw world_error("is empty", path.string());
  const Time written{static_cast<std::int64_t>(s.st_mtim.tv_sec) * 1'000'000'000 + s.st_mtim.tv_nsec};
  return {std::move(text), std::max(Duration(0), Time::now() - written)};
}

ExternalReadings parsed(const MeterConfig& m, const std::string& text) {
  switch (m.type) {
    case MeterType::shelly: return parse_shelly(text);
    case MeterType::tasmota: return parse_tasmota(text);
    case MeterType::json: return parse_json_meter(text, m.power, m.power_scale, m.energy, m.energy_scale);
    case MeterType::upsc: return parse_upsc(text);
    case MeterType::ipmitool: return parse_dcmi_text(text);
    case MeterType::powermetrics: return parse_powermetrics(text);
    case MeterType::ptdaemon: return parse_ptdaemon(text);
    case MeterType::redfish: break;
  }
  return {};
}

Poller::Ask redfish(const MeterConfig& m) {
  const auto slash = m.url.find('/', m.url.find("//") + 2);
  const std::string origin = m.url.substr(0, slash), path = slash == m.url.npos ? "/redfish/v1" : m.url.substr(slash);
  return
      [m, origin, path, paths = std::vector<std::string>(), asked = 0](const std::function<bool()>& cancelled) mutable {
        const GetRedfish get = [&](const std::string& p) { return parse_json(body_of(m, origin + p, cancelled), p); };
        // Supplies come and go: they are looked for anew when one fails, and now and then.
        constexpr int asked_by_one_look = 60;
        if (paths.size() > 1 && ++asked % asked_by_one_look == 0) paths.clear();
        if (paths.empty()) paths = find_redfish(get, path);
        try {
          return Poller::Asked{ask_redfish(get, paths), Duration(0)};
        } catch (const Error&) {
          paths.clear();
          throw;
        }
      };
}

Poller::Ask asker(const MeterConfig& m) {
  if (m.type == MeterType::redfish) return redfish(m);
  return [m](const std::function<bool()>& cancelled) {
    try {
      if (!m.url.empty()) return Poller::Asked{parsed(m, body_of(m, m.url, cancelled)), Duration(0)};
      const auto [text, age] = end_of(m.file);
      return Poller::Asked{parsed(m, text), age};
    } catch (const Error& e) {
      // A reader knows the text alone.
      if (e.where() == "meter")
        throw Error(e.kind(), e.message(), m.url.empty() ? m.file.string() : shown_url(m.url), e.hint());
      throw;
    }
  };
}

SourceInfo describe(const MeterConfig& m) {
  SourceInfo info;
  info.component = m.name;
  info.family = "meter";
  info.device = to_string(m.type);
  info.where = m.url.empty() ? m.file.string() : shown_url(m.url);
  info.domain = m.measures;
  info.counted = m.measures != Domain::platform;
  if (!info.counted) info.not_counted_because = "it contains the components";
  info.most = Power(1e6);  // a rack
  switch (m.type) {
    case MeterType::redfish: info.gain = "meter.redfish.gain"; break;
    case MeterType::ipmitool: info.gain = "meter.ipmi.gain"; break;
    case MeterType::upsc: info.gain = "meter.ups.gain"; break;
    case MeterType::powermetrics: info.gain = "meter.powermetrics.gain"; break;
    case MeterType::ptdaemon: info.gain = "meter.analyser.gain"; break;
    default: info.gain = "meter.plug.gain";
  }
  return info;
}

// What a meter that does not answer yet will tell.
ExternalReadings expected_of(const MeterConfig& m) {
  ExternalReading r;
  r.domain = m.measures;
  if (m.type == MeterType::json && m.power.empty()) r.joules = 0;
  else r.watts = 0;
  if (m.type == MeterType::redfish || m.type == MeterType::ipmitool || m.type == MeterType::upsc) r.watt_step = 1;
  if (m.type == MeterType::upsc) r.derived = true;  // it may be; the wider error holds for both
  if (m.type != MeterType::powermetrics) return {r};
  ExternalReading gpu = r;
  r.part = "cpu";
  r.domain = Domain::cpu;
  gpu.part = "gpu";
  gpu.domain = Domain::gpu;
  return {r, gpu};
}

}  // namespace

Found find_external(const Roots& roots) {
  Found out;
  const auto meters = read_meters(roots.configuration, environment());
  std::vector<std::shared_ptr<Poller>> pollers;
  for (const auto& m : meters)
    pollers.push_back(
        std::make_shared<Poller>(asker(m), m.interval, m.type == MeterType::redfish ? Duration(10) : Duration(0.5)));
  for (std::size_t i = 0; i < meters.size(); ++i)
    add_polled(out, pollers[i], describe(meters[i]),
               fmt::format("see {} and whether the meter answers", meters[i].where), expected_of(meters[i]));
  if (meters.empty())
    out.obstacles.push_back({"meter", "meters outside", "none is configured",
                             "plugs, UPS, Redfish and logs: [[meter.source]] in the configuration (docs/formats/"
                             "meter-sources.md)",
                             true});
  return out;
}

}  // namespace wattline::meter
