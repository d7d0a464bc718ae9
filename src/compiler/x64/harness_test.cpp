#include "compiler/x64/harness.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>

#include "compiler/ir/critical_edges.hpp"
#include "compiler/ir/parse.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/x64/avx512_emulation_fixture.hpp"
#include "compiler/x64/cpu.hpp"

namespace vitrine::x64::testing {

namespace {

constexpr size_t kTextBytes = 1u << 20;
Program* running = nullptr;
Outcome* outcome = nullptr;

}  // namespace

// What the runtime's handler does: find the trap site of the faulting pc, and continue as if the trampoline returned 0.
struct SignalHandler {
  static void handle(int signal, siginfo_t*, void* raw) {
    auto* uc = static_cast<ucontext_t*>(raw);
    auto& regs = uc->uc_mcontext.gregs;
    auto pc = static_cast<uintptr_t>(regs[REG_RIP]);
    if (!running) _exit(99);
    if (signal == SIGILL && Avx512Emulation::step(*uc)) return;
    auto text = reinterpret_cast<uintptr_t>(running->text_);
    auto offset = static_cast<uint32_t>(pc - text);
    const auto& traps = running->tables_.traps;
    auto site = std::ranges::find(traps, offset, &abi::TrapEntry::offset);
    if (pc < text || pc >= text + running->used_ || site == traps.end()) _exit(98);
    outcome->trap = static_cast<abi::TrapCode>(site->code);
    abi::AddressMap addresses(running->tables_.address_chunks, running->tables_.address_bytes);
    if (auto a = addresses.find(offset)) outcome->srcloc = a->srcloc;
    auto sp = running->store_.activation->entry_sp;
    regs[REG_RIP] = *reinterpret_cast<greg_t*>(sp);
    regs[REG_RSP] = static_cast<greg_t>(sp + 8);
    regs[REG_RBP] = 0;  // the landing must not need it
  }
  static void install() {
    static bool once = [] {
      alignas(16) static uint8_t stack[64 * 1024];
      stack_t alternative{};
      alternative.ss_size = sizeof stack;
      alternative.ss_sp = stack;
      sigaltstack(&alternative, nullptr);
      struct sigaction sa{};
      sa.sa_sigaction = handle;
      sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
      for (int s : {SIGILL, SIGSEGV, SIGBUS, SIGFPE}) sigaction(s, &sa, nullptr);
      return true;
    }();
    (void)once;
  }
};

const std::vector<Way>& ways() {
  static const std::vector<Way> all = [] {
    std::vector<Way> w;
    for (bool fast : {true, false}) {
      for (bool features : {true, false}) {
        for (bool fast_allocation : {true, false}) {
          if (fast && !fast_allocation) continue;
          abi::CodegenSettings s;
          s.opt_level = fast ? 0 : 2;
          s.single_pass_regalloc = fast_allocation;
          s.cpu_features = features ? detect_cpu_features() : required_cpu_features();
          w.push_back({fmt::format("{} lowering, {} allocation, {} CPU", fast ? "fast" : "full",
                                   fast_allocation ? "fast" : "linear", features ? "this" : "least"),
                       s});
        }
      }
    }
    return w;
  }();
  return all;
}

namespace {
std::vector<ir::Func> parse_all(std::string_view text) {
  std::vector<ir::Func> functions;
  while (true) {
    size_t at = text.find("function");
    if (at == text.npos) break;
    size_t end = text.find("\n}", at);
    if (end == text.npos) end = text.size();
    auto parsed = ir::parse(text.substr(at, end + 2 - at));
    if (!parsed) {
      ADD_FAILURE() << parsed.error().message() << "\n" << text;
      break;
    }
    functions.push_back(std::move(*parsed));
    text.remove_prefix(std::min(text.size(), end + 2));
  }
  return functions;
}
}  // namespace

Program::Program(const Way& way, std::string_view functions, bool restore_context) {
  build(way, parse_all(functions), restore_context);
}
Program::Program(const Way& way, std::vector<ir::Func> functions, bool restore_context) {
  build(way, std::move(functions), restore_context);
}

void Program::build(const Way& way, std::vector<ir::Func> functions, bool restore_context) {
  SignalHandler::install();
  backend_ = std::make_unique<Backend>(way.settings);
  text_ = static_cast<uint8_t*>(
      mmap(nullptr, kTextBytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  std::vector<abi::CodeUnit> units;
  for (ir::Func& f : functions) {
    if (auto problem = ir::verify(f)) ADD_FAILURE() << *problem << ir::print(f);
    ir::EdgeSplitter().run(f);
    abi::CodeUnit& unit = units.emplace_back();
    std::string shown;
    auto done = backend_->compile(f, unit, {.restore_context_after_calls = restore_context, .vcode = &shown});
    if (!done) ADD_FAILURE() << done.error().message();
    vcode += shown;
    offsets_.push_back(append(unit));
    sigs_.push_back(f.sig);
    abi::CodeUnit trampoline;
    backend_->array_call_trampoline(f.sig, trampoline);
    trampolines_.push_back(append(trampoline));
  }
  for (size_t n = 0; n < units.size(); ++n) {
    place_text(abi::UnitView(units[n]), {text_ + offsets_[n], units[n].text.size()}, offsets_[n],
               [this](uint32_t symbol) { return offsets_.at(symbol); });
  }
  for (auto& c : contexts_) {
    c = std::make_unique<uint8_t[]>(kDataOffset + kData);
    reinterpret_cast<abi::VMContext*>(c.get())->store = &store_;
  }
  uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  store_.stack_limit = here - 512 * 1024;
}

Program::~Program() {
  munmap(text_, kTextBytes);
}

uint32_t Program::append(const abi::CodeUnit& unit) {
  used_ = (used_ + 15) & ~size_t{15};
  auto start = static_cast<uint32_t>(used_);
  if (used_ + unit.text.size() > kTextBytes) {
    ADD_FAILURE() << "the test's code does not fit";
    return 0;
  }
  std::memcpy(text_ + used_, unit.text.data(), unit.text.size());
  used_ += unit.text.size();
  EXPECT_TRUE(std::ranges::is_sorted(unit.tables.traps, {}, &abi::TrapEntry::offset));
  EXPECT_TRUE(std::ranges::is_sorted(unit.tables.handlers, {}, &abi::HandlerEntry::offset));
  abi::append(tables_, abi::UnitView(unit).tables, start);
  return start;
}

Outcome Program::call(uint32_t function, const std::vector<uint64_t>& args, unsigned context_number) {
  const ir::Signature& sig = sigs_[function];
  EXPECT_EQ(args.size() + 1, sig.params.size());
  std::vector<abi::ValRaw> values(std::max(args.size(), sig.results.size()) + 1);
  for (size_t n = 0; n < args.size(); ++n) {
    std::memset(&values[n], 0xcd, sizeof values[n]);
    const uint64_t both[] = {args[n], args[n]};
    std::memcpy(&values[n], both, ir::bytes_of(sig.params[n + 1]));
  }
  Outcome result;
  abi::VMActivation activation{};
  store_.activation = &activation;
  running = this;
  outcome = &result;
  auto enter = reinterpret_cast<abi::ArrayCall>(text_ + trampolines_[function]);
  int32_t ok = enter(context(context_number), code(function), values.data(), &store_);
  running = nullptr;
  store_.activation = nullptr;
  EXPECT_EQ(ok, result.trap == abi::TrapCode::None ? 1 : 0);
  if (ok) {
    for (size_t n = 0; n < sig.results.size(); ++n) {
      uint64_t bits[2] = {};
      std::memcpy(bits, &values[n], ir::bytes_of(sig.results[n]));
      result.results.push_back(bits[0]);
      result.high.push_back(bits[1]);
    }
  }
  return result;
}

bool Program::enter(uint32_t function, abi::ValRaw* values) {
  return enter_code(function, code(function), values);
}

bool Program::enter_code(uint32_t function, const void* code, abi::ValRaw* values) {
  auto trampoline = reinterpret_cast<abi::ArrayCall>(text_ + trampolines_[function]);
  return trampoline(context(0), code, values, &store_);
}

uint64_t Program::call1(uint32_t function, const std::vector<uint64_t>& args) {
  Outcome o = call(function, args);
  EXPECT_EQ(o.trap, abi::TrapCode::None);
  return o.results.size() == 1 ? o.results[0] : 0xdead'beef'dead'beef;
}

const void* Program::host_trampoline(const ir::Signature& sig) {
  abi::CodeUnit unit;
  backend_->host_call_trampoline(sig, unit);
  return text_ + append(unit);
}

}  // namespace vitrine::x64::testing
