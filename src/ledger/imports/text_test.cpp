// How files are read: encodings, rows, numbers, clocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "kernel/error.h"
#include "ledger/imports/number_text.h"
#include "ledger/imports/records.h"
#include "ledger/imports/zone.h"

namespace wattline::ledger::imports {
namespace {

using testing::HasSubstr;

std::string all_of(TextSource source) {
  std::string out;
  while (source.read(out)) {}
  return out;
}
std::string read(std::string bytes) { return all_of(TextSource("f", std::move(bytes))); }

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

std::string utf16(std::string_view ascii, bool big, bool mark) {
  std::string out = !mark ? "" : big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) {
    if (big) out += '\0';
    out += c;
    if (!big) out += '\0';
  }
  return out;
}

std::string gzip(std::string_view text) {
  z_stream s{};
  deflateInit2(&s, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&s, text.size()) + 64, '\0');
  s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  s.avail_in = static_cast<uInt>(text.size());
  s.next_out = reinterpret_cast<Bytef*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  deflate(&s, Z_FINISH);
  out.resize(out.size() - s.avail_out);
  deflateEnd(&s);
  return out;
}

TEST(ImportText, IsUtf8WhateverItWas) {
  EXPECT_EQ(read("\xEF\xBB\xBFz\xC3\xBCge"), "züge");
  EXPECT_EQ(read("z\xFCge \x80"), "züge €");  // Windows-1252
  EXPECT_EQ(read("\xE2\x82\xAC and \xE2\x82"), "€ and â‚");  // cut at the end: bytes by themselves
  for (const bool big : {false, true})
    for (const bool mark : {false, true}) EXPECT_EQ(read(utf16("a,b\n1,2\n", big, mark)), "a,b\n1,2\n");
  EXPECT_EQ(read(std::string("\xFF\xFE\x3D\xD8\x00\xDE", 6)), "😀");
  EXPECT_EQ(read(""), "");
}

TEST(ImportText, GzipIsUndone) {
  const std::string text(700'000, 'x');
  EXPECT_EQ(read(gzip(text)), text);
  EXPECT_EQ(read(gzip("one\n") + gzip("two\n")), "one\ntwo\n");
  std::string cut = gzip("some text that is long enough to be cut");
  cut.resize(cut.size() / 2);
  EXPECT_THAT(error_of([&] { read(cut); }), HasSubstr("cut off"));
  std::string bad = gzip(text);
  bad[bad.size() - 6] ^= 0x55;  // of the checksum
  EXPECT_THAT(error_of([&] { read(bad); }), HasSubstr("gzip"));
}

TEST(ImportText, WhatIsNoTextIsSaid) {
  EXPECT_THAT(error_of([] { read(std::string("a,b\n1,\0", 7)); }), HasSubstr("NUL"));
  EXPECT_THAT(error_of([] { read("PK\x03\x04rest"); }), HasSubstr("zip archive"));
  EXPECT_THAT(error_of([] { read("PAR1...."); }), HasSubstr("Parquet"));
  EXPECT_THAT(error_of([] {
                read(
                    "\xFF\xFE"
                    "a");
              }),
              HasSubstr("within a character"));
  EXPECT_THAT(error_of([] { TextSource("/nonexistent.csv"); }), HasSubstr("No such file"));
  EXPECT_THAT(error_of([] { TextSource("/tmp"); }), HasSubstr("folder"));
}

std::vector<std::vector<std::string>> rows_of(std::string text) {
  TextSource source("f.csv", std::move(text));
  CsvRecords records(source);
  std::vector<std::vector<std::string>> out{records.header()};
  std::vector<std::string_view> fields;
  while (records.next(fields)) {
    out.emplace_back(fields.begin(), fields.end());
    out.back().push_back(std::to_string(records.line()));
  }
  return out;
}
using Rows = std::vector<std::vector<std::string>>;

TEST(ImportRows, AreThoseOfTheText) {
  EXPECT_EQ(rows_of("a,b\r\n1,2\r\n\r\n3,4"), (Rows{{"a", "b"}, {"1", "2", "2"}, {"3", "4", "4"}}));
  EXPECT_EQ(rows_of("a;b\n\"x\ny;\"\"z\"\"\";2\n3;4\n"), (Rows{{"a", "b"}, {"x\ny;\"z\"", "2", "2"}, {"3", "4", "4"}}));
  EXPECT_EQ(rows_of("sep=;\na;b\n1,5;2\n"), (Rows{{"a", "b"}, {"1,5", "2", "3"}}));
  EXPECT_EQ(rows_of("a|b\n1|2\n"), (Rows{{"a", "b"}, {"1", "2", "2"}}));
  EXPECT_EQ(rows_of("a,b\n1,2,,\n"), (Rows{{"a", "b"}, {"1", "2", "2"}}));  // a spreadsheet's empty cells
  EXPECT_EQ(rows_of("a,b\n5\" disk,2\n6\",3\n"), (Rows{{"a", "b"}, {"5\" disk", "2", "2"}, {"6\"", "3", "3"}}));
}

TEST(ImportRows, OverPiecesAreTheSameAsWhole) {
  std::string text = "name,value\n";
  for (int i = 0; i < 60'000; ++i)
    text += "\"row " + std::to_string(i) + "\nof two lines\"," + std::to_string(i) + "\n";
  const auto rows = rows_of(text);
  ASSERT_EQ(rows.size(), 60'001u);
  EXPECT_EQ(rows[60'000][1], "59999");
  EXPECT_EQ(rows[60'000][2], std::to_string(2 + 2 * 59'999));
}

TEST(ImportRows, FaultsSayWhere) {
  EXPECT_THAT(error_of([] { rows_of(""); }), HasSubstr("empty"));
  EXPECT_THAT(error_of([] { rows_of("a,b\n1,2\n3\n4,5\n"); }),
              testing::AllOf(HasSubstr("f.csv:3"), HasSubstr("1 cells")));
  EXPECT_THAT(error_of([] { rows_of("a,b\n1,2\n3"); }), testing::AllOf(HasSubstr("f.csv:3"), HasSubstr("cut off")));
  EXPECT_THAT(error_of([] { rows_of("a,b\n1,\"2\n"); }), HasSubstr("never ends"));
  EXPECT_THAT(error_of([] { rows_of("a,b\n1,\"" + std::string(18 << 20, 'x')); }), HasSubstr("over 16 MB"));
}

std::vector<std::string> documents_of(std::string text) {
  TextSource source("f.jsonl", std::move(text));
  JsonRecords records(source);
  std::vector<std::string> out;
  std::string_view document;
  while (records.next(document)) out.push_back(std::to_string(records.line()) + " " + std::string(document));
  return out;
}

TEST(ImportDocuments, StandOneAfterTheOther) {
  EXPECT_EQ(documents_of("{\"a\":1}\n\n{\"b\":\"}\\\"{\"}\r\n[1,\n2] {}"),
            (std::vector<std::string>{"1 {\"a\":1}", "3 {\"b\":\"}\\\"{\"}", "4 [1,\n2]", "5 {}"}));
  EXPECT_EQ(documents_of("\n"), std::vector<std::string>{});
  EXPECT_THAT(error_of([] { documents_of("{}\n{\"a\":"); }),
              testing::AllOf(HasSubstr("f.jsonl:2"), HasSubstr("cut off")));
  EXPECT_THAT(error_of([] { documents_of("{}\nnonsense"); }), HasSubstr("f.jsonl:2"));
  std::string many;
  for (int i = 0; i < 40'000; ++i) many += "{\"number\":" + std::to_string(i) + "}\n";
  EXPECT_EQ(documents_of(many).size(), 40'000u);
}

TEST(ImportNumbers, OfSeveralCountries) {
  const auto read_one = [](std::string_view text, char delimiter, Decimal told = Decimal::automatic) {
    return NumberReader(told, delimiter).read(text).value_or(-1);
  };
  EXPECT_EQ(read_one("1234.5", ','), 1234.5);
  EXPECT_EQ(read_one("1,234.5", ','), 1234.5);
  EXPECT_EQ(read_one("1.234,5", ';'), 1234.5);
  EXPECT_EQ(read_one("1 234,5", ';'), 1234.5);
  EXPECT_EQ(read_one("1\xC2\xA0"
                     "234\xC2\xA0"
                     "567",
                     ','),
            1234567);
  EXPECT_EQ(read_one("1'234'567.25", ','), 1234567.25);
  EXPECT_EQ(read_one("1,234,567", ','), 1234567);
  EXPECT_EQ(read_one("0,125", ';'), 0.125);
  EXPECT_EQ(read_one("1.125", ','), 1.125);
  EXPECT_EQ(read_one("1,5e-3", ';'), 0.0015);
  EXPECT_EQ(read_one("007", ','), 7);
  EXPECT_EQ(read_one("1.234", ';', Decimal::comma), 1234);
  EXPECT_EQ(read_one("1,234", ',', Decimal::point), 1234);
  EXPECT_EQ(NumberReader(Decimal::automatic, ',')
                .read("\xE2\x88\x92"
                      "3.5"),
            -3.5);
}

TEST(ImportNumbers, WhatCanBeTwoThingsIsNotGuessed) {
  NumberReader reader(Decimal::automatic, ';');
  EXPECT_FALSE(reader.read("1.234"));
  EXPECT_THAT(reader.why_not(), HasSubstr("two ways"));
  EXPECT_FALSE(reader.read("1,234"));
  EXPECT_EQ(reader.read("2,5"), 2.5);  // now the file has shown its mark
  EXPECT_EQ(reader.read("1,234"), 1.234);
  EXPECT_EQ(reader.read("1.234"), 1234);
  EXPECT_FALSE(reader.read("2.5"));
  EXPECT_THAT(reader.why_not(), HasSubstr("another decimal mark"));
  for (const char* bad : {"", "abc", "1,23,4", "1.2.3,4", "12 34", "1e999", "inf", "--1", "0x10", "1,,2"})
    EXPECT_FALSE(NumberReader(Decimal::automatic, ',').read(bad)) << bad;
}

// Two hours ahead from 27 March 2022 01:00 UTC to 30 October 2022 01:00 UTC, and by the rule from then on.
std::string zone_file(bool with_rule) {
  const auto number = [](std::int64_t v, int bytes) {
    std::string out;
    for (int i = bytes; i-- > 0;) out += static_cast<char>(v >> (8 * i));
    return out;
  };
  const auto header = [&](int times, int types, int letters) {
    return "TZif2" + std::string(15, '\0') + number(0, 4) + number(0, 4) + number(0, 4) + number(times, 4) +
           number(types, 4) + number(letters, 4);
  };
  std::string out = header(0, 1, 1) + number(3600, 4) + std::string(2, '\0') + std::string(1, '\0');
  out += header(2, 2, 9) + number(1648342800, 8) + number(1667091600, 8) + std::string("\x01\x00", 2);
  out += number(3600, 4) + std::string(2, '\0') + number(7200, 4) + std::string("\x01\x04", 2);
  out += std::string("CET\0CEST\0", 9);
  return out + (with_rule ? "\nCET-1CEST,M3.5.0,M10.5.0/3\n" : "\n\n");
}

TEST(ImportZone, KnowsTheHoursThatComeTwiceAndNever) {
  const Zone zone = Zone::from_file(zone_file(true), "Test/Central");
  const auto at = [&](std::string_view civil) { return zone.moment(parse_time(civil)); };
  EXPECT_EQ(to_string(at("2022-01-15T12:00:00").time), "2022-01-15T11:00:00Z");
  EXPECT_EQ(to_string(at("2022-07-15T12:00:00").time), "2022-07-15T10:00:00Z");
  EXPECT_EQ(at("2022-03-27T02:30:00").meeting, Zone::Meeting::never);
  EXPECT_EQ(at("2022-03-27T03:00:00").meeting, Zone::Meeting::once);
  EXPECT_EQ(at("2022-10-30T02:30:00").meeting, Zone::Meeting::twice);
  EXPECT_EQ(to_string(at("2022-10-30T02:30:00").time), "2022-10-30T00:30:00Z");
  EXPECT_EQ(at("2022-10-30T03:00:00").meeting, Zone::Meeting::once);
  // By the rule.
  EXPECT_EQ(to_string(at("2026-07-15T12:00:00").time), "2026-07-15T10:00:00Z");
  EXPECT_EQ(at("2026-03-29T02:30:00").meeting, Zone::Meeting::never);
  EXPECT_EQ(at("2026-10-25T02:59:59").meeting, Zone::Meeting::twice);
  const Zone bare = Zone::from_file(zone_file(false), "Test/Bare");
  EXPECT_EQ(to_string(bare.moment(parse_time("2026-07-15T12:00:00")).time), "2026-07-15T11:00:00Z");
}

TEST(ImportZone, OffsetsAndNames) {
  EXPECT_EQ(to_string(Zone("+05:30").moment(parse_time("2026-01-01T00:00:00")).time), "2025-12-31T18:30:00Z");
  EXPECT_EQ(to_string(Zone("-0800").moment(parse_time("2026-01-01T00:00:00")).time), "2026-01-01T08:00:00Z");
  EXPECT_EQ(to_string(Zone("").moment(parse_time("2026-01-01T00:00:00")).time), "2026-01-01T00:00:00Z");
  for (const char* bad : {"../../etc/passwd", "/etc/passwd", "Nowhere/Town", "+25:00", "+1:99", "noon"})
    EXPECT_THAT(error_of([&] { Zone z(bad); }), HasSubstr("time zone")) << bad;
  EXPECT_THROW(Zone::from_file("TZif2", "x"), Error);
  std::string cut = zone_file(true);
  for (std::size_t n = 0; n < cut.size(); n += 3) try {
      Zone::from_file(cut.substr(0, n), "x");
    } catch (const Error&) {}
  EXPECT_TRUE(has_zone("2026-01-01T00:00:00+01:00"));
  EXPECT_TRUE(has_zone("2026-01-01 00:00:00 UTC"));
  EXPECT_FALSE(has_zone("2026-01-01T00:00:00"));
  EXPECT_FALSE(has_zone("2026-01-01"));
}

// The file comes in pieces of 256 kB, which cut rows, quotes and line ends anywhere; as one text it is the same rows.
TEST(CsvRecords, PiecesOfAFileGiveTheRowsOfTheWhole) {
  const std::string_view cells[] = {
      "", "ab", "a\"b", "\"a,b\"", "\"two\nlines\"", "\"\"\"\"", "\"say \"\"x\"\"\"", "\"\r\n,\"", "1.5", "\"\""};
  std::uint32_t state = 7;
  const auto random = [&] { return (state = state * 1'664'525 + 1'013'904'223) >> 16; };
  std::string csv = "a,b,c\n";
  while (csv.size() < (std::size_t{3} << 18)) {
    for (int i = 0; i < 3; ++i) (csv += i == 0 ? "x" : cells[random() % std::size(cells)]) += i < 2 ? ',' : '\n';
    if (random() % 8 == 0) csv += "\r\n";
  }
  TextSource source("f", csv);
  CsvRecords records(source);
  csv::Scanner whole(csv, ',', "f");
  std::vector<std::string_view> row, expected;
  ASSERT_TRUE(whole.next(expected));
  std::int64_t rows = 0;
  for (; records.next(row); ++rows) {
    ASSERT_TRUE(whole.next(expected));
    ASSERT_EQ(row, expected) << "row " << rows;
    ASSERT_EQ(records.line(), whole.line());
  }
  EXPECT_FALSE(whole.next(expected));
  EXPECT_GT(rows, 10'000);
}

}  // namespace
}  // namespace wattline::ledger::imports
