// For tests: compiles IR from text, maps it executable and runs it through its array-call trampoline, with a little
// runtime that turns signals at trap sites into answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "abi/settings.hpp"
#include "abi/trap.hpp"
#include "abi/vmcontext.hpp"
#include "compiler/ir/func.hpp"
#include "compiler/x64/backend.hpp"
#include "compiler/x64/unwind.hpp"

namespace vitrine::x64::testing {

/// The ways to compile that every test tries: fast or optimising, with all that this CPU has or with the least.
struct Way {
  std::string name;
  abi::CodegenSettings settings;
};
const std::vector<Way>& ways();

/// What a call gave: `trap` (and its place), or results as bits.
struct Outcome {
  abi::TrapCode trap = abi::TrapCode::None;
  uint32_t srcloc = 0;
  std::vector<uint64_t> results;
  std::vector<uint64_t> high;  // the upper halves of results that are vectors, 0 of others
};

/// Several functions linked together. Function number n has symbol n. Every context is followed by `kData` bytes.
class Program {
 public:
  static constexpr size_t kData = 4096;
  /// Offset of the data in a context, for [vmctx + kDataOffset].
  static constexpr size_t kDataOffset = 64;

  Program(const Way& way, std::string_view functions, bool restore_context = false);
  Program(const Way& way, std::vector<ir::Func> functions, bool restore_context = false);
  ~Program();
  Program(const Program&) = delete;

  /// Of vectors, both halves are what is given.
  Outcome call(uint32_t function, const std::vector<uint64_t>& args, unsigned context = 0);
  /// Calls with `values` as they are and the activation that the store has; answers what the trampoline answers.
  bool enter(uint32_t function, abi::ValRaw* values);
  /// The same for some other code of the function's type.
  bool enter_code(uint32_t function, const void* code, abi::ValRaw* values);
  uint64_t call1(uint32_t function, const std::vector<uint64_t>& args);
  const void* code(uint32_t function) const { return text_ + offsets_[function]; }
  abi::VMContext* context(unsigned n) { return reinterpret_cast<abi::VMContext*>(contexts_[n].get()); }
  uint8_t* data(unsigned n = 0) { return contexts_[n].get() + kDataOffset; }
  abi::VMStore& store() { return store_; }
  /// A host-call trampoline for `sig`, in the text.
  const void* host_trampoline(const ir::Signature& sig);
  /// Everything in the text, for unwind information.
  const std::vector<abi::FrameEntry>& pieces() const { return tables_.frames; }
  const abi::SideTables<abi::OwnedTable>& tables() const { return tables_; }
  const uint8_t* text() const { return text_; }
  std::string vcode;

 private:
  void build(const Way& way, std::vector<ir::Func> functions, bool restore_context);
  uint32_t append(const abi::CodeUnit& unit);

  std::unique_ptr<Backend> backend_;
  std::vector<ir::Signature> sigs_;
  std::vector<uint32_t> offsets_, trampolines_;
  abi::SideTables<abi::OwnedTable> tables_;
  std::unique_ptr<uint8_t[]> contexts_[2];
  abi::VMStore store_{};
  uint8_t* text_ = nullptr;
  size_t used_ = 0;
  friend struct SignalHandler;
};

}  // namespace vitrine::x64::testing
