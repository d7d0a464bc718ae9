// `FunctionReader<Consumer>`: decodes the body of a function exactly once, validates it, and hands every operator to a
// consumer.
//
// A consumer is any class with
//
//   void begin(uint32_t function, const FuncType& type, std::span<const LocalRun> locals);
//       before the first operator. Locals are numbered: parameters first, then the runs in order.
//   void op(const Operator& op, const OperandInfo& info);
//       every operator that control can reach; and block, loop, if, try_table, else and end always, with
//       `info.reachable` telling (see OperandInfo), so that a consumer can keep a control stack of its own. The last
//       one is the `end` of the function. The operator was checked: its operands are on the stack with the right types,
//       its indices exist.
//   void finish();
//       after the last operator, if all of the body was valid. If it was not, neither it nor anything else is called
//       any more.
//
// A consumer cannot fail; errors come from the reader alone. `Operator` and `OperandInfo` (operator.hpp) are valid
// during the call; types in them live as long as the module, or the reader for block types of one reference result. A
// reader keeps its scratch memory: use one per thread for all functions of a module. It is not copyable.
#pragma once

#include "wasm/function_validator.hpp"

namespace vitrine::wasm {

template <class Consumer>
class FunctionReader : private FunctionValidator {
 public:
  FunctionReader(const Module& module, const Features& features) : FunctionValidator(module, features) {}

  /// Reads the body of the defined function `index` (in the function index space). Errors are as those of
  /// `read_module`.
  Result<> read(uint32_t index, Consumer& consumer) {
    if (start(index)) {
      consumer.begin(index, *type_, runs_);
      for (;;) {
        Step next = step();
        if (next == Step::Emit) {
          consumer.op(op_, info_);
        } else if (next == Step::Stop) {
          break;
        }
      }
    }
    Result<> done = result();
    if (done) consumer.finish();
    return done;
  }

  /// Only decodes it: an error if the body is malformed (or over a limit, or needs a feature that is off), not if it is
  /// invalid.
  using FunctionValidator::decode_only;
};

}  // namespace vitrine::wasm
