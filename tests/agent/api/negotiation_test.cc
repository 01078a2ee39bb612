#include "agent/api/negotiation.h"

#include <gtest/gtest.h>

#include <string>

namespace tallyman {
namespace {

constexpr auto kText = TextFormat::kPrometheus;
constexpr auto kOpen = TextFormat::kOpenMetrics;

struct FormatCase {
  const char* accept;
  TextFormat format;
};

TEST(ChooseFormat, FollowsWhatClientsSend) {
  const FormatCase cases[] = {
      // Prometheus 2.42, 2.5 and 3.x; curl; a browser.
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpen},
      {"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", kText},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       kOpen},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
       "text/plain;version=0.0.4;q=0.3",
       kText},
      {"*/*", kText},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", kText},
  };
  for (const auto& [accept, format] : cases) EXPECT_EQ(choose_format(accept), format) << accept;
}

TEST(ChooseFormat, GivesTextUnlessOpenMetricsIsNamed) {
  for (const char* accept : {"", "   ", ",", "application/*", "text/*", "image/png", "application/openmetrics-text;q=0",
                             "application/openmetrics-text;version=2.0.0", "application/openmetrics-text;version=0.0.1",
                             "application/openmetrics-textual", "x-application/openmetrics-text"}) {
    EXPECT_EQ(choose_format(accept), kText) << accept;
  }
}

TEST(ChooseFormat, HonoursQualities) {
  const FormatCase cases[] = {
      {"application/openmetrics-text", kOpen},
      {"APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\" ; charset=utf-8", kOpen},
      {"application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5", kText},
      {"text/plain;q=0.5,application/openmetrics-text;version=1.0.0;q=0.501", kOpen},
      {"text/plain,application/openmetrics-text", kText},
      {"application/openmetrics-text,text/plain", kOpen},
      {"*/*,application/openmetrics-text", kOpen},
      {"application/openmetrics-text;q=0.5,*/*;q=0.8", kText},
      {"text/plain;q=0.1,*/*,application/openmetrics-text;q=0.5", kOpen},  // the named range decides, not the wildcard
      {"text/plain;version=1.0.0,application/openmetrics-text;version=1.0.0;q=0.1", kOpen},
      {"application/openmetrics-text;version=1.0.0;q=0,application/openmetrics-text", kText},
      {"application/openmetrics-text;q=0.000,text/plain;q=0", kText},
  };
  for (const auto& [accept, format] : cases) EXPECT_EQ(choose_format(accept), format) << accept;
}

TEST(ChooseFormat, IgnoresGarbage) {
  const FormatCase cases[] = {
      {"application/openmetrics-text;q=high", kText},
      {"application/openmetrics-text;q=1.5", kText},
      {"application/openmetrics-text;q=-1", kText},
      {"application/openmetrics-text;q=", kText},
      {"application/openmetrics-text;q=0.99999999999999999999999999", kOpen},
      {";;;=,\",\\,\"\",application/openmetrics-text", kText},  // an open quote includes the rest
      {";;;=,\"a,b\",application/openmetrics-text", kOpen},
      {"text/plain;q=0.5;;;,,, ,application/openmetrics-text;;version=1.0.0;", kOpen},
      {"application/openmetrics-text;x=\"unclosed \\", kOpen},
      {"\xff\xfe\x01,application/openmetrics-text", kOpen},
  };
  for (const auto& [accept, format] : cases) EXPECT_EQ(choose_format(accept), format) << accept;
  EXPECT_EQ(choose_format(std::string(100'000, ',') + "application/openmetrics-text"), kOpen);
  EXPECT_EQ(choose_format(std::string("a\0b,application/openmetrics-text", 32)), kOpen);
}

TEST(AcceptsGzip, WhenItIsNamedOrAnythingIs) {
  for (const char* yes : {"gzip", "GZip", "x-gzip", "gzip, deflate, br, zstd", "deflate;q=0.5,gzip;q=0.1", "*",
                          "*;q=0.1", " gzip ; q=0.001 ", "br,*", "gzip, identity", "gzip;q=1.0, identity; q=0.5, *;q=0",
                          "identity;q=0, *", "gzip;q=0.5,*;q=1", "gzip;Q=1"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no :
       {"", " ", ",,", "identity", "br", "deflate, br", "gzippy", "gzip;q=0", "gzip;q=0.0", "GZIP;Q=0.000", "*;q=0",
        "gzip;q=0, *", "*, gzip;q=0", "identity, gzip;q=0.5", "*;q=0.3, identity;q=0.4"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(AcceptsGzip, IgnoresGarbage) {
  EXPECT_FALSE(accepts_gzip("gzip;q=yes"));
  EXPECT_FALSE(accepts_gzip("gzip;q=2"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0.1.1"));
  EXPECT_TRUE(accepts_gzip(";,=,q=0,\"gzip;q=0\",gzip"));
  EXPECT_TRUE(accepts_gzip("br;q=nonsense,gzip"));
  EXPECT_TRUE(accepts_gzip(std::string(100'000, ';') + ",gzip"));
}

}  // namespace
}  // namespace tallyman
