#include "wasi/p1/errno.hpp"

#include <cerrno>
#include <iterator>

namespace vitrine::wasi::p1 {
namespace {

struct Row {
  uint16_t number;
  int host;
  const char* text;
};
constexpr Row kRows[] = {
#define ERRNO(name, number, host, text) {number, host, text},
#include "wasi/p1/errnos.def"
};
static_assert(std::size(kRows) == 77);
constexpr bool numbered_in_order() {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    if (kRows[i].number != i) return false;
  }
  return true;
}
static_assert(numbered_in_order(), "a row is found by its number");

}  // namespace

Errno to_errno(os::SysError error) {
  // A path that leads out was refused, not misspelt; a grant's refusal is EPERM already.
  if (error == os::kEscape) return Errno::Perm;
  if (error.code > 0) {
    for (const auto& row : kRows) {
      if (row.host == error.code) return static_cast<Errno>(row.number);
    }
  }
  return Errno::Io;
}

const char* name_of(Errno error) {
  auto number = static_cast<size_t>(error);
  return number < std::size(kRows) ? kRows[number].text : "?";
}

}  // namespace vitrine::wasi::p1
