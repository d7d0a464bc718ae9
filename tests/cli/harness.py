"""What the tests of the command line share: guests in text form, and a `vitrine` to run them with in a folder of their own."""
import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description="Runs `vitrine` as a user would and looks at what it says.")
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
