#!/usr/bin/env python3
"""check_tidy.py FILE...: clang-tidy has nothing to say about files that are compiled on macOS only, with the checks of .clang-tidy
and the findings of its version 14, as for all other files."""

import sys

import metal


def main():
    tidy = metal.tool("clang-tidy-14", "clang-tidy") or metal.skip("no clang-tidy")
    if "version 14." not in metal.must([tidy, "--version"]):
        metal.skip("no clang-tidy of version 14")
    findings = 0
    for path in sys.argv[1:]:
        done = metal.run([tidy, "--quiet", path, "--", *metal.macos_options(metal.TARGETS[0])], cwd=metal.ROOT)
        # What is wrong in the headers of others is counted and not shown.
        if done.returncode or metal.ROOT in done.stdout:
            findings += 1
            print(done.stdout)
    print(f"{len(sys.argv) - 1} files, {findings} with findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
