#!/usr/bin/env python3
"""Runs `vitrine` as a user would and looks at what it says. Closes with `N passed, N failed, N skipped`.

    run.py [--vitrine PROGRAM] [PART-OF-A-NAME...]"""
import sys
import unittest

import cases_files
import cases_guest
import cases_options
import cases_tools
from harness import options


class Quiet(unittest.TextTestResult):
    """Prints failures and reasons of skips, and nothing for what passed."""

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skipped: {test.id().split('.', 1)[1]}: {reason}")


def main():
    suite = unittest.TestSuite()
    for test in [t for m in (cases_options, cases_files, cases_guest, cases_tools) for t in unittest.defaultTestLoader.loadTestsFromModule(m)]:
        for case in test:
            if not options.names or any(n.lower() in case.id().lower() for n in options.names):
                suite.addTest(case)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Quiet, verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed, {len(result.skipped)} skipped")
    sys.exit(1 if failed or result.testsRun == 0 else 0)


if __name__ == "__main__":
    main()
