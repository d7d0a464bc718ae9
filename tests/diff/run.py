#!/usr/bin/env python3
"""Compares what generated modules do at several settings, and with node's V8 where there is a node.

Seeds are numbered, so a difference can be looked at again: `diff_run SEED`."""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--diff-run", default=here.parents[1] / "build/release/diff_run")
parser.add_argument("--first", type=int, default=0)
parser.add_argument("--seeds", type=int, default=400)
parser.add_argument("--seconds", type=float, default=60, help="stop after this long, however many seeds are left")
parser.add_argument("--node", default=shutil.which("node"))
parser.add_argument("--keep", help="leave modules and traces in this folder")
options = parser.parse_args()

BATCH = 50
passed = failed = skipped = 0
started = time.monotonic()
folder = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="vitrine-diff-"))
folder.mkdir(exist_ok=True)
if not options.node:
    print("skipped: the comparison with V8, because there is no node")
    skipped += 1
for first in range(options.first, options.first + options.seeds, BATCH):
    if time.monotonic() - started > options.seconds:
        print(f"stopped after {options.seconds:g} s at seed {first}")
        break
    batch = folder / str(first)
    batch.mkdir(exist_ok=True)
    seeds = range(first, min(first + BATCH, options.first + options.seeds))
    run = subprocess.run([options.diff_run, str(seeds.start), str(seeds.stop), batch], capture_output=True, text=True)
    bad = {line.split(":")[0].split()[1] for line in run.stdout.splitlines() if line.startswith("seed ")}
    print(run.stdout, end="")
    if run.returncode not in (0, 1):
        done = max((int(p.stem) for p in batch.glob("*.trace")), default=seeds.start - 1)
        print(f"seed {done + 1}: diff_run ended with {run.returncode}: {run.stderr.strip()[-500:]}")
        bad.add(str(done + 1))
    if options.node:
        node = subprocess.run([options.node, here / "trace.js", batch], capture_output=True, text=True)
        if node.returncode:
            print(f"node ended with {node.returncode}: {node.stderr.strip()[-500:]}")
            failed += 1
    for seed in seeds:
        ours, theirs = batch / f"{seed}.trace", batch / f"{seed}.v8"
        if ours.exists() and theirs.exists():
            a, b = ours.read_text().splitlines(), theirs.read_text().splitlines()
            if "not comparable" not in a + b and a != b:
                where = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                print(f"seed {seed}: opt-level=0 and V8: {(a[where:] or ['nothing'])[0]!r} and {(b[where:] or ['nothing'])[0]!r}")
                bad.add(str(seed))
        if str(seed) in bad:
            failed += 1
        elif ours.exists():
            passed += 1
if not options.keep:
    shutil.rmtree(folder)
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
