#include "compiler/x64/backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "compiler/x64/callconv.hpp"
#include "compiler/x64/cpu.hpp"
#include "compiler/x64/emit.hpp"
#include "compiler/x64/lower.hpp"
#include "compiler/x64/unwind.hpp"

namespace vitrine::x64 {

namespace {

// Above these a function is compiled in the fast mode: its time and memory stay proportional to its size.
constexpr size_t kMaxVRegs = 400'000;
constexpr size_t kMaxInsts = 600'000;

#if VITRINE_VERIFY
[[noreturn]] void report(const mach::VCode& code, const regalloc::Output* allocation, const std::string& what) {
  std::fprintf(stderr, "%s\nvitrine: internal error: %s\n", mach::print(code, kPrinting, allocation).c_str(),
               what.c_str());
  std::abort();
}
#endif

}  // namespace

struct Backend::Impl {
  explicit Impl(const abi::CodegenSettings& s) : settings(s), lower(s), emitter(s) { clobbers[1] = call_clobbers(); }

  void lower_function(ir::Func& func, const mach::Options& options, bool fast);
  void allocate(bool fast);

  const abi::CodegenSettings settings;
  Lower lower;
  Emitter emitter;
  mach::VCode code;
  regalloc::Output allocation;
  std::vector<abi::AddressEntry> places;
  PRegSet clobbers[2];
  uint32_t outgoing = 0, pieces = 0;  // of a function in pieces
};

Backend::Backend(const abi::CodegenSettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Backend::~Backend() = default;

void Backend::Impl::allocate(bool fast) {
  regalloc::Input in;
  in.blocks = code.blocks;
  in.insts = code.infos;
  in.operands = code.operands;
  in.clobber_sets = clobbers;
  in.vregs = code.vregs;
  in.order[0] = allocation_order(regalloc::RegClass::Int);
  in.order[1] = allocation_order(regalloc::RegClass::Float);
  in.callee_saved = callee_saved();
  in.scratch = kScratchFloat;
  if (fast)
    regalloc::allocate_fast(in, allocation);
  else
    regalloc::allocate_linear_scan(in, allocation);
#if VITRINE_VERIFY
  if (std::string broken = regalloc::check(in, allocation); !broken.empty())
    report(code, &allocation, fmt::format("register allocation ({}): {}", fast ? "fast" : "linear scan", broken));
#endif
}

void Backend::Impl::lower_function(ir::Func& func, const mach::Options& options, bool fast) {
  lower.run(func, code, {.fast = fast, .restore_context_after_calls = options.restore_context_after_calls});
#if VITRINE_VERIFY
  if (std::string broken = mach::verify(code); !broken.empty()) report(code, nullptr, broken);
  if (std::string broken = verify_flags(code); !broken.empty()) report(code, nullptr, broken);
  if (std::string broken = verify_operands(code); !broken.empty()) report(code, nullptr, broken);
#endif
  if (options.vcode) *options.vcode = mach::print(code, kPrinting);
}

Result<> Backend::compile(ir::Func& func, abi::CodeUnit& out, const mach::Options& options) {
  TRY(check_cpu_features(impl_->settings.cpu_features));
  const bool fast_lowering = options.fast || impl_->settings.opt_level == 0;
  impl_->lower_function(func, options, fast_lowering);
  const bool fast_allocation = fast_lowering || impl_->settings.single_pass_regalloc ||
                               impl_->code.vregs.size() > kMaxVRegs || impl_->code.insts.size() > kMaxInsts;
  impl_->allocate(fast_allocation);
  TRY(impl_->emitter.run(impl_->code, impl_->allocation, !fast_lowering, out, impl_->places));
  mach::encode_sources(func, impl_->places, out);
  return {};
}

// -- pieces

void Backend::begin_pieces() {
  impl_->outgoing = 0;
  impl_->pieces = 0;
}

void Backend::may_call(const ir::Signature& signature) {
  impl_->outgoing = std::max(impl_->outgoing, stack_arg_bytes(signature) + stack_result_bytes(signature));
}

Result<> Backend::add_piece(ir::Func& piece, const mach::Options& options) {
  TRY(check_cpu_features(impl_->settings.cpu_features));
  if (impl_->pieces++ == 0) impl_->emitter.begin_pieces(impl_->outgoing);
  impl_->lower_function(piece, options, true);
  impl_->allocate(true);
  impl_->emitter.add_piece(impl_->code, impl_->allocation);
  return {};
}

Result<> Backend::finish_pieces(abi::CodeUnit& out) {
  TRY(impl_->emitter.finish_pieces(out, impl_->places));
  mach::encode_sources({}, impl_->places, out);
  return {};
}

size_t Backend::memory_of_pieces() const {
  return impl_->emitter.memory();
}

void Backend::release_memory() {
  const abi::CodegenSettings settings = impl_->settings;
  impl_.reset();
  impl_ = std::make_unique<Impl>(settings);
  regalloc::release_memory();
}

void Backend::array_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) {
  impl_->emitter.array_call_trampoline(signature, out);
}

void Backend::host_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) {
  impl_->emitter.host_call_trampoline(signature, out);
}

const mach::Target kTarget{
    .machine = abi::kX64,
    .code_alignment = 16,
    .padding = 0xcc,  // int3
    .max_unwind_bytes = kMaxUnwindBytes,
    .make_backend = [](const abi::CodegenSettings& settings) -> std::unique_ptr<mach::Backend> {
      return std::make_unique<Backend>(settings);
    },
    .make_eh_frame = make_eh_frame,
    .host_cpu_features = host_cpu_features,
};

}  // namespace vitrine::x64
