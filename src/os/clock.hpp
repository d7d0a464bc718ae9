// The clocks of the system in nanoseconds.
#pragma once

#include <time.h>

#include <cstdint>

#include "os/sys_result.hpp"

namespace vitrine::os {

enum class Clock : uint8_t { Realtime, Monotonic };

/// Nanoseconds since 1970 (0 if the clock is set before that), or since some point at or before the start of the
/// system.
inline uint64_t clock_now(Clock clock) {
  timespec now{};
  ::clock_gettime(clock == Clock::Realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  if (now.tv_sec < 0) return 0;
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/// The step of the clock in nanoseconds, at least 1.
inline uint64_t clock_resolution(Clock clock) {
  timespec step{};
  ::clock_getres(clock == Clock::Realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &step);
  uint64_t ns = static_cast<uint64_t>(step.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(step.tv_nsec);
  return ns ? ns : 1;
}

/// A time as files carry it, in nanoseconds since 1970, clamped to what 64 unsigned bits hold: a file system may carry
/// times before 1970 and after 2554, and a guest that stats such a file has to get an answer.
inline uint64_t to_nanoseconds(const timespec& t) {
  if (t.tv_sec < 0) return 0;
  uint64_t ns;
  if (__builtin_mul_overflow(static_cast<uint64_t>(t.tv_sec), uint64_t{1'000'000'000}, &ns)) return UINT64_MAX;
  if (__builtin_add_overflow(ns, static_cast<uint64_t>(t.tv_nsec), &ns)) return UINT64_MAX;
  return ns;
}

inline timespec to_timespec(uint64_t ns) {
  return {.tv_sec = static_cast<time_t>(ns / 1'000'000'000), .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace vitrine::os
