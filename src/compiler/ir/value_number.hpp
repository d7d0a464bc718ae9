// When two instructions answer the same: equality and a hash that agrees with it.
//
// Members that are not part of what is computed (results, source location, block, trap code) do not count. Equal
// instructions answer equal results where the second is executed after the first, if they are pure or readonly.
#pragma once

#include <algorithm>

#include "compiler/ir/func.hpp"

namespace vitrine::ir {

inline std::span<const Value> arg_list(const Func& f, const InstData& d) {
  return std::span(f.pool).subspan(d.a[0], d.a[1]);
}

inline bool same_value(const Func& f, const InstData& x, const InstData& y) {
  if (x.op != y.op || x.type != y.type || x.aux != y.aux || x.flags != y.flags || x.region != y.region ||
      x.imm != y.imm)
    return false;
  if (has_arg_list(x.op)) [[unlikely]]
    return std::ranges::equal(arg_list(f, x), arg_list(f, y));
  return x.a[0] == y.a[0] && x.a[1] == y.a[1] && x.a[2] == y.a[2];
}

/// Of the arguments of an operation that has a list of them. Out of line: hardly any does.
[[gnu::noinline]] inline uint64_t list_hash(const Func& f, const InstData& d) {
  uint64_t h = 0;
  for (Value v : arg_list(f, d)) h = (h ^ v.raw()) * 0xff51'afd7'ed55'8ccdull;
  return h;
}

/// Member by member: they may just have been written, and a load of two of them at once would wait for both.
inline uint32_t value_hash(const Func& f, const InstData& d) {
  // Low bits: a product carries what differs upwards only.
  uint64_t h = static_cast<uint64_t>(d.op) | static_cast<uint64_t>(d.type) << 8 | static_cast<uint64_t>(d.aux) << 16;
  h *= 0x9e37'79b9'7f4a'7c15ull;
  h += (uint64_t{d.imm} + 1) * 0xc2b2'ae3d'27d4'eb4full;
  if (has_arg_list(d.op)) [[unlikely]] {
    h ^= list_hash(f, d);
  } else {
    h ^= d.a[0] * 0x1656'67b1'9e37'79f9ull;
    h += d.a[1] * 0x85eb'ca77'c2b2'ae63ull;
    h ^= d.a[2] * 0x27d4'eb2f'1656'67c5ull;
  }
  h *= 0xff51'afd7'ed55'8ccdull;
  return static_cast<uint32_t>(h >> 32);
}

}  // namespace vitrine::ir
