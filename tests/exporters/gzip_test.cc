#include "exporters/gzip.h"

#include "tests/support/gunzip.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tallyman {
namespace {

using test::gunzip;

TEST(Gzip, RoundTrips) {
  GzipCompressor compressor;
  std::mt19937 random(1);
  for (std::size_t size : {0UL, 1UL, 2UL, 100UL, 65'535UL, 65'536UL, 1'000'000UL, 10UL, 3'000'000UL}) {
    std::string text(size, 'x');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    std::string compressed = "left over from before";
    compressor.compress(text, compressed);
    EXPECT_EQ(gunzip(compressed), text) << size;
  }
}

TEST(Gzip, HandlesIncompressibleText) {
  GzipCompressor compressor;
  std::mt19937 random(2);
  std::string noise(500'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  std::string compressed;
  compressor.compress(noise, compressed);
  EXPECT_EQ(gunzip(compressed), noise);
}

TEST(Gzip, MakesMetricsSeveralTimesSmaller) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "container_cpu_usage_seconds_total{id=\"/docker/" + std::to_string(i * 7919) + "\",image=\"nginx:1.25\"} " +
            std::to_string(i) + ".5\n";
  }
  GzipCompressor compressor;
  std::string compressed;
  compressor.compress(text, compressed);
  EXPECT_LT(compressed.size() * 5, text.size());
  EXPECT_EQ(gunzip(compressed), text);
}

}  // namespace
}  // namespace tallyman
