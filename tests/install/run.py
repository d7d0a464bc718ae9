#!/usr/bin/env python3
"""Installs into a scratch prefix, builds examples/embed.cpp against it by find_package and by pkg-config, shared and static, runs each, and
looks at what the shared library exports."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
embed = here.parent.parent / "examples/embed.cpp"
parser = argparse.ArgumentParser()
parser.add_argument("--build", required=True)
parser.add_argument("--cmake", required=True)
parser.add_argument("--cxx", required=True)
args = parser.parse_args()
# Namespaces of src/: what they hold is no business of a client's.
internal = {p.name for p in (here.parent.parent / "src").rglob("*") if p.is_dir()} - {"api", "wasi"} | {"ir", "mach", "opt"}
failures = []


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def check_output(name, program, **more):
    out = run(program, **more)
    for part in ("the guest says 5050", "sum(100) = 5050", "fail() trapped"):
        if part not in out:
            failures.append(f"{name}: no \"{part}\" in its output:\n{out}")
    print(f"{name}: runs")


with tempfile.TemporaryDirectory(prefix="vitrine-install-") as scratch:
    scratch = pathlib.Path(scratch)
    prefix = scratch / "prefix"
    run(args.cmake, "--install", args.build, "--prefix", prefix)
    lib = next(prefix.rglob("libvitrine.so")).parent

    run(args.cmake, "-S", here / "client", "-B", scratch / "client", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEMBED={embed}",
        f"-DCMAKE_CXX_COMPILER={args.cxx}")
    run(args.cmake, "--build", scratch / "client")
    check_output("find_package, shared", scratch / "client/embed_vitrine")
    check_output("find_package, static", scratch / "client/embed_static")

    env = {**os.environ, "PKG_CONFIG_PATH": str(lib / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "vitrine", env=env).split()
    run(args.cxx, "-std=c++23", embed, *flags, f"-Wl,-rpath,{lib}", "-o", scratch / "shared")
    check_output("pkg-config, shared", scratch / "shared")
    compile_flags = run("pkg-config", "--cflags", "vitrine", env=env).split()
    link_flags = run("pkg-config", "--static", "--libs", "vitrine", env=env).split()
    link_flags = ["-l:libvitrine.a" if f == "-lvitrine" else f for f in link_flags]
    run(args.cxx, "-std=c++23", *compile_flags, embed, *link_flags, "-o", scratch / "static")
    check_output("pkg-config, static", scratch / "static")

    run(prefix / "bin/vitrine", "--version")

    exported = [line.split(maxsplit=2)[2] for line in run("nm", "-D", "--defined-only", "-C", lib / "libvitrine.so").splitlines()]
    if len(exported) < 100:
        failures.append(f"only {len(exported)} names are exported")
    for name in exported:
        ours = re.match(r"((typeinfo( name)?|vtable) for )?vitrine::(\w+)", name)
        if not ours:
            failures.append(f"exported, and not ours: {name}")
        elif ours[4] in internal:
            failures.append(f"exported, and internal: {name}")
    print(f"{len(exported)} names are exported")
    needed = set(re.findall(r"\(NEEDED\).*\[(.*?)\.so", run("readelf", "-d", lib / "libvitrine.so")))
    print("needs " + ", ".join(sorted(needed)))

for failure in failures[:20]:
    print(f"FAILED: {failure}")
sys.exit(1 if failures else 0)
