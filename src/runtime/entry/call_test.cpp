// Calls, traps and unwinding with code written by hand: independent of the compiler, and exactly what abi/ prescribes.
#include "runtime/entry/call.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <optional>
#include <thread>

#include "abi/image.hpp"
#include "runtime/code/compiled_module.hpp"
#include "runtime/code/registry.hpp"
#include "runtime/entry/instantiate.hpp"
#include "runtime/failure/backtrace.hpp"
#include "runtime/store/store.hpp"
#include "text/wat_parser.hpp"
#include "wasm/reader.hpp"

// The module these belong to has one type, (i32) -> (i32), one imported function, one memory: VMContext, then VMMemory
// at 40, then the VMFuncImport at 64.
asm(R"(
  .intel_syntax noprefix
  .section .rodata
  .balign 16
hand_text:
hand_array_call:
  push rbp
  mov rbp, rsp
  push rbx
  push r12
  push r13
  push r14
  push r15
  push rdx
  mov rax, [rcx + 32]
  lea r8, [rip + 2f]
  push r8
  mov [rax + 8], rsp
  mov [rax + 16], rbp
  sub rsp, 8
  mov r15, rdi
  mov rax, rsi
  mov edi, [rdx]
  call rax
  mov rcx, [rbp - 48]
  mov eax, eax
  mov [rcx], rax
  mov eax, 1
1:
  lea rsp, [rbp - 40]
  pop r15
  pop r14
  pop r13
  pop r12
  pop rbx
  pop rbp
  ret
2:
  lea rbp, [rsp + 48]
  xor eax, eax
  jmp 1b
hand_host_call:
  push rbp
  mov rbp, rsp
  mov rax, [r15]
  mov rax, [rax + 32]
  mov rcx, [rbp]
  mov [rax + 24], rcx
  mov rcx, [rbp + 8]
  mov [rax + 32], rcx
  sub rsp, 16
  mov [rsp], rdi
  mov rdi, [r15 + 16]
  mov rsi, r10
  mov rdx, rsp
  call [r15 + 8]
  test eax, eax
  jnz 1f
  mov eax, [rsp]
  leave
  ret
1:
  mov rdi, [r15]
  call [rdi + 56]

  .balign 16
hand_add_one:
  push rbp
  mov rbp, rsp
  lea eax, [rdi + 1]
  pop rbp
  ret
hand_unreachable:
  push rbp
  mov rbp, rsp
hand_unreachable_trap:
  ud2
hand_caller:
  push rbp
  mov rbp, rsp
  mov rbx, 0x1234
  mov r12, 0x1234
  call hand_unreachable
hand_caller_return:
  pop rbp
  ret
hand_load:
  push rbp
  mov rbp, rsp
  mov rax, [r15 + 40]
  mov edi, edi
hand_load_trap:
  mov eax, [rax + rdi]
  pop rbp
  ret
hand_recurse:
  push rbp
  mov rbp, rsp
  mov rax, [r15]
  cmp rsp, [rax]
  jb hand_recurse_trap
  call hand_recurse
  pop rbp
  ret
hand_recurse_trap:
  ud2
hand_call_host:
  push rbp
  mov rbp, rsp
  push r15
  sub rsp, 8
  mov r10, r15
  mov rax, [r15 + 64]
  mov r15, [r15 + 72]
  call rax
hand_call_host_return:
  mov r15, [rbp - 8]
  leave
  ret
hand_wild:
  push rbp
  mov rbp, rsp
  xor eax, eax
  mov eax, [rax]
hand_tail:
  push rbp
  mov rbp, rsp
  sub rsp, 32
hand_tail_inside:
  .byte 0xe9
  .long 0
  mov rsp, rbp
  pop rbp
hand_tail_direct:
  .byte 0xe9
  .long hand_add_one - (. + 4)
hand_tail_indirect:
  jmp rax
hand_end:
  .att_syntax
  .text
)");
#define LABEL(name) extern "C" const uint8_t name[] asm(#name)
LABEL(hand_text);
LABEL(hand_array_call);
LABEL(hand_host_call);
LABEL(hand_add_one);
LABEL(hand_unreachable);
LABEL(hand_unreachable_trap);
LABEL(hand_caller);
LABEL(hand_caller_return);
LABEL(hand_load);
LABEL(hand_load_trap);
LABEL(hand_recurse);
LABEL(hand_recurse_trap);
LABEL(hand_call_host);
LABEL(hand_call_host_return);
LABEL(hand_wild);
LABEL(hand_tail);
LABEL(hand_tail_inside);
LABEL(hand_tail_direct);
LABEL(hand_tail_indirect);
LABEL(hand_end);

namespace vitrine::runtime {
namespace {

constexpr std::string_view kWat = R"((module $hand
  (type $t (func (param i32) (result i32)))
  (import "env" "host" (func $host (type $t)))
  (memory 1)
  (data (i32.const 8) "\2a")
  (func $add_one (export "add_one") (type $t) unreachable)
  (func $unreachable (export "unreachable") (type $t) unreachable)
  (func $caller (export "caller") (type $t) unreachable)
  (func $load (export "load") (type $t) unreachable)
  (func $recurse (export "recurse") (type $t) unreachable)
  (func $call_host (export "call_host") (type $t) unreachable)
  (func $wild (export "wild") (type $t) unreachable)
  (func $tail (type $t) unreachable)))";

uint32_t at(const uint8_t* label) {
  return static_cast<uint32_t>(label - hand_text);
}

std::vector<uint8_t> hand_image() {
  std::vector<uint8_t> wasm = *text::parse_wat(kWat, wasm::Features::all());
  abi::ImageContents c;
  c.text = abi::ImageText::of({hand_text, hand_end});
  const uint8_t* starts[] = {hand_add_one,   hand_unreachable, hand_caller, hand_load, hand_recurse,
                             hand_call_host, hand_wild,        hand_tail,   hand_end};
  for (size_t i = 0; i + 1 < std::size(starts); ++i)
    c.functions.push_back({at(starts[i]), at(starts[i + 1]) - at(starts[i])});
  c.trampolines = {{at(hand_array_call), at(hand_host_call)}};
  c.tables.frames = {{at(hand_tail), at(hand_end) - at(hand_tail), 32, 0, 0}};
  auto code = [](abi::TrapCode t) { return static_cast<uint32_t>(t); };
  c.tables.traps = {{at(hand_unreachable_trap), code(abi::TrapCode::Unreachable)},
                    {at(hand_load_trap), code(abi::TrapCode::MemoryOutOfBounds)},
                    {at(hand_recurse_trap), code(abi::TrapCode::StackOverflow)}};
  // The call in $caller stands in a copy of $load's body, to see inlined frames.
  c.tables.inline_sites = {{0, 4, 0x77}};
  abi::encode_addresses(std::vector<abi::AddressEntry>{{at(hand_unreachable), 0x50, 0},
                                                       {at(hand_caller), 0x60, 1},
                                                       {at(hand_load), 0x70, 0},
                                                       {at(hand_recurse), 0x80, 0},
                                                       {at(hand_call_host), 0x90, 0}},
                        c.tables.address_chunks, c.tables.address_bytes);
  auto module = wasm::read_module(wasm);
  if (!module) ADD_FAILURE() << module.error().message();
  c.module = &*module;
  auto image = abi::write_image(c);
  EXPECT_TRUE(image) << image.error().message();
  return *image;
}

class Call : public testing::Test {
 public:
  explicit Call(EngineOptions options = {}) : engine_(std::make_shared<Engine>(options)), store_(engine_) {
    auto module = CompiledModule::from_bytes(engine_, hand_image(), true);
    EXPECT_TRUE(module) << module.error().message();
    module_ = *module;
    wasm::ValType i32[] = {wasm::ValType::I32};
    host_ = store_.new_host_function(
        *engine_->types().add_func(i32, i32),
        [](void* env, abi::VMContext* caller, abi::ValRaw* values) {
          return static_cast<Call*>(env)->on_host(caller, values);
        },
        this);
    Extern imports[] = {Extern::of(host_->funcref())};
    auto instance = instantiate(store_, module_, imports);
    EXPECT_TRUE(instance) << instance.error()->cause();
    instance_ = *instance;
  }

  int32_t on_host(abi::VMContext* caller, abi::ValRaw* values) {
    caller_ = caller;
    try {
      return behaviour_(values);
    } catch (...) {
      store_.raise(Failure::of(std::current_exception()));
      return 1;
    }
  }

  Outcome<int32_t> call(std::string_view name, int32_t argument) {
    abi::ValRaw value{};
    value.i32 = argument;
    TRY(call_function(store_, instance_->find_export(name)->func, &value));
    return value.i32;
  }

  std::shared_ptr<Engine> engine_;
  std::function<int32_t(abi::ValRaw*)> behaviour_ = [](abi::ValRaw*) { return 0; };
  Store store_;
  std::shared_ptr<const CompiledModule> module_;
  HostFunction* host_;
  Instance* instance_ = nullptr;
  abi::VMContext* caller_ = nullptr;
};

std::string frames_of(const Failure& failure) {
  std::string text;
  for (const Frame& f : failure.frames) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{:#x} {}!{}", f.module_offset, f.module_name, f.function_name);
  }
  return text;
}

TEST_F(Call, ReturnsValues) {
  EXPECT_EQ(*call("add_one", 41), 42);
  EXPECT_EQ(*call("load", 8), 42);
  EXPECT_EQ(store_.vm().activation, nullptr);
}

TEST_F(Call, TrapsComeBackWithFramesAndInlinedOnesExpanded) {
  auto result = call("caller", 0);
  ASSERT_FALSE(result);
  const Failure& failure = *result.error();
  EXPECT_EQ(failure.kind, Failure::Kind::Trap);
  EXPECT_EQ(failure.code, abi::TrapCode::Unreachable);
  EXPECT_EQ(failure.cause(), "wasm trap: wasm `unreachable` instruction executed");
  EXPECT_EQ(frames_of(failure), "0x50 hand!unreachable, 0x60 hand!load, 0x77 hand!caller");
  EXPECT_EQ(*call("add_one", 1), 2) << "the store goes on";
}

// Interrupted at any jump, a function with tail calls and its caller are both seen.
TEST_F(Call, FramesOfATailCall) {
  constexpr uint32_t kCaller = 3, kTail = 8;
  const auto text = reinterpret_cast<uintptr_t>(module_->image().text().data());
  alignas(16) std::array<uintptr_t, 32> stack{};
  auto address = [&](size_t word) { return reinterpret_cast<uintptr_t>(&stack[word]); };
  abi::VMActivation activation{};
  activation.entry_fp = address(30);
  stack[24] = address(30);
  stack[25] = text + at(hand_array_call) + 1;
  stack[17] = text + at(hand_caller_return);
  auto functions = [&](const uint8_t* label, uintptr_t fp, uintptr_t sp) {
    std::array<LiveFrame, 4> frames{};
    const size_t count = walk_frames(&activation, GuestRegisters{.pc = text + at(label), .fp = fp, .sp = sp}, frames);
    std::vector<uint32_t> found;
    for (const LiveFrame& f : std::span(frames).first(count)) found.push_back(f.function);
    return found;
  };
  const std::vector<uint32_t> both = {kTail, kCaller};
  EXPECT_EQ(functions(hand_tail_direct, address(24), address(17)), both);
  EXPECT_EQ(functions(hand_tail_indirect, address(24), address(17)), both);
  stack[16] = address(24);
  EXPECT_EQ(functions(hand_tail_inside, address(16), address(12)), both);
  const std::vector<uint32_t> alone = {kTail};
  // Called by the host.
  stack[17] = text + at(hand_array_call) + 1;
  EXPECT_EQ(functions(hand_tail_direct, address(30), address(17)), alone);
  // Arguments were written over the frame's own two words, whatever they are.
  for (uintptr_t argument : {uintptr_t{0}, uintptr_t{7}, address(12), address(20), ~uintptr_t{7}}) {
    stack[16] = stack[17] = argument;
    EXPECT_EQ(functions(hand_tail_inside, address(16), address(12)), alone) << argument;
  }
}

TEST_F(Call, OutOfBoundsLoadsTrap) {
  EXPECT_EQ(*call("load", 65532), 0);
  for (int32_t address : {65533, 65536, 0x7fffffff, -1}) {
    auto result = call("load", address);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error()->code, abi::TrapCode::MemoryOutOfBounds);
  }
}

TEST_F(Call, StackOverflowIsATrap) {
  for (int i = 0; i < 3; ++i) {
    auto result = call("recurse", 0);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error()->code, abi::TrapCode::StackOverflow);
    EXPECT_EQ(result.error()->frames.size(), 20u);
  }
}

TEST_F(Call, StackOverflowOnASmallThread) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);  // less than max_wasm_stack
  auto body = [](void* self) -> void* {
    auto result = static_cast<Call*>(self)->call("recurse", 0);
    EXPECT_TRUE(!result && result.error()->code == abi::TrapCode::StackOverflow);
    return nullptr;
  };
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, body, this), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST_F(Call, HostFunctionsSeeTheirCaller) {
  behaviour_ = [](abi::ValRaw* values) {
    values[0].i32 *= 2;
    return 0;
  };
  EXPECT_EQ(*call("call_host", 21), 42);
  EXPECT_EQ(instance_of(caller_), instance_);
  // Called by the host itself: no instance.
  abi::ValRaw value{};
  value.i32 = 5;
  ASSERT_TRUE(call_function(store_, host_->funcref(), &value));
  EXPECT_EQ(value.i32, 10);
  EXPECT_EQ(instance_of(caller_), nullptr);
}

TEST_F(Call, HostErrorsUnwindTheGuest) {
  behaviour_ = [&](abi::ValRaw*) {
    store_.raise(Failure::of(Error("no such thing", ErrorKind::Host)));
    return 1;
  };
  auto result = call("call_host", 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->kind, Failure::Kind::HostError);
  EXPECT_EQ(result.error()->cause(), "no such thing");
  EXPECT_EQ(frames_of(*result.error()), "0x90 hand!call_host");
}

TEST_F(Call, HostExceptionsAreCarriedOver) {
  behaviour_ = [](abi::ValRaw*) -> int32_t { throw std::runtime_error("oops"); };
  auto result = call("call_host", 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->kind, Failure::Kind::HostException);
  EXPECT_THROW(std::rethrow_exception(result.error()->exception), std::runtime_error);
  EXPECT_EQ(result.error()->frames.size(), 1u);
}

TEST_F(Call, NestedCallsTrapThroughAllOfThem) {
  int depth = 0;
  behaviour_ = [&](abi::ValRaw* values) -> int32_t {
    auto inner = depth++ < 2 ? call("call_host", values[0].i32) : call("unreachable", 0);
    if (inner) return 0;
    EXPECT_EQ(inner.error()->frames.size(), static_cast<size_t>(4)) << "whoever asks sees the whole stack";
    store_.raise(std::move(inner).error());
    return 1;
  };
  auto result = call("call_host", 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->code, abi::TrapCode::Unreachable);
  ASSERT_EQ(result.error()->frames.size(), 4u);
  EXPECT_EQ(result.error()->frames[0].function_name, "unreachable");
  EXPECT_EQ(result.error()->frames[3].function_name, "call_host");
  EXPECT_EQ(store_.vm().activation, nullptr);
}

TEST_F(Call, ATrapInsideMayBeSwallowedByTheHost) {
  behaviour_ = [&](abi::ValRaw* values) -> int32_t {
    EXPECT_FALSE(call("unreachable", 0));
    values[0].i32 = 7;
    return 0;
  };
  EXPECT_EQ(*call("call_host", 0), 7);
}

TEST_F(Call, EndlessRecursionThroughTheHostEnds) {
  behaviour_ = [&](abi::ValRaw*) -> int32_t {
    auto inner = call("recurse", 0);
    store_.raise(std::move(inner).error());
    return 1;
  };
  auto result = call("call_host", 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->code, abi::TrapCode::StackOverflow);
}

TEST_F(Call, RaisedFailuresCountEvenIfTheHostFunctionSaysOtherwise) {
  behaviour_ = [&](abi::ValRaw*) {
    store_.raise(Failure::of(Error("forgot", ErrorKind::Host)));
    return 0;
  };
  EXPECT_FALSE(call("call_host", 0));
  behaviour_ = [](abi::ValRaw*) { return 0; };
  EXPECT_TRUE(call("call_host", 0)) << "and are gone afterwards";
  behaviour_ = [](abi::ValRaw*) { return 1; };
  auto result = call("call_host", 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->cause(), "a host function failed without saying why");
}

TEST_F(Call, ExitsHaveNoBacktrace) {
  behaviour_ = [&](abi::ValRaw*) {
    store_.raise(Failure::of(Error::exit(3)));
    return 1;
  };
  auto result = call("call_host", 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()->error->exit_status(), 3);
  EXPECT_TRUE(result.error()->frames.empty());
}

TEST_F(Call, OtherThreadsMayRunOtherStores) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Store store(engine_);
        wasm::ValType i32[] = {wasm::ValType::I32};
        auto* host = store.new_host_function(
            *engine_->types().add_func(i32, i32), [](void*, abi::VMContext*, abi::ValRaw*) { return 0; }, nullptr);
        Extern imports[] = {Extern::of(host->funcref())};
        auto instance = instantiate(store, module_, imports);
        ASSERT_TRUE(instance);
        abi::ValRaw value{};
        value.i32 = 65536;
        auto result = call_function(store, (*instance)->find_export("load")->func, &value);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error()->code, abi::TrapCode::MemoryOutOfBounds);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    auto other = CompiledModule::from_bytes(engine_, hand_image(), false);
    EXPECT_TRUE(other);
  }
  for (auto& t : threads) t.join();
}

TEST_F(Call, CodeIsFoundByAddress) {
  uintptr_t pc = reinterpret_cast<uintptr_t>(module_->text().data()) + at(hand_unreachable_trap);
  {
    CodeLookup lookup(pc);
    EXPECT_EQ(lookup.module(), module_.get());
  }
  EXPECT_EQ(module_->find_trap(pc), abi::TrapCode::Unreachable);
  EXPECT_EQ(module_->find_trap(pc + 1), abi::TrapCode::None);
  EXPECT_EQ(module_->find_position(pc)->function, 2u);
  EXPECT_FALSE(module_->find_position(reinterpret_cast<uintptr_t>(module_->text().data())));
  CodeLookup none(reinterpret_cast<uintptr_t>(&pc));
  EXPECT_EQ(none.module(), nullptr);
  CodeLookup behind(reinterpret_cast<uintptr_t>(module_->text().data()) + module_->text().size());
  EXPECT_EQ(behind.module(), nullptr) << "in the same page, but no code of its";
}

TEST_F(Call, AModuleFoundStaysWhileItIsLookedAt) {
  std::atomic<uintptr_t> pc{0};
  std::atomic<bool> stop{false};
  std::atomic<size_t> found{0};
  std::thread reader([&] {
    while (!stop) {
      CodeLookup lookup(pc);
      if (!lookup.module()) continue;
      for (int i = 0; i < 10; ++i) {
        std::this_thread::yield();
        found += lookup.module()->find_trap(pc) != abi::TrapCode::None;
      }
    }
  });
  for (int i = 0; i < 200 || found == 0; ++i) {
    auto module = *CompiledModule::from_bytes(engine_, hand_image(), false);
    pc = reinterpret_cast<uintptr_t>(module->text().data()) + at(hand_unreachable_trap);
  }
  stop = true;
  reader.join();
}

TEST_F(Call, AModuleGoesWhileAnotherIsLookedAt) {
  CodeLookup lookup(reinterpret_cast<uintptr_t>(module_->text().data()) + at(hand_unreachable_trap));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(CompiledModule::from_bytes(engine_, hand_image(), false));
  EXPECT_EQ(lookup.module(), module_.get());
}

// Who waits for a reader of its module has nothing locked meanwhile.
TEST_F(Call, AModuleComesAndGoesWhileAnotherIsWaitedFor) {
  auto waiting = *CompiledModule::from_bytes(engine_, hand_image(), false);
  const uintptr_t pc = reinterpret_cast<uintptr_t>(waiting->text().data()) + at(hand_unreachable_trap);
  std::atomic<bool> is_gone{false};
  std::optional<CodeLookup> lookup(std::in_place, pc);
  ASSERT_NE(lookup->module(), nullptr);
  std::thread goes([&] {
    waiting.reset();
    is_gone = true;
  });
  while (CodeLookup(pc).module()) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::atomic<bool> is_done{false};
  std::thread other([&] {
    EXPECT_TRUE(CompiledModule::from_bytes(engine_, hand_image(), false));
    is_done = true;
  });
  for (int i = 0; i < 2000 && !is_done; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(is_done);
  EXPECT_FALSE(is_gone);
  lookup.reset();
  other.join();
  goes.join();
}

TEST_F(Call, AChildOfForkNeedNotWaitForReadersOfItsParent) {
  auto module = *CompiledModule::from_bytes(engine_, hand_image(), false);
  std::atomic<int> stage{0};
  std::thread reader([&, pc = reinterpret_cast<uintptr_t>(module->text().data())] {
    CodeLookup lookup(pc);
    stage = 1;
    while (stage == 1) std::this_thread::yield();
  });
  while (stage == 0) std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    module.reset();
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  stage = 2;
  reader.join();
}

using CallDeathTest = Call;

TEST_F(CallDeathTest, CodeIsNotWritable) {
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(module_->text().data()) = 0, "");
}

TEST_F(CallDeathTest, AFaultThatIsNoTrapEndsTheProcess) {
  EXPECT_DEATH((void)call("wild", 0), "");
}

TEST_F(CallDeathTest, FaultsOfTheHostGoToThePreviousHandler) {
  EXPECT_DEATH(raise(SIGILL), "");
  volatile uint32_t* nowhere = nullptr;
  EXPECT_DEATH(*nowhere = 1, "");
}

class NoBacktrace : public Call {
 protected:
  NoBacktrace() : Call({.max_backtrace = 0}) {}
};
TEST_F(NoBacktrace, HasNoFrames) {
  auto result = call("caller", 0);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error()->frames.empty());
  EXPECT_EQ(result.error()->cause(), "wasm trap: wasm `unreachable` instruction executed");
}

}  // namespace
}  // namespace vitrine::runtime
