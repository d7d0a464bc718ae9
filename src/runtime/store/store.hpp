// A store: one guest world. Owns instances and everything they are made of; one thread at a time.
//
// All pointers it gives out live as long as it does.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "abi/vmcontext.hpp"
#include "base/lazy.hpp"
#include "base/stable_vector.hpp"
#include "runtime/engine/engine.hpp"
#include "runtime/failure/backtrace.hpp"
#include "runtime/failure/failure.hpp"
#include "runtime/store/cancellation.hpp"
#include "runtime/store/extern.hpp"
#include "runtime/store/externrefs.hpp"
#include "runtime/store/global.hpp"
#include "runtime/store/instance.hpp"
#include "runtime/store/limiter.hpp"
#include "runtime/store/memory.hpp"
#include "runtime/store/table.hpp"

namespace vitrine::runtime {

class CompiledModule;

/// A function of the host. Its env is somebody else's, and outlives the store.
struct HostFunction {
  abi::VMHostContext context;
  TypeSet type;
  HostFunction() = default;
  HostFunction(const HostFunction&) = delete;
  HostFunction& operator=(const HostFunction&) = delete;
  abi::VMFuncRef* funcref() { return &context.funcref; }
};

/// What the trap handler leaves for the host's entry.
struct TrapRecord {
  abi::TrapCode code = abi::TrapCode::None;
  size_t frame_count = 0;
};

class Store {
 public:
  explicit Store(std::shared_ptr<Engine> engine);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Engine& engine() const { return *engine_; }
  const std::shared_ptr<Engine>& shared_engine() const { return engine_; }
  abi::VMStore& vm() { return vm_; }
  const abi::VMStore& vm() const { return vm_; }
  uint64_t max_wasm_stack() const { return max_wasm_stack_; }
  static Store& of(const abi::VMStore* vm) { return *static_cast<Store*>(vm->host_store); }

  // -- making things

  /// Checks the imports (in the module's order) and allocates. Segments, builtins and the start function are left to
  /// `runtime::instantiate`.
  Result<Instance*> new_instance(std::shared_ptr<const CompiledModule> module, std::span<const Extern> imports);
  /// `type` is a function type of the engine; the store holds it from now on.
  HostFunction* new_host_function(TypeSet type, abi::HostCall call, void* env);
  /// The same for a type that somebody holds as long as the store lives.
  HostFunction* new_host_function(TypeId type, abi::HostCall call, void* env);
  Result<Memory*> new_memory(const wasm::MemoryType& type);
  /// Types in terms of the engine; the store holds from now on what they name.
  Result<Table*> new_table(const wasm::TableType& type, uint64_t init);
  Global* new_global(const wasm::GlobalType& type, const abi::ValRaw& value);

  /// Gives a host function's funcref its code if a module of the store has trampolines of its signature; done by
  /// whoever puts a funcref where guests find it. Harmless for every other funcref.
  void resolve(abi::VMFuncRef* func);

  /// Before a new one is added, garbage is collected if that is due.
  ExternRefs& externrefs() { return externrefs_; }
  const ExternRefs& externrefs() const { return externrefs_; }
  /// Drops the extern references that nobody can reach; answers how many. None while a guest is active.
  size_t collect_garbage();

  // -- limits, fuel, epochs

  void set_limits(const StoreLimits& limits) { limits_ = limits; }
  const StoreLimits& limits() const { return limits_; }
  void set_limiter(Limiter limiter);
  /// Asks the limits, then the limiter. The failure is not reported to the limiter yet; if the limiter throws, it was told.
  std::expected<void, GrowthFailure> may_grow(const Growth& growth);
  /// Tells the limiter, and passes the failure on.
  std::unexpected<GrowthFailure> grow_failed(const Growth& growth, GrowthFailure failure);
  void tell_failed(const Growth& growth, const Error& why);

  /// Fuel left. Exhausted at 0.
  void set_fuel(uint64_t fuel);
  uint64_t fuel() const;
  /// Adds what is held back above what VMStore::fuel can count; false if there is none.
  bool refill();

  /// Interrupted when the engine's epoch is `ticks` ahead of now.
  void set_epoch_deadline(uint64_t ticks);
  void set_epoch_callback(EpochCallback callback) { epoch_callback_ = std::move(callback); }
  /// What EpochDecision::yield does; without it yielding is an error.
  void set_yield_hook(YieldHook hook) { yield_hook_ = std::move(hook); }
  /// At the deadline; false: the guest ends.
  bool new_epoch();

  // -- failures

  /// Leaves the failure for the host's entry, with the frames of the guest that is calling the host now, unless it has
  /// frames already (its own, or those of the error in it), or there is no memory for them. A host function answers
  /// nonzero afterwards.
  void raise(FailurePtr failure) noexcept;
  bool has_raised() const { return raised_ != nullptr; }
  /// In a `catch (...)` round the host's code: raises the exception. One that nobody may catch (pthread_exit, the
  /// cancellation of the thread) goes on, through the guest's frames.
  void carry_exception();
  /// What ended the call: the raised failure, else the recorded trap.
  FailurePtr take_failure();
  /// Runs `f`, which enters guests, for a host function that has raised its error and did not answer with it yet: the
  /// error waits, and ends the outer call afterwards.
  template <class F>
  auto keeping_raised(F&& f) {
    FailurePtr raised = take_failure();
    auto outcome = f();
    raise(std::move(raised));
    return outcome;
  }
  /// Async-signal-safe. `at` as for LiveFrames.
  void record_trap(abi::TrapCode code, const std::optional<GuestRegisters>& at);
  /// Whether the address is in the reservation of one of the store's memories, or of a memory that belongs to the
  /// engine (async-signal-safe).
  bool is_memory_address(uintptr_t address) const;

  // -- cancellation (see Cancellation)

  /// Who may cancel the store; the same object each time. Any thread.
  const std::shared_ptr<Cancellation>& cancellation();
  /// Async-signal-safe; any thread.
  bool is_cancelled() const { return __atomic_load_n(&vm_.is_cancelled, __ATOMIC_ACQUIRE) != 0; }
  /// What a call of a cancelled store answers: the same as the one that was running.
  FailurePtr cancelled_failure() const;
  /// Whether a guest or bulk operation has to end now: cancelled, or at its epoch deadline. The reason is raised then.
  bool is_interrupted();

  /// The thread that may enter a guest without `enter`, as it runs the store's guests already; null if none did, and
  /// when it is cancelled.
  os::Thread* thread_at_home() const { return at_home_.load(std::memory_order_relaxed); }
  /// The thread of the innermost activation, or of the last one there was.
  os::Thread* running_thread() const { return running_.load(std::memory_order_relaxed); }
  /// The calling thread enters a guest, and its activation is listed; false: the store is cancelled.
  bool enter(os::Thread& thread);
  /// It has left again, and an activation of another thread's is the innermost one now.
  void go_back_to(os::Thread& thread) { (void)enter(thread); }

  // -- for Cancellation, from any thread while the store lives

  /// From now on no thread enters; answers the one that was at home.
  os::Thread* refuse_entry();
  /// In a child of fork: who ran it last, and runs nothing now, may be gone.
  void look_after_fork() {
    if (has_activation()) return;
    // Both: who is at home enters without saying that it runs the guest.
    at_home_.store(nullptr, std::memory_order_relaxed);
    running_.store(nullptr, std::memory_order_relaxed);
  }
  bool has_activation() const { return __atomic_load_n(&vm_.activation, __ATOMIC_RELAXED) != nullptr; }
  /// Ends the guest at its next epoch check.
  void expire() { __atomic_store_n(&vm_.epoch_deadline, 0, __ATOMIC_RELAXED); }

  /// The context that a host function called by the host itself sees as its caller.
  abi::VMContext* host_caller() { return &host_caller_; }
  const std::vector<std::unique_ptr<Instance>>& instances() const { return instances_; }

 private:
  friend class Instance;
  /// Whether so many more may be made. Asked before the limiter is and again after it, as it may make some itself.
  Result<> check_counts(uint64_t instances, uint64_t memories, uint64_t tables) const;
  /// Counts in `allowed` the memories and tables of a new instance that may be, in the order of their growths.
  Result<> check_limits(const CompiledModule& module, size_t& allowed);
  /// The instance that nobody forbids.
  Result<Instance*> begin_instance(const std::shared_ptr<const CompiledModule>& module,
                                   std::span<const Extern> imports);
  /// Whether a memory or table of this type may be made; who limits growth is told if not.
  Result<> may_begin(const wasm::MemoryType& type);
  Result<> may_begin(const wasm::TableType& type);
  Result<> may_begin(const Growth& growth);
  /// The first `count` of `trap_frames_` in words; none if there is no memory for them.
  std::vector<Frame> backtrace(size_t count) const noexcept;
  void add_trampolines(const std::shared_ptr<const CompiledModule>& module);

  // What every call looks at stands together.
  abi::VMStore vm_{};
  FailurePtr raised_;
  uint64_t max_wasm_stack_;
  std::atomic<os::Thread*> at_home_{nullptr}, running_{nullptr};

  std::shared_ptr<Engine> engine_;
  abi::VMContext host_caller_{};
  StoreLimits limits_;
  std::shared_ptr<const Limiter> limiter_;
  EpochCallback epoch_callback_;
  YieldHook yield_hook_;
  uint64_t held_fuel_ = 0;

  TrapRecord trap_;
  std::vector<LiveFrame> trap_frames_;

  // Destroyed in reverse order: instances before the memories and tables they refer to, modules last.
  std::unordered_map<const CompiledModule*, std::shared_ptr<const CompiledModule>> modules_;
  struct Stubs {
    const void* host_call;
    abi::ArrayCall array_call;
  };
  std::unordered_map<TypeId, Stubs> trampolines_;  // by signature, of the store's modules
  std::unordered_map<TypeId, std::unordered_set<abi::VMFuncRef*>> without_code_;  // host functions, by signature
  StableVector<HostFunction> host_functions_;
  std::vector<TypeSet> held_types_;  // of tables and globals that no module defines
  StableVector<Memory> memories_;
  StableVector<Table> tables_;
  StableVector<Global> globals_;
  std::vector<std::unique_ptr<Instance>> instances_;
  ExternRefs externrefs_;

  Lazy<std::shared_ptr<Cancellation>> cancellation_;
};

}  // namespace vitrine::runtime
