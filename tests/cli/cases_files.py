"""What is read and written: modules, precompiled images, the code cache."""
import os
import pathlib
import re
import resource
import shutil
import subprocess

from harness import *


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

    def test_huge(self):
        # Sparse or endless: refused before it is read into memory.
        path = self.folder / "huge.wasm"
        with open(path, "wb") as f:
            f.truncate(1 << 40)
        def little():
            resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
        for command in ([], ["compile"], ["explore"], ["wast"], ["objdump"]):
            self.check(self.vitrine(*command, path, preexec_fn=little), 1, "", ["huge.wasm", "too large"])
        self.check(self.vitrine("/dev/zero", preexec_fn=little), 1, "", ["/dev/zero", "too large"])

    def test_no_memory(self):
        path = self.file("big.wasm", b"\0asm\1\0\0\0" + b"\0" * (300 << 20))
        def little():
            resource.setrlimit(resource.RLIMIT_AS, (250 << 20, 250 << 20))
        self.check(self.vitrine("-Ccache=n", path, preexec_fn=little), 1, "", "Error: out of memory")

    def test_no_name(self):
        self.check(self.vitrine(""), 1, "", "name of the file is empty")

    def test_what_is_no_module_at_all(self):
        # Nothing of it is shown: it may be anything.
        r = self.check(self.vitrine(self.file("shadow", "root:$6$secret:19000:0\n")), 1, "", ["no WebAssembly module", "begins with 72 6f 6f 74", "shadow"])
        self.assertNotIn("secret", r.err)
        self.check(self.vitrine(self.file("x.gz", b"\x1f\x8b\x08\0\0")), 1, "", "begins with 1f 8b 08 00")
        self.check(self.vitrine(self.file("e.wasm", b"")), 1, "", ["empty", "e.wasm"])

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

        vector = self.file("v.wat", "(module (func (param v128)))")
        self.check(self.vitrine("-W", "simd=n", vector), 1, "", ["needs the feature 'simd', which is off; turn it on with -W simd"])
        self.check(self.vitrine("-W", "simd=n", "-W", "simd", vector), 0)

    def test_a_feature_that_is_not_there(self):
        self.check(self.vitrine(self.file("m.wat", "(module (type (struct)))")), 1, "", ["'gc'", "not implement"])

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

    def test_for_other_cpus(self):
        path = self.compiled("-C", "cpu-level=baseline")
        self.check(self.vitrine("run", "--allow-precompiled", path), 0, "hello\n", "")
        self.check(self.vitrine("run", "-C", "cpu-level=avx2", "--allow-precompiled", path), 0, "hello\n", "")
        flags = re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M).group(1).split()
        path = self.compiled("-C", "cpu-level=avx512")
        run = self.vitrine("run", "--allow-precompiled", path)
        if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= set(flags):
            return self.check(run, 0, "hello\n", "")
        self.check(run, 1, "", ["m.cwasm", "needs CPU feature avx512, which is not there"])
        self.check(self.vitrine("run", "-C", "cpu-level=avx512", "m.wat"), 1, "", ["m.wat", "needs CPU feature avx512, which is not there"])
        self.check(self.vitrine("run", "-C", "cpu-level=avx512", "--allow-precompiled", path), 1, "", ["needs CPU feature avx512, which is not there"])
        self.assertIn("ret", self.check(self.vitrine("objdump", path), 0).out)

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
        self.check(self.vitrine("--allow-precompiled", path), 1, "", ["opt_level", "0", "2", "compile the module again"])
        self.check(self.vitrine("--allow-precompiled", "-Oopt-level=0", path), 0, "hello\n")
        # What no option of that name asked for.
        path = self.compiled("-Osignals-based-traps=n")
        run = ("--allow-precompiled", "-Osignals-based-traps=n")
        self.check(self.vitrine(*run, path), 0, "hello\n", "")
        self.check(self.vitrine(*run, "-Wtimeout=9s", path), 1, "", ["epoch_interruption", "-W timeout needs -W epoch-interruption"])
        self.assertNotIn("timeout", self.vitrine(*run, "-Wepoch-interruption", path).err)

    def test_of_another_version(self):
        path = self.compiled()
        data = path.read_bytes()
        version = self.vitrine("--version").out.split()[1].encode()
        self.check(self.vitrine("--allow-precompiled", self.file("old.cwasm", data.replace(version, b"9" + version[1:], 1))), 1, "",
                   ["old.cwasm", "9" + version.decode()[1:], version.decode()])

    def test_another_elf(self):
        for options in ([], ["--allow-precompiled"]):
            r = self.check(self.vitrine(*options, "/bin/true"), 1, "", ["/bin/true", "ELF", "not one that vitrine made"])
            self.assertNotIn("trust", r.err)

    def test_to_compile_it_again_makes_no_sense(self):
        path = self.compiled()
        r = self.check(self.vitrine("compile", path), 1, "", ["m.cwasm", "compiled already"])
        self.assertNotIn("--allow-precompiled, ", r.err)
        self.check(self.vitrine("explore", path), 1, "", "compiled already")

    def test_from_a_pipe(self):
        path = self.compiled()
        run = subprocess.run(f"{VITRINE} --allow-precompiled <(cat {path})", shell=True, executable="/bin/bash", capture_output=True, text=True, env=self.env)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "hello\n", ""))

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

    def test_config_file_with_what_it_does_not_know(self):
        m = self.file("m.wat", hello())
        config = lambda text: f"cache-config={self.file('c.toml', text)}"
        self.check(self.vitrine("-C", config("[cache]\ndirectroy = '/x'\n"), m), 1, "", ["c.toml", "directroy", "did you mean 'directory'"])
        self.check(self.vitrine("-C", config("[cach]\n"), m), 1, "", ["c.toml", "cach", "[cache]"])
        self.check(self.vitrine("-C", config("cache = 3\n"), m), 1, "", ["c.toml", "[cache]"])
        self.check(self.vitrine("-C", config("[cache\n"), m), 1, "", "c.toml:1:")
        self.check(self.vitrine("-C", config("[cache]\ncleanup-interval = '1h'\nworker-event-queue-size = 16\n"), m), 0, "hello\n",
                   ["warning:", "cleanup-interval, worker-event-queue-size"])

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
        left = [e.name for e in (self.folder / "home/.cache/vitrine/modules").iterdir()]
        self.assertEqual(len(left), 2, left)
        self.assertIn("CACHEDIR.TAG", left)

    def test_a_directory_of_other_things(self):
        theirs = self.file("work/thesis.tmp", "chapter one")
        config = self.file("c.toml", f'[cache]\ndirectory = "{self.folder}/work"\n')
        self.check(self.vitrine("-C", f"cache-config={config}", self.file("m.wat", hello())), 0, "hello\n",
                   ["warning:", "thesis.tmp", "set another directory"])
        self.assertEqual([e.name for e in (self.folder / "work").iterdir()], ["thesis.tmp"], theirs)
