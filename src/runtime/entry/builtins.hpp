// The functions of builtins.def, as compiled code finds them.
#pragma once

namespace vitrine::runtime {

/// What VMContext::builtins points to, by abi::Builtin.
extern const void* const kBuiltins[];

}  // namespace vitrine::runtime
