// For tests of the governor: tenants, keys and answers that are made up, and a world whose clock stands still.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "serve/api_key.h"
#include "serve/governor.h"

namespace wattline::serve::tests {

using ::testing::HasSubstr;
using ::testing::Not;
using ::wattline::tests::ScratchDir;

inline TenantConfig tenant_config(std::string name) {
  TenantConfig t;
  t.name = std::move(name);
  return t;
}
inline KeyConfig key_config(std::string id, std::string tenant, std::string_view key) {
  KeyConfig k;
  k.id = std::move(id);
  k.tenant = std::move(tenant);
  k.digest = sha256(key);
  return k;
}
inline Answer answer_of(double joules, std::int64_t in, std::int64_t out, AnswerStatus status = AnswerStatus::ok) {
  Answer a;
  a.joules = {joules, joules * 0.9, joules * 1.1};
  a.carbon = {joules, joules, joules};
  a.water = {joules, joules, joules};
  a.tokens_in = in;
  a.tokens_out = out;
  a.status = status;
  return a;
}
inline const Access& access(const std::variant<Access, ApiError>& v) { return std::get<Access>(v); }
inline std::string code(const std::variant<Access, ApiError>& v) {
  const auto* e = std::get_if<ApiError>(&v);
  return e ? std::to_string(e->status) + " " + e->code : "in";
}
inline std::string text_of(const std::string& path) {
  std::stringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

// A governor whose clock stands where it is put.
struct World {
  GovernanceConfig config;
  Time now = parse_time("2026-11-25T12:00:00Z");
  std::int64_t ns = 0;
  std::unique_ptr<Governor> governor;
  GovernedModel* model = nullptr;
  KeyRing::View view;

  World() {
    config.tenants = {tenant_config("lab"), tenant_config("shop")};
    config.keys = {key_config("laptop", "lab", "wl_lab"), key_config("till", "shop", "wl_shop")};
  }
  Governor& start(const Secret& server_key = {}) {
    Governor::Options o;
    o.now = [this] { return now; };
    o.monotonic = [this] { return ns; };
    view = {};
    governor = std::make_unique<Governor>(config, server_key, o);
    model = governor->add_model("big", 1.5);
    return *governor;
  }
  Governor::Admission admit(std::string_view key, TokenEstimate e = {100, 100.0, 1}) {
    return governor->admit(access(governor->identify(view, key)), *model, e);
  }
};
inline std::string code(const Governor::Admission& a) {
  return a.refused ? std::to_string(a.refused->status) + " " + a.refused->code : "in";
}

}  // namespace wattline::serve::tests
