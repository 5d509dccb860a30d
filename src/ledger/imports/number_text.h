// Numbers as people and spreadsheets of several countries write them: "1,234.5", "1.234,5", "1 234,5", "0,5".
//
// "1,234" can be either. A text that settles nothing is read by the style that the file has shown or was told; while
// there is none, a separator before exactly three digits is refused, not guessed, but for the point in a file whose
// cells are separated by commas, where it is the decimal point.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wattline::ledger::imports {

enum class Decimal { automatic, point, comma };

class NumberReader {
 public:
  NumberReader() = default;
  NumberReader(Decimal told, char delimiter) : style_(told), told_(told), delimiter_(delimiter) {}
  // nullopt: no number, and why_not() says what about it. Finite only.
  std::optional<double> read(std::string_view text);
  const std::string& why_not() const { return why_not_; }

 private:
  std::optional<double> refuse(std::string why);
  Decimal style_ = Decimal::automatic, told_ = Decimal::automatic;
  char delimiter_ = ',';
  std::string why_not_, plain_;
};

}  // namespace wattline::ledger::imports
