// Trap codes; expanded from traps.def.
#pragma once

#include <cstdint>

namespace vitrine::abi {

enum class TrapCode : uint8_t {
  None = 0,
#define TRAP(name, code, message) name = code,
#include "abi/traps.def"
#undef TRAP
};

constexpr const char* message_of(TrapCode code) {
  switch (code) {
    case TrapCode::None:
      return "no trap";
#define TRAP(name, number, message) \
  case TrapCode::name:              \
    return message;
#include "abi/traps.def"
#undef TRAP
  }
  return "unknown trap";
}

}  // namespace vitrine::abi
