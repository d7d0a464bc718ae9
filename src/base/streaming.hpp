// Copying and filling that leaves the cache alone: for what is larger than the cache, where ordinary stores would first
// read every line that they are about to overwrite, and push out what is of use.
//
// The C library does so itself when it is asked for enough at once; whoever works in small pieces, to be able to stop,
// has to say it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vitrine {

/// From how many bytes in all on it pays (measured; about half of a last-level cache).
inline constexpr size_t kStreamingFrom = size_t{16} << 20;

/// As memset.
void fill_streaming(uint8_t* to, uint8_t value, size_t size);
/// As memmove where `to` is not above `from` or the two do not overlap.
void copy_streaming(uint8_t* to, const uint8_t* from, size_t size);

}  // namespace vitrine
