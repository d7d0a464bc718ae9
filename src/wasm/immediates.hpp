// The form of immediates, for those who read and those who skip them.
#pragma once

#include "wasm/opcode.hpp"

namespace vitrine::wasm {

/// Of how many LEB128 numbers an immediate consists, if of nothing else; otherwise kNotNumbers.
inline constexpr unsigned kNotNumbers = ~0u;
constexpr unsigned numbers_of(Imm imm) {
  switch (imm) {
    case Imm::None:
      return 0;
    case Imm::Label:
    case Imm::Func:
    case Imm::Type:
    case Imm::Local:
    case Imm::Global:
    case Imm::Table:
    case Imm::Memory:
    case Imm::I32:
    case Imm::I64:
    case Imm::HeapType:
    case Imm::Data:
    case Imm::Elem:
    case Imm::Tag:
      return 1;
    case Imm::TypeTable:
    case Imm::DataMemory:
    case Imm::ElemTable:
    case Imm::MemoryMemory:
    case Imm::TableTable:
    case Imm::TypeField:
    case Imm::TypeCount:
    case Imm::TypeData:
    case Imm::TypeElem:
    case Imm::TypeType:
      return 2;
    default:
      return kNotNumbers;
  }
}

}  // namespace vitrine::wasm
