"""Modules that are valid, and large in one direction. Each function here takes a size and answers wasm bytes or text."""
import struct


def u(n):
    out = bytearray()
    while True:
        low = n & 0x7F
        n >>= 7
        out.append(low | (0x80 if n else 0))
        if not n:
            return bytes(out)


def s(n):
    out = bytearray()
    while True:
        low = n & 0x7F
        n >>= 7
        if (n == 0 and not low & 0x40) or (n == -1 and low & 0x40):
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


I32, I64, F32, F64, V128, EMPTY = b"\x7f", b"\x7e", b"\x7d", b"\x7c", b"\x7b", b"\x40"
BLOCK, LOOP, IF, ELSE, END = b"\x02", b"\x03", b"\x04", b"\x05", b"\x0b"
ADD, SUB, MUL, XOR, LT, EQZ, DROP = b"\x6a", b"\x6b", b"\x6c", b"\x73", b"\x48", b"\x45", b"\x1a"
F64ADD = b"\xa0"


def get(i):
    return b"\x20" + u(i)


def put(i):
    return b"\x21" + u(i)


def tee(i):
    return b"\x22" + u(i)


def const(n):
    return b"\x41" + s(n)


def br_if(depth):
    return b"\x0d" + u(depth)


def call(f):
    return b"\x10" + u(f)


def load(offset):
    return b"\x28\x02" + u(offset)


def store(offset):
    return b"\x36\x02" + u(offset)


def simd(code):
    return b"\xfd" + u(code)


V128CONST, SHUFFLE, SPLAT32, EXTRACT32, REPLACE32 = simd(12), simd(13), simd(17), simd(27) + b"\0", simd(28)
V128XOR, I8X16ADD, I16X8MUL, I32X4ADD, I32X4MUL, F32X4ADD, I64X2MUL, I8X16EQ, V128ANYTRUE = (
    simd(n) for n in (0x51, 0x6E, 0x95, 0xAE, 0xB5, 0xE4, 0xD5, 0x23, 0x53))


def vconst(i):
    return V128CONST + struct.pack("<QQ", i * 0x9E3779B97F4A7C15 % 2**64, i)


def vec(items):
    return u(len(items)) + b"".join(items)


def section(number, content):
    return bytes([number]) + u(len(content)) + content


def name(text):
    text = text.encode()
    return u(len(text)) + text


def func_type(params, results):
    return b"\x60" + vec(params) + vec(results)


def body(code, locals=()):
    """`locals`: (count, type) pairs."""
    inner = vec([u(n) + t for n, t in locals]) + code + END
    return u(len(inner)) + inner


def module(bodies, types=None, of=None, memory=True, table=None, globals=(), extra=b"", exports=True):
    """Functions of type 0, which is (i32) -> (i32), unless said."""
    types = types or [func_type([I32], [I32])]
    of = of or [0] * len(bodies)
    out = b"\0asm\1\0\0\0" + section(1, vec(types)) + section(3, vec([u(t) for t in of]))
    if table:
        out += section(4, b"\1\x70\0" + u(table))
    if memory:
        out += section(5, b"\1\0\1")
    if globals:
        out += section(6, vec(list(globals)))
    if exports:
        out += section(7, vec([name("f") + b"\0" + u(0)]))
    return out + extra + section(10, vec(bodies))


def one(code, locals=(), **more):
    return module([body(code, locals)], **more)


def blocks(n):
    """One block after another, each left early under a condition."""
    return one(b"".join(BLOCK + EMPTY + get(0) + const(i) + LT + br_if(0) + get(0) + const(3) + ADD + put(0) + END for i in range(n)) + get(0))


def diamonds(n):
    """If and else after each other, each of which assigns a local."""
    piece = get(0) + IF + EMPTY + get(1) + const(1) + ADD + put(1) + ELSE + get(1) + const(2) + XOR + put(1) + END
    return one(piece * n + get(1), [(1, I32)])


def straight(n):
    """A long straight line."""
    return one(get(0) + b"".join(const(i * 7919) + [ADD, XOR, MUL, SUB][i % 4] for i in range(n)))


def pressure(n):
    """Many values alive at once."""
    return one(b"".join(get(0) + const(i) + MUL for i in range(n)) + ADD * (n - 1))


def float_pressure(n):
    return one(b"".join(get(0) + b"\xb7" + b"\x44" + struct.pack("<d", i + 0.5) + b"\xa2" for i in range(n)) + F64ADD * (n - 1) + b"\xfc\x02")


def locals_declared(n):
    """The most locals there may be, of which `n` are used."""
    return one(b"".join(get(0) + const(i) + ADD + put(1 + i) for i in range(n)) + get(0) + b"".join(get(1 + i) + XOR for i in range(n)), [(49_999, I32)])


def locals_in_loops(n):
    """Locals times loops: each loop changes all of them."""
    side = max(2, int(n**0.5))
    change = b"".join(get(1 + i) + const(i) + ADD + put(1 + i) for i in range(side))
    loop = LOOP + EMPTY + change + get(0) + const(1) + SUB + tee(0) + br_if(0) + END
    return one(loop * side + get(0), [(side, I32)])


def branches_times_locals(n):
    """Each of many branches to one label carries all of many locals that differ on every way."""
    side = max(2, int(n**0.5))
    piece = b"".join(get(0) + const(i) + XOR + put(1 + i % side) + get(0) + const(i) + LT + br_if(0) for i in range(side))
    return one(BLOCK + EMPTY + piece + END + get(0) + b"".join(get(1 + i) + ADD for i in range(side)), [(side, I32)])


def many_locals_many_branches(n):
    """All locals there may be, assigned between `n` branches."""
    piece = b"".join(get(0) + put(1 + i * 7919 % 49_999) + get(0) + br_if(0) for i in range(n))
    return one(BLOCK + EMPTY + piece + END + get(49_000), [(49_999, I32)])


def loops_with_many_locals(n):
    """Loops in a row, each of which assigns one local, and all locals alive around them."""
    loop = lambda i: LOOP + EMPTY + get(1 + i % 5000) + const(1) + ADD + put(1 + i % 5000) + get(0) + const(1) + SUB + tee(0) + br_if(0) + END
    return one(b"".join(loop(i) for i in range(n)) + get(0) + b"".join(get(1 + i) + ADD for i in range(5000)), [(5000, I32)])


def nested_blocks(n):
    return one((BLOCK + EMPTY) * n + b"".join(get(0) + br_if(i) for i in range(0, n, 7)) + END * n + get(0))


def nested_ifs(n):
    return one((get(0) + IF + EMPTY) * n + get(0) + const(1) + ADD + put(0) + END * n + get(0))


def giant_ifs(n):
    return one((get(0) + IF + EMPTY) * n + END * n + get(0))


def giant_branches(n):
    return one(BLOCK + EMPTY + (get(0) + br_if(0)) * n + END + get(0))


def giant_sums(n):
    return one((get(0) + get(0) + ADD + put(0)) * n + get(0))


def giant_loops(n):
    return one((LOOP + EMPTY) * n + (get(0) + br_if(0) + END) * n + get(0))


def giant_divisions(n):
    return one((get(0) + get(0) + b"\x6d" + put(0)) * n + get(0))


def giant_calls(n):
    return one((get(0) + call(0) + put(0)) * n + get(0))


def nested_loops(n):
    """Deep loops, each with a value that does not change in it: motion out of all of them at once."""
    head = LOOP + EMPTY + get(1) + get(0) + const(5) + MUL + ADD + put(1)
    tail = get(0) + const(1) + SUB + tee(0) + br_if(0) + END
    return one(head * n + tail * n + get(1), [(1, I32)])


def nested_loops_with_locals(n):
    """Deep loops with a local of their own each."""
    head = lambda i: LOOP + EMPTY + get(1 + i) + const(1) + ADD + put(1 + i)
    tail = get(0) + br_if(0) + END
    return one(b"".join(head(i) for i in range(n)) + tail * n + get(1), [(n, I32)])


def nested_results(n):
    """Blocks that hand a value outwards, with a branch from the innermost to each."""
    return one((BLOCK + I32) * n + get(0) + b"".join(get(0) + br_if(i) for i in range(n)) + END * n)


def functions(n):
    return module([body(get(0) + const(i) + ADD + const(3) + MUL) for i in range(n)])


def calling_functions(n):
    return module([body(get(0) + call((i * 7919 + 1) % n) + call((i + 1) % n)) for i in range(n)])


def inlining_bomb(n):
    """Each calls the next one twice: all of it inlined would be 2 to the n."""
    return module([body(get(0) + call(i + 1) + call(i + 1)) for i in range(n)] + [body(get(0) + const(1) + ADD)])


def inlining_fan(n):
    """A small function that is called from everywhere, and calls small ones itself."""
    leaf = body(get(0) + b"".join(const(i) + XOR for i in range(8)))
    middle = body(get(0) + call(0) * 4)
    return module([leaf, middle] + [body(get(0) + call(1) * 4) for _ in range(n)])


def br_table(n):
    """Jump tables as wide as they may be, all to one label."""
    width = 60_000
    table = get(0) + b"\x0e" + u(width) + u(0) * (width + 1)
    return one((BLOCK + EMPTY + table + END) * max(1, n // width) + get(0))


def br_tables_to_many(n):
    """A switch with a block for every case."""
    table = get(0) + b"\x0e" + vec([u(i) for i in range(n)]) + u(n - 1)
    return one((BLOCK + EMPTY) * n + table + (END + get(0) + const(1) + ADD + put(0)) * n + get(0))


def wide_branches(n):
    """Branches that carry a thousand values each."""
    results = [I32] * 1000
    types = [func_type([I32], [I32]), func_type([], results)]
    code = BLOCK + s(1) + b"".join(get(0) + const(i) + ADD for i in range(1000)) + (get(0) + br_if(0)) * n + END + ADD * 999
    return one(code, types=types)


def wide_calls(n):
    """Calls with a thousand parameters and a thousand results."""
    types = [func_type([I32], [I32]), func_type([I32] * 1000, [I32] * 1000)]
    bodies = [body(get(0) * 1000 + call(1) * n + ADD * 999), body(b"".join(get(999 - i) for i in range(1000)))]
    return module(bodies, types=types, of=[0, 1])


def loads(n):
    """Loads from one base: each may be the same as an earlier one."""
    return one(const(0) + b"".join(get(0) + load(i % 997 * 4) + ADD for i in range(n)))


def stores(n):
    return one(b"".join(get(0) + get(0) + store(i * 4 % 4096) for i in range(n)) + get(0) + load(0))


def loads_and_stores(n):
    """Loads and stores by turns, at addresses nobody can compare."""
    return one(b"".join(get(0) + load(i % 64 * 4) + get(0) + store(0) + get(0) + load(4) + put(0) for i in range(n)) + get(0))


def calls_with_live_values(n):
    """Values that live across many calls."""
    live = 40
    bodies = [body(b"".join(get(0) + const(i) + MUL + put(1 + i) for i in range(live)) + (get(0) + call(1) + put(0)) * n + get(0)
                   + b"".join(get(1 + i) + ADD for i in range(live)), [(live, I32)]),
              body(get(0) + b"".join(const(i) + XOR + const(3) + MUL for i in range(40)))]
    return module(bodies)


def divisions(n):
    """Every one with a trap of its own."""
    return one(get(0) + b"".join(get(0) + b"\x6d" for _ in range(n)))


def selects(n):
    return one(get(0) + (get(0) + get(0) + b"\x1b") * n)


def constants(n):
    return one(b"\x44" + struct.pack("<d", 0.25) + b"".join(b"\x44" + struct.pack("<d", i * 1.37) + F64ADD for i in range(n)) + b"\xfc\x02")


def colliding_constants(n):
    """Constants that all have one hash in the table of value numbering (opt/rewriter.cpp, `hash_of`)."""
    wide, half = 1 << 64, 1 << 32
    first, second = 0x9E3779B97F4A7C15, 0xFF51AFD7ED558CCD
    opcode = 0x200 ^ 0xFFFFFFFF  # iconst, i64, and no first operand
    back, back_low = pow(second, -1, wide), pow(first % half, -1, half)
    code = get(0)
    parts = []
    for k in range(n):
        mixed = ((0x12345678 << 32) + k * 40503) * back % wide  # its product has this upper half
        low = ((mixed >> 32) - (opcode * first % wide >> 32)) * back_low % half
        h = (opcode | low << 32) * first % wide
        value = low | (mixed ^ h ^ h >> 32) % half << 32
        parts.append(b"\x42" + s(value - wide if value >> 63 else value) + (b"\x7c" if k % 2 else b"\x7e"))
    return module([body(code + b"".join(parts))], types=[func_type([I64], [I64])])


def indirect_calls(n):
    return one(get(0) + (get(0) + b"\x11\0\0") * n, table=10)


def globals_used(n):
    globals = [I32 + b"\1" + const(i) + END for i in range(n)]
    return one(b"".join(b"\x23" + u(i) + b"\x24" + u((i * 31 + 1) % n) for i in range(n)) + get(0), globals=globals)


def types(n):
    kinds = [I32, I64, F32, F64]
    all = [func_type([I32], [I32])] + [func_type([kinds[i >> k & 3] for k in range(0, 20, 2)], [I32]) for i in range(n)]
    return one(get(0), types=all)


def exports(n):
    extra = section(7, vec([name(f"an export with a long name, number {i}") + b"\0\0" for i in range(n)]))
    return one(get(0), exports=False, memory=False, extra=extra)


def data_segments(n):
    n = min(n, 100_000)
    return one(get(0)) + section(11, vec([b"\0" + const(i % 60_000) + END + b"\4abcd" for i in range(n)]))


def elements(n):
    extra = section(9, vec([b"\0" + const(0) + END + vec([u(0)] * n)]))
    return one(get(0), table=n, extra=extra)


def dead_code(n):
    return one(get(0) + b"\x0f" + (get(0) + const(1) + ADD + put(0) + BLOCK + EMPTY + get(0) + br_if(0) + END) * n)


def memory_ops(n):
    return one((get(0) + get(0) + const(17) + b"\xfc\x0a\0\0" + get(0) + const(0) + const(33) + b"\xfc\x0b\0") * n + get(0))


def vector_locals(n):
    """So many locals of 16 bytes, all of them alive at the end."""
    code = b"".join(get(0) + SPLAT32 + vconst(i) + I8X16ADD + put(1 + i) for i in range(n))
    return one(code + get(1) + b"".join(get(1 + i) + V128XOR for i in range(n)) + EXTRACT32, [(n, V128)])


def vector_pressure(n):
    """So many vectors alive at once."""
    return one(b"".join(get(0) + const(i) + MUL + SPLAT32 for i in range(n)) + I32X4ADD * (n - 1) + EXTRACT32)


def vector_shuffles(n):
    """A chain of shuffles, each of a pattern of its own."""
    lanes = lambda i: bytes((i * 7 + k * (i % 31 + 1) + k * k * (i % 5)) % 32 for k in range(16))
    return one(get(0) + SPLAT32 + put(1) + vconst(7) + b"".join(get(1) + SHUFFLE + lanes(i) for i in range(n)) + EXTRACT32, [(1, V128)])


def vector_constants(n):
    """Constants that have to lie somewhere, all of them different."""
    return one(vconst(0) + b"".join(vconst(i) + [I8X16ADD, V128XOR, I16X8MUL][i % 3] for i in range(1, n)) + get(0) + SPLAT32 + V128XOR + EXTRACT32)


def vector_straight(n):
    """Of each instruction that takes two vectors and needs a longer sequence on some CPUs."""
    codes = [0x0E, 0x28, 0x2C, 0x65, 0x77, 0x82, 0x95, 0xB5, 0xBA, 0xD5, 0xD9, 0xDC, 0xE8, 0xE9, 0xF4, 0xF5, 0x23]
    return one(get(0) + SPLAT32 + put(1) + vconst(1) + b"".join(get(1) + simd(codes[i % len(codes)]) for i in range(n)) + EXTRACT32, [(1, V128)])


def vector_conversions(n):
    """Of each on one vector, with shifts between them."""
    codes = [0x60, 0x62, 0x67, 0x6A, 0x74, 0x94, 0xA0, 0xC0, 0xE3, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF, 0x5E, 0x5F, 0x7D]
    return one(vconst(1) + b"".join(simd(codes[i % len(codes)]) + get(0) + simd([0x6B, 0x6C, 0x6D, 0xCC][i % 4]) for i in range(n)) + EXTRACT32)


def vector_lanes(n):
    """Lanes taken out and put back."""
    return one(vconst(3) + put(1) + b"".join(get(1) + get(1) + simd(27) + bytes([i % 4]) + const(i) + ADD + REPLACE32 + bytes([i * 3 % 4]) + put(1)
                                             for i in range(n)) + get(1) + EXTRACT32, [(1, V128)])


def vector_memory(n):
    """Loads and stores of lanes, at every offset."""
    return one(vconst(1) + put(1) + b"".join(get(0) + get(1) + simd(0x54) + b"\0" + u(i % 5000) + bytes([i % 16]) + put(1)
                                             + get(0) + get(1) + simd(0x5A) + b"\0" + u(i * 3 % 5000) + bytes([i % 4]) for i in range(n))
               + get(1) + EXTRACT32, [(1, V128)])


def vector_locals_in_loops(n):
    """Locals times loops: each loop changes all of them, and each is more than there are registers."""
    side = max(2, int(n**0.5))
    change = b"".join(get(1 + i) + vconst(i) + I32X4ADD + put(1 + i) for i in range(side))
    loop = LOOP + EMPTY + change + get(0) + const(1) + SUB + tee(0) + br_if(0) + END
    return one(loop * side + get(1) + b"".join(get(1 + i) + V128XOR for i in range(side)) + EXTRACT32, [(side, V128)])


def vector_conditions(n):
    """Each a branch of its own."""
    piece = get(1) + vconst(5) + I8X16EQ + V128ANYTRUE + br_if(0) + get(1) + vconst(9) + I32X4MUL + put(1)
    return one(get(0) + SPLAT32 + put(1) + BLOCK + EMPTY + piece * n + END + get(1) + EXTRACT32, [(1, V128)])


def vector_wide_calls(n):
    """Calls with a thousand vectors as parameters and as results."""
    types = [func_type([I32], [I32]), func_type([V128] * 1000, [V128] * 1000)]
    bodies = [body((get(0) + SPLAT32) * 1000 + call(1) * n + V128XOR * 999 + EXTRACT32), body(b"".join(get(999 - i) for i in range(1000)))]
    return module(bodies, types=types, of=[0, 1])


def giant_vectors(n):
    return one(get(0) + SPLAT32 + put(1) + (get(1) + get(1) + I16X8MUL + put(1)) * n + get(1) + EXTRACT32, [(1, V128)])


def deep_text(n):
    """Folded expressions inside of each other."""
    return ("(module (func (param i32) (result i32) " + "(i32.add (i32.const 1) " * n + "(local.get 0)" + ")" * n + "))").encode()


def deep_text_blocks(n):
    return ("(module (func " + "(block " * n + ")" * n + "))").encode()


def long_text(n):
    return ("(module " + "".join(f"(func $f{i} (param $x i32) (result i32) (i32.add (local.get $x) (i32.const {i})))" for i in range(n)) + ")").encode()


def deep_comments(n):
    return (b"(;" * n) + (b";)" * n) + b"(module)"


def annotations(n):
    return b"(module " + b"(@a " * n + b")" * n + b")"
