# What CPython computes: integers of any size, floats, text, containers, classes, generators, the standard library.
import base64, bisect, collections, contextlib, copy, dataclasses, datetime, decimal, enum, fractions, functools, hashlib
import heapq, io, itertools, json, math, operator, random, re, statistics, string, struct, sys, textwrap, zlib


def primes(n):
    sieve = bytearray([1]) * (n + 1)
    for i in range(2, math.isqrt(n) + 1):
        if sieve[i]:
            sieve[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i in range(2, n + 1) if sieve[i]]


@functools.lru_cache(maxsize=None)
def partitions(n, m):
    if n == 0:
        return 1
    return sum(partitions(n - k, k) for k in range(1, min(n, m) + 1))


@dataclasses.dataclass(order=True)
class Item:
    weight: int
    name: str = dataclasses.field(compare=False)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def queens(n, row=0, columns=(), out=None):
    if row == n:
        yield columns
        return
    for c in range(n):
        if all(c != k and abs(c - k) != row - r for r, k in enumerate(columns)):
            yield from queens(n, row + 1, columns + (c,))


@contextlib.contextmanager
def noted(log):
    log.append("enter")
    try:
        yield len(log)
    finally:
        log.append("exit")


print(sys.implementation.name, sys.byteorder)
p = primes(50000)
print(len(p), p[-1], sum(p))
print(2 ** 521 - 1, (3 ** 200) % 10 ** 20, pow(3, -1, 1000003), math.factorial(60), math.comb(100, 37))
print(partitions(20, 20), list(itertools.islice(queens(8), 3)), sum(1 for _ in queens(6)))
print(0.1 + 0.2, 1e16 + 1, 1 / 3, 2.5e-308, round(2.5), round(2.675, 2), float("inf"), math.sin(1), math.gamma(5.5), f"{math.pi:.10f} {1e10:g} {12345.678:,.2f} {255:#x} {-7 // 2} {-7 % 3}")
print(sorted([Item(3, "c"), Item(1, "a"), Item(2, "b")]), Colour.BLUE, Colour(1).name)
words = re.findall(r"[a-z]+", "the quick brown fox jumps over the lazy dog and the cat")
print(collections.Counter(words).most_common(2), sorted({w: len(w) for w in words}.items(), key=operator.itemgetter(1, 0))[-3:])
print(json.dumps({"a": [1, 2.5, None, True], "b": {"ü": "\n"}}, sort_keys=True), json.loads('{"x": [1e3, "\\u00e9"]}'))
print(hashlib.sha256(b"abc").hexdigest()[:16], hashlib.md5(b"").hexdigest(), zlib.crc32(b"123456789"), base64.b64encode(b"any carnal pleas"))
print(len(zlib.compress(b"abc" * 10000)) < 100, zlib.decompress(zlib.compress(b"xyz" * 100)) == b"xyz" * 100)
print(decimal.Decimal(1) / decimal.Decimal(7), fractions.Fraction(3, 4) + fractions.Fraction(5, 6), statistics.pstdev([1, 2, 3, 4]))
r = random.Random(42)
print(r.random(), r.randint(1, 100), r.sample(range(100), 5), round(r.gauss(0, 1), 12))
print(datetime.date(2024, 2, 29) + datetime.timedelta(366), datetime.datetime(2000, 1, 1).strftime("%A %j"))
print(struct.pack("<IhQ", 1, -2, 3 << 40).hex(), struct.unpack(">d", bytes.fromhex("400921fb54442d18")))
log = []
with contextlib.suppress(ZeroDivisionError), noted(log) as depth:
    1 / (depth - 1)
print(log)
try:
    try:
        {}["missing"]
    except KeyError as e:
        raise ValueError("bad") from e
except ValueError as e:
    print(repr(e), repr(e.__cause__))
try:
    def down(n):
        return down(n + 1)
    down(0)
except RecursionError as e:
    print(type(e).__name__)
match [1, {"k": (2, 3)}]:
    case [int(a), {"k": (b, c)}] if a < b:
        print(a, b, c)
h = []
for i in range(1000):
    heapq.heappush(h, (i * 7919) % 1009)
print([heapq.heappop(h) for _ in range(5)], bisect.bisect(list(range(0, 100, 7)), 50))
print("naïve 日本 😀".upper(), "ß".casefold(), "a,b,,c".split(","), "%05.1f|%-6s|%r" % (3.14159, "ab", "q"), "x".join(map(str, range(4))), textwrap.fill("some words to wrap", 10).splitlines())
d = collections.defaultdict(list)
for i in range(2000):
    d[i % 17].append(i ** 2)
print(sum(map(sum, d.values())), list(itertools.accumulate([1, 2, 3, 4], operator.mul)), functools.reduce(lambda a, b: a * 31 + b, range(20)))
async def answer(n):
    return n * 2


def drive(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value


print(drive(answer(21)), copy.deepcopy([[1], {2: (3,)}]), eval(compile("(lambda *a, **k: (a, k))(1, z=2)", "<x>", "eval")))
a = [[(i * j) % 7 for j in range(30)] for i in range(30)]
b = [list(row) for row in zip(*a)]
print(sum(sum(x * y for x, y in zip(r, c)) for r in a for c in b) % 1000003)
