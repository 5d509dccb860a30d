// The door against clients of every kind, over real sockets of this machine.
#include "meter/agent/door.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "kernel/command_testing.h"
#include "kernel/fetch.h"
#include "kernel/http_testing.h"
#include "kernel/testing.h"

namespace wattline::meter {
namespace {

using wattline::tests::Connection;
const std::string key = "0123456789abcdefXYZ";

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(port);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 ? fd : -1;
}

DoorSettings settings() {
  DoorSettings s;
  s.address = {"127.0.0.1", 0};
  return s;
}

DoorReply hello(const DoorRequest& r) {
  if (r.path == "/throw") throw std::runtime_error("secret");
  return {r.path == "/none" ? 404 : 200, "text/plain",
          std::make_shared<const std::string>("hello " + std::string(r.path))};
}

struct Running {
  explicit Running(DoorSettings s = settings()) : door(std::move(s), hello) { door.start(); }
  // The whole answer to what is sent, until the door closes or nothing comes for a while.
  std::string ask(std::string_view text, int wait_ms = 300) {
    Connection c(connect_to(door.address().port));
    c.send(text);
    std::string in;
    while (c.receive(in, wait_ms)) {}
    return in;
  }
  Door door;
};

std::string get(std::string_view path, std::string_view more = "", std::string_view host = "localhost") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nhost: " + std::string(host) + "\r\nconnection: close\r\n" +
         std::string(more) + "\r\n";
}

TEST(Door, AnswersGetAndHead) {
  Running r;
  const auto whole = r.ask(get("/metrics?x=1"), 5000);
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 OK\r\n")) << whole;
  EXPECT_TRUE(whole.ends_with("\r\n\r\nhello /metrics")) << whole;
  EXPECT_NE(whole.find("wattline-clock: 1"), std::string::npos);
  const auto head = r.ask("HEAD /metrics HTTP/1.1\r\nhost: [::1]:99\r\nconnection: close\r\n\r\n", 5000);
  EXPECT_NE(head.find("content-length: 14"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_TRUE(r.ask(get("/none"), 5000).starts_with("HTTP/1.1 404"));
  EXPECT_EQ(r.door.counts().answered, 2u);
  EXPECT_EQ(r.door.counts().refused, 1u);
}

TEST(Door, KeepsAConnectionAndAnswersInOrder) {
  Running r;
  const std::string two =
      "GET /a HTTP/1.1\r\nhost: localhost\r\n\r\nGET /b HTTP/1.1\r\nhost: localhost\r\n"
      "connection: close\r\n\r\n";
  const auto out = r.ask(two, 5000);
  const auto a = out.find("hello /a"), b = out.find("hello /b");
  EXPECT_NE(a, std::string::npos);
  EXPECT_TRUE(b != std::string::npos && b > a) << out;
}

TEST(Door, WhatIsNotOurHostOrAPageIsRefused) {
  Running r;
  EXPECT_TRUE(r.ask(get("/", "", "evil.test")).starts_with("HTTP/1.1 403"));
  EXPECT_TRUE(r.ask(get("/", "", "localhost.evil.test:80")).starts_with("HTTP/1.1 403"));
  EXPECT_TRUE(r.ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(r.ask(get("/", "host: localhost\r\n")).starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(r.ask(get("/", "origin: http://localhost\r\n")).starts_with("HTTP/1.1 403"));
  auto s = settings();
  s.allowed_host = "node7.lan";
  Running other(s);
  EXPECT_TRUE(other.ask(get("/", "", "node7.lan:9460"), 5000).starts_with("HTTP/1.1 200"));
}

TEST(Door, KeysAreNeededForAllButHealth) {
  auto s = settings();
  s.keys = DoorKeys::parse(key, "test");
  Running r(s);
  const auto refused = r.ask(get("/metrics"));
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 401"));
  EXPECT_NE(refused.find("www-authenticate: Bearer"), std::string::npos);
  EXPECT_TRUE(r.ask(get("/metrics", "authorization: Bearer " + key + "x\r\n")).starts_with("HTTP/1.1 401"));
  EXPECT_TRUE(r.ask(get("/metrics", "authorization: Bearer " + key + "\r\n"), 5000).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(r.ask(get("/healthz"), 5000).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(r.ask(get("/healthz/../metrics")).starts_with("HTTP/1.1 401"));
  r.door.change(DoorKeys::parse("another-key-0123456", "test"));
  EXPECT_TRUE(r.ask(get("/metrics", "authorization: Bearer " + key + "\r\n")).starts_with("HTTP/1.1 401"));
}

TEST(Door, BodiesMethodsAndNonsenseAreRefused) {
  Running r;
  EXPECT_TRUE(
      r.ask("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhello").starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(r.ask("GET / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(r.ask("DELETE / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").starts_with("HTTP/1.1 405"));
  EXPECT_TRUE(r.ask("\x16\x03\x01 this is no HTTP\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(r.ask(get("/", "x: " + std::string(20000, 'a') + "\r\n")).starts_with("HTTP/1.1 431"));
  const auto fault = r.ask(get("/throw"));
  EXPECT_TRUE(fault.starts_with("HTTP/1.1 503")) << fault;
  EXPECT_EQ(fault.find("secret"), std::string::npos);
  EXPECT_TRUE(r.ask(get("/"), 5000).starts_with("HTTP/1.1 200"));
}

TEST(Door, TheSlowAreEnded) {
  auto s = settings();
  s.limits.head_time = Duration(0.1);
  Running r(s);
  Connection silent(connect_to(r.door.address().port)), half(connect_to(r.door.address().port));
  half.send("GET / HTTP/1.1\r\nhost: loc");
  EXPECT_TRUE(silent.closed_within(10'000));
  EXPECT_TRUE(half.closed_within(10'000));
}

TEST(Door, AReaderThatDoesNotReadIsEnded) {
  auto s = settings();
  s.limits.write_time = Duration(0.1);
  Door door(s, [](const DoorRequest&) {
    return DoorReply{200, "text/plain", std::make_shared<const std::string>(std::size_t{64} << 20, 'x')};
  });
  door.start();
  Connection c(connect_to(door.address().port));
  c.send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  while (door.counts().answered == 0) std::this_thread::yield();
  while (door.counts().open > 0) std::this_thread::yield();
}

TEST(Door, TooManyAreTurnedAway) {
  auto s = settings();
  s.limits.connections = 2;
  Running r(s);
  Connection a(connect_to(r.door.address().port)), b(connect_to(r.door.address().port));
  std::string in;
  // Both are in once they have been answered.
  for (Connection* c : {&a, &b}) {
    c->send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    in.clear();
    while (in.find("hello") == std::string::npos) ASSERT_TRUE(c->receive(in));
  }
  EXPECT_TRUE(r.ask(get("/"), 5000).starts_with("HTTP/1.1 503"));
  EXPECT_EQ(r.door.counts().turned_away, 1u);
}

TEST(Door, EndsWithConnectionsOpenAndRequestsHalfRead) {
  auto r = std::make_unique<Running>();
  Connection a(connect_to(r->door.address().port)), b(connect_to(r->door.address().port));
  a.send("GET / HT");
  b.send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  std::string in;
  ASSERT_TRUE(b.receive(in));
  r.reset();
  EXPECT_TRUE(a.closed_within(10'000));
}

TEST(Door, ATakenPortIsAnErrorThatSaysSo) {
  Running r;
  auto s = settings();
  s.address.port = r.door.address().port;
  EXPECT_NE(wattline::tests::message_of([&] { Door again(s, hello); }).find("in use"), std::string::npos);
  s.address.host = "192.0.2.1";
  EXPECT_NE(wattline::tests::message_of([&] { Door far(s, hello); }).find("cannot listen"), std::string::npos);
}

// A certificate for localhost that is its own authority.
void make_certificate(const std::filesystem::path& certificate, const std::filesystem::path& private_key) {
  EVP_PKEY* pkey = EVP_EC_gen("P-256");
  X509* x = X509_new();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, pkey);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  for (const auto& [id, text] :
       {std::pair{NID_subject_alt_name, "DNS:localhost"}, {NID_basic_constraints, "CA:TRUE"}}) {
    X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, nullptr, id, text);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
  }
  X509_sign(x, pkey, EVP_sha256());
  std::FILE* f = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(f, x);
  std::fclose(f);
  f = std::fopen(private_key.c_str(), "w");
  PEM_write_PrivateKey(f, pkey, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(f);
  X509_free(x);
  EVP_PKEY_free(pkey);
}

TEST(Door, SpeaksTlsAndItsCertificateIsVerified) {
  wattline::tests::ScratchDir dir;
  auto s = settings();
  s.certificate_file = (dir.path() / "cert.pem").string();
  s.key_file = (dir.path() / "key.pem").string();
  make_certificate(s.certificate_file, s.key_file);
  Running r(s);
  FetchRequest request;
  request.url = "https://localhost:" + std::to_string(r.door.address().port) + "/metrics";
  request.ca_file = s.certificate_file;
  EXPECT_EQ(fetch(request).body, "hello /metrics");
  request.ca_file.clear();
  EXPECT_NE(wattline::tests::message_of([&] { fetch(request); }).find("certificate"), std::string::npos);
  EXPECT_FALSE(r.ask(get("/")).starts_with("HTTP/1.1 200"));
  std::ofstream(s.key_file, std::ios::trunc) << "nonsense";
  EXPECT_NE(wattline::tests::message_of([&] { Door broken(s, hello); }).find("private key"), std::string::npos);
  s.certificate_file = (dir.path() / "none.pem").string();
  EXPECT_NE(wattline::tests::message_of([&] { Door broken(s, hello); }).find("none.pem"), std::string::npos);
}

TEST(DoorAddress, ReadsAddressesAndRefusesTheRest) {
  EXPECT_EQ(parse_door_address("127.0.0.1:9460", "").text(), "127.0.0.1:9460");
  EXPECT_EQ(parse_door_address("[::1]:80", "").text(), "[::1]:80");
  EXPECT_EQ(parse_door_address(":80", "").text(), "127.0.0.1:80");
  EXPECT_EQ(parse_door_address("80", "").text(), "127.0.0.1:80");
  EXPECT_TRUE(parse_door_address("localhost:1", "").loopback());
  EXPECT_FALSE(parse_door_address("0.0.0.0:1", "").loopback());
  EXPECT_FALSE(parse_door_address("[::]:1", "").loopback());
  for (const char* bad : {"", ":", "a:b", "1.2.3.4:99999", "::1:80", "[::1]", "[::1]80", "a b:1", "http://a:1", "x:-1"})
    EXPECT_NE(wattline::tests::message_of([&] { parse_door_address(bad, "--listen"); }).find("--listen"),
              std::string::npos)
        << bad;
}

}  // namespace
}  // namespace wattline::meter
