#include "text/operator_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "wasm/opcode.hpp"

namespace vitrine::text {

namespace {

std::string block_type(const wasm::Operator& op) {
  if (op.block_type_index != wasm::kNoIndex) return fmt::format(" (type {})", op.block_type_index);
  if (op.block.results.empty()) return {};
  return fmt::format(" (result {})", to_string(op.block.results[0]));
}

std::string mem_arg(const wasm::Operator& op) {
  std::string text;
  if (op.mem.memory) text += fmt::format(" {}", op.mem.memory);
  if (op.mem.offset) text += fmt::format(" offset={}", op.mem.offset);
  return text + fmt::format(" align={}", 1u << op.mem.align_log2);
}

std::string float_text(double value, uint64_t payload, bool negative) {
  if (std::isnan(value)) return fmt::format("{}nan:{:#x}", negative ? "-" : "", payload);
  return fmt::format("{}", value);
}

std::string f32_text(uint64_t bits) {
  auto narrow = static_cast<uint32_t>(bits);
  float value;
  std::memcpy(&value, &narrow, sizeof value);
  if (!std::isnan(value)) return fmt::format("{}", value);
  return float_text(value, narrow & 0x7f'ffff, narrow >> 31);
}

std::string f64_text(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return float_text(value, bits & 0xf'ffff'ffff'ffff, bits >> 63);
}

std::string catches(const wasm::Operator& op) {
  constexpr const char* kNames[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  std::string text = block_type(op);
  for (const wasm::CatchClause& c : op.catches) {
    text += fmt::format(" ({}", kNames[c.kind]);
    if (c.kind == wasm::CatchClause::Catch || c.kind == wasm::CatchClause::CatchRef) text += fmt::format(" {}", c.tag);
    text += fmt::format(" {})", c.label);
  }
  return text;
}

std::string immediates(const wasm::Operator& op) {
  using wasm::Imm;
  switch (info(op.op).imm) {
    case Imm::None:
    case Imm::ZeroByte:
      return {};
    case Imm::BlockType:
      return block_type(op);
    case Imm::TryTable:
      return catches(op);
    case Imm::LabelTable: {
      std::string text;
      for (uint32_t target : op.targets) text += fmt::format(" {}", target);
      return text + fmt::format(" {}", op.index);
    }
    case Imm::Label:
    case Imm::Func:
    case Imm::Type:
    case Imm::Local:
    case Imm::Global:
    case Imm::Data:
    case Imm::Elem:
    case Imm::Tag:
    case Imm::Table:
      return fmt::format(" {}", op.index);
    case Imm::Memory:
      return op.index ? fmt::format(" {}", op.index) : std::string();
    case Imm::TypeTable:
      return fmt::format("{} (type {})", op.index2 ? fmt::format(" {}", op.index2) : "", op.index);
    case Imm::DataMemory:
    case Imm::ElemTable:
      return fmt::format("{} {}", op.index2 ? fmt::format(" {}", op.index2) : "", op.index);
    case Imm::MemoryMemory:
    case Imm::TableTable:
      return op.index || op.index2 ? fmt::format(" {} {}", op.index, op.index2) : std::string();
    case Imm::TypeField:
    case Imm::TypeCount:
    case Imm::TypeData:
    case Imm::TypeElem:
    case Imm::TypeType:
      return fmt::format(" {} {}", op.index, op.index2);
    case Imm::MemArg:
      return mem_arg(op);
    case Imm::MemArgLane:
      return fmt::format("{} {}", mem_arg(op), op.lanes[0]);
    case Imm::I32:
      return fmt::format(" {}", static_cast<int32_t>(op.bits));
    case Imm::I64:
      return fmt::format(" {}", static_cast<int64_t>(op.bits));
    case Imm::F32:
      return " " + f32_text(op.bits);
    case Imm::F64:
      return " " + f64_text(op.bits);
    case Imm::V128:
      return fmt::format(" i64x2 {:#x} {:#x}", op.bits, op.high);
    case Imm::HeapType:
      return fmt::format(" {}", to_string(op.type.heap()));
    case Imm::SelectTypes:
      return fmt::format(" (result {})", op.select_types.empty() ? "" : to_string(op.select_types[0]));
    case Imm::BrOnCast:
      return fmt::format(" {} {} {}", op.index, to_string(op.type), to_string(op.type2));
    case Imm::Lane:
      return fmt::format(" {}", op.lanes[0]);
    case Imm::Lanes16: {
      std::string text;
      for (uint8_t lane : op.lanes) text += fmt::format(" {}", lane);
      return text;
    }
  }
  return {};
}

}  // namespace

std::string operator_text(const wasm::Operator& op) {
  return std::string(info(op.op).mnemonic) + immediates(op);
}

}  // namespace vitrine::text
