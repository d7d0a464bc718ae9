// Trap codes; expanded from the public list.
#pragma once

#include <cstdint>

namespace vitrine::abi {

enum class TrapCode : uint8_t {
  None = 0,
#define TRAP(name, code, message) name = code,
#include <vitrine/traps.def>
#undef TRAP
};

constexpr const char* message_of(TrapCode code) {
  switch (code) {
    case TrapCode::None:
      return "no trap";
#define TRAP(name, number, message) \
  case TrapCode::name:              \
    return message;
#include <vitrine/traps.def>
#undef TRAP
  }
  return "unknown trap";
}

}  // namespace vitrine::abi
