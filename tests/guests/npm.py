#!/usr/bin/env python3
"""Real programs from npm, run for their output: CPython runs scripts, clang compiles C files and what comes out runs, Ruby is
driven as a reactor by a host of ours (host/ruby.cpp). Two libraries in vectors, driven by host/emscripten.cpp: Argon2 answers the hashes
of RFC 9106, and the kernels of TensorFlow.js (XNNPACK) what is computed here.

    npm.py --vitrine BIN [--ruby-host BIN] [--emscripten-host BIN] [--npm DIR] [--no-fetch] [--filter TEXT]... [--opt-level N]...

tools/fetch-npm gets the packages; what cannot be had is skipped with the reason. Prints `N passed, N failed, N skipped`.
"""

import argparse
import difflib
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 900

RUBY = [
    ("1 + 1", "=> 2"),
    ("'hello'.upcase.reverse", "=> OLLEH"),
    ("2 ** 200", "=> 1606938044258990275541962092341162602522202993782792835301376"),
    ("(1..20).reduce(:*)", "=> 2432902008176640000"),
    ("[3, 1, 2].sort.map { |x| x * 1.5 }.inspect", "=> [1.5, 3.0, 4.5]"),
    ("def fib(n) = n < 2 ? n : fib(n - 1) + fib(n - 2)", "=> fib"),
    ("fib(22)", "=> 17711"),
    ("$total = 0; 100_000.times { |i| $total += i % 7 }; $total", "=> 299995"),
    ("h = Hash.new(0); 'the cat and the dog'.split.each { |w| h[w] += 1 }; h.max_by { |_, v| v }.inspect", '=> ["the", 2]'),
    ("format('%.12f %e %05d %x', Math::PI, 12345.678, 42, 255)", "=> 3.141592653590 1.234568e+04 00042 ff"),
    ("'2024-02-29'.match(/(\\d+)-(\\d+)/).captures.sum(&:to_i)", "=> 2026"),
    ("'na\u00efve \u65e5\u672c'.then { |s| [s.length, s.bytesize, s.upcase] }.inspect", '=> [8, 13, "NA\u00cfVE \u65e5\u672c"]'),
    ("Point = Struct.new(:x, :y) { def +(o) = Point.new(x + o.x, y + o.y) }; (Point.new(1, 2) + Point.new(3, 4)).to_a.inspect", "=> [4, 6]"),
    ("raise ArgumentError, 'no good'", "!! no good (ArgumentError)"),
    ("Integer('x')", '!! invalid value for Integer(): "x" (ArgumentError)'),
    ("begin; nil.foo; rescue NoMethodError => e; e.name; ensure $done = true; end", "=> foo"),
    ("catch(:found) { 10.times { |i| 10.times { |j| throw :found, [i, j] if i * j == 42 } } }.inspect", "=> [6, 7]"),
    ("f = Fiber.new { |x| y = Fiber.yield(x * 2); y + 1 }; [f.resume(21), f.resume(9)].inspect", "=> [42, 10]"),
    ("e = Enumerator.new { |y| a, b = 0, 1; loop { y << a; a, b = b, a + b } }; e.lazy.select(&:even?).first(6).inspect", "=> [0, 2, 8, 34, 144, 610]"),
    ("[1, [2, [3, nil]]].flatten.compact.each_slice(2).to_a.inspect", "=> [[1, 2], [3]]"),
    ("case {name: 'x', tags: [1, 2]}; in {name: String => n, tags: [_, Integer => t]} then \"#{n}#{t}\" end", "=> x2"),
    ("module Loud; def speak = super.upcase + '!'; end; class Dog; prepend Loud; def speak = 'woof'; end; Dog.new.speak", "=> WOOF!"),
    ("Rational(3, 4) + Rational(5, 6)", "=> 19/12"),
    ("def deep(n) = deep(n + 1); begin; deep(0); rescue SystemStackError => e; e.class; end", "=> SystemStackError"),
    ("a = 200.times.map { |i| 'x' * i }; GC.start; a.map(&:size).sum", "=> 19900"),
    ("File.write('/data/out.txt', (1..1000).to_a.join(\"\\n\")); File.foreach('/data/out.txt').sum(&:to_i)", "=> 500500"),
    ("begin; File.read('/etc/passwd'); rescue SystemCallError => e; e.class.ancestors.include?(SystemCallError); end", "=> true"),
    ("RUBY_VERSION[0, 3]", "=> 3.3"),
]
RUBY_STDLIB = [
    ("require 'json'; JSON.generate({'a' => [1, 2.5, nil, true]})", '=> {"a":[1,2.5,null,true]}'),
    ("require 'set'; Set[1, 2].superset?(Set[1])", "=> true"),
    ("require 'digest'; Digest::SHA256.hexdigest('abc')[0, 16]", "=> ba7816bf8f01cfea"),
    ("require 'erb'; ERB.new('<% 3.times do |i| %>[<%= i %>]<% end %>').result", "=> [0][1][2]"),
    ("require 'time'; Time.parse('2024-02-29T12:00:00Z').yday", "=> 60"),
    ("require 'prime'; 1_000_003.prime?", None),  # a bundled gem: there or not, but no crash
]


class Suite:
    def __init__(self, options):
        self.options, self.passed, self.failed, self.skipped = options, 0, 0, 0
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="vitrine-npm-"))

    def wanted(self, name):
        return not self.options.filter or any(f in name for f in self.options.filter)

    def skip(self, what, reason):
        self.skipped += 1
        print(f"skipped {what}: {reason}", flush=True)

    def check(self, name, problem):
        if problem is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}: {problem}", flush=True)
        return problem is None

    def run(self, *words, stdin="", cwd=None):
        try:
            return subprocess.run([str(w) for w in words], input=stdin.encode(), capture_output=True, timeout=SECONDS, check=False, cwd=cwd)
        except subprocess.TimeoutExpired as e:
            return subprocess.CompletedProcess(words, None, e.stdout or b"", b"still running")

    def precompiled(self, wasm, level):
        """The module compiled ahead of time, or None after a failure."""
        out = self.scratch / f"{wasm.stem}-{level}.cwasm"
        if not out.exists():
            start = time.monotonic()
            done = self.run(self.options.vitrine, "compile", "-O", f"opt-level={level}", wasm, "-o", out)
            if not self.check(f"compile {wasm.name} at opt-level {level}", None if done.returncode == 0 else f"status {done.returncode}: {tail(done.stderr)}"):
                return None
            print(f"compiled {wasm.name} at opt-level {level} in {time.monotonic() - start:.1f} s", flush=True)
        return out


def tail(data, lines=12):
    return "\n    ".join(data.decode(errors="replace").splitlines()[-lines:])


def compare(done, status, out=None, err_has=()):
    """None if the run went as it should, else what is wrong."""
    wrong = []
    if done.returncode != status:
        wrong.append(f"exit status: expected {status}, found {done.returncode}")
    found = done.stdout.decode(errors="replace")
    if out is not None and found != out:
        wrong += list(difflib.unified_diff(out.splitlines(), found.splitlines(), "expected", "found", lineterm="", n=0))[:30]
    for part in err_has:
        if part not in done.stderr.decode(errors="replace"):
            wrong.append(f"standard error lacks {part!r}")
    if wrong and done.stderr:
        wrong += ["standard error:", tail(done.stderr)]
    return "\n    ".join(wrong) or None


def python(suite, package, level):
    compiled = suite.precompiled(package / "dist/python.wasm", level)
    if not compiled:
        return
    work = pathlib.Path(tempfile.mkdtemp(dir=suite.scratch))
    scripts = HERE / "npm"
    run = [suite.options.vitrine, "run", "-O", f"opt-level={level}", "--allow-precompiled", "--dir", f"{work}::/data::rw", "--dir", f"{scripts}::/scripts::ro"]
    where = f"at opt-level {level}"
    suite.check(f"python/compute {where}", compare(suite.run(*run, compiled, "/scripts/compute.py"), 0, (scripts / "compute.expected").read_text()))
    suite.check(f"python/files {where}", compare(suite.run(*run, "--env", "MODE=npm", compiled, "/scripts/files.py", "one", "two words", stdin="from stdin\n"), 5,
                                                 (scripts / "files.expected").read_text(), ["to standard error"]))
    suite.check(f"python/raises {where}", compare(suite.run(*run, compiled, "/scripts/raises.py"), 1, "before\n",
                                                  ["KeyError: 'key'", "direct cause", "line 13, in <module>", "ValueError: outer failed"]))
    suite.check(f"python/-c {where}", compare(suite.run(*run, compiled, "-c", "import sys; print(sys.argv); sys.exit('last words')", "x"), 1, "['-c', 'x']\n", ["last words"]))
    suite.check(f"python/stdin {where}", compare(suite.run(*run, compiled, "-", stdin="print(6 * 7)\nprint(undefined)\n"), 1, "42\n", ["NameError"]))
    suite.check(f"python/syntax {where}", compare(suite.run(*run, compiled, "-c", "x = = 1"), 1, "", ["SyntaxError: invalid syntax"]))
    suite.check(f"python/read-only {where}", compare(suite.run(*run, compiled, "-c", "open('/scripts/new', 'w')"), 1, "", ["Error"]))


def clang(suite, package, level):
    root = suite.scratch / "clang-root"
    if not root.exists():
        with tarfile.open(package / "gen/llvm-resources.tar") as tar:
            tar.extractall(root / "usr")
        (root / "tmp").mkdir()
    compiled = suite.precompiled(package / "gen/llvm.core.wasm", level)
    if not compiled:
        return
    tool = [suite.options.vitrine, "run", "-O", f"opt-level={level}", "--allow-precompiled", "--dir", f"{root}::/::rw", "--argv0", "yowasp-llvm", compiled]
    where = f"at opt-level {level}"
    libraries = ["-L/usr/lib/wasm32-unknown-wasip1", "-L/usr/lib/wasm32-wasip1", "/usr/lib/wasm32-wasip1/crt1-command.o"]
    (root / "hello.c").write_text('#include <stdio.h>\nint main(void) {\n  printf("%s %d\\n", "compiled in the sandbox", 6 * 7);\n  return 3;\n}\n')
    for name, optimise, status, out in (("hello", "-O0", 3, "compiled in the sandbox 42\n"), ("vm", "-O2", 0, (HERE / "c/vm.expected").read_text()),
                                        ("json", "-O1", 1, (HERE / "c/json.expected").read_text())):
        source = HERE / f"c/{name}.c"
        if source.exists():
            shutil.copy(source, root / f"{name}.c")
        done = suite.run(*tool, "clang", optimise, "-c", f"/{name}.c", "-o", f"/{name}.o")
        if not suite.check(f"clang/compile {name} {where}", compare(done, 0)):
            continue
        done = suite.run(*tool, "wasm-ld", "-m", "wasm32", *libraries, f"/{name}.o", "-lc", "/usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a", "-o", f"/{name}.wasm")
        if not suite.check(f"clang/link {name} {where}", compare(done, 0)):
            continue
        stdin = source.read_text().split("//! stdin: ")[1].splitlines()[0] + "\n" if name == "json" else ""
        suite.check(f"clang/run {name} {where}", compare(suite.run(suite.options.vitrine, "run", "-C", "cache=n", root / f"{name}.wasm", stdin=stdin), status, out))
    (root / "bad.c").write_text("int main(void) { return undeclared; }\n")
    suite.check(f"clang/error {where}", compare(suite.run(*tool, "clang", "-c", "/bad.c", "-o", "/bad.o"), 1, "", ["bad.c:1:25: error: use of undeclared identifier 'undeclared'"]))
    suite.check(f"clang/version {where}", compare(suite.run(*tool, "clang", "--version"), 0) or None)


def ruby(suite, package, level):
    for module, cases in (("ruby.wasm", RUBY), ("ruby+stdlib.wasm", RUBY[:7] + RUBY_STDLIB)):
        work = pathlib.Path(tempfile.mkdtemp(dir=suite.scratch))
        start = time.monotonic()
        done = suite.run(suite.options.ruby_host, package / "dist" / module, "-O", level, "--dir", f"{work}::/data", *(code for code, _ in cases))
        print(f"ran {module} at opt-level {level} in {time.monotonic() - start:.1f} s", flush=True)
        lines = done.stdout.decode(errors="replace").splitlines()
        ended = None if done.returncode == 0 and len(lines) == len(cases) else f"status {done.returncode} after {len(lines)} of {len(cases)} answers: {tail(done.stderr)}"
        suite.check(f"{module} at opt-level {level}", ended)
        for (code, expected), found in zip(cases, lines):
            suite.check(f"{module} at opt-level {level}: {code}", None if expected in (None, found) else f"expected {expected}, found {found}")


def answers_of(suite, module, level, options, lines):
    """What host/emscripten.cpp printed for the lines, a line each; or None after a failure."""
    done = suite.run(suite.options.emscripten_host, module, "-O", level, *options, stdin="".join(line + "\n" for line in lines))
    return done.stdout.decode().splitlines() if suite.check(f"{module.name} at opt-level {level}", compare(done, 0)) else None


# Argon2d, Argon2i and Argon2id: the test vectors of RFC 9106, section 5.
ARGON2 = ["512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb", "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
          "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"]
# Argon2id of `password` with `somesalt`, 64 MiB: a test of the reference implementation, and more memory than the module begins with.
ARGON2_LARGE = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


def argon2(suite, package, level):
    # Exports: d constructors, f malloc, h verify, l hash: (passes, KiB, lanes, password, salt, hash and text with their sizes, which, secret, data, version)
    lines = ["call d", f"password = bytes {'01' * 32}", f"salt = bytes {'02' * 16}", f"secret = bytes {'03' * 8}", f"data = bytes {'04' * 12}", "hash = zeros 32"]
    for which in range(3):
        lines += [f"call l 3 32 4 password 32 salt 16 hash 32 0 0 {which} secret 8 data 12 19", "show hash 32"]
    lines += [f"password = bytes {b'password'.hex()}", f"salt = bytes {b'somesalt'.hex()}", "text = zeros 128",
              "call l 2 65536 1 password 8 salt 8 hash 32 text 128 2 0 0 0 0 19", "show hash 32", "call h text password 8 2", "call h text password 7 2"]
    found = answers_of(suite, package / "dist/argon2-simd.wasm", level, ["--memory", "c", "--malloc", "f", "--copy", "a", "--grow", "b"], lines)
    wrong_password = "-35"
    expected = [word for answer in [*ARGON2, ARGON2_LARGE] for word in ("0", answer)] + ["0", wrong_password]
    if found is not None:
        suite.check(f"argon2 at opt-level {level}", None if found == expected else f"expected {expected}, found {found}")


class Tensors:
    """Lines for the kernels of TensorFlow.js, and what they should answer."""

    def __init__(self):
        self.lines, self.expected, self.random, self.count = ["call __wasm_call_ctors", "call init"], [], random.Random(12), 0

    def tensor(self, values, form="f"):
        self.count += 1
        data = struct.pack(f"<{len(values)}{form}", *values)
        self.lines += [f"data{self.count} = bytes {data.hex()}", f"call register_tensor {self.count} {len(values)} data{self.count}"]
        return self.count

    def input(self, count, low=-9, high=9):
        values = [self.random.randint(low, high) for _ in range(count)]
        return values, self.tensor(values)

    def shape(self, *sizes):
        self.lines.append(f"shape = bytes {struct.pack(f'<{len(sizes)}i', *sizes).hex()}")

    def check(self, kernel, arguments, values, form="f", tolerance=0.0):
        """Calls a kernel whose last argument is the tensor for the result."""
        out = self.tensor([0] * len(values), form)
        self.lines += [f"call {kernel} {' '.join(map(str, arguments))} {out}", f"show data{out} {4 * len(values)}"]
        self.expected.append((kernel, form, values, tolerance))


def tensorflow(suite, package, level):
    t = Tensors()
    n, m, k, l = 37, 17, 23, 19  # no multiples of a vector
    (a, ta), (b, tb) = t.input(n), t.input(n)
    t.shape(n)
    t.check("Add", [ta, "shape", 1, tb, "shape", 1, 0], [x + y for x, y in zip(a, b)])
    t.check("Multiply", [ta, "shape", 1, tb, "shape", 1, 0], [x * y for x, y in zip(a, b)])
    t.check("Maximum", [ta, "shape", 1, tb, "shape", 1, 0], [max(x, y) for x, y in zip(a, b)])
    t.check("Relu", [ta, 0], [max(x, 0) for x in a])
    t.check("Exp", [ta, 0], [math.exp(x) for x in a], tolerance=1e-6)
    t.check("Tanh", [ta, 0], [math.tanh(x) for x in a], tolerance=1e-6)
    t.check("Sigmoid", [ta], [1 / (1 + math.exp(-x)) for x in a], tolerance=1e-6)
    positive, tp = t.input(n, 0, 1000)
    t.check("Sqrt", [tp, 0], [math.sqrt(x) for x in positive], tolerance=1e-7)
    (x, tx), (y, ty) = t.input(m * k), t.input(k * l)
    t.lines.append(f"other = bytes {struct.pack('<3i', 1, k, l).hex()}")
    t.shape(1, m, k)
    t.check("BatchMatMul", [tx, "shape", 3, ty, "other", 3, 0, 0], [sum(x[i * k + q] * y[q * l + j] for q in range(k)) for i in range(m) for j in range(l)])
    size, inner, outer = 9, 3, 5
    (image, ti), (weights, tw), (bias, tv) = t.input(size * size * inner), t.input(9 * inner * outer), t.input(outer)
    inside = lambda i, j: 0 <= i < size and 0 <= j < size
    convolved = [max(0, bias[o] + sum(image[((i + di - 1) * size + j + dj - 1) * inner + c] * weights[((di * 3 + dj) * inner + c) * outer + o]
                                      for di in range(3) for dj in range(3) for c in range(inner) if inside(i + di - 1, j + dj - 1)))
                 for i in range(size) for j in range(size) for o in range(outer)]
    relu = 1
    t.check("FusedConv2D", [ti, 1, size, size, tw, 3, 3, tv, 1, 1, 1, 1, 1, 1, 1, 1, 1, inner, outer, relu, 0, 0], convolved)
    pooled = [max(image[((2 * i + di) * size + 2 * j + dj) * inner + c] for di in (0, 1) for dj in (0, 1)) for i in range(4) for j in range(4) for c in range(inner)]
    t.check("MaxPool", [ti, 1, size, size, 2, 2, 0, 0, 0, 0, 1, 1, 2, 2, inner, inner], pooled)
    found = answers_of(suite, package / "dist/tfjs-backend-wasm-simd.wasm", level, [], t.lines)
    for (kernel, form, values, tolerance), line in zip(t.expected, found or []):
        got = struct.unpack(f"<{len(values)}{form}", bytes.fromhex(line))
        wrong = [(i, v, g) for i, (v, g) in enumerate(zip(values, got)) if not abs(v - g) <= tolerance * max(1, abs(v))]
        suite.check(f"tensorflow/{kernel} at opt-level {level}", f"of {len(values)} these differ (at, expected, found): {wrong[:5]}" if wrong else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitrine", default=str(ROOT / "build/release/vitrine"))
    parser.add_argument("--ruby-host", help="the program built from host/ruby.cpp")
    parser.add_argument("--emscripten-host", help="the program built from host/emscripten.cpp")
    parser.add_argument("--npm", default=os.environ.get("VITRINE_NPM", str(ROOT / "build/npm")))
    parser.add_argument("--no-fetch", action="store_true", help="use what is there")
    parser.add_argument("--filter", action="append", default=[], help="only programs whose name contains this: python, clang, ruby, argon2, tensorflow")
    parser.add_argument("--opt-level", action="append", help="0 or 2; both by default")
    options = parser.parse_args()
    if not options.no_fetch:
        fetched = subprocess.run([str(ROOT / "tools/fetch-npm")], stdout=subprocess.PIPE, text=True, check=False, env=dict(os.environ, VITRINE_NPM=options.npm))
        print(fetched.stdout, end="")
    suite = Suite(options)
    try:
        for name, program, host in (("python", python, True), ("clang", clang, True), ("ruby", ruby, options.ruby_host), ("argon2", argon2, options.emscripten_host),
                                    ("tensorflow", tensorflow, options.emscripten_host)):
            if not suite.wanted(name):
                continue
            if not host:
                suite.skip(name, "no host for it is given (--ruby-host, --emscripten-host)")
                continue
            package = pathlib.Path(options.npm).resolve() / name / "package"
            if not package.exists():
                suite.skip(name, f"{package} is not there (tools/fetch-npm says why)")
                continue
            for level in options.opt_level or ("0", "2"):
                program(suite, package, level)
    finally:
        shutil.rmtree(suite.scratch, ignore_errors=True)
    print(f"{suite.passed} passed, {suite.failed} failed, {suite.skipped} skipped")
    return 1 if suite.failed or not (suite.passed or suite.skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
