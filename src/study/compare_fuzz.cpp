#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "study/compare.h"

// Whatever the file holds: an answer that can be shown, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  wattline::study::CompareOptions o;
  o.data = wattline::InputFile::from_bytes("runs.csv", std::string(reinterpret_cast<const char*>(data) + 2, size - 2));
  o.bootstrap = data[0] % 20;
  o.paired = data[0] & 0x40;
  if (data[0] & 0x80) o.equivalence = "5 %";
  if (data[1] & 1) o.value = "v";
  if (data[1] & 2) o.group = data[1] & 4 ? "label:a" : "g";
  if (data[1] & 8) o.replicate = "r";
  if (data[1] & 16) o.pair = "r";
  wattline::Context context;
  try {
    const wattline::Result r = wattline::study::compare(o, context);
    wattline::to_text(r, 80);
    wattline::to_json(r);
    wattline::to_html(r);
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string three = "g,v,r\na,1,1\na,2,2\na,3.5,3\nb,4,1\nb,5,2\nb,5,3\nc,9,1\nc,,2\nc,8,3\n";
  const std::string two = "g,v [J],r,seed\na,1e300,1,4\na,-2,2,4\nb,4,1,5\nb,1e-300,2,6\n";
  const std::string wide = "x [kWh],y [kWh]\n1,2\n2,2.5\n3,NA\n4,4\n";
  std::vector<std::string> seeds;
  for (const char first : {'\x05', '\x40', '\x85'})
    for (const char second : {'\x00', '\x03', '\x0b', '\x13', '\x07'})
      for (const auto& text : {three, two, wide}) seeds.push_back(std::string{first, second} + text);
  return seeds;
}
