// Keys, which are named in the configuration and never in it.
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "serve/config_parts.h"

namespace wattline::serve {
namespace {

constexpr std::uintmax_t largest = 64 * 1024;

bool good(std::string_view key) {
  for (unsigned char c : key)
    if (c <= ' ' || c >= 0x7f) return false;
  return true;
}

void read_file(TomlTable& t, const std::string& path, Secret& out) {
  std::error_code ec;
  // What is no ordinary file may never end, or wait for ever.
  if (!std::filesystem::is_regular_file(path, ec)) {
    t.fault("api_key_file", fmt::format("names '{}', which is no file here", path.substr(0, 200)),
            "write the key into it, and nothing else");
    return;
  }
  if (std::filesystem::file_size(path, ec) > largest || ec) {
    t.fault("api_key_file", fmt::format("names '{}', which is larger than any key: {} bytes are allowed",
                                        path.substr(0, 200), largest));
    return;
  }
  std::ifstream file(path, std::ios::binary);
  std::string key((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) {
    t.fault("api_key_file", fmt::format("names '{}', which cannot be read", path.substr(0, 200)),
            "let the user of the gateway read it");
    return;
  }
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' ' || key.back() == '\t'))
    key.pop_back();
  if (key.empty())
    t.fault("api_key_file", fmt::format("names '{}', which is empty", path.substr(0, 200)),
            "write the key into it, and nothing else");
  else if (!good(key))
    t.fault("api_key_file",
            fmt::format("names '{}', which holds spaces or control characters within the key", path.substr(0, 200)));
  else out = Secret(std::move(key));
}

void read_variable(TomlTable& t, const Environment& environment, const std::string& env, Secret& out) {
  if (env.empty()) return;
  const auto value = environment(env);
  if (!value || value->empty()) {
    t.fault("api_key_env", fmt::format("names the environment variable {}, which is not set", env),
            fmt::format("export {}=... before the gateway starts", env));
    return;
  }
  if (!good(*value))
    t.fault("api_key_env", fmt::format("names {}, whose value holds spaces or control characters", env));
  else out = Secret(*value);
}

void refuse_key(TomlTable& t, const char* instead) {
  if (!t.has("api_key")) return;
  t.fault("api_key", "would put a key into a file that many may read", instead);
  std::string ignored;
  if (t.is_text("api_key")) t.read("api_key", ignored);
}

}  // namespace

void read_api_key(TomlTable& t, const Environment& environment, std::string& env, std::string& file, Secret& out) {
  refuse_key(
      t, "set api_key_env to the name of an environment variable that holds it, or api_key_file to a file that does");
  t.read("api_key_env", env);
  t.read("api_key_file", file);
  if (!env.empty() && !file.empty()) {
    t.fault("api_key_file", "is given beside api_key_env; one of them is allowed");
    return;
  }
  if (!file.empty()) return read_file(t, file, out);
  read_variable(t, environment, env, out);
}

void read_key_of_environment(TomlTable& t, const Environment& environment, std::string& env, Secret& out) {
  refuse_key(t, "set api_key_env to the name of an environment variable that holds it");
  t.read("api_key_env", env);
  read_variable(t, environment, env, out);
}

}  // namespace wattline::serve
