#include "compiler/regalloc/interface.hpp"

namespace vitrine::regalloc {

void allocate_linear_scan(const Input& in, Output& out) {
  allocate_fast(in, out);
}

}  // namespace vitrine::regalloc
