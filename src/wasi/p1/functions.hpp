// The functions of WASI 0.1 as a table: name, wasm signature, and a plain function to call.
#pragma once

#include <vitrine/val.hpp>

#include <cstdint>
#include <span>
#include <string_view>

#include "wasi/p1/abi.hpp"
#include "wasi/p1/answer.hpp"
#include "wasi/p1/guest_memory.hpp"

namespace vitrine::wasi::p1 {

class P1State;

enum class WasmType : uint8_t { I32, I64 };

/// Calls a function for the guest whose memory is `memory`, with an element of `args` for each parameter. An errno is the
/// function's result; the other errors end the guest.
using P1Call = Answer<> (*)(P1State& state, GuestMemory& memory, const RawVal* args);

struct P1Function {
  std::string_view name;
  std::span<const WasmType> params;
  bool has_result;  // an i32
  P1Call call;
};

/// The 46 functions of wasi_snapshot_preview1, or the 45 of wasi_unstable.
std::span<const P1Function> p1_functions(Abi abi);

}  // namespace vitrine::wasi::p1
