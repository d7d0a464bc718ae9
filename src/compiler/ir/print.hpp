// The text of a function, as parse.hpp reads it back.
//
//   function "name" sym7 wasm(i64, i32) -> i32 {
//     sig0 = wasm(i64, i32) -> i32
//     fn0 = sig0 sym12
//     ss0 = 16 align 8
//   block0(v0: i64, v1: i32):
//     v2 = load.i32 u8 v0+16 r3 trap=1 readonly @0x4f
//     v3 = icmp.i32 slt v1, v2
//     brif v3, block1(v2), block2 cold
//   ...
//   }
//
// `@0x4f` is the source location. Constants are decimal; a NaN prints as its bits in hexadecimal, and so does a vector.
#pragma once

#include <string>

#include "compiler/ir/func.hpp"

namespace vitrine::ir {

enum class Numbering : uint8_t {
  AsIs,   // the numbers that the data structure has
  Dense,  // values and blocks are numbered in the order of the text, so that equal functions print equally
};

std::string print(const Func& func, Numbering numbering = Numbering::AsIs);
/// One instruction without line break, with the numbers that the data structure has.
std::string print(const Func& func, Inst inst);

const char* name_of(IntCC cc);
const char* name_of(FloatCC cc);
const char* name_of(MemKind kind);
const char* name_of(Lanes lanes);

}  // namespace vitrine::ir
