#!/usr/bin/env python3
"""Writes fuzz/seeds: what the fuzz targets start from. Run it after changing the generator; the files are committed.

    make_seeds.py [DIFF_RUN]    DIFF_RUN: the built diff_run, for modules out of the generator"""
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(root / "tests/hostile"))
import modules  # noqa: E402

diff_run = sys.argv[1] if len(sys.argv) > 1 else root / "build/release/diff_run"
seeds = root / "fuzz/seeds"
shutil.rmtree(seeds, ignore_errors=True)


def put(target, name, content):
    folder = seeds / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# Modules: each hostile shape, small; and some of the generator's.
SIZES = {"locals_in_loops": 9, "branches_times_locals": 16, "data_segments": 2, "br_table": 0, "wide_branches": 0, "wide_calls": 0,
         "loops_with_many_locals": 0}
for name, make in vars(modules).items():
    if not callable(make) or not make.__doc__ and make.__code__.co_varnames[:1] != ("n",):
        continue
    if make.__module__ != "modules" or make.__code__.co_varnames[:1] != ("n",) or name in ("u", "s", "const"):
        continue
    size = SIZES.get(name, 4)
    if size == 0:
        continue
    content = make(size)
    put("module" if content.startswith(b"\0asm") else "text", name, content)
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([diff_run, "0", "12", folder, "150"], check=True, stdout=subprocess.DEVNULL)
    for path in sorted(pathlib.Path(folder).glob("*.wasm")):
        put("module", f"generated-{path.stem}", path.read_bytes())

# Choices for the generator.
numbers = random.Random(1)
for i in range(24):
    put("generated", f"random-{i}", numbers.randbytes(40 + 30 * i))

# Damage to an image: offset and value, and what is cut off.
for i in range(16):
    damage = b"".join(numbers.randrange(1 << 16).to_bytes(4, "little") + numbers.randbytes(1) for _ in range(1 + i % 4))
    put("image", f"random-{i}", damage + (numbers.randrange(1 << 12).to_bytes(2, "little") if i % 3 == 0 else b""))

# Text: the golden inputs, without what is expected of them, and scripts.
for path in sorted((root / "tests/golden").rglob("*.wat")):
    lines = [line for line in path.read_text().splitlines() if not re.match(r";;( |$|!)", line)]
    put("text", path.stem, "\n".join(lines) + "\n")
SCRIPTS = {
    "assertions": """(module $m (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) (global (export "g") f32 (f32.const 0x1.8p3)))
(assert_return (invoke "f" (i32.const 41)) (i32.const 42))
(assert_return (get $m "g") (f32.const 12))
(invoke $m "f" (i32.const -0x80_00))
(assert_trap (invoke "f" (i32.const 0)) "unreachable")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func" ")") "unexpected end")
(assert_malformed (module binary "\\00asm" "\\02\\00\\00\\00") "unknown binary version")
(register "m" $m)
(assert_unlinkable (module (import "m" "h" (func))) "unknown import")
(assert_exhaustion (invoke "f" (i32.const 1)) "call stack exhausted")
""",
    "nans": '(assert_return (invoke "f" (f32.const nan:0x200000) (f64.const -nan)) (f32.const nan:canonical) (f64.const nan:arithmetic))\n'
            '(assert_return (invoke "g") (either (i32.const 1) (i64.const 2)) (ref.extern 3) (ref.null func) (ref.func))\n',
    "vectors": '(assert_return (invoke "v" (v128.const i32x4 1 2 -3 0xff) (v128.const f64x2 nan:canonical 1.5)) (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))\n',
    "definitions": '(module definition $d (memory 1))\n(module instance $i $d)\n(assert_uninstantiable (module (func $s (unreachable)) (start $s)) "unreachable")\n'
                   '(thread $t (shared (module $d)) (module (func)))\n(wait $t)\n',
    "abbreviations": """(module $a (@custom "x" "y") (import "a" "b" (func $f (param $x i32) (param i64 f32))) (type $t (func (param i32) (result i32)))
  (func $g (export "a") (export "b") (import "c" "d") (type $t)) (memory $m (export "m") (data "abc" "\\u{1f600}\\t\\00"))
  (table $u (export "t") funcref (elem $f $g)) (global $h (import "e" "f") (mut i64)) (elem declare func $f) (elem (table $u) (offset (i32.const 0)) funcref (ref.null func) (item ref.func $g))
  (data (memory $m) (i32.const 0) "x") (start $f) (export "z" (func $g)) (rec (type $s (sub (struct (field $x (mut i8)))))) (tag $e (param i32)))
""",
    "numbers": "(func (drop (i32.const 0xffff_ffff)) (drop (i64.const -9223372036854775808)) (drop (f32.const 1e-45)) (drop (f64.const 0x1.fffffffffffffp+1023))\n"
               " (drop (f64.const inf)) (drop (f32.const -nan:0x7fffff)) (drop (f64.const 123456789.987654321e-300)))\n",
    "flat": """(module (func (param i32) (result i32) local.get 0 if (result i32) i32.const 1 else block $x loop $y local.get 0 br_table $x $y 2 end $y end $x i32.const 2 end
  i32.load offset=0x10 align=4 call_indirect 0 (param i32) (result i32) select (result i32) memory.copy 0 0 table.init 0 0 ref.null extern drop (;c (;d;) ;) ;; e
))""",
}
for name, text in SCRIPTS.items():
    put("text", name, text)
files = [p for p in seeds.rglob("*") if p.is_file()]
print(f"{len(files)} seeds, {sum(p.stat().st_size for p in files)} bytes")
