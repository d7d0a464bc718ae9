#!/usr/bin/env python3
"""Big real programs from npm, run for their output: CPython runs scripts, clang compiles C files and what comes out runs, Ruby is
driven as a reactor by a host of ours (host/ruby.cpp).

    npm.py --vitrine BIN [--ruby-host BIN] [--npm DIR] [--no-fetch] [--filter TEXT]... [--opt-level N]...

tools/fetch-npm gets the packages; what cannot be had is skipped with the reason. Prints `N passed, N failed, N skipped`.
"""

import argparse
import difflib
import os
import pathlib
import shutil
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
    if not suite.options.ruby_host:
        return suite.skip("ruby", "no --ruby-host is given")
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitrine", default=str(ROOT / "build/release/vitrine"))
    parser.add_argument("--ruby-host", help="the program built from host/ruby.cpp")
    parser.add_argument("--npm", default=os.environ.get("VITRINE_NPM", str(ROOT / "build/npm")))
    parser.add_argument("--no-fetch", action="store_true", help="use what is there")
    parser.add_argument("--filter", action="append", default=[], help="only programs whose name contains this: python, clang, ruby")
    parser.add_argument("--opt-level", action="append", help="0 or 2; both by default")
    options = parser.parse_args()
    if not options.no_fetch:
        fetched = subprocess.run([str(ROOT / "tools/fetch-npm")], stdout=subprocess.PIPE, text=True, check=False, env=dict(os.environ, VITRINE_NPM=options.npm))
        print(fetched.stdout, end="")
    suite = Suite(options)
    try:
        for name, program in (("python", python), ("clang", clang), ("ruby", ruby)):
            if not suite.wanted(name):
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
