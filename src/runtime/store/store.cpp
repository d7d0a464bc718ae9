#include "runtime/store/store.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "base/assert.hpp"
#include "base/misuse.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/store/import_matching.hpp"
#include "runtime/store/telling.hpp"

namespace vitrine::runtime {

namespace {

// What VMStore::fuel can hold without any sum of costs overflowing; the rest is held back.
constexpr uint64_t kFuelAtOnce = uint64_t{1} << 62;

/// Of a growth that is refused.
std::string who_refuses(const StoreLimits& limits, const Growth& growth) {
  const bool is_memory = growth.what == Growth::What::Memory;
  const auto& limit = is_memory ? limits.memory_bytes : limits.table_elements;
  if (!limit || growth.desired <= *limit) return "the store's limiter";
  return fmt::format("StoreLimits::{} is {}", is_memory ? "memory_bytes" : "table_elements", *limit);
}

/// What a new memory or table is, seen as a growth: from nothing.
Growth first_growth(const wasm::MemoryType& type) {
  auto bytes = [&](uint64_t pages) {
    const unsigned __int128 wide = static_cast<unsigned __int128>(pages) << type.page_size_log2;
    return wide > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(wide);
  };
  return {.what = Growth::What::Memory,
          .current = 0,
          .desired = bytes(type.limits.min),
          .maximum = type.limits.max.transform(bytes)};
}

Growth first_growth(const wasm::TableType& type) {
  return {.what = Growth::What::Table, .current = 0, .desired = type.limits.min, .maximum = type.limits.max};
}

/// Of what an instance of `m` begins with, memories and then tables: how many, and each.
size_t first_growths(const wasm::Module& m) {
  return m.memories.size() - m.imported_memories + m.tables.size() - m.imported_tables;
}

Growth first_growth(const wasm::Module& m, size_t k) {
  const size_t memories = m.memories.size() - m.imported_memories;
  if (k < memories) return first_growth(m.memories[m.imported_memories + k]);
  return first_growth(m.tables[m.imported_tables + k - memories].type);
}

}  // namespace

Store::Store(std::shared_ptr<Engine> engine)
    : max_wasm_stack_(engine->settings().max_wasm_stack),
      engine_(std::move(engine)),
      trap_frames_(engine_->options().max_backtrace) {
  set_fuel(0);
  vm_.epoch = engine_->epoch_address();
  vm_.host_store = this;
  vm_.types = engine_->types().table();
  host_caller_.store = &vm_;
}

Store::~Store() {
  // Its guests would return into what is gone.
  if (vm_.activation != nullptr) misused("a store was destroyed by a host function that it called");
  if (auto* cancellation = cancellation_.if_made()) (*cancellation)->detach();
}

Result<Instance*> Store::new_instance(std::shared_ptr<const CompiledModule> module, std::span<const Extern> imports) {
  if (&module->engine() != engine_.get()) {
    return fail("the module was compiled for another engine than the store's");
  }
  if (uint32_t missing = module->image().settings().cpu_features & ~engine_->options().host_cpu_features) {
    return std::unexpected(abi::missing_cpu_features(missing));
  }
  TRY(match_imports(*this, *module, imports));
  const wasm::Module& m = module->module();
  size_t allowed = 0;  // of its first growths, which whoever allowed them may have counted
  return telling(
      [&](const Error& why) {
        for (size_t k = 0; k < allowed; ++k) tell_failed(first_growth(m, k), why);
      },
      [&]() -> Result<Instance*> {
        TRY(check_limits(*module, allowed));
        return begin_instance(module, imports);
      });
}

Result<Instance*> Store::begin_instance(const std::shared_ptr<const CompiledModule>& module,
                                        std::span<const Extern> imports) {
  add_trampolines(module);
  /// Takes back what an instance got that did not get everything: nothing can refer to it yet.
  struct Unfinished {
    Store& store;
    const size_t memories = store.memories_.size(), tables = store.tables_.size();
    bool is_done = false;
    ~Unfinished() {
      if (is_done) return;
      while (store.memories_.size() > memories) store.memories_.pop_back();
      while (store.tables_.size() > tables) store.tables_.pop_back();
    }
  };
  std::unique_ptr<Instance> instance(new Instance(*this, module));
  Unfinished unfinished{*this};
  TRY(instance->allocate(imports));
  instances_.push_back(std::move(instance));
  unfinished.is_done = true;
  return instances_.back().get();
}

Result<> Store::check_counts(uint64_t instances, uint64_t memories, uint64_t tables) const {
  const struct {
    std::string_view what;
    uint64_t more, now, limit;
    bool fits() const { return more == 0 || (more <= limit && now <= limit - more); }
  } counts[] = {{"instances", instances, instances_.size(), limits_.instances},
                {"memories", memories, memories_.size(), limits_.memories},
                {"tables", tables, tables_.size(), limits_.tables}};
  for (const auto& count : counts) {
    if (!count.fits()) [[unlikely]]
      return fail(fmt::format("more than {0} {1} in one store: StoreLimits::{1} is {0}", count.limit, count.what),
                  ErrorKind::Limit);
  }
  return {};
}

Result<> Store::check_limits(const CompiledModule& module, size_t& allowed) {
  const wasm::Module& m = module.module();
  auto counts_are_inside = [&] {
    return check_counts(1, m.memories.size() - m.imported_memories, m.tables.size() - m.imported_tables);
  };
  TRY(counts_are_inside());
  const size_t growths = first_growths(m), memories = m.memories.size() - m.imported_memories;
  for (size_t k = 0; k < growths; ++k) {
    TRY(k < memories ? may_begin(m.memories[m.imported_memories + k]) : may_begin(first_growth(m, k)));
    ++allowed;
  }
  if (!limiter_) return {};
  return counts_are_inside();  // a limiter may have made things
}

Result<> Store::may_begin(const wasm::MemoryType& type) {
  if (type.limits.is_shared) return fail("shared memories are not there yet", ErrorKind::Unsupported);
  return may_begin(first_growth(type));
}

Result<> Store::may_begin(const wasm::TableType& type) {
  return may_begin(first_growth(type));
}

Result<> Store::may_begin(const Growth& growth) {
  auto allowed = may_grow(growth);
  if (allowed) return {};
  GrowthFailure failure = std::move(allowed).error();
  if (!failure.ends_guest) {
    const bool is_memory = growth.what == Growth::What::Memory;
    failure.error =
        Error(fmt::format("a {} begins with {} {}, more than the store allows: {}", is_memory ? "memory" : "table",
                          growth.desired, is_memory ? "bytes" : "elements", who_refuses(limits_, growth)),
              ErrorKind::Limit);
  }
  return std::unexpected(grow_failed(growth, std::move(failure)).error().error);
}

void Store::set_limiter(Limiter limiter) {
  (void)came_in_between();
  limiter_ = std::make_shared<const Limiter>(std::move(limiter));
}

std::expected<void, GrowthFailure> Store::may_grow(const Growth& growth) {
  const bool is_memory = growth.what == Growth::What::Memory;
  const auto& limit = is_memory ? limits_.memory_bytes : limits_.table_elements;
  auto refuse = [&] {
    return std::unexpected(
        GrowthFailure{Error(fmt::format("a {} may not grow to {} {}: {}", is_memory ? "memory" : "table",
                                        growth.desired, is_memory ? "bytes" : "elements", who_refuses(limits_, growth)),
                            ErrorKind::Limit)});
  };
  if (limit && growth.desired > *limit) return refuse();
  if (!limiter_) return {};
  // Held here: it may set another limiter.
  const std::shared_ptr<const Limiter> limiter = limiter_;
  if (!limiter->may_grow) return {};
  auto answer = telling_of_exceptions(
      [&](const Error& why) {
        if (limiter->grow_failed) limiter->grow_failed(growth, why);
      },
      [&] { return limiter->may_grow(growth); });
  if (!answer) return std::unexpected(GrowthFailure{std::move(answer).error(), true});
  if (!*answer) return refuse();
  return {};
}

std::unexpected<GrowthFailure> Store::grow_failed(const Growth& growth, GrowthFailure failure) {
  tell_failed(growth, failure.error);
  return std::unexpected(std::move(failure));
}

void Store::tell_failed(const Growth& growth, const Error& why) {
  const std::shared_ptr<const Limiter> limiter = limiter_;
  if (limiter && limiter->grow_failed) limiter->grow_failed(growth, why);
}

HostFunction* Store::new_host_function(TypeSet type, abi::HostCall call, void* env) {
  VITRINE_ASSERT(type.ids().size() == 1);
  HostFunction* function = new_host_function(type.ids()[0], call, env);
  function->type = std::move(type);
  return function;
}

HostFunction* Store::new_host_function(TypeId type, abi::HostCall call, void* env) {
  HostFunction& function = host_functions_.emplace_back();
  function.context.store = &vm_;
  function.context.call = call;
  function.context.env = env;
  // SAFETY: is_host says that the context is a VMHostContext; it is not looked at as another.
  function.context.funcref = {.code = nullptr,
                              .context = reinterpret_cast<abi::VMContext*>(&function.context),
                              .array_call = nullptr,
                              .type_id = type,
                              .is_host = 1};
  return &function;
}

Result<Memory*> Store::new_memory(const wasm::MemoryType& type) {
  TRY(check_counts(0, 1, 0));
  TRY(may_begin(type));
  return telling([&](const Error& why) { tell_failed(first_growth(type), why); },
                 [&]() -> Result<Memory*> {
                   TRY(check_counts(0, 1, 0));
                   auto linear = TRY(engine_->allocator().take_memory(type, MemorySource{}));
                   return &memories_.emplace_back(*this, type, std::move(linear), nullptr);
                 });
}

Result<Table*> Store::new_table(const wasm::TableType& type, uint64_t init) {
  TypeSet held = engine_->types().hold(type.element);
  TRY(check_counts(0, 0, 1));
  TRY(may_begin(type));
  return telling([&](const Error& why) { tell_failed(first_growth(type), why); },
                 [&]() -> Result<Table*> {
                   TRY(check_counts(0, 0, 1));
                   auto elements = TRY(Table::allocate(engine_->allocator(), type.limits.min));
                   held_types_.push_back(std::move(held));
                   return &tables_.emplace_back(*this, type, std::move(elements), init, nullptr);
                 });
}

Global* Store::new_global(const wasm::GlobalType& type, const abi::ValRaw& value) {
  held_types_.push_back(engine_->types().hold(type.type));
  return &globals_.emplace_back(*this, type, value, nullptr);
}

void Store::add_trampolines(const std::shared_ptr<const CompiledModule>& module) {
  if (!modules_.emplace(module.get(), module).second) return;
  const auto ids = module->type_ids();
  for (uint32_t i = 0; i < ids.size(); ++i) {
    Stubs stubs{module->host_call(i), module->array_call(i)};
    if (!stubs.host_call || !trampolines_.emplace(ids[i], stubs).second) continue;
    auto waiting = without_code_.find(ids[i]);
    if (waiting == without_code_.end()) continue;
    for (abi::VMFuncRef* func : waiting->second) {
      func->code = stubs.host_call;
      func->array_call = stubs.array_call;
    }
    without_code_.erase(waiting);
  }
}

void Store::resolve(abi::VMFuncRef* func) {
  if (!func || !func->is_host || func->code) return;
  if (auto known = trampolines_.find(func->type_id); known != trampolines_.end()) {
    func->code = known->second.host_call;
    func->array_call = known->second.array_call;
    return;
  }
  // No guest can call it before a module of its signature is there: `add_trampolines` sees to it then.
  without_code_[func->type_id].insert(func);
}

void Store::set_fuel(uint64_t fuel) {
  uint64_t now = std::min(fuel, kFuelAtOnce);
  held_fuel_ = fuel - now;
  vm_.fuel = 1 - static_cast<int64_t>(now);
}

uint64_t Store::fuel() const {
  uint64_t left = vm_.fuel < 1 ? static_cast<uint64_t>(1 - vm_.fuel) : 0;
  return left + held_fuel_;
}

bool Store::refill() {
  if (held_fuel_ == 0) return false;
  uint64_t now = std::min(held_fuel_, kFuelAtOnce);
  held_fuel_ -= now;
  vm_.fuel -= static_cast<int64_t>(now);
  return vm_.fuel <= 0;
}

void Store::set_epoch_deadline(uint64_t ticks) {
  uint64_t deadline = 0;
  if (__builtin_add_overflow(engine_->epoch(), ticks, &deadline)) deadline = UINT64_MAX;
  __atomic_store_n(&vm_.epoch_deadline, is_cancelled() ? 0 : deadline, __ATOMIC_RELAXED);
}

bool Store::new_epoch() {
  if (!epoch_callback_ || is_cancelled()) return false;
  try {
    // Copies: it may set others.
    const EpochCallback callback = epoch_callback_;
    auto decision = callback(*this);
    if (decision && decision->kind == EpochDecision::Kind::Yield) {
      const YieldHook hook = yield_hook_;
      Result<> yielded = hook ? hook(*this) : fail("the guest was to yield, and the store has nothing to yield to");
      if (!yielded) decision = std::unexpected(std::move(yielded).error());
    }
    if (!decision) {
      raise(Failure::of(std::move(decision).error()));
      return false;
    }
    if (decision->kind == EpochDecision::Kind::Stop) return false;
    set_epoch_deadline(decision->ticks);
    return true;
  } catch (...) {
    carry_exception();
    return false;
  }
}

void Store::raise(FailurePtr failure) noexcept {
  // A guest that asked to end has no need of a backtrace, and the error of an inner call brings its own.
  bool has_enough = failure->kind == Failure::Kind::HostError &&
                    (failure->error->kind() == ErrorKind::Exit || failure->error->trap() != nullptr);
  if (failure->frames.empty() && !has_enough && !trap_frames_.empty()) {
    const size_t count = walk_frames(vm_.activation, std::nullopt, trap_frames_);
    failure->frames = backtrace(count);
  }
  raised_ = std::move(failure);
}

void Store::carry_exception() {
  try {
    throw;
#if defined(__GLIBCXX__)
  } catch (const ::abi::__forced_unwind&) {
    for (const auto& [address, module] : modules_) module->let_unwinder_through();
    throw;
#endif
  } catch (...) {
    raise(Failure::of(std::current_exception()));
  }
}

std::vector<Frame> Store::backtrace(size_t count) const noexcept {
  try {
    return symbolize(std::span(trap_frames_).first(count), trap_frames_.size());
  } catch (const std::bad_alloc&) {
    return {};
  }
}

FailurePtr Store::take_failure() {
  const TrapRecord trap = std::exchange(trap_, {});
  if (raised_) return std::move(raised_);
  if (trap.code == abi::TrapCode::None) {
    return Failure::of(Error("a host function failed without saying why", ErrorKind::Host));
  }
  FailurePtr failure = Failure::trap(trap.code);
  failure->frames = backtrace(trap.frame_count);
  return failure;
}

void Store::record_trap(abi::TrapCode code, const std::optional<GuestRegisters>& at) {
  trap_.code = code;
  trap_.frame_count = walk_frames(vm_.activation, at, trap_frames_);
}

const std::shared_ptr<Cancellation>& Store::cancellation() {
  return cancellation_.get([this] { return std::make_shared<Cancellation>(*this); });
}

FailurePtr Store::cancelled_failure() const {
  return Failure::trap(abi::TrapCode::Interrupt);
}

bool Store::is_interrupted() {
  if (!is_cancelled()) {
    const bool is_due = engine_->settings().epoch_interruption &&
                        engine_->epoch() >= __atomic_load_n(&vm_.epoch_deadline, __ATOMIC_RELAXED);
    if (!is_due || new_epoch()) return false;
  }
  if (!raised_) raise(Failure::trap(abi::TrapCode::Interrupt));
  return true;
}

bool Store::enter(os::Thread& thread) {
  running_.store(&thread);
  at_home_.store(&thread);
  if (!__atomic_load_n(&vm_.is_cancelled, __ATOMIC_SEQ_CST)) return true;
  at_home_.store(nullptr);
  return false;
}

os::Thread* Store::refuse_entry() {
  __atomic_store_n(&vm_.is_cancelled, 1, __ATOMIC_SEQ_CST);
  return at_home_.exchange(nullptr);
}

bool Store::is_memory_address(uintptr_t address) const {
  return std::ranges::any_of(memories_, [&](const Memory& memory) { return memory.linear().reserves(address); }) ||
         engine_->allocator().owns(address);
}

}  // namespace vitrine::runtime
