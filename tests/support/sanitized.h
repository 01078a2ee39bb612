// The same test objects are linked with instrumented and with plain code: the program
// itself finds out which of the two it is.
#pragma once

extern "C" {
__attribute__((weak)) void __asan_init();
__attribute__((weak)) void __tsan_init();
}

namespace tallyman {

// The sanitizers' own memory is in what a process takes, and they keep what is freed.
inline bool is_sanitized() { return &__asan_init != nullptr || &__tsan_init != nullptr; }

}  // namespace tallyman
