#!/usr/bin/env python3
"""Runs the WASI 0.1 guests of WebAssembly/wasi-testsuite.

    run_wasi_testsuite.py --vitrine BIN [--suite DIR] [--filter TEXT] [--run-option OPTION]...

The guests are looked for in the folder p1 of --suite, VITRINE_WASI_TESTSUITE or VITRINE_CONFORMANCE (by default
../shared/conformance beside the project), else they are written out of the git directory that VITRINE_WASI_TESTSUITE_GIT names,
by the script `wasi-testsuite` of the conformance folder. Where there are none, all are skipped, and that is said.

A guest passes when every step of its manifest does. Each runs in a scratch folder of its own with a fresh copy of its fixtures.
The last line is `N passed, N failed, N skipped`; the exit status is 0 if none failed.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

EXPECTED_GUESTS = 72
STEP_SECONDS = 30

# Guests that are not run, each with its reason. The goal is that this stays empty.
SKIPPED = {}


class Failed(Exception):
    """A step came out otherwise than its manifest says."""


def steps_of(manifest):
    """The steps of a manifest in either style, as a list of dictionaries."""
    if "operations" in manifest:
        return manifest["operations"] or [{"type": "run"}, {"type": "wait"}]
    steps = [{"type": "run", **{key: manifest[key] for key in ("args", "env", "root") if key in manifest}}]
    steps.append({"type": "finish", **{key: manifest[key] for key in ("stdout", "stderr", "exit_code") if key in manifest}})
    return steps


class Reader(threading.Thread):
    """Takes what a pipe delivers as it comes, so that the guest never waits for us; read() hands it out."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe, self.data, self.ended, self.changed = pipe, b"", False, threading.Condition()
        self.start()

    def run(self):
        while True:
            piece = os.read(self.pipe.fileno(), 65536)
            with self.changed:
                self.data += piece
                self.ended = not piece
                self.changed.notify_all()
            if not piece:
                return

    def take(self, enough):
        """Waits until enough(data) answers a length, or for the end; takes that much."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or enough(self.data) is not None, STEP_SECONDS)
            length = enough(self.data)
            if length is None:
                length = len(self.data)
            taken, self.data = self.data[:length], self.data[length:]
            return taken

    def read(self, length):
        return self.take(lambda data: length if len(data) >= length else None)

    def line(self):
        return self.take(lambda data: data.index(b"\n") + 1 if b"\n" in data else None)

    def rest(self):
        self.join(STEP_SECONDS)
        return self.read(len(self.data))


class Run:
    """One guest, from its first step to its last."""

    def __init__(self, options, wasm, scratch):
        self.options, self.wasm, self.scratch = options, wasm, scratch
        self.process = self.out = self.err = None
        self.connections = {}

    def step(self, step):
        getattr(self, "do_" + step["type"].replace("-", "_"))(step)

    def do_run(self, step):
        command = [self.options.vitrine, "run", *self.options.run_option]
        if step.get("root"):
            root = self.scratch / "root"
            shutil.copytree(self.wasm.parent / step["root"], root, symlinks=True)
            command += ["--dir", f"{root}::/"]
        for name, value in step.get("env", {}).items():
            command += ["--env", f"{name}={value}"]
        command += [str(self.wasm), *step.get("args", [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.scratch)
        self.out, self.err = Reader(self.process.stdout), Reader(self.process.stderr)

    def do_wait(self, step):
        self.process.stdin.close()
        try:
            status = self.process.wait(STEP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed(f"still running after {STEP_SECONDS} seconds") from None
        expect("exit status", step.get("exit_code", 0), status)

    def do_finish(self, step):
        """The end of a guest whose manifest is flat: its status, and all of its output where that is given."""
        self.do_wait(step)
        out, err = self.out.rest(), self.err.rest()
        self.out.data, self.err.data = out, err  # for the report
        for name, data in (("stdout", out), ("stderr", err)):
            if name in step:
                expect(name, step[name], data.decode(errors="replace"))

    def do_read(self, step):
        name, payload = step.get("id", "stdout"), step.get("payload", "")
        reader = {"stdout": self.out, "stderr": self.err}[name]
        expect(name, payload, reader.read(len(payload.encode())).decode(errors="replace"))

    def do_write(self, step):
        self.process.stdin.write(step.get("payload", "").encode())
        self.process.stdin.flush()

    def do_connect(self, step):
        if step.get("protocol_type", "tcp") != "tcp":
            raise Failed(f"unknown protocol {step['protocol_type']!r}")
        host, _, port = self.out.line().decode().strip().rpartition(":")
        if not port.isdigit():
            raise Failed(f"expected a line host:port on stdout, found {host + port!r}")
        self.connections[step.get("id", "server")] = socket.create_connection((host.strip("[]"), int(port)), STEP_SECONDS)

    def do_send(self, step):
        self.connections[step.get("id", "server")].sendall(step.get("payload", "").encode())

    def do_recv(self, step):
        payload = step.get("payload", "").encode()
        expect("received", payload, self.connections[step.get("id", "server")].recv(len(payload)))

    def do_kill(self, step):
        self.process.send_signal(getattr(signal, step.get("signal", "SIGTERM")))

    def end(self):
        for connection in self.connections.values():
            connection.close()
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except OSError:
                pass


def expect(what, expected, found):
    if expected != found:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")


def run_guest(options, wasm):
    """None, or what went wrong as text."""
    manifest = wasm.with_suffix(".json")
    steps = steps_of(json.loads(manifest.read_text()) if manifest.exists() else {})
    with tempfile.TemporaryDirectory(prefix="vitrine-wasi-") as scratch:
        run = Run(options, wasm, pathlib.Path(scratch))
        try:
            for number, step in enumerate(steps, 1):
                try:
                    run.step(step)
                except (Failed, OSError, AttributeError, KeyError) as failure:
                    text = f"step {number} ({step['type']}): {failure}"
                    for name, reader in (("stdout", run.out), ("stderr", run.err)):
                        if reader and reader.data:
                            text += f"\n  {name}: " + reader.data[-2000:].decode(errors="replace").strip().replace("\n", "\n    ")
                    return text
        finally:
            run.end()
    return None


def find_suite(options, scratch):
    """The folder that holds the p1 guests, or None and why."""
    for folder in (options.suite, os.environ.get("VITRINE_WASI_TESTSUITE")):
        if folder:
            path = pathlib.Path(folder)
            return (path, "") if (path / "p1").is_dir() else (None, f"{folder} has no folder p1")
    default = pathlib.Path(__file__).resolve().parents[3] / "shared" / "conformance"
    conformance = pathlib.Path(os.environ.get("VITRINE_CONFORMANCE", default))
    if (conformance / "p1").is_dir():
        return conformance, ""
    git = os.environ.get("VITRINE_WASI_TESTSUITE_GIT")
    if not git:
        return None, (f"there is no p1 in {conformance} (tools/fetch-conformance DIR gets it, VITRINE_CONFORMANCE names DIR),"
                      " and neither VITRINE_WASI_TESTSUITE nor VITRINE_WASI_TESTSUITE_GIT is set")
    script = conformance / "wasi-testsuite"
    if not script.exists():
        return None, f"{script} is not there (VITRINE_CONFORMANCE names its folder)"
    done = subprocess.run([str(script), scratch, git], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, f"{script} failed: {done.stderr.strip()}"
    return pathlib.Path(scratch), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vitrine", required=True, help="the program to test")
    parser.add_argument("--suite", help="folder with the extracted guests")
    parser.add_argument("--filter", default="", help="run only the guests whose path contains this")
    parser.add_argument("--run-option", action="append", default=[], help="an option for `vitrine run`; repeatable")
    options = parser.parse_args()
    options.vitrine = str(pathlib.Path(options.vitrine).resolve())

    with tempfile.TemporaryDirectory(prefix="vitrine-wasi-suite-") as scratch:
        suite, reason = find_suite(options, scratch)
        if suite is None:
            print(f"skipped: the guests of wasi-testsuite: {reason}")
            print(f"0 passed, 0 failed, {EXPECTED_GUESTS} skipped")
            return 0
        passed = failed = skipped = 0
        guests = sorted((suite / "p1").glob("*/*.wasm"))
        for wasm in guests:
            name = f"{wasm.parent.name}/{wasm.stem}"
            if options.filter not in name:
                continue
            if name in SKIPPED:
                skipped += 1
                print(f"skipped {name}: {SKIPPED[name]}")
                continue
            problem = run_guest(options, wasm)
            if problem is None:
                passed += 1
            else:
                failed += 1
                print(f"FAILED {name}: {problem}")
        if not options.filter and len(guests) != EXPECTED_GUESTS:
            failed += 1
            print(f"FAILED the suite: expected {EXPECTED_GUESTS} guests, found {len(guests)}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed + skipped == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
