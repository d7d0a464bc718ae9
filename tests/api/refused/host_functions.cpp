// What is no host function, and other mistakes that the compiler sees: each CASE says what is wrong (tests/api/CMakeLists.txt).
#include <vitrine/vitrine.hpp>

#include <string>

void define(vitrine::Linker& linker, [[maybe_unused]] const vitrine::Instance& instance) {
#if CASE == 1
  (void)linker.func("h", "f", [](int32_t, std::string) {});
#elif CASE == 2
  (void)linker.func("h", "f", [](vitrine::Caller&, int16_t, int32_t) {});
#elif CASE == 3
  (void)linker.func("h", "f", [](vitrine::Caller) {});
#elif CASE == 4
  (void)linker.func("h", "f", [](auto) {});
#elif CASE == 5
  (void)linker.func("h", "f", []() -> std::string { return ""; });
#elif CASE == 6
  (void)linker.func("h", "f", [](int32_t, vitrine::Caller&) {});
#elif CASE == 7
  (void)linker.func("h", "f", [](int32_t&) {});
#elif CASE == 8
  (void)instance.typed<int32_t>("f");
#elif CASE == 9
  linker.func("h", "f", [] {});
#else
  (void)linker.func("h", "f",
                    [](const vitrine::Caller&, int32_t, double) noexcept -> vitrine::Result<int64_t> { return 1; });
  (void)linker.func("h", "g", [](const int32_t&, long long, unsigned long long) { return 1ll; });
  (void)instance.typed<long long(int32_t)>("f");
#endif
}
