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
#elif CASE == 10
  (void)linker.func("h", "f", [](vitrine::V128&) {});
#elif CASE == 11
  (void)instance.typed<std::array<uint8_t, 16>(int32_t)>("f");
#elif CASE == 12
  (void)vitrine::V128::splat(true);
#else
  (void)linker.func("h", "f",
                    [](const vitrine::Caller&, int32_t, double) noexcept -> vitrine::Result<int64_t> { return 1; });
  (void)linker.func("h", "g", [](const int32_t&, long long, unsigned long long) { return 1ll; });
  (void)instance.typed<long long(int32_t)>("f");
  (void)linker.func("h", "v", [](vitrine::Caller&, const vitrine::V128& v, int32_t) { return std::tuple(v, 1.5f); });
  (void)linker.func("h", "r", [](vitrine::V128 v) -> vitrine::Result<vitrine::V128> { return v; });
  (void)instance.typed<vitrine::V128(vitrine::V128, int32_t)>("f");
#endif
}
