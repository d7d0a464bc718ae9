// Decoding of types and operators out of bytes, with no look at what they mean: the one place that knows how immediates
// are encoded. Errors are `Malformed`, or the refusal of a feature that is off; the validator comes after.
#pragma once

#include <vector>

#include "wasm/byte_reader.hpp"
#include "wasm/module.hpp"
#include "wasm/operator.hpp"

namespace vitrine::wasm {

/// Latches the refusal of `what` ("value type v128", "simd.add") that stands at `offset` and needs `feature`; false
/// then.
bool require_feature(ByteReader& r, Features features, Feature feature, std::string_view what, uint32_t offset);

ValType decode_val_type(ByteReader& r, Features features);
ValType decode_ref_type(ByteReader& r, Features features);
HeapType decode_heap_type(ByteReader& r, Features features);
/// As `decode_val_type`, and the packed types besides.
ValType decode_storage_type(ByteReader& r, Features features);

class OperatorDecoder {
 public:
  OperatorDecoder(const Module& module, Features features) : module_(module), features_(features) {}

  /// Decodes one operator with its immediates into `op`. A block type by index leaves `op.block` empty and sets
  /// `op.block_type_index`; one by value type puts it into `op.type`, bottom standing for none.
  void decode(ByteReader& r, Operator& op);
  /// The rest of `decode` when the opcode was read and the feature checked.
  void decode_immediates(ByteReader& r, Operator& op);
  Features features() const { return features_; }

 private:
  void decode_memarg(ByteReader& r, Operator& op);
  void decode_block_type(ByteReader& r, Operator& op);
  uint32_t decode_memory_index(ByteReader& r);
  uint32_t decode_data_index(ByteReader& r);
  void decode_labels(ByteReader& r, Operator& op);
  void decode_catches(ByteReader& r, Operator& op);
  void decode_br_on_cast(ByteReader& r, Operator& op);

  const Module& module_;
  Features features_;
  std::vector<uint32_t> targets_;
  std::vector<CatchClause> catches_;
  std::vector<ValType> select_types_;
};

}  // namespace vitrine::wasm
