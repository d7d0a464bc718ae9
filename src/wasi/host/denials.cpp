#include "wasi/host/denials.hpp"

#include <algorithm>
#include <utility>

namespace vitrine::wasi::host {

void Denials::record(Denial denial) {
  std::lock_guard lock(mutex_);
  ++count_;
  if (kept_.size() < kMaxDenials && std::ranges::find(kept_, denial) == kept_.end()) {
    kept_.push_back(std::move(denial));
  }
}

std::vector<Denial> Denials::all() const {
  std::lock_guard lock(mutex_);
  return kept_;
}

uint64_t Denials::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace vitrine::wasi::host
