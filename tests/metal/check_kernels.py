#!/usr/bin/env python3
"""check_kernels.py: the kernels of the Metal backend compile as C++14, with Metal's own words defined away. That finds errors of
typing and of types; it cannot tell what Metal's compiler thinks of them."""

import os
import sys
import tempfile

import kernels
import metal


def compile_cpp(folder, text):
    path = os.path.join(folder, "kernels.cpp")
    with open(path, "w", encoding="utf-8") as file:
        file.write(kernels.as_cpp(text))
    return metal.run([metal.clang(), *kernels.options(folder), "-fsyntax-only", path])


def main():
    text = kernels.source()
    found = [name for name, _ in kernels.functions(text)]
    # The tree shows what the backend asks the library for: texts "trial_...".
    with open(metal.BACKEND, encoding="utf-8") as file:
        asked = sorted(kernels.re.findall(r'\{"(trial_\w+)"', file.read()))
    if not found or sorted(found) != asked:
        print(f"the source has the kernels {found}, the backend asks for {asked}")
        return 1
    with tempfile.TemporaryDirectory(prefix="agxtriage-kernels-") as folder:
        done = compile_cpp(folder, text)
        print(done.stdout, end="")
        # And a slip of the pen is found.
        slip = compile_cpp(folder, text.replace("out[i] =", "out[j] =", 1))
        if done.returncode == 0 and slip.returncode == 0:
            print("a kernel with an unknown variable compiles")
            return 1
    print(f"{len(found)} kernels: {', '.join(found)}")
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
