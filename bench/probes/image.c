// A module with 1 MiB of initialised memory, none of it zero.
#define X4(x) x, x, x, x
#define X16(x) X4(x), X4(x), X4(x), X4(x)
#define X64(x) X16(x), X16(x), X16(x), X16(x)
#define X256(x) X64(x), X64(x), X64(x), X64(x)
#define X1K(x) X256(x), X256(x), X256(x), X256(x)
#define X4K(x) X1K(x), X1K(x), X1K(x), X1K(x)
#define X16K(x) X4K(x), X4K(x), X4K(x), X4K(x)
#define X64K(x) X16K(x), X16K(x), X16K(x), X16K(x)

unsigned long long image[1 << 17] = {X64K(0x0123456789abcdefull), X64K(0xfedcba9876543210ull)};

__attribute__((export_name("word"))) unsigned long long word(unsigned i) { return image[i & 0x1ffff]; }
