#include "cli/wast/spectest.hpp"

#include "base/result.hpp"

namespace vitrine::cli {

Result<> define_spectest(Linker& linker, Store& store) {
  constexpr const char* kName = "spectest";
  // The scripts call them for effect only; what they print is nobody's expectation.
  TRY(linker.func(kName, "print", [] {}));
  TRY(linker.func(kName, "print_i32", [](int32_t) {}));
  TRY(linker.func(kName, "print_i64", [](int64_t) {}));
  TRY(linker.func(kName, "print_f32", [](float) {}));
  TRY(linker.func(kName, "print_f64", [](double) {}));
  TRY(linker.func(kName, "print_i32_f32", [](int32_t, float) {}));
  TRY(linker.func(kName, "print_f64_f64", [](double, double) {}));
  auto global = [&](const char* name, const Val& value) -> Result<> {
    return linker.define(kName, name, TRY(Global::make(store, {value.kind(), false}, value)));
  };
  TRY(global("global_i32", Val(int32_t{666})));
  TRY(global("global_i64", Val(int64_t{666})));
  TRY(global("global_f32", Val(666.6f)));
  TRY(global("global_f64", Val(666.6)));
  TableType table{ValKind::FuncRef, 10, 20, false};
  TRY(linker.define(kName, "table", TRY(Table::make(store, table, Val::null(ValKind::FuncRef)))));
  table.is_64 = true;
  TRY(linker.define(kName, "table64", TRY(Table::make(store, table, Val::null(ValKind::FuncRef)))));
  return linker.define(kName, "memory", TRY(Memory::make(store, {1, 2, false})));
}

}  // namespace vitrine::cli
