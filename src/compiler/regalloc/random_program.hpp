// Random allocation problems for tests, fuzzing and measurement: SSA, reducible, every constraint of the interface.
#pragma once

#include "compiler/regalloc/program.hpp"

namespace vitrine::regalloc {

struct RandomShape {
  uint32_t insts = 60;       // about how many
  uint32_t max_nesting = 4;  // of loops and conditionals
  uint32_t call_percent = 6;
  uint32_t invoke_percent = 20;  // of two-way branches: calls that end the block
  uint32_t odd_percent = 15;     // instructions with fixed, early, late and stack operands
  uint32_t live = 12;            // how many recent values an operand is chosen from
  uint32_t old_percent = 20;     // how often an operand is any value in scope instead
  bool small_machine = false;
  bool int_scratch = false;  // the machine breaks integer cycles through a register
  bool shuffle_cold = true;  // cold blocks go to the end of the layout
};

Program random_program(uint64_t seed, const RandomShape& shape);

}  // namespace vitrine::regalloc
