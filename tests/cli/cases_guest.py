"""What guests are granted and how they are limited."""
import resource
import socket
import subprocess
import threading
import time

from harness import *


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
        bad = {b"BAD": b"\xff", **{k.encode(): v.encode() for k, v in self.env.items()}}
        for option in ([b"--env", b"BAD"], [b"--env", b"X=\xff"], [b"-S", b"inherit-env"]):
            run = subprocess.run([VITRINE.encode(), *option, p.encode()], capture_output=True, env=bad)
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"is no UTF-8", run.stderr)
        # The last word counts: programs look no further than the first variable of a name.
        self.check(self.vitrine("--env", "A=1", "--env", "B=2", "--env", "A=3", p), 0, "p.wat\nA=3\nB=2\n", "")
        self.assertIn("SHOWN=no\n", self.vitrine("-S", "inherit-env", "--env", "SHOWN=no", p, env=env).out)
        self.assertNotIn("SHOWN=yes", self.vitrine("-S", "inherit-env", "--env", "SHOWN=no", p, env=env).out)

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
        self.assertIn("note: the guest was granted no directory; --dir HOST[::GUEST] grants one\n", r.err)
        r = self.vitrine("--dir", f"{self.folder}::/d::ro", self.file("c.wat", opens("new.txt", create=True)))
        self.assertIn(f"--dir {self.folder}::/d::rw grants it\n", r.err)
        escape = self.vitrine("--dir", self.folder, self.file("e.wat", opens("../../etc/passwd")))
        self.assertNotEqual(escape.status, 0)
        self.assertIn("../../etc/passwd", escape.err)

    def test_rights_of_a_directory(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "there.txt").write_text("x")
        read, create = self.file("r.wat", opens("there.txt")), self.file("c.wat", opens("new.txt", create=True))
        self.check(self.vitrine("--dir", f"{data}::/d::read", read), 0, "", "")
        self.check(self.vitrine("--dir", f"{data}::/d::read-files,create", create), 63, "", [
            "the sandbox refused: open for writing \"/d/new.txt\"",
            f"--dir {data}::/d::read-files,write-files,create grants it\n"])
        self.check(self.vitrine("--dir", f"{data}::/d::create-files,write-files,read-files", create), 0, "", "")
        self.check(self.vitrine("--dir", f"{data}::/d::read-dirs,write,create,remove", read), 63, "", f"--dir {data}::/d::rw grants it\n")
        self.check(self.vitrine("--dir", f"{data}::/d::read,unlink", read), 2, "", ["'unlink'", "remove"])
        self.check(self.vitrine("--dir", f"{data}::/d::read,", read), 2, "", "no right")

    def test_open_files_are_limited(self):
        opens_many = f"""(module {WASI % ("path_open", "path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32", " (result i32)")} {EXIT}
          (memory (export "memory") 1) (data (i32.const 64) "there.txt")
          (func (export "_start") (local $error i32)
            (loop (local.set $error (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 9) (i32.const 0)
              (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8))) (br_if 0 (i32.eqz (local.get $error))))
            (call $proc_exit (local.get $error))))"""
        self.file("there.txt", "x")

        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))

        run = subprocess.run([VITRINE, "--dir", str(self.folder), self.file("m.wat", opens_many)], capture_output=True, preexec_fn=few)
        self.assertEqual(run.returncode, 33)  # the guest saw EMFILE
        self.assertIn(b"the sandbox refused: open", run.stderr)
        self.assertIn(b"ulimit -n", run.stderr)

    def test_missing_variables_are_explained_if_the_guest_fails(self):
        look = f"""(module {WASI % ("environ_sizes_get", "environ_sizes_get", "i32 i32", " (result i32)")} {EXIT} (memory (export "memory") 1)
          (func (export "_start") (call $proc_exit (i32.add (call $environ_sizes_get (i32.const 0) (i32.const 4)) (i32.const %d)))))"""
        fails, succeeds = self.file("f.wat", look % 1), self.file("s.wat", look % 0)
        self.check(self.vitrine(fails), 1, "", "note: the guest was granted no environment variable; --env NAME grants one\n")
        self.check(self.vitrine(succeeds), 0, "", "")
        self.check(self.vitrine("--env", "A=1", fails), 1, "", "")

    def test_mere_looks_are_told_once_and_where_they_may_matter(self):
        look = f"""(module {WASI % ("environ_sizes_get", "environ_sizes_get", "i32 i32", " (result i32)")}
          {WASI % ("fd_prestat_get", "fd_prestat_get", "i32 i32", " (result i32)")} {EXIT} (memory (export "memory") 1)
          (func (export "_start") (drop (call $environ_sizes_get (i32.const 0) (i32.const 4)))
            (drop (call $fd_prestat_get (i32.const 3) (i32.const 0))) %s))"""
        said = "note: the guest was granted no environment variable and no directory; --env NAME and --dir HOST[::GUEST] grant them\n"
        self.check(self.vitrine(self.file("e.wat", look % "(call $proc_exit (i32.const 7))")), 7, "", said)
        self.check(self.vitrine(self.file("u.wat", look % "unreachable")), 134, "", said)
        for end in ("(drop (i32.load (i32.const -4)))", "(loop (br 0))"):
            r = self.check(self.vitrine("-W", "timeout=200ms", self.file("t.wat", look % end)), 134, "")
            self.assertNotIn("granted", r.err)

    def test_many_denials_are_counted(self):
        # A hundred names, each two bytes.
        opens_many = f"""(module {WASI % ("path_open", "path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32", " (result i32)")}
          (memory (export "memory") 1)
          (func (export "_start") (local $i i32)
            (loop
              (i32.store8 (i32.const 64) (i32.add (i32.const 48) (i32.div_u (local.get $i) (i32.const 10))))
              (i32.store8 (i32.const 65) (i32.add (i32.const 48) (i32.rem_u (local.get $i) (i32.const 10))))
              (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 2) (i32.const 1)
                (i64.const 0x42) (i64.const 0) (i32.const 0) (i32.const 8)))
              (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))))"""
        r = self.check(self.vitrine("--dir", f"{self.folder}::/d::ro", self.file("m.wat", opens_many)), 0, "")
        self.assertEqual(r.err.count("note:"), 65, r)
        self.assertTrue(r.err.endswith("note: the sandbox refused 36 more\n"), r)

    def test_clocks_and_random_bytes_can_be_withheld(self):
        for call, params, arguments, key, words in (
                ("clock_time_get", "i32 i64 i32", "(i32.const 0) (i64.const 1) (i32.const 8)", "clocks", "the wall clock"),
                ("random_get", "i32 i32", "(i32.const 8) (i32.const 8)", "random", "random")):
            m = self.file("m.wat", f"""(module {WASI % (call, call, params, " (result i32)")} {EXIT} (memory (export "memory") 1)
              (func (export "_start") (call $proc_exit (call ${call} {arguments}))))""")
            self.check(self.vitrine(m), 0, "", "")
            r = self.vitrine("-S", f"{key}=n", m)
            self.assertNotEqual(r.status, 0, r)
            self.assertIn(words, r.err, r)

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

    def test_addresses_that_are_none(self):
        m = self.file("m.wat", "(module)")
        for bad in ("nowhere", ":80", "localhost:80", "127.0.0.1:65536", "127.0.0.1:99999999", "127.0.0.1:", "127.0.0.1:x", "::1"):
            self.check(self.vitrine("-S", f"tcplisten={bad}", m), 1, "", [f"'{bad}'", "no address to listen on"])

    def test_closed_streams_are_nobodys(self):
        # The image would be opened as descriptor 0, and a guest reading its standard input would read its own machine code.
        read = """(module (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
          (func (export "_start") (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 8))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16))) (call $exit (i32.load (i32.const 16)))))"""
        self.check(self.vitrine("compile", self.file("r.wat", read), "-o", "r.cwasm"), 0)
        for program in ("r.wat", "r.wat", "--allow-precompiled r.cwasm"):
            run = subprocess.run(f"{VITRINE} {program} <&- >&- 2>&-", shell=True, env=self.env, cwd=self.folder)
            self.assertEqual(run.returncode, 0)

    def test_messages_that_cannot_be_shown(self):
        with open("/dev/full", "wb") as full:
            for args in (["missing.wasm"], ["--foo"], ["--invoke", "f", self.file("m.wat", '(module (func (export "f") unreachable))')]):
                run = subprocess.run([VITRINE, *args], stderr=full, env=self.env)
                self.assertGreater(run.returncode, 0)
                self.assertIn(run.returncode, (1, 2, 134))
                self.assertEqual(subprocess.run([VITRINE, *args, "2>&-"], stderr=full, env=self.env).returncode, run.returncode)

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
        self.check(r, 1, "", "a memory may not grow to 6619136 bytes: -W max-memory-size is 1000000")
        self.check(self.vitrine("-W", "max-memory-size=0x100", "g.wat"), 1, "", ["memory", "max-memory-size is 256"])

    def test_what_ended_it_is_said_by_its_option(self):
        spin = self.file("s.wat", SPIN)
        self.check(self.vitrine("-W", "timeout=100ms", spin), 134, "", "note: it ran longer than -W timeout=100ms\n")
        self.check(self.vitrine("-W", "timeout=100ms", "-O", "signals-based-traps=n", spin), 134, "", "-W timeout=100ms\n")
        self.check(self.vitrine("-W", "fuel=1000", spin), 134, "", "note: -W fuel=1000 was what it had\n")

    def test_tables_and_instances(self):
        self.check(self.vitrine("-W", "max-table-elements=5", self.file("t.wat", "(module (table 6 funcref))")), 1, "", ["table", "max-table-elements"])
        self.check(self.vitrine("-W", "max-instances=0", self.file("m.wat", "(module)")), 1, "", ["max-instances"])
        self.check(self.vitrine("-W", "max-tables=0", "t.wat"), 1, "", ["max-tables"])
        self.check(self.vitrine("-W", "max-memories=0", self.file("m.wat", "(module (memory 1))")), 1, "", ["max-memories"])

    def test_stack(self):
        deep = '(module (func $f (export "f") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0)))))'
        m = self.file("d.wat", deep)
        self.check(self.vitrine("--invoke", "f", m, "2000"), 0, "2000\n")
        self.check(self.vitrine("-Wmax-wasm-stack=32768", "--invoke", "f", m, "5000"), 134, "",
                   ["call stack exhausted", "note: -W max-wasm-stack=BYTES gives it more\n"])
        self.check(self.vitrine("-Wmax-wasm-stack=4000000", "--invoke", "f", m, "40000"), 0, "40000\n")
        self.check(self.vitrine("-Wmax-wasm-stack=1", "--invoke", "f", m, "5000"), 1, "", "-W max-wasm-stack is 1 bytes")

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
