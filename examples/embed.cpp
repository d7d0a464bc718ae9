// A host: compiles a guest from text, gives it one function, calls it.
//   cmake --preset release && cmake --build --preset release
//   g++ -std=c++23 -Iinclude examples/embed.cpp -Lbuild/release -lvitrine -Wl,-rpath,build/release -o embed
#include <vitrine/vitrine.hpp>

#include <cstdio>
#include <cstdlib>

using namespace vitrine;

namespace {

/// The value, or the end of the program with the error's message.
template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "embed: %s\n", result.error().message().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

int main() {
  Engine engine = must(Engine::make());
  Module module = must(Module::compile(engine, R"(
    (module
      (import "host" "log" (func $log (param i32)))
      (func (export "sum") (param $n i32) (result i32)
        (local $total i32)
        (loop $again
          (local.set $total (i32.add (local.get $total) (local.get $n)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $again (local.get $n)))
        (call $log (local.get $total))
        (local.get $total))
      (func (export "fail") unreachable)))"));

  Store store(engine);
  Linker linker(engine);
  must(linker.func("host", "log", [](int32_t n) { std::printf("the guest says %d\n", n); }));
  Instance instance = must(linker.instantiate(store, module));

  auto sum = must(instance.typed<int32_t(int32_t)>("sum"));
  std::printf("sum(100) = %d\n", must(sum(100)));

  auto fail = must(instance.typed<void()>("fail"));
  if (auto result = fail(); !result) {
    std::printf("fail() trapped: %s\n%s\n", result.error().message().c_str(),
                result.error().trap()->backtrace().c_str());
  }
}
