#include "kernel/fetch.h"

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "kernel/command_testing.h"
#include "kernel/http_testing.h"
#include "kernel/testing.h"

namespace wattline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using tests::Connection;
using tests::HttpServer;
using tests::reply;

FetchRequest get(const std::string& url) {
  FetchRequest r;
  r.url = url;
  return r;
}

Error error_of(const FetchRequest& r) {
  try {
    fetch(r);
  } catch (const Error& e) {
    return e;
  }
  return Error(ErrorKind::unsupported, "no error");
}

TEST(Fetch, SendsWhatItIsGivenAndReadsTheAnswer) {
  HttpServer server([](const HttpServer::Request& r, Connection& c) {
    return c.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Two:  a b \r\nX-None:\r\ncontent-length: " +
                  std::to_string(r.body.size() + 1) + "\r\n\r\n" + r.body + "!");
  });
  FetchRequest r = get(server.url() + "/a/b?q=1");
  r.headers = {{"auth-token", "s3cret"}, {"x-empty", ""}};
  const FetchResponse got = fetch(r);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "!");
  EXPECT_EQ(got.header("x-two"), "a b");
  EXPECT_EQ(got.header("x-none"), "");
  EXPECT_EQ(got.header("absent"), "");
  r.method = "POST";
  r.body = std::string("\0two", 4);
  EXPECT_EQ(fetch(r).body, std::string("\0two!", 5));
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_THAT(seen[0].head, AllOf(HasSubstr("GET /a/b?q=1 HTTP/1.1"), HasSubstr("auth-token: s3cret"),
                                  HasSubstr("x-empty:"), Not(HasSubstr("Expect"))));
  EXPECT_THAT(seen[1].head, HasSubstr("POST /a/b?q=1"));
}

TEST(Fetch, AnAnswerOfAnyStatusIsAnAnswer) {
  for (const char* status : {"404 Not Found", "429 Too Many Requests", "500 No", "204 Nothing"}) {
    HttpServer server([&](const auto&, Connection& c) { return c.send(reply("", status)); });
    EXPECT_EQ(fetch(get(server.url())).status, std::atoi(status));
  }
}

TEST(Fetch, WhatCannotBeSentIsRefused) {
  const auto refused = [](FetchRequest r) {
    const Error e = error_of(r);
    EXPECT_EQ(e.kind(), ErrorKind::bad_input) << e.what();
    return std::string(e.what());
  };
  EXPECT_THAT(refused(get("")), HasSubstr("no URL"));
  EXPECT_THAT(refused(get("no url")), HasSubstr("no URL"));
  EXPECT_THAT(refused(get("http://a b/")), HasSubstr("no URL"));
  EXPECT_THAT(refused(get("http://a/\r\nX: y")), HasSubstr("no URL"));
  EXPECT_THAT(refused(get("file:///etc/passwd")), HasSubstr("URL"));
  EXPECT_THAT(refused(get("gopher://host/x")), HasSubstr("http or https"));
  EXPECT_THAT(refused(get("http://ann:pass-w0rd@host/x")),
              AllOf(HasSubstr("a user or password"), Not(HasSubstr("pass-w0rd")), Not(HasSubstr("ann"))));
  FetchRequest r = get("http://127.0.0.1/");
  r.method = "DELETE";
  EXPECT_THAT(refused(r), HasSubstr("DELETE"));
  r = get("http://127.0.0.1/");
  r.headers = {{"auth-token", "s3cret\nX-Evil: 1"}};
  EXPECT_THAT(refused(r), AllOf(HasSubstr("line end"), Not(HasSubstr("s3cret"))));
}

TEST(Fetch, NoMessageHoldsASecret) {
  HttpServer server({}, [](int) {});  // closes every connection
  FetchRequest r = get(server.url() + "/p?token=t0ken#fr4gment");
  r.headers = {{"authorization", "Bearer s3cret"}};
  const Error e = error_of(r);
  EXPECT_EQ(e.kind(), ErrorKind::world);
  EXPECT_THAT(e.what(), AllOf(HasSubstr(server.url() + "/p"), Not(HasSubstr("t0ken")), Not(HasSubstr("fr4gment")),
                              Not(HasSubstr("s3cret"))));
  EXPECT_EQ(shown_url("https://u:p@h:443/a?b#c"), "https://h/a");
  EXPECT_EQ(shown_url("secret nonsense"), "the URL");
}

TEST(Fetch, ABrokenWayIsTold) {
  std::uint16_t closed;
  {
    HttpServer gone([](const auto&, Connection&) { return false; });
    closed = gone.port();
  }
  EXPECT_THAT(error_of(get(fmt::format("http://127.0.0.1:{}/", closed))).what(), HasSubstr("no answer"));
  HttpServer cut([](const auto&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this");
    return false;
  });
  const Error e = error_of(get(cut.url()));
  EXPECT_EQ(e.kind(), ErrorKind::world);
  EXPECT_THAT(e.what(), HasSubstr("cut short"));
  HttpServer chunked([](const auto&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    return false;
  });
  EXPECT_EQ(error_of(get(chunked.url())).kind(), ErrorKind::world) << "no last chunk";
  HttpServer nonsense([](const auto&, Connection& c) { return c.send("SMTP hello\r\n\r\n"), false; });
  EXPECT_EQ(error_of(get(nonsense.url())).kind(), ErrorKind::world);
  EXPECT_EQ(error_of(get("http://no-such-host.invalid/")).kind(), ErrorKind::world);
}

TEST(Fetch, ALimitOnHeadAndBodyHolds) {
  HttpServer large([](const HttpServer::Request& r, Connection& c) {
    if (r.head.find("/declared") != std::string::npos) return c.send(reply(std::string(3000, 'x')));
    if (r.head.find("/head") != std::string::npos) {
      std::string head = "HTTP/1.1 200 OK\r\n";
      for (int i = 0; i < 2000; ++i) head += fmt::format("x-{}: {}\r\n", i, std::string(90, 'y'));
      c.send(head + "content-length: 0\r\n\r\n");
      return false;
    }
    c.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    while (c.send("400\r\n" + std::string(1024, 'x') + "\r\n")) {}  // without end
    return false;
  });
  FetchRequest r = get(large.url() + "/declared");
  r.body_limit = 3000;
  EXPECT_EQ(fetch(r).body.size(), 3000u);
  r.body_limit = 2999;
  EXPECT_THAT(error_of(r).what(), HasSubstr("larger than the 2999 bytes"));
  r.url = large.url() + "/endless";
  EXPECT_THAT(error_of(r).what(), HasSubstr("larger than the 2999 bytes"));
  r.url = large.url() + "/head";
  EXPECT_THAT(error_of(r).what(), HasSubstr("head is larger"));
}

TEST(Fetch, TheDeadlineEndsWhatIsSlowAndCancellingAtOnce) {
  HttpServer silent([](const HttpServer::Request& r, Connection& c) {
    if (r.head.find("/half") != std::string::npos) c.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    c.closed_within(60'000);
    return false;
  });
  for (const char* path : {"/", "/half"}) {
    FetchRequest r = get(silent.url() + path);
    r.deadline = Duration(0.2);
    const Error e = error_of(r);
    EXPECT_EQ(e.kind(), ErrorKind::world);
    EXPECT_THAT(e.what(), HasSubstr("no whole answer within 0.2 s"));
    int asked = 0;
    r.deadline = Duration(60);
    r.cancelled = [&] { return ++asked > 2; };
    EXPECT_EQ(error_of(r).kind(), ErrorKind::cancelled);
  }
}

TEST(Fetch, RedirectsStayAtTheirHost) {
  HttpServer other([](const auto&, Connection& c) { return c.send(reply("elsewhere")); });
  HttpServer server([&](const HttpServer::Request& r, Connection& c) {
    const auto to = [&](const std::string& where) {
      return c.send("HTTP/1.1 302 Found\r\nlocation: " + where + "\r\ncontent-length: 0\r\n\r\n");
    };
    if (r.head.find("/here") != std::string::npos) return to("/end?x=1");
    if (r.head.find("/end") != std::string::npos) return c.send(reply("end"));
    if (r.head.find("/loop") != std::string::npos) return to("/loop");
    if (r.head.find("/file") != std::string::npos) return to("file:///etc/passwd");
    if (r.head.find("/name") != std::string::npos) return to("http://localhost:" + std::to_string(other.port()) + "/");
    return to(other.url() + "/?with=s3cret");
  });
  EXPECT_EQ(fetch(get(server.url() + "/here")).body, "end");
  EXPECT_THAT(error_of(get(server.url() + "/loop")).what(), HasSubstr("on and on"));
  EXPECT_THAT(error_of(get(server.url() + "/away")).what(),
              AllOf(HasSubstr("another place"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(error_of(get(server.url() + "/name")).what(), HasSubstr("another place"));
  EXPECT_THAT(error_of(get(server.url() + "/file")).what(), HasSubstr("another place"));
  FetchRequest post = get(server.url() + "/here");
  post.method = "POST";
  EXPECT_EQ(fetch(post).status, 302) << "only a GET is asked again";
  EXPECT_EQ(other.requests(), 0);
}

TEST(Fetch, AProxyIsUsedWhenItIsGivenAndNotOtherwise) {
  HttpServer server([](const auto&, Connection& c) { return c.send(reply("direct")); });
  HttpServer proxy([](const auto&, Connection& c) { return c.send(reply("by proxy")); });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("ALL_PROXY", proxy.url().c_str(), 1);
  FetchRequest r = get(server.url());
  EXPECT_EQ(fetch(r).body, "direct");
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  r.proxy = proxy.url();
  EXPECT_EQ(fetch(r).body, "by proxy");
}

// A server with a certificate that it made itself, for `names`.
class TlsServer {
 public:
  explicit TlsServer(const std::string& names)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()), context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // a client that trusts nobody hangs up in the handshake
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509_EXTENSION* alt = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate_, alt, -1);
    X509_EXTENSION_free(alt);
    X509_sign(certificate_, key_, EVP_sha256());
    SSL_CTX_use_certificate(context_, certificate_);
    SSL_CTX_use_PrivateKey(context_, key_);
    server_ = std::make_unique<HttpServer>(HttpServer::Handler(), [this](int fd) { serve(fd); });
  }
  ~TlsServer() {
    server_.reset();
    SSL_CTX_free(context_);
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  std::string url() const { return "https://127.0.0.1:" + std::to_string(server_->port()); }
  int asked() const { return asked_; }
  void write_certificate(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate_);
    std::fclose(file);
  }

 private:
  void serve(int fd) {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, fd);
    char buffer[4096];
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, buffer, sizeof buffer) > 0) {
      ++asked_;
      const std::string text = reply("sealed");
      SSL_write(ssl, text.data(), static_cast<int>(text.size()));
      SSL_shutdown(ssl);
    }
    SSL_free(ssl);
  }
  EVP_PKEY* key_;
  X509* certificate_;
  SSL_CTX* context_;
  std::atomic<int> asked_{0};
  std::unique_ptr<HttpServer> server_;
};

TEST(Fetch, CertificatesAreVerified) {
  const tests::ScratchDir dir;
  const std::string file = (dir.path() / "ca.pem").string();
  TlsServer server("IP:127.0.0.1");
  FetchRequest r = get(server.url());
  r.headers = {{"auth-token", "s3cret"}};
  EXPECT_THAT(error_of(r).what(), HasSubstr("certificate does not hold"));
  EXPECT_EQ(server.asked(), 0) << "nothing is sent before the certificate holds";
  server.write_certificate(file);
  r.ca_file = file;
  EXPECT_EQ(fetch(r).body, "sealed");
  r.ca_file = (dir.path() / "none.pem").string();
  EXPECT_THAT(error_of(r).what(), HasSubstr("certificate"));

  TlsServer other("DNS:example.org");
  other.write_certificate(file);
  r = get(other.url());
  r.ca_file = file;
  EXPECT_THAT(error_of(r).what(), HasSubstr("certificate does not hold")) << "of another name";
  HttpServer plain({}, [](int fd) { ::send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL); });
  EXPECT_EQ(error_of(get("https://127.0.0.1:" + std::to_string(plain.port()))).kind(), ErrorKind::world);
}

TEST(Fetch, TellsThisMachineFromOthers) {
  for (const char* url : {"http://localhost:8080/x", "http://127.0.0.1/", "http://127.9.9.9:1", "http://[::1]:8080/"})
    EXPECT_TRUE(is_loopback_url(url)) << url;
  for (const char* url : {"http://127.example.org/", "http://localhost.example.org/", "http://10.0.0.1/", "nonsense"})
    EXPECT_FALSE(is_loopback_url(url)) << url;
  EXPECT_EQ(url_encoded("2026-01-01T00:00+0&é"), "2026-01-01T00%3A00%2B0%26%C3%A9");
}

}  // namespace
}  // namespace wattline
