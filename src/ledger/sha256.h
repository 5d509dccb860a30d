// SHA-256 of texts that come in pieces. Error world: OpenSSL refuses.
//
// By OpenSSL's plain functions: its general ones first read its configuration and gather all its algorithms, and that
// costs each start that records one row a millisecond and a half.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct SHA256state_st;

namespace wattline::ledger {

class Sha256 {
 public:
  Sha256();
  void begin();  // forgets what was added
  void add(std::string_view);
  std::string hex();  // lower case; begin() comes next

 private:
  std::unique_ptr<SHA256state_st, void (*)(SHA256state_st*)> state_;
};

}  // namespace wattline::ledger
