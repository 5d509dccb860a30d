// The plain functions stand under this version; they are there in the later ones.
#define OPENSSL_API_COMPAT 10101

#include "ledger/sha256.h"

#include <openssl/sha.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

void demand(bool good) {
  if (!good) throw world_error("OpenSSL computes no SHA-256 here", {}, "check its configuration (FIPS, providers)");
}

}  // namespace

Sha256::Sha256() : state_(new SHA256_CTX, [](SHA256_CTX* state) { delete state; }) { begin(); }

void Sha256::begin() { demand(SHA256_Init(state_.get()) == 1); }

void Sha256::add(std::string_view text) { demand(SHA256_Update(state_.get(), text.data(), text.size()) == 1); }

std::string Sha256::hex() {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  demand(SHA256_Final(digest, state_.get()) == 1);
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * sizeof digest);
  for (const unsigned char byte : digest) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace wattline::ledger
