#include "wasi/p1/fd_table.hpp"

#include <utility>

#include "base/result.hpp"

namespace vitrine::wasi::p1 {

Answer<uint32_t> FdTable::insert(Descriptor descriptor) {
  if (is_full()) return fail(Errno::MFile);
  ++open_;
  if (free_.empty()) {
    slots_.push_back(std::move(descriptor));
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  uint32_t fd = free_.top();
  free_.pop();
  slots_[fd] = std::move(descriptor);
  return fd;
}

Answer<> FdTable::close(uint32_t fd) {
  TRY(get(fd));
  release(fd);
  return {};
}

Answer<> FdTable::renumber(uint32_t from, uint32_t to) {
  Descriptor* source = TRY(get(from));
  Descriptor* target = TRY(get(to));
  if (from == to) return {};
  *target = std::move(*source);
  release(from);
  return {};
}

void FdTable::release(uint32_t fd) {
  slots_[fd] = std::monostate();
  --open_;
  if (fd > 2) free_.push(fd);
}

}  // namespace vitrine::wasi::p1
