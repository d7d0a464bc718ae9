// The back end for x86-64: from IR to the unit of a function, and the trampolines between compiled code and the host.
//
//   Func -> lower (machine code over virtual registers) -> regalloc -> emit -> CodeUnit
#pragma once

#include <memory>

#include "compiler/mach/backend.hpp"

namespace vitrine::x64 {

class Backend final : public mach::Backend {
 public:
  explicit Backend(const abi::CodegenSettings& settings);
  ~Backend() override;

  Result<> compile(ir::Func& func, abi::CodeUnit& out, const mach::Options& options) override;
  void begin_pieces() override;
  void may_call(const ir::Signature& signature) override;
  Result<> add_piece(ir::Func& piece, const mach::Options& options) override;
  Result<> finish_pieces(abi::CodeUnit& out) override;
  size_t memory_of_pieces() const override;
  void release_memory() override;
  void array_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) override;
  void host_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

extern const mach::Target kTarget;

}  // namespace vitrine::x64
