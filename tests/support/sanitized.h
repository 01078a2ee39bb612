// The same objects of a test are linked with what is instrumented and with what is not:
// which of the two it is, the program itself tells.
#pragma once

extern "C" {
__attribute__((weak)) void __asan_init();
__attribute__((weak)) void __tsan_init();
}

namespace tallyman {

// The sanitizers' own memory is in what a process takes, and they keep what is freed.
inline bool is_sanitized() { return &__asan_init != nullptr || &__tsan_init != nullptr; }

}  // namespace tallyman
