#!/usr/bin/env python3
"""check_run.py AMALGAM SOURCE...: the Metal backend runs. It is compiled without ARC against GNUstep's Foundation, together with
the trial (SOURCE...) and a stand-in for Metal that computes the kernels on the CPU, holds its callers to Metal's rules and fails
when told to; address and undefined-behaviour sanitizers are on. Then the same once more with the one file that is made of all
(AMALGAM)."""

import json
import os
import re
import sys
import tempfile

import kernels
import metal

SANITIZERS = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
C_OPTIONS = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-pthread", "-I", metal.SRC]
# GNUstep keeps what it has made of its own until the end.
SUPPRESSIONS = "leak:libgnustep-base\nleak:libobjc\n"
ABORTED = -6
NUMBERED = re.compile(r'\{\s*(\d+),\s*"(MTLCommandBufferError\w*)"\s*\}')
ALREADY_ENCODING = "A command encoder is already encoding to this command buffer"
TRIES = 20


class Build:
    """Objects and programs in a folder that goes away."""

    def __init__(self, folder):
        self.folder = folder
        self.clang = metal.clang()
        self.objects = {}

    def compile(self, source, options):
        output = os.path.join(self.folder, f"{len(self.objects)}.o")
        metal.must([self.clang, *SANITIZERS, *options, "-c", source, "-o", output])
        self.objects[source] = output
        return output

    def link(self, name, objects):
        output = os.path.join(self.folder, name)
        metal.must([self.clang, *SANITIZERS, *objects, *metal.gnustep("base-libs"), "-o", output])
        return output

    def stand_in(self):
        path = os.path.join(self.folder, "kernels.cpp")
        with open(path, "w", encoding="utf-8") as file:
            file.write(kernels.as_cpp(kernels.source()))
        return [self.compile(path, kernels.options(self.folder)),
                self.compile(os.path.join(metal.HERE, "stand_in.m"), metal.gnustep_options(self.folder))]


def build(folder, amalgam, sources):
    """Paths of two programs: from the sources, and from the one file."""
    make = Build(folder)
    objective_c = metal.gnustep_options(folder)
    stand_in = make.stand_in()
    parts = [make.compile(path, objective_c if path.endswith(".m") else C_OPTIONS) for path in sources]
    return {"sources": make.link("from-sources", parts + stand_in),
            "one file": make.link("from-one-file", [make.compile(amalgam, objective_c)] + stand_in)}


class Trials:
    """Runs trials and notes what is not as it should be."""

    def __init__(self, name, program, folder):
        self.name, self.program, self.folder = name, program, folder
        self.count = 0
        self.faults = []

    def run(self, stand_in, *arguments):
        env = dict(os.environ, STAND_IN=stand_in,
                   ASAN_OPTIONS="abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1",
                   LSAN_OPTIONS="suppressions=" + os.path.join(self.folder, "suppressions") + ":print_suppressions=0",
                   UBSAN_OPTIONS="halt_on_error=1:abort_on_error=1:print_stacktrace=1")
        self.count += 1
        return metal.run([self.program, *arguments], env=env)

    def wrong(self, what, done):
        self.faults.append(f"{self.name}: {what}: status {done.returncode}\n{done.stdout}")

    def expect(self, stand_in, arguments, status, **answer):
        """The exit status, and members of the last answer: a text must be contained in what is there."""
        done = self.run(stand_in, *arguments)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        end = next((line for line in lines if line["type"] == "end"), {})
        for key, wanted in answer.items():
            found = end.get(key)
            if not (wanted in (found or "") if isinstance(wanted, str) else wanted == found):
                self.wrong(f"{stand_in} {arguments}: {key} is {found!r} instead of {wanted!r}", done)
                return
        if done.returncode != status:
            self.wrong(f"{stand_in} {arguments}: wanted status {status}", done)

    def expect_crash(self, arguments, wanted, *tolerated):
        """In one of several tries, for it takes two threads at the same moment. What does not crash finishes."""
        for _ in range(TRIES):
            done = self.run("slow", *arguments)
            if done.returncode == ABORTED and wanted in done.stdout:
                return
            if done.returncode == ABORTED and not any(words in done.stdout for words in tolerated):
                self.wrong(f"{arguments}: not the crash that was expected", done)
                return
            if done.returncode not in (ABORTED, 0, 4):
                self.wrong(f"{arguments}: neither crashed nor finished", done)
                return
        self.wrong(f"{arguments}: no crash with {wanted!r} in {TRIES} tries", done)


def healthy(trials):
    for scenario in ("independent", "shared-queue"):
        for more in (["--threads", "1"], ["--threads", "4", "--lock", "pipeline"], ["--threads", "3", "--lock", "queue"],
                     ["--kernels", "copy", "--elements", "1"], ["--elements", "5000", "--wait-every", "1"]):
            trials.expect("", ["--scenario", scenario, "--operations", "60", *more], 0, outcome="finished", operations=60)
    trials.expect("no-default-device", ["--operations", "5"], 0, outcome="finished")


def misuse(trials):
    threads = ["--threads", "4", "--operations", "200"]
    for scenario, words in {"shared-buffer": [ALREADY_ENCODING],
                            "use-after-end": ["the encoder has ended"],
                            # The moment between the end and the last reference is short.
                            "release-in-use": ["AddressSanitizer", "the encoder has ended"]}.items():
        trials.expect_crash(["--scenario", scenario, *threads], *words)
        trials.expect("", ["--scenario", scenario, "--lock", "global", *threads], 0, outcome="finished")


def failures_before(trials):
    """Nothing was encoded yet."""
    for what, text in {"no-device": "no Metal device", "no-queue": "no command queue",
                       "no-library": "MTLLibraryErrorDomain 3: program_source:4:1: error: unknown type name",
                       "no-function": "no function trial_add",
                       "no-pipeline": "trial_add: AGXMetalG16X 2: Compiler encountered an internal error",
                       "no-buffer": "no buffer of 4096 bytes", "no-command-buffer": "no command buffer",
                       "no-encoder": "no compute encoder"}.items():
        trials.expect(what, ["--operations", "20", "--elements", "1024"], 1, outcome="failed", error=text)
    trials.expect("", ["--elements", "8388608"], 1, outcome="failed", error="33554432 bytes; the device's limit is 16777216")


def failures_of_the_gpu(trials):
    with open(metal.BACKEND, encoding="utf-8") as file:
        names = {code: name for code, name in NUMBERED.findall(file.read())}
    names["99"] = "MTLCommandBufferError(99)"
    for code, name in names.items():
        trials.expect(f"error={code}", ["--threads", "2", "--operations", "20"], 3, outcome="gpu_error", error_code=name,
                      error=f"MTLCommandBufferErrorDomain {code}: failed as told, with code {code}")
    # One command buffer fails that nobody waits for, and those after it do not; the first four are the warm-up.
    known = ["--operations", "20", "--warm-up", "4", "--wait-every", "8"]
    trials.expect("error=3/7", known, 3, outcome="gpu_error", error_code="MTLCommandBufferErrorPageFault")
    trials.expect("foreign-error", ["--operations", "20"], 3, outcome="gpu_error", error_code="StandInDomain(-536870211)",
                  error="another's error (StandInCauseDomain 7: what is behind it)")
    trials.expect("bare-error", ["--operations", "20"], 3, outcome="gpu_error", error_code="MTLCommandBufferStatus(5)")
    # The second: what an earlier command buffer has left there is right and old.
    for what in ("wrong-output", "no-output-from=9"):
        trials.expect(what, [*known, "--kernels", "mul"], 4, outcome="wrong_result", error="instead of")


def main():
    amalgam, sources = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="agxtriage-metal-") as folder:
        with open(os.path.join(folder, "suppressions"), "w", encoding="utf-8") as file:
            file.write(SUPPRESSIONS)
        all_trials = [Trials(name, program, folder) for name, program in build(folder, amalgam, sources).items()]
        for trials in all_trials:
            for part in (healthy, misuse, failures_before, failures_of_the_gpu):
                part(trials)
    faults = [fault for trials in all_trials for fault in trials.faults]
    for fault in faults:
        print(fault)
    print(f"{sum(trials.count for trials in all_trials)} trials, {len(faults)} findings")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
