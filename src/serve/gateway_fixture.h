// For tests: a whole gateway on a free port, with a ledger and a machine that are made up.
#pragma once

#include <random>

#include "serve/fake_http.h"
#include "serve/gateway.h"
#include "serve/server.h"

namespace wattline::serve::tests {

// 10 W of a busy core, known to 20 %.
class FakeHost : public meter::HostPower {
 public:
  Estimate<Energy> energy_of_cpu_time(Duration d) const override {
    return Estimate<Energy>::relative(Energy(10 * d.base()), 0.2, Method::modelled, "made up");
  }
  const std::string& device() const override { return device_; }
  Method method() const override { return Method::modelled; }
  const std::vector<std::string>& sources() const override { return sources_; }
  const std::string& explanation() const override { return device_; }

 private:
  std::string device_ = "made-up CPU";
  std::vector<std::string> sources_ = {"made up"};
};

class FakeSink : public AccountSink {
 public:
  std::string record(const Fact& f) override {
    record_all(std::span(&f, 1));
    return f.uid;
  }
  void record_all(std::span<const Fact> all) override {
    std::lock_guard lock(mutex_);
    facts_.insert(facts_.end(), all.begin(), all.end());
  }
  std::vector<Fact> facts() const {
    std::lock_guard lock(mutex_);
    return facts_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Fact> facts_;
};

// Weights by chance: it babbles, but it runs.
inline std::shared_ptr<const lm::Model> babbler() {
  static const auto model = [] {
    lm::Shape shape;
    shape.dim = 16;
    shape.hidden = 32;
    shape.layers = 1;
    shape.heads = 2;
    shape.kv_heads = 1;
    shape.vocabulary = lm::ByteTokenizer::size;
    shape.context = 256;
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0, 0.5f);
    lm::Weights weights;
    for (const auto& spec : lm::tensor_specs(shape)) {
      std::size_t n = 1;
      for (auto d : spec.shape) n *= static_cast<std::size_t>(d);
      auto& w = weights[spec.name];
      w.resize(n);
      for (float& x : w) x = normal(random);
    }
    return std::make_shared<const lm::Model>("babbler", shape, weights, std::make_shared<lm::ByteTokenizer>(), "test");
  }();
  return model;
}

inline const std::shared_ptr<const catalog::Catalog>& test_catalog() {
  static const std::shared_ptr<const catalog::Catalog> c = catalog::Catalog::load();
  return c;
}

// A gateway that listens; `config` may be changed before start().
class TestGateway {
 public:
  Config config;
  GatewayParts parts;
  std::shared_ptr<FakeSink> sink = std::make_shared<FakeSink>();

  TestGateway() {
    config.server.listen.port = 0;
    config.server.threads = 2;
    config.server.place = "FR";
    parts.catalog = test_catalog();
    parts.host = std::make_shared<FakeHost>();
    parts.sink = sink;
    parts.models = {babbler()};
    config.builtin.models = {"babbler"};
    config.builtin.workers = 2;
    config.limits.drain = Duration(5);
  }
  ~TestGateway() { stop(); }
  // An upstream whose energy is modelled.
  UpstreamConfig& add_upstream(std::uint16_t port, std::string model = "llama-3.1-8b") {
    UpstreamConfig u;
    u.name = "up" + std::to_string(config.upstreams.size());
    u.url = parse_base_url("http://127.0.0.1:" + std::to_string(port) + "/v1", "test");
    u.energy = EnergyMode::modelled;
    u.device = "NVIDIA H100 SXM";
    u.models = {{model, "the-" + model, "llama-3.1-8b", "test"}};
    config.upstreams.push_back(u);
    return config.upstreams.back();
  }
  void start() {
    gateway = std::make_unique<Gateway>(config, parts);
    server = std::make_unique<Server>(*gateway);
    server->start();
  }
  void stop() {
    if (server) server->stop();
    server.reset();
    if (gateway) gateway->recorder().close();
  }
  std::uint16_t port() const { return server->address().port; }
  Response get(std::string_view path, std::string_view headers = "") {
    Client c(port());
    c.get(path, headers);
    return c.read();
  }
  Response chat(std::string_view body) {
    Client c(port());
    c.post("/v1/chat/completions", body);
    return c.read();
  }
  // The newest answer, once there are `n`.
  AnswerPtr answer(std::size_t n = 1) {
    for (int i = 0; i < 1000; ++i) {
      auto all = gateway->recorder().answers().latest(1000);
      if (all.size() >= n) return all[0];
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return nullptr;
  }

  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<Server> server;
};

}  // namespace wattline::serve::tests
