// An upstream behind TLS with a certificate of its own making.
#include <csignal>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "kernel/testing.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

constexpr std::string_view ask = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})";
constexpr std::string_view answer =
    R"({"choices":[{"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5}})";

// Speaks TLS as `name` and answers every request with the same completion.
class TlsUpstream {
 public:
  explicit TlsUpstream(const std::string& name, long valid_until_s = 3600)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()), context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), valid_until_s);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* subject = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_, subject);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name.c_str());
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_, key_, EVP_sha256());
    SSL_CTX_use_certificate(context_, certificate_);
    SSL_CTX_use_PrivateKey(context_, key_);
    upstream_ = std::make_unique<FakeUpstream>(nullptr, [this](int fd) { serve(fd); });
  }
  ~TlsUpstream() {
    upstream_.reset();
    SSL_CTX_free(context_);
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  std::uint16_t port() const { return upstream_->port(); }
  std::string save(const std::filesystem::path& folder) const {
    const std::string path = (folder / "ca.pem").string();
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate_);
    std::fclose(file);
    return path;
  }

 private:
  void serve(int fd) {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, fd);
    std::string in;
    char buffer[4096];
    if (SSL_accept(ssl) == 1)
      for (int n; (n = SSL_read(ssl, buffer, sizeof buffer)) > 0;) {
        in.append(buffer, static_cast<std::size_t>(n));
        const auto end = in.find("\r\n\r\n");
        if (end == std::string::npos ||
            in.size() <
                end + 4 +
                    static_cast<std::size_t>(std::atoi(header_value(in.substr(0, end + 2), "content-length").c_str())))
          continue;
        in.clear();
        const std::string text = reply(answer);
        SSL_write(ssl, text.data(), static_cast<int>(text.size()));
      }
    SSL_free(ssl);
  }
  EVP_PKEY* key_;
  X509* certificate_;
  SSL_CTX* context_;
  std::unique_ptr<FakeUpstream> upstream_;
};

UpstreamConfig& add(TestGateway& g, const TlsUpstream& up, const std::string& ca_file) {
  auto& u = g.add_upstream(up.port());
  u.url = parse_base_url("https://127.0.0.1:" + std::to_string(up.port()) + "/v1", "test");
  u.ca_file = ca_file;
  return u;
}

TEST(TlsUpstream, IsAskedWhenItsCertificateIsTrusted) {
  const ::wattline::tests::ScratchDir folder;
  TlsUpstream up("IP:127.0.0.1");
  TestGateway g;
  add(g, up, up.save(folder.path()));
  g.start();
  Client c(g.port());
  for (int i = 0; i < 3; ++i) {
    c.post("/v1/chat/completions", ask);
    const auto r = c.read();
    EXPECT_EQ(r.status, 200) << r.body;
    EXPECT_THAT(r.body, testing::HasSubstr("\"wattline\":{"));
  }
}

TEST(TlsUpstream, IsRefusedWhenItIsNotTheOneMeant) {
  const ::wattline::tests::ScratchDir folder;
  TlsUpstream stranger("IP:127.0.0.1"), misnamed("DNS:other.example");
  const std::string own = misnamed.save(folder.path());
  for (const auto* up : {&stranger, &misnamed}) {  // unknown maker; known maker, another name
    TestGateway g;
    add(g, *up, own);
    g.start();
    const auto r = g.chat(ask);
    EXPECT_EQ(r.status, 502);
    EXPECT_THAT(r.body, testing::HasSubstr("speak TLS"));
  }
}

TEST(TlsUpstream, AnExpiredCertificateIsRefusedAndAnotherMemberAnswers) {
  const ::wattline::tests::ScratchDir folder;
  TlsUpstream expired("IP:127.0.0.1", -60);
  const std::string ca = expired.save(folder.path());
  {
    TestGateway g;
    add(g, expired, ca);
    g.start();
    const auto r = g.chat(ask);
    EXPECT_EQ(r.status, 502);
    EXPECT_THAT(r.body, testing::HasSubstr("certificate"));
    g.stop();
    ASSERT_EQ(g.sink->facts().size(), 1u);
    EXPECT_EQ(g.sink->facts()[0].energy.value().base(), 0);
  }
  FakeUpstream plain([](const FakeUpstream::Request&, Connection& c) { return c.send(reply(answer)); });
  TestGateway g;
  add(g, expired, ca);
  g.add_upstream(plain.port()).models[0].tier = 1;
  g.start();
  const auto r = g.chat(ask);
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.header("x-wattline-upstream"), "up1");
}

TEST(TlsUpstream, CertificatesThatCannotBeReadAreAClearError) {
  TlsUpstream up("IP:127.0.0.1");
  TestGateway g;
  add(g, up, "/nonexistent/ca.pem");
  EXPECT_THROW(g.start(), Error);
}

}  // namespace
}  // namespace wattline::serve::tests
