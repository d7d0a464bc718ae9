#include "wasm/operator_decoder.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "wasm/immediates.hpp"
#include "wasm/limits.hpp"

namespace vitrine::wasm {

namespace {

struct HeapCode {
  uint8_t byte;
  HeapType::Abstract heap;
  Feature feature;
};

// spec: binary/types, abstract heap types (one-byte negative s33 numbers)
constexpr HeapCode kHeapCodes[] = {
    {0x70, HeapType::Func, Feature::ReferenceTypes},
    {0x6f, HeapType::Extern, Feature::ReferenceTypes},
    {0x6e, HeapType::Any, Feature::Gc},
    {0x6d, HeapType::Eq, Feature::Gc},
    {0x6c, HeapType::I31, Feature::Gc},
    {0x6b, HeapType::Struct, Feature::Gc},
    {0x6a, HeapType::Array, Feature::Gc},
    {0x69, HeapType::Exn, Feature::Exceptions},
    {0x74, HeapType::NoExn, Feature::Exceptions},
    {0x73, HeapType::NoFunc, Feature::Gc},
    {0x72, HeapType::NoExtern, Feature::Gc},
    {0x71, HeapType::None, Feature::Gc},
    {0x68, HeapType::Cont, Feature::StackSwitching},
    {0x75, HeapType::NoCont, Feature::StackSwitching},
};

const HeapCode* find_heap_code(uint8_t byte) {
  for (const HeapCode& code : kHeapCodes) {
    if (code.byte == byte) return &code;
  }
  return nullptr;
}

/// A reference type whose first byte, at `at`, is `byte` and was read. `kind` names what was wanted.
ValType decode_ref_type_after(ByteReader& r, Features features, uint8_t byte, uint32_t at, const char* kind) {
  if (byte == 0x63 || byte == 0x64) {
    if (!require_feature(r, features, Feature::FunctionReferences, "typed reference", at)) return {};
    return ValType::ref(decode_heap_type(r, features), byte == 0x63);
  }
  const HeapCode* code = find_heap_code(byte);
  if (code == nullptr) {
    r.fail(fmt::format("malformed {} type {:#04x}", kind, byte), at);
    return {};
  }
  ValType type = ValType::ref(code->heap, true);
  if (!features.has(code->feature)) require_feature(r, features, code->feature, "type " + to_string(type), at);
  return type;
}

}  // namespace

bool require_feature(ByteReader& r, Features features, Feature feature, std::string_view what, uint32_t offset) {
  if (features.has(feature)) return true;
  r.fail(fmt::format("{} {}", what, feature_refusal(feature)), offset, feature_error_kind(feature));
  return false;
}

ValType decode_val_type(ByteReader& r, Features features) {
  uint32_t at = r.offset();
  uint8_t byte = r.u8();
  switch (byte) {
    case 0x7f:
      return ValType::I32;
    case 0x7e:
      return ValType::I64;
    case 0x7d:
      return ValType::F32;
    case 0x7c:
      return ValType::F64;
    case 0x7b:
      if (!require_feature(r, features, Feature::Simd, "type v128", at)) return {};
      return ValType::V128;
    default:
      if (!r.ok()) return {};
      return decode_ref_type_after(r, features, byte, at, "value");
  }
}

ValType decode_ref_type(ByteReader& r, Features features) {
  uint32_t at = r.offset();
  uint8_t byte = r.u8();
  if (!r.ok()) return {};
  if (byte == 0x70) return ValType::funcref();  // tables of functions are as old as tables
  return decode_ref_type_after(r, features, byte, at, "reference");
}

HeapType decode_heap_type(ByteReader& r, Features features) {
  uint32_t at = r.offset();
  uint8_t byte = r.peek();
  int64_t code = r.s33();
  if (!r.ok()) return HeapType::Func;
  if (code >= 0) {
    if (!require_feature(r, features, Feature::FunctionReferences, "heap type by index", at)) return HeapType::Func;
    if (code >= kMaxTypes) {
      r.fail(fmt::format("unknown type {}", code), at, ErrorKind::Invalid);
      return HeapType::Func;
    }
    return HeapType::concrete(static_cast<uint32_t>(code));
  }
  const HeapCode* found = r.offset() == at + 1 ? find_heap_code(byte) : nullptr;
  if (found == nullptr) {
    r.fail("malformed heap type", at);
    return HeapType::Func;
  }
  if (!features.has(found->feature)) {
    require_feature(r, features, found->feature, "heap type " + to_string(HeapType(found->heap)), at);
  }
  return found->heap;
}

ValType decode_storage_type(ByteReader& r, Features features) {
  uint8_t byte = r.peek();
  if (byte == 0x78 || byte == 0x77) {
    r.u8();
    return byte == 0x78 ? ValType::I8 : ValType::I16;
  }
  return decode_val_type(r, features);
}

void OperatorDecoder::decode(ByteReader& r, Operator& op) {
  uint32_t at = r.offset();
  uint8_t byte = r.u8();
  if (!r.ok()) return;
  Op found;
  if (!is_prefix(byte)) [[likely]] {
    found = kOneByteOps[byte];
    if (found == Op::Illegal) return r.fail(fmt::format("illegal opcode {:02x}", byte), at);
  } else {
    uint32_t code = r.u32();
    if (!r.ok()) return;
    found = find_op(byte, code);
    if (found == Op::Illegal) return r.fail(fmt::format("illegal opcode {:02x} {:02x}", byte, code), at);
  }
  const OpInfo& row = info(found);
  if (!features_.has(row.feature)) [[unlikely]] {
    // An operator of a proposal is, where the proposal is off, an illegal opcode of the released language.
    bool proposal = info(row.feature).stage == Stage::Proposal;
    require_feature(r, features_, row.feature,
                    proposal ? fmt::format("illegal opcode {:02x}: {}", byte, row.mnemonic) : std::string(row.mnemonic),
                    at);
    return;
  }
  op.op = found;
  op.offset = at;
  decode_immediates(r, op);
}

void OperatorDecoder::decode_immediates(ByteReader& r, Operator& op) {
  switch (info(op.op).imm) {
    case Imm::BlockType:
      decode_block_type(r, op);
      break;
    case Imm::LabelTable:
      decode_labels(r, op);
      break;
    case Imm::TypeTable:
      op.index = r.u32();
      if (features_.has(Feature::ReferenceTypes)) {
        op.index2 = r.u32();
      } else {
        uint32_t at = r.offset();
        op.index2 = r.u8();
        if (op.index2 != 0) r.fail("zero byte expected", at);
      }
      break;
    case Imm::Memory:
      op.index = decode_memory_index(r);
      break;
    case Imm::MemArg:
      decode_memarg(r, op);
      break;
    case Imm::MemArgLane:
      decode_memarg(r, op);
      op.lanes[0] = r.u8();
      break;
    case Imm::I32:
      op.bits = static_cast<uint32_t>(r.s32());
      break;
    case Imm::I64:
      op.bits = static_cast<uint64_t>(r.s64());
      break;
    case Imm::F32:
      op.bits = r.word32();
      break;
    case Imm::F64:
      op.bits = r.word64();
      break;
    case Imm::V128:
      op.bits = r.word64();
      op.high = r.word64();
      break;
    case Imm::HeapType:
      op.type = ValType::ref(decode_heap_type(r, features_), true);
      break;
    case Imm::SelectTypes: {
      select_types_.clear();
      uint32_t n = r.count(kMaxResults, "select types");
      for (uint32_t i = 0; i < n && r.ok(); ++i) select_types_.push_back(decode_val_type(r, features_));
      op.select_types = select_types_;
      op.type = select_types_.empty() ? ValType() : select_types_[0];
      break;
    }
    case Imm::Data:
      op.index = decode_data_index(r);
      break;
    case Imm::DataMemory:
      op.index = decode_data_index(r);
      op.index2 = decode_memory_index(r);
      break;
    case Imm::MemoryMemory:
      op.index = decode_memory_index(r);
      op.index2 = decode_memory_index(r);
      break;
    case Imm::TypeData:
      op.index = r.u32();
      op.index2 = decode_data_index(r);
      break;
    case Imm::BrOnCast:
      decode_br_on_cast(r, op);
      break;
    case Imm::TryTable:
      decode_block_type(r, op);
      decode_catches(r, op);
      break;
    case Imm::Lane:
      op.lanes[0] = r.u8();
      break;
    case Imm::Lanes16:
      for (uint8_t& lane : op.lanes) lane = r.u8();
      break;
    case Imm::ZeroByte: {
      uint32_t at = r.offset();
      if (r.u8() != 0) r.fail("zero byte expected", at);
      break;
    }
    default: {
      const unsigned numbers = numbers_of(info(op.op).imm);
      VITRINE_DCHECK(numbers <= 2);
      if (numbers > 0) op.index = r.u32();
      if (numbers > 1) op.index2 = r.u32();
      break;
    }
  }
}

void OperatorDecoder::decode_memarg(ByteReader& r, Operator& op) {
  uint32_t at = r.offset();
  uint32_t flags = r.u32();
  bool has_memory = (flags & 0x40) != 0;
  if (flags >= 0x80 || (has_memory && !features_.has(Feature::MultiMemory))) {
    return r.fail(fmt::format("malformed memop flags {:#x}", flags), at);
  }
  op.mem.memory = has_memory ? r.u32() : 0;
  op.mem.align_log2 = flags & 0x3f;
  op.mem.offset = r.u64();
}

void OperatorDecoder::decode_block_type(ByteReader& r, Operator& op) {
  op.block_type_index = kNoIndex;
  op.block = {};
  uint8_t byte = r.peek();
  if (byte == 0x40) {
    r.u8();
    op.type = ValType();
    return;
  }
  // A one-byte negative number is a value type; everything else has to be a type index.
  if ((byte & 0xc0) == 0x40) {
    op.type = decode_val_type(r, features_);
    return;
  }
  uint32_t at = r.offset();
  int64_t index = r.s33();
  if (!r.ok()) return;
  if (index < 0) return r.fail("malformed block type", at);
  if (!require_feature(r, features_, Feature::MultiValue, "block type by index", at)) return;
  op.block_type_index = static_cast<uint32_t>(index);
}

uint32_t OperatorDecoder::decode_memory_index(ByteReader& r) {
  if (features_.has(Feature::MultiMemory)) return r.u32();
  uint32_t at = r.offset();
  if (r.u8() != 0) r.fail("zero byte expected", at);
  return 0;
}

uint32_t OperatorDecoder::decode_data_index(ByteReader& r) {
  uint32_t at = r.offset();
  uint32_t index = r.u32();
  if (!module_.data_count) r.fail("data count section required", at);
  return index;
}

void OperatorDecoder::decode_labels(ByteReader& r, Operator& op) {
  targets_.clear();
  uint32_t n = r.count(kMaxBrTableTargets, "branch table targets");
  for (uint32_t i = 0; i < n && r.ok(); ++i) targets_.push_back(r.u32());
  op.targets = targets_;
  op.index = r.u32();
}

void OperatorDecoder::decode_catches(ByteReader& r, Operator& op) {
  catches_.clear();
  uint32_t n = r.count(kMaxBrTableTargets, "catch clauses");
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    uint32_t at = r.offset();
    uint8_t kind = r.u8();
    if (kind > CatchClause::CatchAllRef) return r.fail("malformed catch clause", at);
    CatchClause clause{static_cast<CatchClause::Kind>(kind)};
    if (kind <= CatchClause::CatchRef) clause.tag = r.u32();
    clause.label = r.u32();
    catches_.push_back(clause);
  }
  op.catches = catches_;
}

void OperatorDecoder::decode_br_on_cast(ByteReader& r, Operator& op) {
  uint32_t at = r.offset();
  uint8_t flags = r.u8();
  if (flags & 0xfc) return r.fail("malformed br_on_cast flags", at);
  op.index = r.u32();
  op.type = ValType::ref(decode_heap_type(r, features_), flags & 1);
  op.type2 = ValType::ref(decode_heap_type(r, features_), flags & 2);
}

}  // namespace vitrine::wasm
