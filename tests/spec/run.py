#!/usr/bin/env python3
"""Runs the specification's scripts at opt-level 0 and 2 and holds the number of commands against COUNTS.tsv.

The scripts are those of $VITRINE_CONFORMANCE (default: ../shared/conformance beside the checkout; tools/fetch-conformance
makes a folder). Prints why commands were skipped, and `N passed, N failed, N skipped`."""
import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--vitrine", default=root / "build/release/vitrine")
parser.add_argument("--folder", default="spec/core", help="below the conformance folder")
parser.add_argument("--opt-level", action="append", help="0 or 2; both by default")
for group in "OCW":
    parser.add_argument(f"-{group}", action="append", default=[], metavar="KEY=VALUE", help=f"a further option -{group} for every script")
parser.add_argument("--filter", default="", help="only scripts whose path contains this")
options = parser.parse_args()

conformance = pathlib.Path(os.environ.get("VITRINE_CONFORMANCE", root / "../shared/conformance")).resolve()
if not (conformance / "COUNTS.tsv").exists():
    print(f"skipped: there are no scripts in {conformance}; tools/fetch-conformance DIR gets them, VITRINE_CONFORMANCE names DIR")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

# COUNTS.tsv does not count two modules of annotations.wast that an annotation precedes inside the parenthesis: `((@a) module`.
UNCOUNTED = {"spec/core/annotations.wast": 2}

expected = {}
with open(conformance / "COUNTS.tsv") as f:
    header = f.readline().rstrip("\n").split("\t")
    for line in f:
        row = line.rstrip("\n").split("\t")
        commands = int(row[header.index("commands")])
        expected[row[0]] = commands + UNCOUNTED.get(row[0], 0) if commands >= 0 else commands

further = [f"-{group}{option}" for group in "OCW" for option in getattr(options, group)]
totals = collections.Counter()
reasons = collections.Counter()
for level in options.opt_level or ["0", "2"]:
    for script in sorted(p for p in expected if p.startswith(options.folder + "/") and options.filter in p):
        try:
            run = subprocess.run([options.vitrine, "wast", "--skipped", "-O", f"opt-level={level}", *further, conformance / script],
                                 capture_output=True, text=True, timeout=300, errors="replace")
            output, status = run.stdout, run.returncode
        except subprocess.TimeoutExpired:
            output, status = "", "a timeout after 300 s"
        summary = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.M)
        if not summary:
            print(f"{script} -O{level}: ended with {status} and no summary: {run.stderr.strip()[-500:] if status != 'a timeout after 300 s' else ''}")
            totals["failed"] += max(1, expected[script])
            continue
        passed, failed, skipped = map(int, summary.groups())
        for line in output.splitlines():
            if skip := re.match(r"skipped (\d+): (.*)", line):
                reasons[skip.group(2)] += int(skip.group(1))
            elif not re.match(r"\d+ passed", line):
                print(f"-O{level}: {line}")
        if expected[script] >= 0 and passed + failed + skipped != expected[script]:
            print(f"{script} -O{level}: {passed + failed + skipped} commands were seen, and COUNTS.tsv has {expected[script]}")
            failed += 1
        totals.update(passed=passed, failed=failed, skipped=skipped)

for reason, count in reasons.most_common():
    print(f"skipped {count}: {reason}")
print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
sys.exit(1 if totals["failed"] else 0)
