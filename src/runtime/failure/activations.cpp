#include "runtime/failure/activations.hpp"

#include "os/signals.hpp"

namespace vitrine::runtime {

void broken_activations() {
  os::end_process(
      "vitrine: a host function left guest frames behind without returning through them (longjmp, or a switch of "
      "stacks out of turn): the store's guests cannot go on\n");
}

}  // namespace vitrine::runtime
