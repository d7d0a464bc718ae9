#!/usr/bin/env python3
"""Compiles the guests of this folder (C, C++, Rust, Go), runs each at opt-level 0 and 2, and compares what comes out.

    run.py --vitrine BIN [--build DIR] [--filter TEXT]...
    run.py --node                 the same with node's WASI: what the expected outputs were made and checked with (--bless)

A guest is one source file; NAME.expected beside it is its standard output. Comment lines `//! key: value` in the source say
how it is compiled and run: flags (more words for the compiler), args (words as a shell splits them), env (NAME=VALUE,
repeatable), stdin (a line), dir (the guest's name for a fresh folder it may write), exit (the status, 0 if not given). Language
tools that are missing or too old skip their guests, with the reason. The last line is `N passed, N failed, N skipped`; the exit
status is 0 if none failed.
"""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 120
OPT_LEVELS = ("0", "2")

COMPILE = {
    ".c": lambda source, out: [ROOT / "tools/wasm-cc", "-O2", "-std=gnu17", "-D_WASI_EMULATED_PROCESS_CLOCKS", "-o", out, source, "-lm", "-lc-printscan-long-double"],
    ".cpp": lambda source, out: [ROOT / "tools/wasm-cc", "-O2", "-std=c++20", "-o", out, source],
    ".rs": lambda source, out: ["/usr/bin/rustc", "--edition=2021", "--target=wasm32-wasi", "-C", "linker=wasm-ld-19", "-C", "link-arg=--no-fatal-warnings", "-C", "opt-level=2", "-o", out, source],
    ".go": lambda source, out: ["go", "build", "-o", out, source],
}


def missing_tool(suffix):
    """Why sources with this ending cannot be compiled, or None."""
    if suffix in (".c", ".cpp") and not shutil.which("clang-19"):
        return "there is no clang-19 (tools/setup installs it)"
    if suffix == ".rs":
        if not os.access("/usr/bin/rustc", os.X_OK):
            return "there is no /usr/bin/rustc (tools/setup installs it)"
        if not pathlib.Path("/usr/lib/rustlib/wasm32-wasi").exists():
            return "rustc has no standard library for wasm32-wasi (tools/setup installs libstd-rust-dev-wasm32)"
    if suffix == ".go":
        if not shutil.which("go"):
            return "there is no go"
        version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip()
        found = re.match(r"go1\.(\d+)", version)
        if not found or int(found[1]) < 21:
            return f"go is {version or 'broken'}; GOOS=wasip1 needs 1.21"
    return None


class Guest:
    def __init__(self, source):
        self.source, self.name = source, f"{source.parent.name}/{source.stem}"
        self.expected = source.with_suffix(".expected")
        self.flags, self.args, self.env, self.stdin, self.dir, self.exit = [], [], {}, None, None, 0
        for key, value in re.findall(r"^//! (\w+): ?(.*)$", source.read_text(), re.M):
            if key == "flags":
                self.flags = shlex.split(value)
            elif key == "args":
                self.args = shlex.split(value)
            elif key == "env":
                name, _, text = value.partition("=")
                self.env[name] = text
            elif key == "stdin":
                self.stdin = value + "\n"
            elif key == "dir":
                self.dir = value.strip()
            elif key == "exit":
                self.exit = int(value)
            else:
                sys.exit(f"{source}: unknown key {key!r}")

    def compile(self, out):
        """None, or the compiler's complaint."""
        if out.exists() and out.stat().st_mtime >= self.source.stat().st_mtime:
            return None
        out.parent.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, GOOS="wasip1", GOARCH="wasm", GO111MODULE="off")
        words = [str(w) for w in [*COMPILE[self.source.suffix](self.source, out), *self.flags]]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False)
        return None if done.returncode == 0 else f"does not compile:\n{done.stdout}"

    def run(self, make_command, wasm):
        """(stdout, stderr, status) of one run."""
        with tempfile.TemporaryDirectory(prefix="vitrine-guest-") as scratch:
            command = make_command(self, wasm, scratch)
            try:
                done = subprocess.run([str(w) for w in command], input=(self.stdin or "").encode(), capture_output=True, timeout=SECONDS, check=False)
            except subprocess.TimeoutExpired:
                return "", f"still running after {SECONDS} seconds", None
        return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.returncode


def with_vitrine(vitrine, level):
    def command(guest, wasm, scratch):
        words = [vitrine, "run", "-O", f"opt-level={level}", "-C", "cache=n"]
        if guest.dir:
            words += ["--dir", f"{scratch}::{guest.dir}::rw"]
        for name, value in guest.env.items():
            words += ["--env", f"{name}={value}"]
        return [*words, wasm, *guest.args]
    return command


def with_node(guest, wasm, scratch):
    words = ["node", "--no-warnings", HERE / "node.js", guest.dir or "", scratch, str(len(guest.env))]
    return [*words, *(f"{k}={v}" for k, v in guest.env.items()), wasm, *guest.args]


def difference(guest, out, err, status):
    """What is wrong, as text, or None."""
    wrong = []
    if status != guest.exit:
        wrong.append(f"exit status: expected {guest.exit}, found {status}")
    expected = guest.expected.read_text() if guest.expected.exists() else ""
    if out != expected:
        lines = list(difflib.unified_diff(expected.splitlines(), out.splitlines(), "expected", "found", lineterm="", n=1))
        wrong += lines[:40] + (["..."] if len(lines) > 40 else [])
    if wrong and err:
        wrong += ["standard error:", *err.splitlines()[-12:]]
    return "\n    ".join(wrong) or None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitrine", default=str(ROOT / "build/release/vitrine"))
    parser.add_argument("--build", default=str(ROOT / "build/guests"), help="where the compiled guests go")
    parser.add_argument("--filter", action="append", default=[], help="only guests whose name contains this")
    parser.add_argument("--opt-level", action="append", help="0 or 2; both by default")
    parser.add_argument("--node", action="store_true", help="run with node instead")
    parser.add_argument("--bless", action="store_true", help="with --node: write the expected outputs")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4))
    options = parser.parse_args()

    guests = [Guest(s) for s in sorted(HERE.glob("*/*")) if s.suffix in COMPILE and s.parent.name in ("c", "cpp", "rust", "go")]
    guests = [g for g in guests if not options.filter or any(f in g.name for f in options.filter)]
    reasons = {suffix: missing_tool(suffix) for suffix in {g.source.suffix for g in guests}}
    runs = [("node", with_node)] if options.node else [(f"opt-level {n}", with_vitrine(options.vitrine, n)) for n in options.opt_level or OPT_LEVELS]
    passed = failed = skipped = 0
    for suffix, reason in sorted(reasons.items()):
        count = sum(g.source.suffix == suffix for g in guests) * len(runs)
        if reason:
            skipped += count
            print(f"skipped {count} of *{suffix}: {reason}")
    guests = [g for g in guests if not reasons[g.source.suffix]]

    def work(guest):
        wasm = pathlib.Path(options.build) / guest.source.parent.name / f"{guest.source.stem}.wasm"
        complaint = guest.compile(wasm)
        results = []
        for name, make_command in runs:
            if complaint:
                results.append((guest, name, complaint))
                continue
            out, err, status = guest.run(make_command, wasm)
            if options.bless and status == guest.exit:
                guest.expected.write_text(out)
            results.append((guest, name, difference(guest, out, err, status)))
        return results

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for results in pool.map(work, guests):
            for guest, name, problem in results:
                if problem is None:
                    passed += 1
                else:
                    failed += 1
                    print(f"FAILED {guest.name} at {name}:\n    {problem}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not (passed or skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
