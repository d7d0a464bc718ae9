#include "execution.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "module_generator.hpp"

namespace vitrine::fuzz {
namespace {

const char* class_of(TrapCode code) {
  switch (code) {
    case TrapCode::StackOverflow:
      return "stack";
    case TrapCode::MemoryOutOfBounds:
      return "memory";
    case TrapCode::TableOutOfBounds:
      return "table";
    case TrapCode::IndirectCallToNull:
    case TrapCode::BadSignature:
      return "indirect";
    case TrapCode::IntegerOverflow:
    case TrapCode::IntegerDivisionByZero:
    case TrapCode::BadConversionToInteger:
      return "number";
    case TrapCode::Unreachable:
      return "unreachable";
    case TrapCode::OutOfFuel:
      return "fuel";
    default:
      return "other";
  }
}

std::string show(const Val& v) {
  switch (v.kind()) {
    case ValKind::I32:
      return fmt::format("{}", v.i32());
    case ValKind::I64:
      return fmt::format("{}", v.i64());
    case ValKind::F32:
      return fmt::format("f32:{:08x}", v.f32_bits());
    case ValKind::F64:
      return fmt::format("f64:{:016x}", v.f64_bits());
    case ValKind::V128:
      return fmt::format("v128:{:016x}{:016x}", v.v128().lanes<uint64_t>()[1], v.v128().lanes<uint64_t>()[0]);
    default:
      return v.is_null() ? "null" : "ref";
  }
}

std::string show(const std::vector<Val>& values) {
  std::string text;
  for (const Val& v : values) text += " " + show(v);
  return text;
}

uint32_t fnv(std::span<const uint8_t> bytes) {
  uint32_t h = 0x811c9dc5;
  for (uint8_t b : bytes) h = (h ^ b) * 0x01000193;
  return h;
}

/// Writes down how a call ended. False when nothing after it can be compared.
bool record(Trace& trace, const std::string& name, const Result<std::vector<Val>>& results) {
  if (results) {
    trace.lines.push_back(name + ":" + show(*results));
    return true;
  }
  const Error& error = results.error();
  const Trap* trap = error.trap();
  if (error.kind() != ErrorKind::Trap || !trap || !trap->code()) {
    trace.lines.push_back(fmt::format("{}: error {}", name, error.message()));
    return true;
  }
  if (*trap->code() == TrapCode::StackOverflow || *trap->code() == TrapCode::OutOfFuel) trace.comparable = false;
  trace.lines.push_back(fmt::format("{}: trap {}", name, class_of(*trap->code())));
  return trace.comparable;
}

void record_memory(Trace& trace, const std::string& name, const Memory& memory) {
  trace.lines.push_back(fmt::format("{}: {} {}", name, memory.data().size(), fnv(memory.data())));
}

Val fixed_value(ValKind kind, size_t i) {
  constexpr int64_t kInts[] = {0, 1, -1, 10, 0x7fffffff, 1000, 65535, INT64_MIN};
  constexpr double kFloats[] = {0.0, 1.5, -1.0, 1e10, -0.0, 3.0, 1e300, 0.1};
  switch (kind) {
    case ValKind::I32:
      return static_cast<int32_t>(kInts[i % std::size(kInts)]);
    case ValKind::I64:
      return kInts[i % std::size(kInts)];
    case ValKind::F32:
      return static_cast<float>(kFloats[i % std::size(kFloats)]);
    case ValKind::F64:
      return kFloats[i % std::size(kFloats)];
    case ValKind::V128:
      return V128::of<int64_t>({kInts[i % std::size(kInts)], static_cast<int64_t>(0x8102'0304'85f6'0788 * (i + 1))});
    default:
      return Val::null(kind);
  }
}

}  // namespace

Result<Trace> trace_generated(const Engine& engine, const Module& module) {
  Trace trace;
  Store store(engine);
  Linker linker(engine);
  uint32_t mixed = 0;
  auto mix = [&mixed](int32_t a, int64_t b) {
    mixed = mixed * 31 + static_cast<uint32_t>(a) * 7 + static_cast<uint32_t>(b) + static_cast<uint32_t>(b >> 32) * 13;
    return mixed;
  };
  if (auto ok = linker.func("env", "mix", mix); !ok) return std::unexpected(std::move(ok).error());
  if (engine.config().consume_fuel()) (void)store.set_fuel(UINT64_MAX / 4);
  store.set_epoch_deadline(UINT64_MAX / 4);
  auto instance = linker.instantiate(store, module);
  if (!instance) return std::unexpected(std::move(instance).error());
  auto fuel = instance->global("fuel");
  if (!fuel) return std::unexpected(std::move(fuel).error());
  for (const ExportType& e : module.exports()) {
    if (!std::holds_alternative<FuncType>(e.type)) continue;
    if (auto ok = fuel->set(Val(kFuel)); !ok) return std::unexpected(std::move(ok).error());
    auto func = instance->func(e.name);
    if (!func) return std::unexpected(std::move(func).error());
    if (!record(trace, e.name, func->call({}))) return trace;
  }
  for (const char* name : {"memory", "memory1"}) {
    if (auto memory = instance->memory(name)) record_memory(trace, name, *memory);
  }
  trace.lines.push_back(fmt::format("mix: {}", mixed));
  return trace;
}

Result<Trace> trace_any(const Engine& engine, const Module& module, uint64_t fuel) {
  Trace trace;
  Store store(engine);
  StoreLimits limits;
  limits.memory_bytes = 4 << 20;
  limits.table_elements = 10000;
  store.limits(limits);
  (void)store.set_fuel(fuel);
  store.set_epoch_deadline(UINT64_MAX / 4);
  Linker linker(engine);
  if (auto ok = linker.unknown_imports_default(store, module); !ok) return std::unexpected(std::move(ok).error());
  auto instance = linker.instantiate(store, module);
  if (!instance) {
    if (instance.error().kind() != ErrorKind::Trap) return std::unexpected(std::move(instance).error());
    record(trace, "start", std::unexpected(std::move(instance).error()));
    return trace;
  }
  size_t calls = 0;
  for (const ExportType& e : module.exports()) {
    const auto* type = std::get_if<FuncType>(&e.type);
    if (!type) continue;
    if (++calls > 64) break;
    auto func = instance->func(e.name);
    if (!func) return std::unexpected(std::move(func).error());
    (void)store.set_fuel(fuel);
    std::vector<Val> args;
    for (const ValType& t : type->params) args.push_back(fixed_value(t.kind(), args.size() + calls));
    if (!record(trace, e.name, func->call(args))) return trace;
  }
  for (const ExportType& e : module.exports()) {
    auto item = instance->get(e.name);
    if (!item) continue;
    if (auto* memory = std::get_if<Memory>(&*item)) record_memory(trace, e.name, *memory);
    if (auto* global = std::get_if<Global>(&*item)) {
      auto value = global->get();
      if (!value) return std::unexpected(std::move(value).error());
      trace.lines.push_back(e.name + ": " + show(*value));
    }
    if (auto* table = std::get_if<Table>(&*item)) {
      std::string text = fmt::format("{}: {}", e.name, table->size());
      for (uint64_t i = 0; i < std::min<uint64_t>(table->size(), 100); ++i) {
        if (auto v = table->get(i)) text += " " + show(*v);
      }
      trace.lines.push_back(std::move(text));
    }
  }
  return trace;
}

std::optional<std::string> difference(const Trace& a, const Trace& b) {
  bool all = a.comparable && b.comparable;
  size_t n = std::min(a.lines.size(), b.lines.size());
  // The line that ended a trace is itself not comparable.
  if (!all) n = std::min(a.lines.size() - !a.comparable, b.lines.size() - !b.comparable);
  for (size_t i = 0; i < n; ++i) {
    if (a.lines[i] != b.lines[i]) return fmt::format("\"{}\" and \"{}\"", a.lines[i], b.lines[i]);
  }
  if (all && a.lines.size() != b.lines.size()) return "a different number of events";
  return std::nullopt;
}

}  // namespace vitrine::fuzz
