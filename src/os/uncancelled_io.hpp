// Reads and writes that are no cancellation points of the thread.
//
// Those of the C library are, and where the process has, or once had, a second thread, saying so to the C library takes
// two locked instructions for each. For files, which do not wait for anybody, that buys nothing. The few that do (some of
// /proc, a file system without its server) are ended by a signal, as all calls are; a thread that is cancelled meanwhile
// is so at its next cancellation point.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace vitrine::os {

/// As read(2): -1 and errno.
inline ssize_t read_now(int fd, void* to, size_t bytes) {
  return ::syscall(SYS_read, fd, to, bytes);
}
/// As write(2).
inline ssize_t write_now(int fd, const void* from, size_t bytes) {
  return ::syscall(SYS_write, fd, from, bytes);
}

}  // namespace vitrine::os
