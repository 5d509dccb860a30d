#include "serve/digest.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

TEST(Digest, OfTheStandardsExamples) {
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(LastDigest, IsOfWhatIsAskedWhateverWasBefore) {
  LastDigest last;
  for (const std::string& text : {std::string("wl_one"), std::string("wl_one"), std::string("wl_two"),
                                  std::string("wl_"), std::string(), std::string(), std::string(500, 'x'),
                                  std::string("wl_one"), std::string("wl_on\0", 6), std::string("wl_one", 6)})
    EXPECT_EQ(last.of(text), sha256(text)) << text;
}

}  // namespace
}  // namespace wattline::serve
