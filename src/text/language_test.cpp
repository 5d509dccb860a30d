#include "text/language.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "kernel/testing.h"

namespace wattline::text {
namespace {

TEST(Language, Sentences) {
  EXPECT_EQ(language_of("How much electricity does a data center use per year?").code, "en");
  EXPECT_EQ(language_of("Wie viel Strom verbraucht ein Rechenzentrum im Jahr?").code, "de");
  EXPECT_EQ(language_of("Combien d'électricité consomme un centre de données par an ?").code, "fr");
  EXPECT_EQ(language_of("¿Cuánta electricidad consume un centro de datos al año?").code, "es");
  EXPECT_EQ(language_of("Сколько электричества потребляет центр обработки данных?").code, "ru");
  EXPECT_EQ(language_of("数据中心每年用多少电？").code, "zh");
  EXPECT_EQ(language_of("データセンターは年間どのくらいの電力を使いますか。").code, "ja");
  EXPECT_EQ(language_of("데이터 센터는 일년에 얼마나 많은 전기를 사용합니까?").code, "ko");
  EXPECT_EQ(language_of("كم تستهلك مراكز البيانات من الكهرباء سنويا؟").code, "ar");
  EXPECT_EQ(language_of("डेटा सेंटर साल में कितनी बिजली खर्च करता है?").code, "hi");
}

TEST(Language, ShortTexts) {
  EXPECT_EQ(language_of("What is 2+2?").code, "en");
  EXPECT_EQ(language_of("你好").code, "zh");
  EXPECT_EQ(language_of("ありがとう").code, "ja");
  EXPECT_EQ(language_of("Wie geht das?").code, "de");
  EXPECT_GE(language_of("What is this?").confidence, 0.3);
}

TEST(Language, UndeterminedIsAnAnswer) {
  for (const char* text : {"", "   ", "12345 + 678", "😀😀", "?!", "\xFF\xFE\xC3", "xqzzk"}) {
    const Language l = language_of(text);
    EXPECT_TRUE(l.code == "und" || l.confidence < 0.6) << text << " is " << l.code << " " << l.confidence;
  }
  EXPECT_EQ(language_of("").by, Language::By::nothing);
}

TEST(Language, LongAndBrokenTextsEnd) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "der Hund und die Katze \xC3 ";
  EXPECT_EQ(language_of(text).code, "de");
  EXPECT_EQ(language_of(std::string(5000, '\0')).code, "und");
}

TEST(Language, QuestionsOfSixLanguages) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const auto folder = *shared / "data/xquad-retrieval";
  for (const char* code : {"en", "de", "es", "ru", "zh", "ar"}) {
    std::ifstream file(*shared / "data/xquad-retrieval" / (std::string("queries.") + code + ".tsv"));
    if (!file) GTEST_SKIP() << "skipped: no shared data";
    int right = 0, all = 0;
    std::string line;
    for (std::getline(file, line); std::getline(file, line) && all < 300; ++all) {
      const std::size_t begin = line.find('\t', line.find('\t') + 1) + 1;
      right += language_of(line.substr(begin, line.find('\t', begin) - begin)).code == code;
    }
    EXPECT_EQ(all, 300);
    EXPECT_GE(right, all * 90 / 100) << code << ": " << right;
  }
}

}  // namespace
}  // namespace wattline::text
