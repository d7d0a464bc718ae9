#include "runtime/code/perf_map.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/casts.hpp"
#include "os/fd.hpp"
#include "runtime/code/compiled_module.hpp"

namespace vitrine::runtime {

void write_perf_map(const CompiledModule& module) {
  // Another user may have put a link there: do not follow it.
  std::string path = fmt::format("/tmp/perf-{}.map", ::getpid());
  os::FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return;
  std::string text;
  const auto base = address_of(module.text().data());
  const auto functions = module.image().functions();
  for (uint32_t i = 0; i < functions.size(); ++i) {
    uint32_t index = module.module().imported_functions + i;
    std::string name = wasm::describe_function(module.module(), module.names(), index);
    for (char& c : name) {
      if (static_cast<unsigned char>(c) < 0x20) c = '?';
    }
    fmt::format_to(std::back_inserter(text), "{:x} {:x} wasm::{}\n", base + functions[i].offset, functions[i].size,
                   name);
  }
  for (size_t done = 0; done < text.size();) {
    ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

}  // namespace vitrine::runtime
