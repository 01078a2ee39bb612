#include "agent/overhead/probe/processor_work.h"

namespace tallyman::probe {
namespace {

constexpr int kSteps = 1'000, kBatch = 50;
volatile std::uint64_t integer_sink = 0;
volatile double float_sink = 0;

}  // namespace

// Multiplications, shifts and an unpredictable branch, each on the previous result. An
// operation is a thousand steps.
Outcome integer(const Order& order) {
  return measure(order, [] {
    std::uint64_t x = integer_sink | 1;
    for (int i = 0; i < kBatch * kSteps; ++i) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      x = (x & 1) != 0 ? x * 0x2545f4914f6cdd1dU : x + 0x9e3779b97f4a7c15U;
    }
    integer_sink = x;
    return kBatch;
  });
}

// Multiplications, additions and divisions of doubles, in four parallel chains.
Outcome floating_point(const Order& order) {
  return measure(order, [] {
    double a = 1.1 + float_sink * 1e-300, b = 1.2, c = 1.3, d = 1.4;
    for (int i = 0; i < kBatch * kSteps; ++i) {
      a = a * 0.999 + 1.0 / b;
      b = b * 0.998 + 0.5;
      c = c * 0.997 + a * 1e-3;
      d = d * 0.996 + c * 1e-3;
    }
    float_sink = a + b + c + d;
    return kBatch;
  });
}

}  // namespace tallyman::probe
