"""The subcommands beside `run` and `compile`; colours."""
import json
import os
import pathlib
import re
import resource
import signal
import subprocess

from harness import *


class Tools(CliTest):
    def test_settings(self):
        self.assertIn("opt_level", self.check(self.vitrine("settings"), 0, err="").out)
        data = json.loads(self.check(self.vitrine("settings", "--json"), 0, err="").out)
        self.assertEqual(data["triple"], "x86_64-unknown-linux-gnu")
        for key in ("enums", "nums", "bools", "presets", "inferred"):
            self.assertIn(key, data)

    def test_settings_are_options(self):
        """Each setting that changes code can be set, is shown, and is a part of the cache's key."""
        options = {"opt_level": "-Oopt-level=0", "consume_fuel": "-Wfuel=100000", "epoch_interruption": "-Wepoch-interruption",
                   "signals_based_traps": "-Osignals-based-traps=n", "nan_canonicalization": "-Wnan-canonicalization",
                   "spectre_mitigation": "-Cspectre-mitigation=n", "single_pass_regalloc": "-Oregalloc-algorithm=single-pass",
                   "memory_reservation": "-Omemory-reservation=0x1000000", "memory_guard_size": "-Omemory-guard-size=65536",
                   "max_wasm_stack": "-Wmax-wasm-stack=262144", "relaxed_simd_deterministic": "-Wrelaxed-simd-deterministic",
                   "cpu_level": "-Ccpu-level=baseline"}

        def settings(*args):
            data = json.loads(self.check(self.vitrine("settings", "--json", *args), 0, err="").out)
            return {**data["enums"], **data["nums"], **data["bools"]}

        plain = settings()
        self.assertEqual(sorted(plain), sorted([*options, "indirect_local_calls"]))  # that one no option sets
        self.file("c.toml", f'[cache]\ndirectory = "{self.folder}/cache"\n')
        m = self.file("m.wat", hello())
        count = lambda: len([e for e in os.listdir(self.folder / "cache") if e.endswith(".cwasm")])
        self.check(self.vitrine("-Ccache-config=c.toml", m), 0, "hello\n")
        self.assertEqual(count(), 1)
        for entries, (name, option) in enumerate(options.items(), 2):
            self.assertNotEqual(settings(option)[name], plain[name], name)
            self.check(self.vitrine("-Ccache-config=c.toml", option, m), 0, "hello\n")
            self.assertEqual(count(), entries, name)

    def test_settings_of_a_level_of_cpus(self):
        inferred = lambda *args: json.loads(self.check(self.vitrine("settings", "--json", *args), 0, err="").out)["inferred"]
        self.assertEqual(sorted(inferred("-Ccpu-level=baseline")), ["has_popcnt", "has_sse41", "has_sse42"])
        self.assertEqual(sorted(inferred("-Ccpu-level=avx")), ["has_avx", "has_popcnt", "has_sse41", "has_sse42"])
        self.assertIn("has_avx512", inferred("-Ccpu-level=avx512"))
        self.assertEqual(inferred("-Ccpu-level=host"), inferred())
        self.assertEqual(inferred("--target", "x86_64-unknown-linux-gnu"), inferred("-Ccpu-level=baseline"))
        self.assertEqual(inferred("--target", "x86_64", "-Ccpu-level=avx"), inferred("-Ccpu-level=avx"))
        self.assertRegex(self.vitrine("settings", "-Ccpu-level=avx2").out, r"(?m)^ +cpu_level +avx2 ")

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
        # There are two kinds of file; each is told from the other.
        self.check(self.vitrine("--config", "c.toml", "m.wat"), 1, "", ["c.toml", "-C cache-config=FILE"])
        groups = self.file("g.toml", "[wasm]\nfuel = 1000\n")
        self.check(self.vitrine("-C", f"cache-config={groups}", "m.wat"), 1, "", ["g.toml", "--config FILE"])
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

    def test_completion_knows_every_option(self):
        script = self.vitrine("completion", "bash").out
        for command in ("run", "compile", "wast", "explore", "objdump", "settings", "config", "completion"):
            listed = set(re.findall(r"--[a-z-]+", re.search(rf"^ +{command}\) COMPREPLY=.*--help.*$", script, re.M).group()))
            help = self.vitrine(command, "--help").out
            self.assertEqual(listed, set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", help, re.M)), command)
        complete = lambda *words: subprocess.run(["bash"], input=f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _vitrine; echo ${{COMPREPLY[@]}}",
                                                 text=True, capture_output=True, cwd=self.folder).stdout.split()
        self.assertEqual(complete("vitrine", "run", "-O", "opt"), ["opt-level="])
        self.assertEqual(complete("vitrine", "run", "-Oopt"), ["-Oopt-level="])
        self.assertEqual(complete("vitrine", "-W", "exceptions"), [])
        self.assertIn("simd", "".join(complete("vitrine", "-W", "sim")))
        self.assertEqual(complete("vitrine", "objdump", "--addresse"), ["--addresses"])
        self.assertEqual(complete("vitrine", "help", "comp"), ["compile", "completion"])

    def test_output_that_cannot_be_written(self):
        m = self.file("m.wat", ADD)
        self.check(self.vitrine("compile", m, "-o", "m.cwasm"), 0)
        with open("/dev/full", "wb") as full:
            for args in (["--help"], ["--version"], ["run", "--help"], ["run", "-Whelp"], ["settings"], ["settings", "--json"], ["completion", "zsh"],
                         ["objdump", "m.cwasm"], ["explore", m, "-o", "-"], ["wast", self.file("s.wast", "(module)")]):
                self.check(self.vitrine(*args, stdout=full), 1, err="No space left")

    def test_config_new_on_a_full_disk_leaves_nothing(self):
        def full():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        self.check(self.vitrine("config", "new", "c.toml", preexec_fn=full), 1, "", "c.toml")
        self.assertFalse((self.folder / "c.toml").exists())

    def test_explore_to_and_from_a_pipe(self):
        r = self.check(self.vitrine("explore", "-", "-o", "-", stdin=ADD.encode()), 0, err="")
        self.assertTrue(r.out.strip().endswith("</html>"), r.out[-100:])
        self.check(self.vitrine("explore", "-", stdin=ADD.encode()), 2, "", "-o")

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
        before = pathlib.Path(m).read_bytes()
        (self.folder / "link.wat").symlink_to(m)
        for same in (m, "link.wat"):
            self.check(self.vitrine("compile", m, "-o", same), 2, "", [same, "-o"])
        self.assertEqual(pathlib.Path(m).read_bytes(), before)
        loop = self.file("loop.wat", '(module (func (export "loop") (loop $l (br $l))))')
        self.check(self.vitrine("compile", loop, "-o", "loop.cwasm"), 0)
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
        # Where a jump goes has its address; no other line has.
        jump = re.search(r"(?m) j\w+ 0x([0-9a-f]+)$", self.vitrine("objdump", "--filter", "loop", "loop.cwasm").out)
        lines = re.findall(r"(?m)^ *([0-9a-f]+): \w+", self.vitrine("objdump", "loop.cwasm").out)
        self.assertEqual(lines, [jump.group(1)])
        self.assertIn("trampoline", self.vitrine("objdump", "--funcs", "all", "m.cwasm").out)
        self.assertRegex(self.vitrine("objdump", "--addresses", "--bytes", "m.cwasm").out, r"(?m)^ +[0-9a-f]+: 55 +push rbp")
        self.assertEqual(self.vitrine("objdump", "-", stdin=(self.folder / "m.cwasm").read_bytes()).out, r.out)
        self.check(self.vitrine("objdump", m), 1, "", ["vitrine compile"])
        self.check(self.vitrine("objdump", "missing.cwasm"), 1, "", "missing.cwasm")
        self.check(self.vitrine("objdump", "--funcs", "some", "m.cwasm"), 2, "", "some")

    def test_vectors_are_printed_for_every_level_of_cpus(self):
        m = self.file("m.wat", """(module (func (export "f") (param v128 v128 v128) (result v128 v128 v128 v128 v128 v128)
            (i64x2.abs (local.get 0)) (f32x4.convert_i32x4_u (local.get 1)) (i64x2.shr_s (local.get 0) (i32.const 3))
            (v128.bitselect (local.get 0) (local.get 1) (local.get 2)) (f32x4.add (local.get 0) (local.get 1))
            (i64x2.mul (local.get 0) (local.get 1))))""")
        vex = r"(?m)^ +v[a-z]"
        for level, there, not_there in (("baseline", ("addps xmm", "pxor xmm"), (vex,)), ("avx", (vex, "vaddps xmm"), ("vpabsq", "vpternlog")),
                                        ("avx512", ("vpabsq xmm", "vcvtudq2ps xmm", "vpsraq xmm", "vpternlog. xmm", "vpmullq xmm", "vaddps xmm"), ())):
            self.check(self.vitrine("compile", f"-Ccpu-level={level}", m, "-o", "m.cwasm"), 0)
            out = self.check(self.vitrine("objdump", "m.cwasm"), 0, err="").out
            self.check(self.vitrine("explore", f"-Ccpu-level={level}", m, "-o", "m.html"), 0)
            html = (self.folder / "m.html").read_text()
            for part in there:
                self.assertRegex(out, part, level)
            for part in not_there:
                self.assertNotRegex(out, part, level)
            self.assertNotIn(".byte", out)
            for part in [*(p for p in there if p != vex), "f32x4.convert_i32x4_u", "i64x2.shr_s"]:
                self.assertRegex(html, part, level)

    def test_objdump_names_from_a_guest_do_no_harm(self):
        m = self.file("m.wat", '(module (func (export "\\1b[31mred\\07")))')
        self.check(self.vitrine("compile", m, "-o", "m.cwasm"), 0)
        self.assertNotIn("\x1b", self.vitrine("objdump", "m.cwasm").out)

    def test_messages_with_names_from_a_guest_do_no_harm(self):
        r = self.vitrine(self.file("m.wat", '(module (import "\\1b]0;owned\\07" "\\1b[2J" (func)))'))
        self.assertNotIn("\x1b", r.err)
        r = self.vitrine(self.file("m.wat", '(module (func $f (export "\\1b[2J_start") (unreachable)) (start $f))'))
        self.assertNotIn("\x1b", r.err)

    def test_bytes_that_are_no_text_are_written_out(self):
        path = self.folder / "m.cwasm"
        self.check(self.vitrine("compile", self.file("m.wat", hello()), "-o", path), 0)
        r = subprocess.run([VITRINE.encode(), b"no\x9b31m\xe2\x80\xaesuch\xc2\x9b"], capture_output=True, env=self.env)
        self.assertIn(rb"no\x9b31m\u202esuch\u009b", r.stderr)

    def test_wast(self):
        good = self.file("good.wast", '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 1))\n')
        self.assertTrue(self.check(self.vitrine("wast", good), 0).out.endswith("2 passed, 0 failed, 0 skipped\n"))
        bad = self.file("bad.wast", '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 2))\n')
        r = self.check(self.vitrine("wast", bad), 1)
        self.assertIn("bad.wast:2:", r.out + r.err)
        self.assertIn("1 passed, 1 failed, 0 skipped", r.out)
        self.check(self.vitrine("wast", "missing.wast"), 1, err="missing.wast")
        self.check(self.vitrine("wast"), 2)

    def test_wast_with_vectors(self):
        good = self.file("good.wast", """(module (func (export "same") (param v128) (result v128) (local.get 0))
              (global (export "g") v128 (v128.const i32x4 1 2 3 4)))
            (assert_return (invoke "same" (v128.const i32x4 1 -2 3 4)) (v128.const i32x4 1 0xfffffffe 3 4))
            (assert_return (invoke "same" (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)) (v128.const i64x2 0x0706050403020100 0x0f0e0d0c0b0a0908))
            (assert_return (invoke "same" (v128.const f32x4 nan -nan nan:0x600000 1)) (v128.const f32x4 nan:canonical nan:canonical nan:arithmetic 1))
            (assert_return (invoke "same" (v128.const f64x2 nan -0)) (v128.const f64x2 nan:arithmetic -0))
            (assert_return (invoke "same" (v128.const i64x2 1 2))
              (either (v128.const i64x2 0 0) (v128.const f64x2 nan:canonical 0) (v128.const i32x4 1 0 2 0)))
            (assert_return (get "g") (v128.const i16x8 1 0 2 0 3 0 4 0))
        """)
        self.check(self.vitrine("wast", good), 0, "7 passed, 0 failed, 0 skipped\n", "")
        bad = self.file("bad.wast", """(module (func (export "same") (param v128) (result v128) (local.get 0)) (func (export "i") (result i64) (i64.const 1)))
            (assert_return (invoke "same" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 1 2 3 5))
            (assert_return (invoke "same" (v128.const f32x4 nan:0x1 0 0 0)) (v128.const f32x4 nan:arithmetic 0 0 0))
            (assert_return (invoke "same" (v128.const f32x4 nan:0x600000 0 0 0)) (v128.const f32x4 nan:canonical 0 0 0))
            (assert_return (invoke "same" (v128.const i64x2 1 2)) (either (v128.const i64x2 1 3) (v128.const i64x2 2 2)))
            (assert_return (invoke "same" (v128.const i64x2 1 0)) (i64.const 1))
            (assert_return (invoke "i") (v128.const i64x2 1 0))
        """)
        r = self.check(self.vitrine("wast", bad), 1)
        lines = r.out.splitlines()
        self.assertEqual(lines[-1], "1 passed, 6 failed, 0 skipped")
        self.assertTrue(lines[0].endswith('bad.wast:2: expected v128 i32x4 0x00000001 0x00000002 0x00000003 0x00000005 as result 0 of "same", '
                                          'came v128 i32x4 0x00000001 0x00000002 0x00000003 0x00000004'), lines[0])
        self.assertIn("f32x4 nan:arithmetic 0x00000000", lines[1])
        self.assertIn("nan:canonical", lines[2])
        self.assertIn("v128 i64x2 0x0000000000000001 0x0000000000000003 or v128 i64x2 0x0000000000000002 0x0000000000000002", lines[3])
        self.assertIn("expected i64 1 (0x1)", lines[4])
        self.assertIn("came i64 1 (0x1)", lines[5])

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
