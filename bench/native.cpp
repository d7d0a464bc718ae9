// The kernels as shared objects of this machine: what the others are held against.
#include <dlfcn.h>

#include "engine.hpp"

namespace vitrine::bench {
namespace {

class Native : public Engine {
 public:
  // Handles stay open: a kernel is loaded once, and the order of unloading would only cost time.
  void load(const std::string& path) override {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) die(dlerror());
    kernel_ = reinterpret_cast<Kernel>(dlsym(library, "bench"));
    if (kernel_ == nullptr) die(path + " has no function bench");
  }
  uint64_t call(uint32_t n) override { return kernel_(n); }

 private:
  using Kernel = uint64_t (*)(uint32_t);
  Kernel kernel_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> make_native() {
  return std::make_unique<Native>();
}

}  // namespace vitrine::bench
