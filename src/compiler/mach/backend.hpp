// What the driver asks of a back end, and what it has to know of the machine. The driver reaches a back end through
// this alone (compiler/targets says which there are).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "abi/code_unit.hpp"
#include "abi/machine.hpp"
#include "abi/settings.hpp"
#include "base/result.hpp"
#include "compiler/ir/func.hpp"

namespace vitrine::mach {

struct Options {
  /// Some function of the module may leave by a tail call to a function with another context: every call restores the
  /// context register afterwards, not only those that change it.
  bool restore_context_after_calls = false;
  /// Compile this function in the fast mode, whatever the settings say.
  bool fast = false;
  /// If there is one, it gets the text of the machine code over virtual registers.
  std::string* vcode = nullptr;
};

class Backend {  // one per thread; it keeps its scratch memory from function to function
 public:
  virtual ~Backend() = default;

  /// Compiles `func` into `out`, whose memory is reused. `func` is laid out (critical edges split), and changed only in
  /// that aliases are shortened. Errors: Unsupported when the CPU features of the settings are below what is required;
  /// Limit when the frame would be larger than the stack could ever be.
  virtual Result<> compile(ir::Func& func, abi::CodeUnit& out, const Options& options) = 0;
  /// A function in pieces (see `label` in ir/opcodes.def), each laid out and compiled by itself, in the fast mode, when
  /// it is added; the one with the entry comes first. `may_call`, before the first one: a signature that some piece
  /// may call. Whatever was begun and not finished is dropped. Errors are those of `compile`.
  virtual void begin_pieces() = 0;
  virtual void may_call(const ir::Signature& signature) = 0;
  virtual Result<> add_piece(ir::Func& piece, const Options& options) = 0;
  virtual Result<> finish_pieces(abi::CodeUnit& out) = 0;
  /// About how many bytes the pieces so far need until `finish_pieces` has answered, its answer included.
  virtual size_t memory_of_pieces() const = 0;
  /// Gives back what a very large function left behind. What was begun is dropped.
  virtual void release_memory() = 0;
  /// Code of type abi::ArrayCall for functions of `signature` (Wasm convention, parameter 0 the context).
  virtual void array_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) = 0;
  /// Code of `signature` (Wasm convention) that calls the VMHostContext in its context parameter.
  virtual void host_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) = 0;
};

struct Target {
  const abi::Machine& machine;
  uint32_t code_alignment;    // of units, a power of two; no less than that of any constant
  uint8_t padding;            // bytes between units: executing them ends the program
  uint32_t max_unwind_bytes;  // of one unit in .eh_frame
  std::unique_ptr<Backend> (*make_backend)(const abi::CodegenSettings& settings);
  /// The contents of .eh_frame. `text_distance` is the address of the text minus the address at which these bytes will
  /// stand (references are relative to their own place). Ends with the terminator.
  std::vector<uint8_t> (*make_eh_frame)(std::span<const abi::FrameEntry> frames, int64_t text_distance);
  /// What the CPU that this runs on can do; an error of kind Unsupported when that is less than what is required.
  Result<uint32_t> (*host_cpu_features)();
};

/// Puts where the code is from into the unit: `places` with the srclocs of `func`'s instructions, by increasing offset.
/// What came by inlining is from the callee's body. `places` is used up.
void encode_sources(const ir::Func& func, std::span<abi::AddressEntry> places, abi::CodeUnit& out);

}  // namespace vitrine::mach
