#!/usr/bin/env python3
"""Runs `vitrine` as a user would and looks at what it says. Closes with `N passed, N failed, N skipped`.

    run.py [--vitrine PROGRAM] [PART-OF-A-NAME...]"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--vitrine", default=root / "build/release/vitrine")
parser.add_argument("names", nargs="*")
options = parser.parse_args()
VITRINE = str(pathlib.Path(options.vitrine).resolve())

ADD = """(module $math
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "echo") (param i32 i64 f32 f64) (result i32 i64 f32 f64)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3))
  (func (export "nothing"))
  (func (export "null") (result funcref externref) (ref.null func) (ref.null extern))
  (func $f (export "ref") (result funcref) (ref.func $f))
  (func (export "takes_ref") (param externref))
  (memory (export "memory") 1))"""
WASI = '(import "wasi_snapshot_preview1" "%s" (func $%s (param %s)%s))'
WRITE = WASI % ("fd_write", "fd_write", "i32 i32 i32 i32", " (result i32)")
EXIT = WASI % ("proc_exit", "proc_exit", "i32", "")


def hello(text="hello\\n", fd=1):
    size = len(text.encode().decode("unicode_escape"))
    return f"""(module {WRITE} (memory (export "memory") 1) (data (i32.const 16) "{text}")
      (func (export "_start")
        (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const {size}))
        (drop (call $fd_write (i32.const {fd}) (i32.const 0) (i32.const 1) (i32.const 8)))))"""


def exits(status):
    return f'(module {EXIT} (memory (export "memory") 1) (func (export "_start") (call $proc_exit (i32.const {status})) (unreachable)))'


TRAP = """(module $shop (memory 1)
  (func $inner (param i32) (result i32) (i32.load (local.get 0)))
  (func $outer (result i32) (i32.add (call $inner (i32.const -4)) (i32.const 1)))
  (func $_start (export "_start") (drop (call $outer))))"""
SPIN = '(module (func (export "_start") (loop (br 0))))'

# Prints arguments and environment, each with a line break: args_get, then environ_get.
PRINT_ALL = f"""(module
  {WASI % ("args_sizes_get", "args_sizes_get", "i32 i32", " (result i32)")}
  {WASI % ("args_get", "args_get", "i32 i32", " (result i32)")}
  {WASI % ("environ_sizes_get", "environ_sizes_get", "i32 i32", " (result i32)")}
  {WASI % ("environ_get", "environ_get", "i32 i32", " (result i32)")}
  {WRITE} (memory (export "memory") 2)
  (func $lines (param $count i32) (param $table i32) (local $p i32) (local $n i32)
    (block (loop
      (br_if 1 (i32.eqz (local.get $count)))
      (local.set $p (i32.load (local.get $table)))
      (local.set $n (i32.const 0))
      (loop (if (i32.load8_u (i32.add (local.get $p) (local.get $n)))
        (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br 1))))
      (i32.store8 (i32.add (local.get $p) (local.get $n)) (i32.const 10))
      (i32.store (i32.const 0) (local.get $p)) (i32.store (i32.const 4) (i32.add (local.get $n) (i32.const 1)))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (local.set $table (i32.add (local.get $table) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br 0))))
  (func (export "_start")
    (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $args_get (i32.const 1024) (i32.const 8192)))
    (call $lines (i32.load (i32.const 16)) (i32.const 1024))
    (drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $environ_get (i32.const 1024) (i32.const 65536)))
    (call $lines (i32.load (i32.const 16)) (i32.const 1024))))"""

# Opens a file below the first preopened directory; ends with the errno. %s: oflags, rights, path, its length.
OPEN = """(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 16) "%s")
  (func (export "_start") (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const %d)
    (i32.const %d) (i64.const %d) (i64.const 0) (i32.const 0) (i32.const 8)))))"""


def opens(path, create=False):
    return OPEN % (path, len(path), 1 if create else 0, 0x42 if create else 2)


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f"status {self.status}\nstdout: {self.out}\nstderr: {self.err}"


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vitrine-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        # A home of its own: no cache or configuration of the user's is touched.
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home")}
        # A sanitizer leaves faults to the program: out-of-bounds accesses of guests are caught by its handler.
        self.env["ASAN_OPTIONS"] = "handle_segv=0:handle_sigill=0:handle_sigfpe=0:handle_sigbus=0:allow_user_segv_handler=1"

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def vitrine(self, *args, stdin=None, env=None, timeout=60, cwd=None, stdout=subprocess.PIPE, text=True, **more):
        run = subprocess.run([VITRINE, *map(str, args)], input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=timeout,
                             env={**self.env, **(env or {})}, cwd=cwd or self.folder, **more)
        decode = lambda b: b.decode(errors="replace") if b is not None and text else b
        result = Result(run.returncode, decode(run.stdout), run.stderr.decode(errors="replace"))
        self.assertGreaterEqual(run.returncode, 0, f"killed by a signal: {result}")
        # Nobody should have to read of our insides.
        for word in ("internal error", "assertion", "what():", "AddressSanitizer", "runtime error:"):
            self.assertNotIn(word, result.err, result)
        return result

    def check(self, result, status, out=None, err=None):
        self.assertEqual(result.status, status, result)
        if out is not None:
            self.assertEqual(result.out, out, result)
        for part in [err] if isinstance(err, str) else err or []:
            self.assertIn(part, result.err, result)
        if err == "":
            self.assertEqual(result.err, "", result)
        return result


class Invoke(CliTest):
    def invoke(self, name, *args, module=ADD, **more):
        return self.vitrine("run", "--invoke", name, self.file("m.wat", module), *args, **more)

    def test_results_one_a_line(self):
        self.check(self.invoke("add", "40", "2"), 0, "42\n", "experimental")
        self.check(self.invoke("echo", "-1", "9223372036854775807", "1", "0.1"), 0, "-1\n9223372036854775807\n1\n0.1\n")
        self.check(self.invoke("nothing"), 0, "", "")
        self.check(self.invoke("null"), 0, "<null funcref>\n<null externref>\n")
        self.check(self.invoke("ref"), 0, "<funcref>\n")

    def test_numbers(self):
        self.check(self.invoke("echo", "0x10", "-0x8000000000000000", "inf", "-nan"), 0, "16\n-9223372036854775808\ninf\n-nan\n")
        self.check(self.invoke("echo", "0X7fffffff", "-5", "1e3", "-0"), 0, "2147483647\n-5\n1000\n-0\n")
        self.check(self.invoke("add", "-2147483648", "0"), 0, "-2147483648\n")

    def test_bad_numbers(self):
        for bad in ("0xffffffff", "2147483648", "-2147483649"):
            self.check(self.invoke("add", bad, "1"), 1, "", [bad, "range", "i32"])
        for bad in ("abc", "", "1.5", "0x", "1x", "--1", " 1"):
            self.check(self.invoke("add", bad, "1"), 1, "", [f"'{bad}'", "argument 1"])
        self.check(self.invoke("echo", "1", "2", "x", "1"), 1, "", ["'x'", "argument 3", "f32"])

    def test_too_few_and_too_many(self):
        self.check(self.invoke("add", "1"), 1, "", ["2", "1", "(i32, i32) -> (i32)"])
        self.check(self.invoke("add", "1", "2", "3"), 0, "3\n")

    def test_unknown_export(self):
        self.check(self.invoke("ad", "1", "2"), 1, "", ["\"ad\"", "did you mean", "add"])
        self.check(self.invoke("memory"), 1, "", ["memory", "not a function"])

    def test_a_reference_cannot_be_given(self):
        self.check(self.invoke("takes_ref", "1"), 1, "", "externref")

    def test_a_trap_in_it(self):
        r = self.check(self.invoke("f", module='(module (func (export "f") (unreachable)))'), 134, "", "unreachable")
        self.assertIn("failed to invoke `f`", r.err)

    def test_initialize_runs_first(self):
        module = """(module (global $g (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $g (i32.const 7)))
          (func (export "get") (result i32) (global.get $g)))"""
        self.check(self.invoke("get", module=module), 0, "7\n")


class ExitStatus(CliTest):
    def test_of_the_guest(self):
        for status in (0, 1, 7, 125):
            r = self.vitrine("run", self.file("e.wat", exits(status)))
            self.check(r, status, "", "")

    def test_impossible_ones(self):
        for status in (126, 255, 1000, -1):
            self.check(self.vitrine(self.file("e.wat", exits(status))), 1, "", ["invalid exit status", str(status)])

    def test_nothing_to_run(self):
        self.check(self.vitrine(self.file("m.wat", "(module)")), 0, "", "")

    def test_entry_names(self):
        write = lambda export, text: hello(text).replace('"_start"', f'"{export}"')
        self.check(self.vitrine(self.file("m.wat", write("", "unnamed\\n"))), 0, "unnamed\n")
        self.check(self.vitrine(self.file("m.wat", write("_start", "start\\n"))), 0, "start\n")

    def test_a_start_with_parameters(self):
        self.check(self.vitrine(self.file("m.wat", '(module (func (export "_start") (param i32)))')), 1, "", "_start")

    def test_trap(self):
        r = self.check(self.vitrine(self.file("trap.wat", TRAP)), 134, "")
        lines = r.err.splitlines()
        self.assertEqual(lines[0], f"Error: failed to run main module `{self.folder}/trap.wat`")
        self.assertIn("Caused by:", lines)
        self.assertIn("error while executing at wasm backtrace:", r.err)
        frames = re.findall(r"^ +(\d+): +(0x[0-9a-f]+) - (\S+)$", r.err, re.M)
        self.assertEqual([f[2] for f in frames], ["shop!inner", "shop!outer", "shop!_start"], r)
        self.assertEqual([f[0] for f in frames], ["0", "1", "2"])
        self.assertIn("wasm trap: out of bounds memory access", r.err)

    def test_trap_of_every_kind_says_which(self):
        for code, message in (("(unreachable)", "unreachable"), ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "divide by zero"),
                              ("(call_indirect (i32.const 0))", "uninitialized element"), ("(call 0)", "call stack exhausted"),
                              ("(drop (i32.trunc_f32_s (f32.const nan)))", "invalid conversion")):
            r = self.vitrine(self.file("t.wat", f'(module (table 1 funcref) (func (export "_start") {code} (call 0)))'))
            self.check(r, 134, "", message)

    def test_fuel_and_timeout_are_traps(self):
        spin = self.file("spin.wat", SPIN)
        self.check(self.vitrine("run", "-W", "fuel=100000", spin), 134, "", "all fuel consumed")
        self.check(self.vitrine("run", "-Wtimeout=200ms", spin), 134, "", "interrupt")
        self.check(self.vitrine("-W", "fuel=100000", self.file("h.wat", hello())), 0, "hello\n", "")
        self.check(self.vitrine("-W", "timeout=30s", self.file("h.wat", hello())), 0, "hello\n", "")

    def test_timeout_in_a_host_call(self):
        poll = """(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start") (i32.store8 (i32.const 8) (i32.const 0)) (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (i64.const 100000000000)) (drop (call $poll (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 200)))
            (loop (br 0))))"""
        started = time.monotonic()
        self.check(self.vitrine("-Wtimeout=300ms", self.file("p.wat", poll)), 134, "", "interrupt")
        self.assertLess(time.monotonic() - started, 20)


class Usage(CliTest):
    def test_no_arguments(self):
        r = self.check(self.vitrine(), 2)
        self.assertIn("Usage", r.out + r.err)

    def test_which_file(self):
        self.check(self.vitrine("run"), 2, "", "which file")

    def test_unknown_options(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("run", "--invok", "x", m), 2, "", ["--invok", "did you mean", "--invoke"])
        self.check(self.vitrine("--dri", "x", m), 2, "", ["--dri", "--dir"])
        self.check(self.vitrine("compile", "--outptu", "x", m), 2, "", ["--outptu"])

    def test_unknown_keys(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("run", "-O", "opt-levle=2", m), 2, "", ["-O", "opt-levle", "opt-level"])
        self.check(self.vitrine("run", "-W", "feul=2", m), 2, "", ["feul", "fuel"])
        self.check(self.vitrine("run", "-S", "nonsense", m), 2, "", ["-S", "nonsense"])

    def test_forms_of_groups(self):
        m = self.file("m.wat", ADD)
        for form in (["-Oopt-level=0"], ["-O", "opt-level=0"], ["--optimize", "opt-level=0"], ["--optimize=opt-level=0"],
                     ["-O", "opt-level=0,memory-init-cow=n"], ["-Oopt-level=2", "-Oopt-level=0"], ["-O", "memory-init-cow"],
                     ["-Wmulti-memory=y", "-Wmemory64=n"], ["-C", "cache=n,parallel-compilation=n"]):
            self.check(self.vitrine("run", *form, "--invoke", "add", m, "1", "2"), 0, "3\n")

    def test_values_of_the_wrong_form(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("-O", "opt-level=9", m), 2, "", ["opt-level", "'9'"])
        self.check(self.vitrine("-W", "fuel=many", m), 2, "", ["fuel", "'many'"])
        self.check(self.vitrine("-W", "fuel", m), 2, "", ["fuel", "needs a value"])
        self.check(self.vitrine("-W", "timeout=1h", m), 2, "", ["timeout", "'1h'"])
        self.check(self.vitrine("-C", "cache=perhaps", m), 2, "", ["cache", "'perhaps'"])
        self.check(self.vitrine("-C", "compiler=gcc", m), 1, "", ["gcc"])

    def test_what_is_not_there_yet_is_said(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("-S", "http", m), 2, "", ["http", "not in this version"])
        self.check(self.vitrine("-S", "http=n", m), 0, "", "")
        self.check(self.vitrine("-W", "gc", m), 2, "", ["-W gc", "not implemented"])

    def test_help(self):
        for command in ([], ["run"], ["compile"], ["wast"], ["explore"], ["objdump"], ["settings"], ["config"], ["completion"]):
            r = self.check(self.vitrine(*command, "--help"), 0, err="")
            self.assertGreater(len(r.out), 100)
            if command:
                self.assertEqual(self.vitrine("help", *command).out, r.out)
        for option in ("--invoke", "--dir", "--env", "--argv0", "--preload", "--allow-precompiled", "-O", "-C", "-D", "-W", "-S"):
            self.assertIn(option, self.vitrine("run", "--help").out)

    def test_group_help(self):
        for group, key in (("O", "opt-level"), ("C", "cache"), ("D", "max-backtrace"), ("W", "fuel"), ("S", "inherit-env")):
            for form in (f"-{group}help", f"-{group}help-long"):
                self.assertIn(key, self.check(self.vitrine("run", form), 0, err="").out)

    def test_version(self):
        for option in ("-V", "--version"):
            self.assertRegex(self.check(self.vitrine(option), 0, err="").out, r"^vitrine \d+\.\d+\.\d+\n$")

    def test_help_of_the_unknown(self):
        self.check(self.vitrine("help", "rnu"), 2, "", ["rnu", "run"])

    def test_a_file_named_like_a_subcommand(self):
        self.file("run", hello("named run\\n"))
        self.check(self.vitrine("--", "run"), 0, "named run\n")
        self.check(self.vitrine("run", "run"), 0, "named run\n")
        self.check(self.vitrine("-Ccache=n", "run"), 0, "named run\n")

    def test_a_misspelt_subcommand(self):
        self.check(self.vitrine("complie", "x.wasm"), 1, "", ["complie", "compile"])

    def test_options_behind_the_file_are_the_guests(self):
        r = self.vitrine(self.file("p.wat", PRINT_ALL), "--invoke", "-O", "x", "--", "--help")
        self.check(r, 0, "p.wat\n--invoke\n-O\nx\n--\n--help\n", "")

    def test_a_target_that_is_not_there(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("compile", "--target", "aarch64-linux-gnu", m), 1, "", ["aarch64-linux-gnu", "x86_64"])

    def test_config_file(self):
        m = self.file("m.wat", SPIN)
        good = self.file("good.toml", '[wasm]\nfuel = 1000\n[optimize]\nopt-level = 0\n')
        self.check(self.vitrine("run", "--config", good, m), 134, "", "fuel")
        for text, parts in (("[wasm]\nfeul = 3\n", ["feul", "fuel"]), ("[nonsense]\n", ["nonsense"]), ("[wasm\n", [":1:"]),
                            ('[wasm]\nfuel = "x"\n', ["fuel"])):
            self.check(self.vitrine("run", "--config", self.file("bad.toml", text), m), 1, "", ["bad.toml", *parts])
        self.check(self.vitrine("run", "--config", "/no/such.toml", m), 1, "", "/no/such.toml")
        # The command line goes before the file.
        self.check(self.vitrine("run", "-Wfuel=100", "--config", good, self.file("h.wat", hello())), 0, "hello\n")


class Input(CliTest):
    def test_missing(self):
        self.check(self.vitrine("no-such-file.wasm"), 1, "", ["no-such-file.wasm", "No such file"])

    def test_a_directory(self):
        self.check(self.vitrine(str(self.folder)), 1, "", [str(self.folder), "directory"])

    def test_no_permission(self):
        path = self.file("secret.wasm", "(module)")
        os.chmod(path, 0)
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        self.check(self.vitrine(path), 1, "", ["secret.wasm", "Permission"])

    def test_empty(self):
        self.check(self.vitrine(self.file("e.wasm", "")), 1, "", ["e.wasm", "empty"])
        self.check(self.vitrine("-", stdin=b""), 1, "", "empty")

    def test_told_apart_by_content(self):
        wat = self.file("text.bin", hello("by content\\n"))
        self.check(self.vitrine(wat), 0, "by content\n")
        self.check(self.vitrine("compile", wat, "-o", "x.wasm"), 0)
        self.check(self.vitrine("run", "--allow-precompiled", "x.wasm"), 0, "by content\n")

    def test_stdin(self):
        self.check(self.vitrine("-", stdin=hello().encode()), 0, "hello\n")
        self.check(self.vitrine("run", "-", "a", stdin=PRINT_ALL.encode()), 0, "-\na\n")

    def test_bad_text(self):
        r = self.check(self.vitrine(self.file("bad.wat", "(module\n  (func (result i32)\n    (i32.cons 1)))")), 1, "")
        for part in ("bad.wat", "3:", "i32.cons", "^"):
            self.assertIn(part, r.err, r)

    def test_invalid(self):
        r = self.check(self.vitrine(self.file("bad.wat", "(module (func $blur (result i32) (i64.const 1)))")), 1, "")
        for part in ("bad.wat", "type mismatch", "0x"):
            self.assertIn(part, r.err, r)

    def test_truncated_binary(self):
        self.check(self.vitrine(self.file("t.wasm", b"\0asm\1\0\0\0\1\7")), 1, "", ["t.wasm", "0x"])
        self.check(self.vitrine(self.file("t.wasm", b"\0asm\2\0\0\0")), 1, "", ["t.wasm", "version"])

    def test_a_component(self):
        self.check(self.vitrine(self.file("c.wasm", b"\0asm\x0d\0\1\0")), 1, "", ["c.wasm", "component"])

    def test_a_component_in_text(self):
        self.check(self.vitrine(self.file("c.wat", "(component)")), 1, "", ["c.wat", "component"])

    def test_a_missing_import(self):
        r = self.vitrine(self.file("i.wat", '(module (import "env" "log" (func (param i32))) (func (export "_start")))'))
        self.check(r, 1, "", ["`env`.`log`", "(i32) -> ()"])

    def test_missing_imports_that_trap_or_are_zero(self):
        m = self.file("i.wat", '(module (import "env" "n" (func $n (result i32))) (func (export "f") (result i32) (call $n)) (func (export "g")))')
        self.check(self.vitrine("-Wunknown-imports-default", "--invoke", "f", m), 0, "0\n")
        self.check(self.vitrine("-Wunknown-imports-trap", "--invoke", "g", m), 0, "")
        r = self.vitrine("-Wunknown-imports-trap", "--invoke", "f", m)
        self.assertNotEqual(r.status, 0)
        self.assertIn("`env`.`n`", r.err)

    def test_a_feature_that_is_off(self):
        m = self.file("m.wat", "(module (memory 1) (memory 1))")
        self.check(self.vitrine("-W", "multi-memory=n", m), 1, "", ["multi-memory", "-W multi-memory"])
        self.check(self.vitrine(m), 0)

    def test_a_feature_that_is_not_there(self):
        self.check(self.vitrine(self.file("m.wat", "(module (func (drop (v128.const i64x2 0 0))))")), 1, "", ["simd"])

    def test_preload(self):
        lib = self.file("lib.wat", '(module (func (export "seven") (result i32) (i32.const 7)))')
        app = self.file("app.wat", '(module (import "lib" "seven" (func $s (result i32))) (func (export "f") (result i32) (call $s)))')
        self.check(self.vitrine("--preload", f"lib={lib}", "--invoke", "f", app), 0, "7\n")
        self.check(self.vitrine("--preload", lib, "--invoke", "f", app), 2, "", "NAME=PATH")
        self.check(self.vitrine("--preload", "lib=missing.wat", "--invoke", "f", app), 1, "", "missing.wat")
        trap = self.file("trap.wat", "(module (func $f (unreachable)) (start $f))")
        self.check(self.vitrine("--preload", f"lib={trap}", app), 134, "", ["trap.wat", "unreachable"])


class Precompiled(CliTest):
    def compiled(self, *options, module=None):
        self.check(self.vitrine("compile", *options, self.file("m.wat", module or hello()), "-o", "m.cwasm"), 0, "", "")
        return self.folder / "m.cwasm"

    def test_needs_permission(self):
        path = self.compiled()
        self.check(self.vitrine(path), 1, "", ["--allow-precompiled", "m.cwasm"])
        self.check(self.vitrine("run", "--allow-precompiled", path), 0, "hello\n", "")
        self.check(self.vitrine("--allow-precompiled", "-", stdin=path.read_bytes()), 0, "hello\n", "")

    def test_default_name(self):
        self.check(self.vitrine("compile", self.file("sub/prog.wat", hello())), 0)
        self.assertTrue((self.folder / "prog.cwasm").exists())
        self.check(self.vitrine("compile", "-", stdin=b"(module)"), 2, "", "-o")

    def test_a_name_without_an_ending(self):
        self.check(self.vitrine("compile", self.file("prog", hello())), 0)
        self.assertTrue((self.folder / "prog.cwasm").exists())

    def test_to_stdout(self):
        r = self.check(self.vitrine("compile", self.file("m.wat", hello()), "-o", "-", text=False), 0)
        self.assertTrue(r.out.startswith(b"\x7fELF"))

    def test_damaged(self):
        path = self.compiled()
        good = path.read_bytes()
        for name, damaged in (("flipped", good[:-50] + bytes([good[-50] ^ 1]) + good[-49:]), ("truncated", good[:len(good) // 2]),
                            ("extended", good + b"x"), ("short", good[:20])):
            bad = self.file(f"{name}.cwasm", damaged)
            r = self.check(self.vitrine("--allow-precompiled", bad), 1, "", f"{name}.cwasm")
            self.assertRegex(r.err, "damaged|truncated|checksum", r)

    def test_of_another_configuration(self):
        path = self.compiled("-Oopt-level=0")
        self.check(self.vitrine("--allow-precompiled", path), 1, "", ["opt_level", "0", "2"])
        self.check(self.vitrine("--allow-precompiled", "-Oopt-level=0", path), 0, "hello\n")

    def test_of_another_version(self):
        path = self.compiled()
        data = path.read_bytes()
        version = self.vitrine("--version").out.split()[1].encode()
        self.check(self.vitrine("--allow-precompiled", self.file("old.cwasm", data.replace(version, b"9" + version[1:], 1))), 1, "",
                   ["old.cwasm", "9" + version.decode()[1:], version.decode()])

    def test_another_elf(self):
        self.check(self.vitrine("--allow-precompiled", "/bin/true"), 1, "", ["/bin/true", "ELF"])
        r = self.check(self.vitrine("/bin/true"), 1, "")
        self.assertIn("/bin/true", r.err)

    def test_compile_to_a_bad_place(self):
        m = self.file("m.wat", hello())
        self.check(self.vitrine("compile", m, "-o", "/no/such/dir/x.cwasm"), 1, "", ["/no/such/dir/x.cwasm", "No such file"])
        self.check(self.vitrine("compile", m, "-o", str(self.folder)), 1, "", [str(self.folder)])
        self.check(self.vitrine("compile", m, "-o", "/dev/full"), 1, "", ["/dev/full"])
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.endswith(".tmp")], [])

    def test_full_disk(self):
        place = pathlib.Path("/dev/full")
        with open(place, "wb") as full:
            r = self.vitrine("compile", self.file("m.wat", hello()), "-o", "-", stdout=full)
        self.check(r, 1, err=["No space left"])

    def test_deterministic(self):
        module = "(module" + "".join(f"(func (result i32) (i32.const {i}))" for i in range(300)) + ")"
        a = self.compiled(module=module).read_bytes()
        b = self.compiled("-Cparallel-compilation=n", module=module).read_bytes()
        self.assertEqual(a, b)

    def test_binutils_shows_names(self):
        if not shutil.which("objdump"):
            self.skipTest("there is no objdump")
        path = self.compiled(module='(module (func $square (export "square") (param i32) (result i32) (i32.mul (local.get 0) (local.get 0))))')
        out = subprocess.run(["objdump", "-d", path], capture_output=True, text=True).stdout
        self.assertRegex(out, r"<wasm\[0\]::function\[0\]::square>:")
        self.assertRegex(out, r"\bimul\b")
        self.assertRegex(out, r"\bret\b")
        self.assertIn("section .text", out)

    def test_unwind_information_is_there(self):
        if not shutil.which("readelf"):
            self.skipTest("there is no readelf")
        path = self.compiled()
        run = subprocess.run(["readelf", "--debug-dump=frames", "-S", path], capture_output=True, text=True)
        self.assertIn("FDE", run.stdout)
        self.assertNotIn("Warning", run.stderr)


class Grants(CliTest):
    def test_arguments(self):
        p = self.file("dir/prog.wat", PRINT_ALL)
        self.check(self.vitrine(p, "a b", "", "ä"), 0, "prog.wat\na b\n\nä\n", "")
        self.check(self.vitrine("--argv0", "other", p, "x"), 0, "other\nx\n", "")

    def test_environment(self):
        p = self.file("p.wat", PRINT_ALL)
        env = {"SECRET": "s", "SHOWN": "yes"}
        self.check(self.vitrine(p, env=env), 0, "p.wat\n", "")
        self.check(self.vitrine("--env", "SHOWN", "--env", "A=b=c", "--env", "EMPTY=", "--env", "NOT_SET", p, env=env), 0,
                   "p.wat\nSHOWN=yes\nA=b=c\nEMPTY=\n", "")
        self.assertIn("SECRET=s", self.vitrine("-S", "inherit-env", p, env=env).out)
        self.check(self.vitrine("--env", "=x", p), 2, "", ["--env", "=x"])

    def test_directories(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "there.txt").write_text("x")
        read, create = self.file("r.wat", opens("there.txt")), self.file("c.wat", opens("new.txt", create=True))
        self.check(self.vitrine("--dir", data, read), 0, "", "")
        self.check(self.vitrine("--dir", f"{data}::/d", read), 0)
        self.check(self.vitrine("--dir", f"{data}::/d::ro", read), 0)
        r = self.vitrine("--dir", f"{data}::/d::ro", create)
        self.assertNotEqual(r.status, 0)
        self.assertFalse((data / "new.txt").exists())
        self.assertIn("new.txt", r.err)
        self.check(self.vitrine("--dir", f"{data}::/d::rw", create), 0)
        self.assertTrue((data / "new.txt").exists())
        (data / "new.txt").unlink()
        self.check(self.vitrine("--dir", data, create), 0)

    def test_denials_are_explained(self):
        r = self.vitrine(self.file("r.wat", opens("data.txt")))
        self.assertEqual(r.status, 8)  # the guest saw EBADF
        self.assertIn("note:", r.err)
        self.assertIn("--dir", r.err)
        escape = self.vitrine("--dir", self.folder, self.file("e.wat", opens("../../etc/passwd")))
        self.assertNotEqual(escape.status, 0)
        self.assertIn("../../etc/passwd", escape.err)

    def test_symlinks_do_not_lead_out(self):
        data = self.folder / "data"
        data.mkdir()
        self.file("outside.txt", "secret")
        (data / "out").symlink_to("../outside.txt")
        (data / "abs").symlink_to("/etc/passwd")
        for name in ("out", "abs"):
            self.assertNotEqual(self.vitrine("--dir", data, self.file("r.wat", opens(name))).status, 0)

    def test_bad_directories(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("--dir", "/no/such/dir", m), 1, "", ["/no/such/dir", "No such file"])
        self.check(self.vitrine("--dir", m, m), 1, "", ["m.wat", "ot a directory"])
        self.check(self.vitrine("--dir", "::/x", m), 2, "", ["--dir"])
        self.check(self.vitrine("--dir", f"{self.folder}::", m), 2, "", ["--dir", "empty"])
        self.check(self.vitrine("--dir", f"{self.folder}::/x::wr", m), 2, "", ["wr", "ro", "rw"])

    def test_streams(self):
        self.check(self.vitrine(self.file("e.wat", hello("to stderr\\n", fd=2))), 0, "", "to stderr")
        self.check(self.vitrine("-S", "inherit-stdout=n", self.file("h.wat", hello())), 0, "")

    def test_without_wasi(self):
        self.check(self.vitrine("-S", "cli=n", self.file("h.wat", hello())), 1, "", ["wasi_snapshot_preview1", "fd_write"])

    def test_wasi_unstable(self):
        old = self.file("h.wat", hello().replace("wasi_snapshot_preview1", "wasi_unstable"))
        self.check(self.vitrine(old), 0, "hello\n")
        self.check(self.vitrine("-S", "preview0=n", old), 1, "", "wasi_unstable")

    def test_a_granted_socket(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        accept = """(module (import "wasi_snapshot_preview1" "sock_accept" (func $a (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
          (func (export "_start") (call $exit (call $a (i32.const 3) (i32.const 0) (i32.const 8)))))"""
        results = []
        thread = threading.Thread(target=lambda: results.append(self.vitrine(f"-Stcplisten=127.0.0.1:{port}", self.file("a.wat", accept), timeout=30)))
        thread.start()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        thread.join()
        self.check(results[0], 0)

    def test_a_closed_pipe_is_the_guests_error(self):
        big = self.file("b.wat", hello("x" * 60000))
        run = subprocess.run(f"{VITRINE} {big} | true; echo ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash", capture_output=True,
                             text=True, env=self.env, timeout=30)
        self.assertEqual(run.stdout.strip(), "0")

    def test_writing_to_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            self.check(self.vitrine(self.file("h.wat", hello()), stdout=full), 0)  # the guest ignores its errno
            r = self.vitrine("--invoke", "add", self.file("m.wat", ADD), "1", "2", stdout=full)
        self.assertEqual(r.status, 1, r)
        self.assertIn("No space left", r.err)


class Limits(CliTest):
    def test_memory(self):
        grow = '(module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const 100))))'
        self.check(self.vitrine("--invoke", "f", self.file("g.wat", grow)), 0, "1\n")
        self.check(self.vitrine("-W", "max-memory-size=1_000_000", "--invoke", "f", "g.wat"), 0, "-1\n")
        r = self.vitrine("-W", "max-memory-size=1000000,trap-on-grow-failure", "--invoke", "f", "g.wat")
        self.assertNotEqual(r.status, 0)
        self.check(self.vitrine("-W", "max-memory-size=0x100", "g.wat"), 1, "", ["memory", "max-memory-size"])

    def test_tables_and_instances(self):
        self.check(self.vitrine("-W", "max-table-elements=5", self.file("t.wat", "(module (table 6 funcref))")), 1, "", ["table", "max-table-elements"])
        self.check(self.vitrine("-W", "max-instances=0", self.file("m.wat", "(module)")), 1, "", ["max-instances"])
        self.check(self.vitrine("-W", "max-tables=0", "t.wat"), 1, "", ["max-tables"])
        self.check(self.vitrine("-W", "max-memories=0", self.file("m.wat", "(module (memory 1))")), 1, "", ["max-memories"])

    def test_stack(self):
        deep = '(module (func $f (export "f") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0)))))'
        m = self.file("d.wat", deep)
        self.check(self.vitrine("--invoke", "f", m, "2000"), 0, "2000\n")
        self.check(self.vitrine("-Wmax-wasm-stack=32768", "--invoke", "f", m, "5000"), 134, "", "call stack exhausted")
        self.check(self.vitrine("-Wmax-wasm-stack=4000000", "--invoke", "f", m, "40000"), 0, "40000\n")
        self.check(self.vitrine("-Wmax-wasm-stack=1", "--invoke", "f", m, "5000"), 1, "", "max_wasm_stack")

    def test_a_memory_that_cannot_be(self):
        self.check(self.vitrine(self.file("m.wat", '(module (memory i64 0x100000000) (func (export "_start")))')), 1, "", "memory")

    def test_max_backtrace(self):
        r = self.vitrine("-D", "max-backtrace=1", self.file("t.wat", TRAP))
        self.check(r, 134, "", "shop!inner")
        self.assertNotIn("shop!outer", r.err)

    def test_little_address_space(self):
        # 4 GiB of reservation do not fit: it is said, and smaller reservations work.
        def little():
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        m = self.file("m.wat", hello())
        r = self.vitrine(m, preexec_fn=little)
        self.check(r, 1, "", ["memory", "memory-reservation"])
        self.check(self.vitrine("-O", "memory-reservation=0x1000000,memory-guard-size=65536", m, preexec_fn=little), 0, "hello\n")


class Cache(CliTest):
    def entries(self):
        return list((self.folder / "home/.cache/vitrine/modules").glob("*.cwasm"))

    def test_is_used(self):
        m = self.file("m.wat", hello())
        self.check(self.vitrine(m), 0, "hello\n", "")
        self.assertEqual(len(self.entries()), 1)
        before = self.entries()[0].stat().st_ino
        self.check(self.vitrine(m), 0, "hello\n", "")
        self.assertEqual(self.entries()[0].stat().st_ino, before)

    def test_off(self):
        self.check(self.vitrine("-C", "cache=n", self.file("m.wat", hello())), 0, "hello\n", "")
        self.assertEqual(self.entries(), [])

    def test_xdg(self):
        self.check(self.vitrine(self.file("m.wat", hello()), env={"XDG_CACHE_HOME": str(self.folder / "xdg")}), 0, "hello\n", "")
        self.assertEqual(len(list((self.folder / "xdg/vitrine/modules").glob("*.cwasm"))), 1)

    def test_damaged_entry(self):
        m = self.file("m.wat", hello())
        self.vitrine(m)
        entry = self.entries()[0]
        good = entry.read_bytes()
        for bad in (b"", b"garbage", good[:100], good[:-9] + b"X" + good[-8:]):
            entry.write_bytes(bad)
            self.check(self.vitrine(m), 0, "hello\n", "")
            self.assertEqual(entry.read_bytes(), good)

    def test_unwritable(self):
        self.file("home/.cache", "a file where a directory should be")
        r = self.check(self.vitrine(self.file("m.wat", hello())), 0, "hello\n")
        self.assertIn("warning:", r.err)
        self.assertIn(".cache", r.err)
        self.assertEqual(r.err.count("warning:"), 1)

    def test_no_home(self):
        run = subprocess.run([VITRINE, self.file("m.wat", hello())], capture_output=True, text=True, env={"PATH": self.env["PATH"]})
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "hello\n", ""))

    def test_config_file(self):
        m = self.file("m.wat", hello())
        config = self.file("c.toml", f'[cache]\ndirectory = "{self.folder}/mine"\n')
        self.check(self.vitrine("-C", f"cache-config={config}", m), 0, "hello\n", "")
        self.assertEqual(len(list((self.folder / "mine").glob("*.cwasm"))), 1)
        self.check(self.vitrine("-C", f"cache-config={self.file('bad.toml', '[cache]' + chr(10) + 'directory = 3')}", m), 1, "", ["bad.toml", "directory"])
        self.check(self.vitrine("-C", "cache-config=/no/such.toml", m), 1, "", "/no/such.toml")

    def test_many_at_once(self):
        m = self.file("m.wat", hello())
        running = [subprocess.Popen([VITRINE, m], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env) for _ in range(8)]
        for r in running:
            out, err = r.communicate(timeout=60)
            self.assertEqual((r.returncode, out, err), (0, b"hello\n", b""))
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual(len(list((self.folder / "home/.cache/vitrine/modules").iterdir())), 1)


class Tools(CliTest):
    def test_settings(self):
        self.assertIn("opt_level", self.check(self.vitrine("settings"), 0, err="").out)
        data = json.loads(self.check(self.vitrine("settings", "--json"), 0, err="").out)
        self.assertEqual(data["triple"], "x86_64-unknown-linux-gnu")
        for key in ("enums", "nums", "bools", "presets", "inferred"):
            self.assertIn(key, data)

    def test_config_new(self):
        r = self.check(self.vitrine("config", "new", "c.toml"), 0, err="")
        self.assertIn("c.toml", r.out)
        self.check(self.vitrine("-C", "cache-config=c.toml", self.file("m.wat", hello())), 0, "hello\n", "")
        before = (self.folder / "c.toml").read_bytes()
        self.check(self.vitrine("config", "new", "c.toml"), 1, "", ["c.toml", "exists"])
        self.assertEqual((self.folder / "c.toml").read_bytes(), before)
        self.check(self.vitrine("config", "new"), 0)
        self.assertTrue((self.folder / "home/.config/vitrine/config.toml").exists())
        self.check(self.vitrine("config"), 2, "", "new")
        self.check(self.vitrine("config", "new", "/no/dir/c.toml"), 1, "", "/no/dir/c.toml")

    def test_completion(self):
        for shell in ("bash", "elvish", "fish", "powershell", "zsh"):
            r = self.check(self.vitrine("completion", shell), 0, err="")
            self.assertIn("vitrine", r.out)
            self.assertIn("compile", r.out)
        self.check(self.vitrine("completion", "tcsh"), 2, "", ["tcsh"])
        script = self.vitrine("completion", "bash").out
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)
        probe = script + "\nCOMP_WORDS=(vitrine ru); COMP_CWORD=1; _vitrine; echo ${COMPREPLY[@]}"
        out = subprocess.run(["bash"], input=probe, text=True, capture_output=True, cwd=self.folder).stdout
        self.assertIn("run", out.split())

    def test_explore(self):
        m = self.file("m.wat", '(module (func $square (export "square") (param i32) (result i32) (i32.mul (local.get 0) (local.get 0))))')
        self.check(self.vitrine("explore", m), 0, f"Exploration written to {self.folder}/m.explore.html\n", "")
        html = (self.folder / "m.explore.html").read_text()
        for part in ("<!doctype html>", "square", "i32.mul", "imul", "local.get"):
            self.assertIn(part, html)
        self.check(self.vitrine("explore", m, "-o", "x.html"), 0)
        self.assertEqual((self.folder / "x.html").read_text(), html)
        self.check(self.vitrine("explore", "missing.wat"), 1, "", "missing.wat")
        self.check(self.vitrine("explore", self.file("bad.wat", "(module (func (result i32)))")), 1, "", "bad.wat")

    def test_explore_escapes_names(self):
        self.check(self.vitrine("explore", self.file("m.wat", '(module (func (export "<script>alert(1)</script>")))'), "-o", "x.html"), 0)
        self.assertNotIn("<script>alert", (self.folder / "x.html").read_text())

    def test_objdump(self):
        m = self.file("m.wat", '(module (memory 1) (func $f (export "f") (param i32) (result i32) (i32.load (local.get 0))) (func $g (unreachable)))')
        self.check(self.vitrine("compile", m, "-o", "m.cwasm"), 0)
        r = self.check(self.vitrine("objdump", "m.cwasm"), 0, err="")
        for part in ("wasm[0]::function[0]::f:", "wasm[0]::function[1]::g:", "ret", "trap: MemoryOutOfBounds", "trap: UnreachableCodeReached"):
            self.assertIn(part, r.out)
        self.assertNotIn("\033[", r.out)
        self.assertIn("\033[", self.vitrine("objdump", "--color", "always", "m.cwasm").out)
        self.assertNotIn("trap:", self.vitrine("objdump", "--traps=false", "m.cwasm").out)
        self.assertIn("addrmap: 0x", self.vitrine("objdump", "--addrmap", "m.cwasm").out)
        filtered = self.vitrine("objdump", "--filter", "g", "m.cwasm").out
        self.assertIn("::g:", filtered)
        self.assertNotIn("::f:", filtered)
        self.assertIn("trampoline", self.vitrine("objdump", "--funcs", "all", "m.cwasm").out)
        self.assertRegex(self.vitrine("objdump", "--addresses", "--bytes", "m.cwasm").out, r"(?m)^ +[0-9a-f]+: 55 +push rbp")
        self.assertEqual(self.vitrine("objdump", "-", stdin=(self.folder / "m.cwasm").read_bytes()).out, r.out)
        self.check(self.vitrine("objdump", m), 1, "", ["vitrine compile"])
        self.check(self.vitrine("objdump", "missing.cwasm"), 1, "", "missing.cwasm")
        self.check(self.vitrine("objdump", "--funcs", "some", "m.cwasm"), 2, "", "some")

    def test_objdump_names_from_a_guest_do_no_harm(self):
        m = self.file("m.wat", '(module (func (export "\\1b[31mred\\07")))')
        self.check(self.vitrine("compile", m, "-o", "m.cwasm"), 0)
        self.assertNotIn("\x1b", self.vitrine("objdump", "m.cwasm").out)

    def test_messages_with_names_from_a_guest_do_no_harm(self):
        r = self.vitrine(self.file("m.wat", '(module (import "\\1b]0;owned\\07" "\\1b[2J" (func)))'))
        self.assertNotIn("\x1b", r.err)
        r = self.vitrine(self.file("m.wat", '(module (func $f (export "\\1b[2J_start") (unreachable)) (start $f))'))
        self.assertNotIn("\x1b", r.err)

    def test_wast(self):
        good = self.file("good.wast", '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 1))\n')
        self.assertTrue(self.check(self.vitrine("wast", good), 0).out.endswith("2 passed, 0 failed, 0 skipped\n"))
        bad = self.file("bad.wast", '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 2))\n')
        r = self.check(self.vitrine("wast", bad), 1)
        self.assertIn("bad.wast:2:", r.out + r.err)
        self.assertIn("1 passed, 1 failed, 0 skipped", r.out)
        self.check(self.vitrine("wast", "missing.wast"), 1, err="missing.wast")
        self.check(self.vitrine("wast"), 2)

    def test_colors(self):
        # On a terminal there are colours, unless NO_COLOR says otherwise.
        import pty
        def on_terminal(env):
            parent, child = pty.openpty()
            run = subprocess.Popen([VITRINE, "missing.wasm"], stderr=child, stdout=child, env={**self.env, **env})
            os.close(child)
            data = b""
            while True:
                try:
                    piece = os.read(parent, 4096)
                except OSError:
                    break
                if not piece:
                    break
                data += piece
            run.wait()
            os.close(parent)
            return data
        self.assertIn(b"\x1b[", on_terminal({}))
        self.assertNotIn(b"\x1b[", on_terminal({"NO_COLOR": "1"}))
        self.assertNotIn("\x1b[", self.vitrine("missing.wasm").err)

    def test_perf_map(self):
        m = self.file("m.wat", '(module (func $named (export "_start")))')
        process = subprocess.Popen([VITRINE, "run", "--profile", "perfmap", m], env=self.env)
        process.wait()
        path = pathlib.Path(f"/tmp/perf-{process.pid}.map")
        self.assertTrue(path.exists())
        self.assertIn("named", path.read_text())
        path.unlink()
        self.check(self.vitrine("--profile", "vtune", m), 2, "", "vtune")


class Quiet(unittest.TextTestResult):
    """Prints failures and reasons of skips, and nothing for what passed."""

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skipped: {test.id().split('.', 1)[1]}: {reason}")


def main():
    suite = unittest.TestSuite()
    for test in unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]):
        for case in test:
            if not options.names or any(n.lower() in case.id().lower() for n in options.names):
                suite.addTest(case)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Quiet, verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed, {len(result.skipped)} skipped")
    sys.exit(1 if failed or result.testsRun == 0 else 0)


if __name__ == "__main__":
    main()
