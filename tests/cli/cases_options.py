"""Options, their values and their help; exit statuses; --invoke."""
import re
import time

from harness import *


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
        self.check(self.invoke("echo", "0", "0", "1e400", "-1e400"), 0, "0\n0\ninf\n-inf\n")
        self.check(self.invoke("echo", "0", "0", "+1e-60", "-1e-400"), 0, "0\n0\n0\n-0\n")

    def test_bad_numbers(self):
        for bad in ("0xffffffff", "2147483648", "-2147483649"):
            self.check(self.invoke("add", bad, "1"), 1, "", [bad, "range", "i32"])
        for bad in ("abc", "", "1.5", "0x", "1x", "--1", " 1"):
            self.check(self.invoke("add", bad, "1"), 1, "", [f"'{bad}'", "argument 1"])
        for bad in ("x", "", "+-1", "++1", "1e", "0x1p3", " 1"):
            self.check(self.invoke("echo", "1", "2", bad, "1"), 1, "", [f"'{bad}'", "argument 3", "f32"])

    def test_vectors(self):
        module = """(module (func (export "same") (param v128) (result v128) (local.get 0))
          (func (export "two") (param v128 i32 v128) (result v128 v128) (local.get 2) (local.get 0)))"""
        same = lambda text: self.invoke("same", text, module=module)
        one_to_four = 4 << 96 | 3 << 64 | 2 << 32 | 1
        for text, value in (("0", 0), ("1", 1), (str(2**128 - 1), 2**128 - 1), ("0x" + "f" * 32, 2**128 - 1), ("0X1f", 31), ("00", 0),
                            ("0x00000004000000030000000200000001", one_to_four), ("i32x4:1,2,3,4", one_to_four),
                            ("i32x4:0x1,+2,0x0003,0_4", one_to_four), ("i64x2:-1,0", 2**64 - 1), ("i32x4:-1,0xffffffff,4294967295,-2147483648", 2**127 + 2**96 - 1),
                            ("i8x16:" + ",".join(map(str, range(16))), int.from_bytes(range(16), "little")), ("i8x16:-128" + ",255" * 15, 2**128 - 128),
                            ("i16x8:1,0,0,0,0,0,0,-32768", 2**127 + 1), ("f32x4:1,0,0,-0", 2**127 + 0x3f800000), ("f64x2:1.5,-inf", 0xfff0 << 112 | 0x3ff8 << 48),
                            ("f32x4:nan,0x1p-149,nan:0x1,inf", 0x7f800000 << 96 | 0x7f800001 << 64 | 1 << 32 | 0x7fc00000)):
            r = self.check(same(text), 0, f"{value}\n")
            self.check(same(r.out.strip()), 0, r.out)  # what is printed can be given
        self.check(self.invoke("two", "5", "6", "i64x2:7,0", module=module), 0, "7\n5\n")

    def test_bad_vectors(self):
        module = '(module (func (export "same") (param v128) (result v128) (local.get 0)))'
        for bad, parts in ((str(2**128), ["range", "2^128-1"]), ("0x1" + "0" * 32, ["range"]), ("-1", ["no vector"]), ("", ["no vector", "i32x4:1,2,3,4"]), ("0x", ["no vector"]),
                           ("1.5", ["no vector"]), ("1,2,3,4", ["no vector", "i32x4:"]), ("i32x4:1,2,3", ["i32x4 has 4 lanes, and 3 were given"]),
                           ("i32x4:1,2,3,4,5", ["5 were given"]), ("i64x2:", ["0 were given"]), ("i64x2:,", ["lane 0 of i64x2", "'' is no integer"]),
                           ("i32x4:1,2,3,4294967296", ["lane 3 of i32x4", "'4294967296' is out of range: -2147483648 to 4294967295"]),
                           ("i8x16:-129" + ",0" * 15, ["lane 0 of i8x16", "-128 to 255"]), ("i64x2:0,18446744073709551616", ["-9223372036854775808 to 18446744073709551615"]),
                           ("i32x4:1,2,1.5,4", ["lane 2", "'1.5' is no integer"]), ("f32x4:1,x,3,4", ["lane 1 of f32x4", "'x' is no floating-point number"]),
                           ("f32x4:1e39,0,0,0", ["lane 0", "out of range of an f32"]), ("f16x8:1", ["'f16x8' is none of the shapes i8x16, i16x8, i32x4, i64x2, f32x4, f64x2"]),
                           ("i32x4 1 2 3 4", ["no vector"])):
            self.check(self.invoke("same", bad, module=module), 1, "", ["argument 1 (v128)", *parts])

    def test_relaxed_vectors_are_deterministic_if_asked(self):
        module = """(module (func (export "swizzle") (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
          (func (export "madd") (param v128 v128 v128) (result v128) (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))"""
        m = self.file("m.wat", module)
        swizzled = lambda first: int.from_bytes([first] + [7] * 15, "little")
        # Index 16 is out of range: zero, or what the CPU makes of it. The product of 1 + 2^-28 with itself is rounded before the sum, or not.
        swizzle = ["swizzle", m, "i8x16:7" + ",1" * 15, "16"]
        madd = ["madd", m, "f64x2:0x1.0000001p0,0", "f64x2:0x1.0000001p0,0", "f64x2:-1,0"]
        exact, rounded = 0x3e40_0000_0080_0000, 0x3e40_0000_0000_0000
        for level in ("host", "baseline"):
            for opt in ("0", "2"):
                run = lambda args, *more: int(self.vitrine("run", f"-Ccpu-level={level}", f"-Oopt-level={opt}", *more, "--invoke", *args).out)
                self.assertEqual(run(swizzle, "-Wrelaxed-simd-deterministic"), swizzled(0))
                self.assertIn(run(swizzle), (swizzled(0), swizzled(7)))
                self.assertEqual(run(madd, "-Wrelaxed-simd-deterministic"), rounded)
                self.assertIn(run(madd, "-Wrelaxed-simd-deterministic=n"), (exact, rounded))
        self.check(self.vitrine("run", "-Wrelaxed-simd=n", "--invoke", *swizzle), 1, "", ["needs the feature 'relaxed-simd', which is off; turn it on with -W relaxed-simd"])

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
        self.check(self.vitrine("run", "-Wtimeout=200ms", "-Osignals-based-traps=n", spin), 134, "", "interrupt")
        self.check(self.vitrine("-W", "fuel=100000", self.file("h.wat", hello())), 0, "hello\n", "")
        self.check(self.vitrine("-W", "timeout=30s", self.file("h.wat", hello())), 0, "hello\n", "")

    def test_a_timeout_at_any_moment_is_the_same_trap(self):
        spin = self.file("spin.wat", SPIN)
        other = self.file("other.wat", "(module (func (export \"_initialize\")))")
        for timeout in ("1ns", "1us", "100us", "1ms"):
            self.check(self.vitrine("run", f"-Wtimeout={timeout}", spin), 134, "", "wasm trap: interrupt")
            # It passes while OTHER is compiled, so between two calls.
            self.check(self.vitrine("run", f"-Wtimeout={timeout}", "--preload", f"o={other}", spin), 134, "", "wasm trap: interrupt")

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
        for args in (["--versio"], ["run", "--version"]):
            self.check(self.vitrine(*args), 2, "", [args[-1], "`vitrine --version` prints the version"])
        self.check(self.vitrine("--dir", ".:.:ro", m), 2, "", [".:.:ro", "::"])
        (self.folder / "a:b").mkdir()
        self.check(self.vitrine("--dir", "a:b", m), 0, "", "")

    def test_unknown_keys(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("run", "-O", "opt-levle=2", m), 2, "", ["-O", "opt-levle", "opt-level"])
        self.check(self.vitrine("run", "-W", "feul=2", m), 2, "", ["feul", "fuel"])
        self.check(self.vitrine("run", "-S", "nonsense", m), 2, "", ["-S", "nonsense"])
        for level in ("-O2", "-O3", "-Os"):
            self.check(self.vitrine("run", level, m), 2, "", [f"'{level[2]}'", "-O opt-level="])

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
        self.check(self.vitrine("-W", "max-memory-size=1Ti", m), 2, "", ["max-memory-size", "'1Ti'", "4Gi"])
        self.check(self.vitrine("-W", "max-memory-size=17179869184Gi", m), 2, "", ["17179869184Gi"])
        self.check(self.vitrine("-W", "fuel=1K", m), 2, "", ["fuel", "'1K'"])
        self.check(self.vitrine("-C", "compiler=gcc", m), 2, "", ["'gcc' is not one of cranelift|winch"])
        self.check(self.vitrine("-C", "cpu-level=avx3", m), 2, "", ["-C cpu-level: 'avx3' is not one of host|baseline|avx|avx2|avx512"])
        self.check(self.vitrine("-C", "cpu-level", m), 2, "", ["-C cpu-level needs a value: cpu-level=host|baseline|avx|avx2|avx512"])
        self.check(self.vitrine("-O", "regalloc-algorithm=best", m), 2, "", ["'best' is not one of backtracking|single-pass"])
        self.check(self.vitrine("-O", "regalloc-algorithm=single-pass", "-C", "inlining", m), 0, "", "")

    def test_bytes_in_units(self):
        m = self.file("m.wat", "(module (memory 17))")  # 1,114,112 bytes
        for size, fits in (("1114112", True), ("0x110000", True), ("1088Ki", True), ("1088KiB", True), ("2Mi", True), ("1Gi", True), ("2M", True),
                           ("1114111", False), ("1088K", False), ("1Mi", False), ("1MiB", False), ("1M", False)):
            self.assertEqual(self.vitrine("-W", f"max-memory-size={size}", m).status == 0, fits, size)

    def test_what_is_not_there_yet_is_said(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("-S", "http", m), 2, "", ["http", "not in this version"])
        self.check(self.vitrine("-S", "http=n", m), 0, "", "")
        self.check(self.vitrine("-W", "gc", m), 2, "", ["-W gc", "not implemented"])

    def test_help(self):
        for command in ([], ["run"], ["compile"], ["wast"], ["explore"], ["objdump"], ["settings"], ["config"], ["completion"]):
            r = self.check(self.vitrine(*command, "--help"), 0, err="")
            self.assertGreater(len(r.out), 100)
            self.assertTrue(r.out.split("\n")[0].endswith("."), r.out)
            for inside in ("{", "TEXT:", "UINT", "\n\n\n"):
                self.assertNotIn(inside, r.out)
            if command:
                self.assertEqual(self.vitrine("help", *command).out, r.out)
        for option in ("--invoke", "--dir", "--env", "--argv0", "--preload", "--allow-precompiled", "-O", "-C", "-D", "-W", "-S"):
            self.assertIn(option, self.vitrine("run", "--help").out)
        self.assertIn("134 after a trap", self.vitrine("run", "--help").out)

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
        self.file("-O", hello("named -O\\n"))
        self.check(self.vitrine("--", "-O"), 0, "named -O\n")
        self.check(self.vitrine("run", "-Ccache=n", "--", "-O"), 0, "named -O\n")

    def test_a_misspelt_subcommand(self):
        self.check(self.vitrine("complie", "x.wasm"), 1, "", ["complie", "compile"])

    def test_options_behind_the_file_are_the_guests(self):
        r = self.vitrine(self.file("p.wat", PRINT_ALL), "--invoke", "-O", "x", "--", "--help")
        self.check(r, 0, "p.wat\n--invoke\n-O\nx\n--\n--help\n", "")

    def test_a_target_that_is_not_there(self):
        m = self.file("m.wat", "(module)")
        self.check(self.vitrine("compile", "--target", "aarch64-linux-gnu", m), 1, "", ["aarch64-linux-gnu", "x86_64"])

    def test_every_key_of_wasmtime_is_obeyed_or_refused_with_a_reason(self):
        m = self.file("m.wat", hello())
        refused = {
            "-O": ("pooling-allocator", "pooling-total-memories=4", "pooling-pagemap-scan=auto", "pooling-max-memory-size=65536",
                   "gc-heap-reservation=1", "guard-before-linear-memory=n"),
            "-C": ("collector=drc", "cranelift-debug-verifier", "native-unwind-info=n", "metadata-for-internal-asserts",
                   "metadata-for-gc-heap-corruption", "cranelift-has-avx2", "cranelift-opt-level=none"),
            "-D": ("debug-info", "guest-debug", "address-map=n", "log-to-files", "coredump=c", "debugger=d", "arg=x", "inherit-stdin",
                   "inherit-stdout=y", "inherit-stderr"),
            "-W": ("async-stack-size=1", "async-stack-zeroing", "wmemcheck", "shared-memory", "gc-support",
                   "concurrency-support", "unknown-exports-allow=n", "gc", "threads", "component-model", "branch-hinting"),
            "-S": ("nn", "nn-graph=onnx::d", "threads", "http", "http-outgoing-body-chunk-size=1", "http-outgoing-body-buffer-chunks=1",
                   "config", "config-var=a=b", "keyvalue", "keyvalue-in-memory-data=a=b", "listenfd", "tls", "preview2=n", "p3",
                   "inherit-network", "allow-ip-name-lookup", "tcp", "udp", "network-error-code", "cwd=/", "max-resources=1",
                   "hostcall-fuel=1", "max-random-size=1", "max-http-fields-size=1")}
        for group, keys in refused.items():
            for key in keys:
                r = self.check(self.vitrine(group, key, m), 2, "", f"{group} {key.split('=')[0]}")
                self.assertRegex(r.err, "not in this version of Vitrine: .|is not possible: .|not implemented in this version|mean nothing to")
        met = {"-O": ("pooling-allocator=n", "pooling-pagemap-scan=n", "memory-may-move=n", "table-lazy-init=n", "guard-before-linear-memory",
                      "static-memory-forced", "dynamic-memory-guard-size=65536"),
               "-C": ("inlining=y", "native-unwind-info", "compiler=cranelift", "compiler=winch"), "-D": ("address-map", "logging=n", "coredump=n"),
               "-W": ("simd=n", "relaxed-simd=n", "simd", "relaxed-simd-deterministic", "relaxed-simd-deterministic=n", "gc=n", "shared-memory=n", "gc-support=n", "unknown-exports-allow", "threads=no"),
               "-S": ("p3=n", "preview2", "common", "tcp=n", "inherit-network=false")}
        met["-D"] = met["-D"][:-1]  # a path called n
        for group, keys in met.items():
            for key in keys:
                self.check(self.vitrine(group, key, m), 0, "hello\n", "")

    def test_cpu_flags_of_wasmtime_lead_to_levels(self):
        self.check(self.vitrine("-C", "cranelift-has-avx512f", "m.wat"), 2, "", ["cranelift-has-avx512f", "-C cpu-level"])

    def test_options_that_contradict_each_other(self):
        m = self.file("m.wat", hello())
        self.check(self.vitrine("-C", "inlining=n", m), 1, "", ["-C inlining=n", "opt-level=0"])
        self.check(self.vitrine("-C", "inlining=n", "-O", "opt-level=0", m), 0, "hello\n", "")
        self.check(self.vitrine("-C", "inlining=y", "-O", "opt-level=0", m), 1, "", "-C inlining=y")
        self.check(self.vitrine("-C", "inlining=gc", m), 2, "", "'gc' is not y or n")
        self.check(self.vitrine("-C", "compiler=winch", "-O", "opt-level=2", m), 1, "", ["-C compiler=winch", "opt-level=2"])
        self.check(self.vitrine("-C", "compiler=winch", "-O", "opt-level=0", m), 0, "hello\n", "")
        self.check(self.vitrine("-S", "common", "-S", "cli", m), 2, "", ["-S common", "-S cli"])
        self.check(self.vitrine("-S", "cli-exit-with-code=n", self.file("e.wat", exits(3))), 3, "", ["warning:", "cli-exit-with-code"])
        self.check(self.vitrine("-D", "max-backtrace=10001", m), 1, "", ["max_backtrace_frames", "10000"])

    def test_all_proposals(self):
        m = self.file("m.wat", "(module (memory 1) (memory 1))")
        self.check(self.vitrine("-W", "all-proposals", m), 0, "", "")
        self.check(self.vitrine("-W", "all-proposals=n", m), 1, "", "multi-memory")
        self.check(self.vitrine("-W", "all-proposals=n,multi-memory", m), 0, "", "")
        self.check(self.vitrine("-W", "multi-memory,all-proposals=n", m), 1, "", "multi-memory")

    def test_keys_that_are_missing(self):
        m = self.file("m.wat", "(module)")
        for text in ("", ",", "opt-level=0,", "opt-level=0,,memory-init-cow", "=", "=0"):
            self.check(self.vitrine("-O", text, m), 2, "", ["-O", "KEY is missing"])

    def test_options_and_subcommands_of_wasmtime_that_are_not_there(self):
        m = self.file("m.wat", "(module)")
        for args in (["-g", "1234", m], ["--gdbstub=1", m], ["-Rpath=x", m], ["--record", "path=x", m], ["compile", "--emit-clif", "d", m],
                     ["wast", "--wasmtime-builtins", m], ["wast", "--async", m], ["wast", "--generate-dwarf=true", m],
                     ["wast", "--precompile-save", "d", m], ["--profile", "guest,p.json", m], ["--profile=jitdump", m]):
            self.check(self.vitrine(*args), 2, "", "not in this version of Vitrine")
        for name in ("serve", "wizer", "hot-blocks", "replay"):
            self.check(self.vitrine(name, m), 2, "", [f"no `vitrine {name}` in this version", f"vitrine run {name}"])
            self.check(self.vitrine("help", name), 2, "", "in this version")
        self.check(self.vitrine("wast", "--async=false", "--generate-dwarf=false", self.file("s.wast", "(module)")), 0)

    def test_did_you_mean_in_every_subcommand(self):
        m = self.file("m.wat", "(module)")
        for args, meant in ((["compile", "--outptu=x", m], "--output"), (["objdump", "--adresses", m], "--addresses"), (["settings", "--jsno"], "--json"),
                            (["wast", "--skiped", m], "--skipped"), (["config", "nwe"], "new"), (["explore", "--otput", "x", m], "--output")):
            self.check(self.vitrine(*args), 2, "", f"did you mean '{meant}'")

    def test_too_many_or_too_few(self):
        m = self.file("m.wat", "(module)")
        for args in (["compile", m, "second"], ["config", "new", "a", "second"], ["settings", "second"], ["objdump", m, "second"]):
            self.check(self.vitrine(*args), 2, "", "'second' is one argument too many")
        for option in ("--invoke", "--dir", "--env", "-O", "--config"):
            self.check(self.vitrine(option), 2, "", f"{option} needs a value: {option} ")
        self.check(self.vitrine("--preload", "lib=", m), 2, "", "NAME=PATH")

    def test_help_of_a_group_in_short_and_long(self):
        short, long = self.vitrine("run", "-Ohelp").out, self.vitrine("run", "-Ohelp-long").out
        self.assertIn("Not in this version", short)
        self.assertRegex(long, r"-O pooling-allocator=y\|n +\[not in this version: .")
        self.assertGreater(len(long.splitlines()), len(short.splitlines()))
        self.assertIn("FILE [ARGS...]", self.vitrine("run", "--help").out)

    def test_bad_options_are_said_before_anything_is_compiled(self):
        for option in (["--dir", "/no/such"], ["--preload", "x"], ["-S", "tcplisten=nowhere"]):
            r = self.vitrine(*option, "no-such-file.wasm")
            self.assertNotEqual(r.status, 0)
            self.assertNotIn("no-such-file", r.err)

    def test_config_file(self):
        m = self.file("m.wat", SPIN)
        good = self.file("good.toml", '[wasm]\nfuel = 1000\n[optimize]\nopt-level = 0\n')
        self.check(self.vitrine("run", "--config", good, m), 134, "", "fuel")
        for text, parts in (("[wasm]\nfeul = 3\n", ["feul", "fuel"]), ("[nonsense]\n", ["nonsense"]), ("[wasm\n", [":1:"]),
                            ('[wasm]\nfuel = "x"\n', ["fuel"]), ("[optimize]\nopt-level = [0, 1]\n", ["opt-level", "list"]),
                            ("[wasm]\ngc = true\n", ["gc"]), ("[codegen]\ncpu-level = 3\n", ["'3' is not one of host|"]), ("[record]\npath = 'x'\n", ["record"])):
            self.check(self.vitrine("run", "--config", self.file("bad.toml", text), m), 1, "", ["bad.toml", *parts])
        self.check(self.vitrine("run", "--config", "/no/such.toml", m), 1, "", ["/no/such.toml: No such file"])
        self.check(self.vitrine("run", "--config", str(self.folder), m), 1, "", [str(self.folder), "directory"])
        self.check(self.vitrine("run", "--config", "/dev/zero", m), 1, "", ["/dev/zero", "too large"])
        # The command line goes before the file.
        self.check(self.vitrine("run", "-Wfuel=100", "--config", good, self.file("h.wat", hello())), 0, "hello\n")
