// What every vector instruction answers, written as plainly as the specification writes it: loops over lanes, no
// intrinsics, no vector types. Tests compare compiled code with it, and it is itself compared with V8 (model_test.cpp).
//
// The answer is a set: a NaN may be one of many, and relaxed instructions have several behaviours to choose from. The
// first choice of each lane is that of the deterministic profile.
//
// spec: exec/numerics (3.0), relaxed operations as in proposals/relaxed-simd/Overview.md, where that says less
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/opcode.hpp"

namespace vitrine::simd {

using V128 = std::array<uint8_t, 16>;

/// What an instruction is given. Operands of type v128 are in `v` in their order; the one of another type is `x`.
struct Operands {
  std::array<V128, 3> v{};
  uint64_t x = 0;
  V128 lanes{};   // immediate: lanes[0], sixteen of i8x16.shuffle, bytes of v128.const
  V128 memory{};  // what lies at the address of a load
};

struct Choice {
  enum Kind : uint8_t { Exact, CanonicalNan, ArithmeticNan };
  uint64_t bits = 0;  // of a NaN: the one of the deterministic profile
  Kind kind = Exact;
};

/// What a lane may be.
class Lane {
 public:
  Lane() = default;
  Lane(Choice only) { add(only); }
  void add(Choice c) { choices_[count_++] = c; }
  std::span<const Choice> choices() const { return std::span(choices_).first(count_); }
  const Choice& deterministic() const { return choices_[0]; }

 private:
  std::array<Choice, 6> choices_;
  uint8_t count_ = 0;
};

/// A result: `count` lanes of `lane_bytes` each. Of a scalar, one lane; of a store, the bytes that it writes.
struct Expected {
  uint8_t lane_bytes = 1;
  uint8_t count = 0;
  std::array<Lane, 16> lanes;

  size_t size() const { return size_t{lane_bytes} * count; }
  /// Whether the first `size()` bytes of `got` are such a result.
  bool allows(std::span<const uint8_t> got) const;
  /// Whether they are that of the deterministic profile.
  bool is_deterministic(std::span<const uint8_t> got) const;
  /// Whether there is one choice for each lane, and no NaN to choose.
  bool is_exact() const;
  V128 deterministic() const;
  std::string text() const;
};

/// Whether there is a model of this instruction, which has to be one of prefix 0xfd.
bool has_model(wasm::Op op);
Expected expect(wasm::Op op, const Operands& operands);

/// The type of lane that operands are read as: "i8x16" of v128.and.
enum class Shape : uint8_t { I8x16, I16x8, I32x4, I64x2, F32x4, F64x2 };
Shape operand_shape(wasm::Op op);
constexpr unsigned lane_bytes(Shape s) {
  constexpr unsigned kBytes[] = {1, 2, 4, 8, 4, 8};
  return kBytes[static_cast<size_t>(s)];
}

std::string hex(std::span<const uint8_t> bytes);

}  // namespace vitrine::simd
