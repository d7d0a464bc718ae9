#include "text/wast_script.hpp"

#include <cstring>

#include "base/assert.hpp"

namespace vitrine::text {
namespace {

template <class Bits>
bool matches_float(NanPattern nan, Bits expected, Bits actual, unsigned mantissa_bits) {
  if (nan == NanPattern::None) return expected == actual;
  Bits sign = Bits{1} << (sizeof(Bits) * 8 - 1);
  Bits quiet = Bits{1} << (mantissa_bits - 1);
  Bits exponent = (sign - 1) & ~((Bits{1} << mantissa_bits) - 1);
  Bits magnitude = actual & ~sign;
  if (nan == NanPattern::Canonical) return magnitude == (exponent | quiet);
  return (magnitude & (exponent | quiet)) == (exponent | quiet);
}

// Threads nest, but the parser bounds how deep.
void count_into(const std::vector<Command>& commands, CommandCounts& counts) {
  for (const Command& command : commands) {
    ++counts.by_kind[static_cast<size_t>(command.kind)];
    count_into(command.commands, counts);
  }
}

}  // namespace

bool matches_f32(NanPattern nan, uint32_t expected, uint32_t actual) {
  return matches_float(nan, expected, actual, 23);
}
bool matches_f64(NanPattern nan, uint64_t expected, uint64_t actual) {
  return matches_float(nan, expected, actual, 52);
}

bool Pattern::matches_bits(uint64_t actual) const {
  switch (kind) {
    case Kind::I32:
      return static_cast<uint32_t>(bits) == static_cast<uint32_t>(actual);
    case Kind::I64:
      return bits == actual;
    case Kind::F32:
      return matches_f32(nan, static_cast<uint32_t>(bits), static_cast<uint32_t>(actual));
    case Kind::F64:
      return matches_f64(nan, bits, actual);
    default:
      return false;
  }
}

bool Pattern::matches_v128(std::span<const uint8_t, 16> actual) const {
  if (kind != Kind::V128) return false;
  size_t size = lane_bits(shape) / 8;
  VITRINE_DCHECK(lanes.size() == lane_count(shape));
  for (size_t i = 0; i < lanes.size(); ++i) {
    uint64_t lane = 0;
    std::memcpy(&lane, actual.data() + i * size, size);
    bool same = lanes[i].bits == lane;
    if (shape == Shape::F32x4) {
      same = matches_f32(lanes[i].nan, static_cast<uint32_t>(lanes[i].bits), static_cast<uint32_t>(lane));
    } else if (shape == Shape::F64x2) {
      same = matches_f64(lanes[i].nan, lanes[i].bits, lane);
    }
    if (!same) return false;
  }
  return true;
}

std::string_view command_name(Command::Kind kind) {
  static constexpr std::string_view kNames[] = {"module",
                                                "component",
                                                "register",
                                                "action",
                                                "assert_return",
                                                "assert_trap",
                                                "assert_exhaustion",
                                                "assert_exception",
                                                "assert_suspension",
                                                "assert_invalid",
                                                "assert_malformed",
                                                "assert_unlinkable",
                                                "assert_uninstantiable",
                                                "assert_invalid_custom",
                                                "assert_malformed_custom",
                                                "thread",
                                                "wait",
                                                "malformed command"};
  static_assert(std::size(kNames) == static_cast<size_t>(Command::Kind::Malformed) + 1);
  return kNames[static_cast<size_t>(kind)];
}

uint32_t CommandCounts::assertions() const {
  uint32_t sum = 0;
  for (size_t i = 0; i < by_kind.size(); ++i) {
    if (is_assertion(static_cast<Command::Kind>(i))) sum += by_kind[i];
  }
  return sum;
}

uint32_t CommandCounts::commands() const {
  uint32_t sum = 0;
  for (uint32_t n : by_kind) sum += n;
  return sum - of(Command::Kind::Malformed);
}

CommandCounts count_commands(const Script& script) {
  CommandCounts counts;
  count_into(script.commands, counts);
  return counts;
}

}  // namespace vitrine::text
