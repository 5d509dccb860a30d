#include "serve/config_observe.h"

#include <fmt/format.h>

namespace wattline::serve {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(hex(text[i + 1]) << 4 | hex(text[i + 2]));
    i += 2;
  }
  return out;
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

bool good_name(std::string_view s) {
  if (s.empty() || s.size() > 100) return false;
  for (char c : s)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
      return false;
  return true;
}

bool good_value(std::string_view s) {
  for (unsigned char c : s)
    if (c < ' ' || c >= 0x7f) return false;
  return !s.empty();
}

void read_access_log(TomlTable t, AccessLogConfig& out) {
  t.read("file", out.file);
  if (out.file.empty()) t.fault("file", "is missing: a path, or \"stderr\"");
  t.read("rotate_size", out.rotate_size, "B", Bytes(0), units::GiB * 1024);
  t.read("keep", out.keep, 0, 1000);
  t.read("prompts", out.prompts);
  if (out.file == "stderr" && out.rotate_size.base() > 0)
    t.fault("rotate_size", "is given, but the log goes to stderr");
  t.finish();
}

void read_tracing(TomlTable t, const Environment& environment, TracingConfig& out) {
  t.read("endpoint", out.endpoint);
  if (out.endpoint.empty()) {
    t.fault("endpoint", "is missing: for example \"http://127.0.0.1:4318\"");
  } else {
    try {
      out.url = parse_base_url(out.endpoint, t.where("endpoint"));
    } catch (const Error& e) {
      t.fault("endpoint", e.message(), e.hint());
    }
  }
  t.read("headers_env", out.headers_env);
  if (!out.headers_env.empty()) {
    const auto value = environment(out.headers_env);
    auto headers = value ? parse_header_list(*value) : std::nullopt;
    if (!value)
      t.fault("headers_env", fmt::format("names the environment variable {}, which is not set", out.headers_env),
              fmt::format("export {}=name=value before the gateway starts", out.headers_env));
    else if (!headers)
      t.fault("headers_env",
              fmt::format("names {}, whose value is not \"name=value,name=value\" with %-escapes", out.headers_env));
    else out.headers = std::move(*headers);
    if (!out.headers.empty() && !out.url.tls && !out.url.loopback() && !out.url.host.empty())
      t.fault("endpoint", "is plain http to another machine, and the headers' secrets would travel over it readably",
              "use https://");
  }
  t.read("ca_file", out.ca_file);
  if (!out.ca_file.empty() && !out.url.tls) t.fault("ca_file", "is given, but the endpoint is not https://");
  t.read("sample", out.sample, 0, 1);
  t.read("service_name", out.service_name);
  t.read("interval", out.interval, "s", Duration(0.1), Duration(3600));
  t.read("timeout", out.timeout, "s", Duration(0.1), Duration(300));
  t.read("batch", out.batch, 1, 10'000);
  t.read("queue", out.queue, 1, 1'000'000);
  t.finish();
}

}  // namespace

std::optional<std::vector<std::pair<std::string, Secret>>> parse_header_list(std::string_view text) {
  std::vector<std::pair<std::string, Secret>> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view member = trimmed(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (member.empty()) continue;
    const auto equals = member.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = unescaped(trimmed(member.substr(0, equals))),
               value = unescaped(trimmed(member.substr(equals + 1)));
    if (!name || !value || !good_name(*name) || !good_value(*value)) return std::nullopt;
    out.emplace_back(*name, Secret(*value));
  }
  if (out.empty()) return std::nullopt;
  return out;
}

void read_observation(TomlTable& root, const Environment& environment, Config& c) {
  if (auto t = root.table("access_log")) read_access_log(std::move(*t), c.access_log);
  if (auto t = root.table("tracing")) read_tracing(std::move(*t), environment, c.tracing);
}

}  // namespace wattline::serve
