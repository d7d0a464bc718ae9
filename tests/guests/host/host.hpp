// What the hosts of this folder share: an error ends them, with the guest's backtrace if it has one.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <type_traits>
#include <vector>

#include "vitrine/vitrine.hpp"

namespace host {

[[noreturn]] inline void die(const vitrine::Error& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "host: %s\n", error.message().c_str());
  if (error.trap()) std::fprintf(stderr, "%s\n", error.trap()->backtrace().c_str());
  std::exit(1);
}

template <class T>
T take(vitrine::Result<T> result) {
  if (!result) die(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline std::vector<uint8_t> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die(vitrine::Error(std::string("cannot read ") + path, vitrine::ErrorKind::Io));
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
}

}  // namespace host
