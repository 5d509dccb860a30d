#include "serve/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "serve/config_observe.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

Environment with_key() {
  return [](const std::string& name) -> std::optional<std::string> {
    if (name == "GOOD_KEY") return "s3cret";
    if (name == "BAD_KEY") return "line\nbreak";
    if (name == "EMPTY_KEY") return "";
    if (name == "HEADERS") return "x-api-key=s3%2C%20cret,x-scope=blue";
    return std::nullopt;
  };
}
ConfigReading read(std::string_view toml) { return read_config(toml, "gateway.toml", with_key()); }
std::string faults(std::string_view toml) {
  std::string out;
  for (const auto& e : read(toml).faults) out += std::string(e.what()) + "\n";
  return out;
}
const std::shared_ptr<catalog::Catalog>& known() {
  static const auto c = catalog::Catalog::load();
  return c;
}
std::string all_faults(std::string_view toml) {
  auto r = read(toml);
  std::string out;
  for (const auto& e : r.faults) out += std::string(e.what()) + "\n";
  for (const auto& e : check_against(r.config, *known())) out += std::string(e.what()) + "\n";
  for (const auto& e : check_whole(r.config)) out += std::string(e.what()) + "\n";
  return out;
}

TEST(Config, SaysWhatAnUpstreamSpeaks) {
  const auto endpoints = [](std::string_view more) {
    const auto r =
        read("[[upstream]]\nname = \"a\"\nurl = \"https://api.example/v1\"\nmodels = [\"m\"]\n" + std::string(more));
    EXPECT_TRUE(r.faults.empty()) << more;
    return r.config.upstreams.at(0);
  };
  const auto plain = endpoints("");
  EXPECT_TRUE(plain.endpoints.has(Endpoint::chat) && plain.endpoints.has(Endpoint::embeddings) &&
              plain.endpoints.has(Endpoint::completions));
  EXPECT_FALSE(plain.endpoints.has(Endpoint::messages) || plain.endpoints.has(Endpoint::responses) || plain.anthropic ||
               plain.completion_limit);
  const auto anthropic = endpoints("dialect = \"anthropic\"\nmax_tokens = 100");
  EXPECT_TRUE(anthropic.anthropic && anthropic.endpoints.has(Endpoint::messages) &&
              !anthropic.endpoints.has(Endpoint::chat));
  EXPECT_EQ(anthropic.max_tokens, 100);
  const auto some = endpoints("endpoints = [\"chat\", \"responses\"]\nlimit_member = \"max_completion_tokens\"");
  EXPECT_TRUE(some.endpoints.has(Endpoint::responses) && !some.endpoints.has(Endpoint::embeddings) &&
              some.completion_limit);
  EXPECT_TRUE(read("[[upstream]]\nname = \"a\"\nurl = \"https://api.openai.com/v1\"\nmodels = [\"m\"]")
                  .config.upstreams.at(0)
                  .completion_limit);
  const std::string base = "[[upstream]]\nname = \"a\"\nurl = \"https://api.example/v1\"\nmodels = [\"m\"]\n";
  EXPECT_THAT(faults(base + "dialect = \"cohere\""), HasSubstr("anthropic"));
  EXPECT_THAT(faults(base + "endpoints = [\"chats\"]"), HasSubstr("chats"));
  EXPECT_THAT(faults(base + "dialect = \"anthropic\"\nendpoints = [\"chat\"]"), HasSubstr("endpoints"));
  EXPECT_THAT(faults(base + "max_tokens = 0"), HasSubstr("max_tokens"));
}

TEST(Config, ReadsAWholeFile) {
  const auto r = read(R"(
[server]
listen = "[::1]:9000"
place = "FR"
pue = 1.2
api_key_env = "GOOD_KEY"
allowed_hosts = ["box"]
threads = 3

[limits]
body = "2 MB"
header_timeout = "500 ms"
drain = 5

[builtin]
enabled = false

[[upstream]]
name = "gpu"
url = "https://llm.example:8443/v1/"
api_key_env = "GOOD_KEY"
device = "NVIDIA H100 SXM"
devices = 2
models = ["llama-3.1-8b"]
[[upstream.model]]
id = "big"
upstream_name = "org/Big-70B"
catalog = "llama-3.1-70b"
)");
  EXPECT_EQ(faults(""), "");
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  const auto& c = r.config;
  EXPECT_EQ(c.server.listen.text(), "[::1]:9000");
  EXPECT_TRUE(c.server.listen.loopback());
  EXPECT_EQ(c.server.api_key.reveal(), "s3cret");
  EXPECT_EQ(c.server.threads, 3);
  EXPECT_DOUBLE_EQ(c.limits.body.base(), 2e6);
  EXPECT_DOUBLE_EQ(c.limits.header_timeout.base(), 0.5);
  EXPECT_DOUBLE_EQ(c.limits.drain.base(), 5);
  EXPECT_FALSE(c.builtin.enabled);
  ASSERT_EQ(c.upstreams.size(), 1u);
  const auto& u = c.upstreams[0];
  EXPECT_EQ(u.url.host, "llm.example");
  EXPECT_EQ(u.url.path, "/v1");
  EXPECT_EQ(u.url.authority, "llm.example:8443");
  EXPECT_TRUE(u.url.tls);
  ASSERT_EQ(u.models.size(), 2u);
  EXPECT_EQ(u.models[1].id, "big");
  EXPECT_EQ(u.models[1].upstream_name, "org/Big-70B");
}

TEST(Config, NothingGivenIsTheBuiltInModelsOnLoopback) {
  const Config c;
  EXPECT_EQ(c.server.listen.text(), "127.0.0.1:8080");
  EXPECT_TRUE(check_whole(c).empty());
}

TEST(Config, EveryFaultIsToldWithLineAndField) {
  const std::string f = faults(
      "[server]\nthreads = \"many\"\nanswers_kept = 0\nnonsense = 1\n[limits]\nbody = \"3 W\"\nidle_timeout = -1\n");
  EXPECT_THAT(f, HasSubstr("gateway.toml:2"));
  EXPECT_THAT(f, HasSubstr("server.threads"));
  EXPECT_THAT(f, HasSubstr("gateway.toml:3"));
  EXPECT_THAT(f, HasSubstr("'server.nonsense' is not known"));
  EXPECT_THAT(f, HasSubstr("limits.body"));
  EXPECT_THAT(f, HasSubstr("limits.idle_timeout"));
  EXPECT_THAT(faults("[server\n"), HasSubstr("gateway.toml:1"));
  EXPECT_THAT(faults("serwer = 1"), HasSubstr("did you mean 'server'"));
  EXPECT_THAT(faults("server = 7"), HasSubstr("must be a table"));
  EXPECT_THAT(faults("[upstream]\nname=\"x\""), HasSubstr("list of tables"));
}

TEST(Config, KeysComeFromTheEnvironmentOnlyAndAreNeverShown) {
  EXPECT_THAT(faults("[server]\napi_key = \"hunter2\""), HasSubstr("api_key_env"));
  EXPECT_THAT(faults("[server]\napi_key = \"hunter2\""), Not(HasSubstr("hunter2")));
  EXPECT_THAT(faults("[server]\napi_key_env = \"NO_SUCH\""), HasSubstr("NO_SUCH, which is not set"));
  EXPECT_THAT(faults("[server]\napi_key_env = \"EMPTY_KEY\""), HasSubstr("not set"));
  EXPECT_THAT(faults("[server]\napi_key_env = \"BAD_KEY\""), Not(HasSubstr("line\nbreak")));
  EXPECT_THAT(faults("[[upstream]]\nname=\"a\"\nurl=\"http://far.example\"\napi_key_env=\"GOOD_KEY\"\nmodels=[\"m\"]"),
              HasSubstr("readably"));
}

TEST(Config, UpstreamsAreCheckedAsAWhole) {
  EXPECT_THAT(all_faults("[builtin]\nenabled=false"), HasSubstr("nothing is served"));
  EXPECT_THAT(all_faults("[server]\nlisten=\"0.0.0.0:80\""), HasSubstr("no key protects it"));
  EXPECT_THAT(all_faults("[[upstream]]\nname=\"a\"\nurl=\"http://127.0.0.1:1\"\n"), HasSubstr("serves no model"));
  const char* twice =
      "[[upstream]]\nname=\"a\"\nurl=\"http://127.0.0.1:1\"\nmodels=[\"m\"]\n[[upstream]]\nname=\"a\"\nurl=\"http://"
      "127.0.0.1:2\"\nmodels=[\"m\"]\n";
  EXPECT_THAT(all_faults(twice), HasSubstr("name 'a' is taken"));
  EXPECT_THAT(all_faults("[[upstream]]\nname=\"builtin\"\nurl=\"http://127.0.0.1:1\"\nmodels=[\"m\"]\n"),
              HasSubstr("is taken"));
}

TEST(Config, WhatCannotBeMeasuredMustBeModelled) {
  const std::string far = "[[upstream]]\nname=\"a\"\nurl=\"https://x.example\"\n";
  EXPECT_THAT(all_faults(far + "models=[\"llama-3.1-8b\"]\n"), HasSubstr("names no device"));
  EXPECT_THAT(all_faults(far + "device=\"NVIDIA H100 SXM\"\nmodels=[\"my-own\"]\n"),
              HasSubstr("does not know the model 'my-own'"));
  EXPECT_THAT(all_faults(far + "device=\"NVIDIA H1000\"\nmodels=[\"llama-3.1-8b\"]\n"), HasSubstr("NVIDIA H100"));
  EXPECT_THAT(all_faults(far + "energy=\"share\"\nmodels=[\"m\"]\n"), HasSubstr("not on this machine"));
  EXPECT_EQ(all_faults(far + "device=\"NVIDIA H100 SXM\"\nmodels=[\"llama-3.1-8b\"]\n"), "");
  EXPECT_EQ(all_faults("[[upstream]]\nname=\"a\"\nurl=\"http://127.0.0.1:8000/v1\"\nmodels=[\"my-own\"]\n"), "");
  EXPECT_THAT(all_faults("[server]\nplace=\"Frnce\""), HasSubstr("France"));
}

TEST(Config, Addresses) {
  EXPECT_EQ(parse_listen("8081", "x").text(), "127.0.0.1:8081");
  EXPECT_EQ(parse_listen(":8081", "x").text(), "127.0.0.1:8081");
  EXPECT_EQ(parse_listen("localhost:0", "x").port, 0);
  EXPECT_EQ(parse_listen("0.0.0.0:1", "x").loopback(), false);
  EXPECT_EQ(parse_listen("[::1]:80", "x").host, "::1");
  for (const char* bad : {"a:b", "127.0.0.1:65536", "127.0.0.1:-1", "[::1", "[::1]80", "host name:80"})
    EXPECT_THROW(parse_listen(bad, "x"), Error) << bad;
  for (const char* bad : {"", "ftp://a", "http://", "http://a:0", "http://a:b", "http://u:p@a", "http://a/b?c",
                          "http://a b", "http://a\r\nx: y", "http://[::1"})
    EXPECT_THROW(parse_base_url(bad, "x"), Error) << bad;
  EXPECT_EQ(parse_base_url("https://a.example", "x").port, 443);
  EXPECT_EQ(parse_base_url("http://[::1]:5/v1///", "x").authority, "[::1]:5");
}

TEST(Config, TheCacheIsOffUntilToldOtherwise) {
  const auto none = read("").config.cache;
  EXPECT_FALSE(none.enabled);
  EXPECT_TRUE(none.single_flight);
  const auto r =
      read("[cache]\nenabled = true\nsize = \"2 GiB\"\nttl = \"10 min\"\nscope = \"user\"\nsingle_flight = false\n");
  EXPECT_TRUE(r.faults.empty());
  EXPECT_TRUE(r.config.cache.enabled && r.config.cache.by_user && !r.config.cache.single_flight);
  EXPECT_EQ(r.config.cache.size.base(), 2.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(r.config.cache.ttl.base(), 600);
  EXPECT_THAT(faults("[cache]\nscope = \"world\"\n"), HasSubstr("tenant"));
  EXPECT_THAT(faults("[cache]\nsize = 10\n"), HasSubstr("gateway.toml:2"));
  EXPECT_THAT(faults("[cache]\nttl = 0\n"), HasSubstr("ttl"));
  EXPECT_THAT(faults("[cache]\nsise = 10\n"), HasSubstr("sise"));
}

TEST(Config, WhoIsToldOfRequests) {
  const auto none = read("").config;
  EXPECT_TRUE(none.access_log.file.empty());
  EXPECT_TRUE(none.tracing.endpoint.empty());
  const auto r = read(
      "[access_log]\nfile = \"/tmp/a.log\"\nrotate_size = \"10 MB\"\nkeep = 2\nprompts = true\n"
      "[tracing]\nendpoint = \"https://otel.example/x\"\nsample = 0.1\nheaders_env = \"HEADERS\"\nbatch = 7\n");
  EXPECT_TRUE(r.faults.empty()) << r.faults[0].what();
  EXPECT_EQ(r.config.access_log.rotate_size.base(), 10e6);
  EXPECT_TRUE(r.config.access_log.prompts);
  EXPECT_EQ(r.config.tracing.url.path, "/x");
  EXPECT_EQ(r.config.tracing.sample, 0.1);
  ASSERT_EQ(r.config.tracing.headers.size(), 2u);
  EXPECT_EQ(r.config.tracing.headers[0].first, "x-api-key");
  EXPECT_EQ(r.config.tracing.headers[0].second.reveal(), "s3, cret");
  EXPECT_THAT(faults("[access_log]\n"), HasSubstr("file"));
  EXPECT_THAT(faults("[access_log]\nfile = \"stderr\"\nrotate_size = 5\n"), HasSubstr("stderr"));
  EXPECT_THAT(faults("[tracing]\nendpoint = \"ftp://x\"\n"), HasSubstr("endpoint"));
  EXPECT_THAT(faults("[tracing]\n"), HasSubstr("endpoint"));
  EXPECT_THAT(faults("[tracing]\nendpoint = \"http://127.0.0.1:4318\"\nsample = 2\n"), HasSubstr("sample"));
  EXPECT_THAT(faults("[tracing]\nendpoint = \"http://127.0.0.1:4318\"\nheaders_env = \"NO_SUCH\"\n"),
              HasSubstr("NO_SUCH"));
  const auto bad = faults("[tracing]\nendpoint = \"http://127.0.0.1:4318\"\nheaders_env = \"GOOD_KEY\"\n");
  EXPECT_THAT(bad, HasSubstr("name=value"));
  EXPECT_EQ(bad.find("s3cret"), std::string::npos);
  EXPECT_THAT(faults("[tracing]\nendpoint = \"http://otel.example\"\nheaders_env = \"HEADERS\"\n"), HasSubstr("https"));
}

TEST(Config, HeadersFromTheEnvironmentAreReadOrRefused) {
  for (const char* bad : {"", "a", "a=", "=b", "a=b,c", "a b=c", "a=%0a", "a=%zz", "a=%4", "a:b=c"})
    EXPECT_FALSE(parse_header_list(bad)) << bad;
  EXPECT_EQ(parse_header_list(" a = b , c=d=e ")->at(1).second.reveal(), "d=e");
}

}  // namespace
}  // namespace wattline::serve
