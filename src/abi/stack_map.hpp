// Which places of a frame hold references while a call runs: for collectors that find and move what is referred to.
//
// A map belongs to a call and is found by its return address. Its bytes are LEB128 numbers: the callee-saved registers
// that hold references (a bit each, by hardware number), how many words of the frame do, and the words' numbers, each
// less the one before and one. A word is 4 bytes, counted up from the lowest address of the frame. Calls one after the
// other that have the same map share its bytes. Damaged bytes give wrong words, never reads beyond them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::abi {

struct StackMap {
  uint32_t offset;    // the return address
  uint32_t position;  // of its first byte
};

/// A map, decoded.
struct LiveRefs {
  uint32_t registers = 0;
  std::vector<uint32_t> words;  // increasing
  friend bool operator==(const LiveRefs&, const LiveRefs&) = default;
};

/// Appends a map to the tables of a unit. Return addresses come in increasing order.
void add_stack_map(std::vector<StackMap>& maps, std::vector<uint8_t>& bytes, uint32_t offset, const LiveRefs& refs);
/// The map of the call that returns to `offset`, if it has one.
std::optional<LiveRefs> find_stack_map(std::span<const StackMap> maps, std::span<const uint8_t> bytes, uint32_t offset);

}  // namespace vitrine::abi
