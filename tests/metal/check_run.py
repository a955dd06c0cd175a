#!/usr/bin/env python3
"""check_run.py AMALGAM SOURCE...: the Metal backend runs. It is compiled without ARC against GNUstep's Foundation, together with
the trial (SOURCE...) and a stand-in for Metal that computes the kernels on the CPU, holds its callers to Metal's rules and fails
when told to; address and undefined-behaviour sanitizers are on. Then the same once more with the one file that is made of all
(AMALGAM). And the stand-in notices each misuse (misuse.m)."""

import concurrent.futures
import itertools
import json
import os
import re
import signal
import subprocess
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
        self.numbers = itertools.count()

    def compile(self, source, options):
        output = os.path.join(self.folder, f"{next(self.numbers)}.o")
        metal.must([self.clang, *SANITIZERS, *options, "-c", source, "-o", output])
        return output

    def link(self, name, objects):
        output = os.path.join(self.folder, name)
        metal.must([self.clang, *SANITIZERS, *objects, *metal.gnustep("base-libs"), "-o", output])
        return output


def build(folder, amalgam, sources, pool):
    """Paths of three programs: from the sources, from the one file, and the one that misuses Metal."""
    make = Build(folder)
    objective_c = metal.gnustep_options(folder)
    path = os.path.join(folder, "kernels.cpp")
    with open(path, "w", encoding="utf-8") as file:
        file.write(kernels.as_cpp(kernels.source()))
    jobs = [(path, kernels.options(folder))]
    jobs += [(os.path.join(metal.HERE, name), objective_c) for name in ("stand_in.m", "misuse.m")] + [(amalgam, objective_c)]
    jobs += [(path, objective_c if path.endswith(".m") else C_OPTIONS) for path in sources]
    cpp, stand_in, misuse_object, one, *parts = pool.map(lambda job: make.compile(*job), jobs)
    names = {"sources": parts, "one file": [one], "misuse": [misuse_object]}
    return dict(zip(names, pool.map(lambda name: make.link(name.replace(" ", "-"), [*names[name], cpp, stand_in]), names)))


class Trials:
    """Runs trials and notes what is not as it should be."""

    def __init__(self, name, program, folder):
        self.name, self.program, self.folder = name, program, folder
        self.ran = []
        self.faults = []

    def env(self, stand_in):
        return dict(os.environ, STAND_IN=stand_in,
                    ASAN_OPTIONS="abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1",
                    LSAN_OPTIONS="suppressions=" + os.path.join(self.folder, "suppressions") + ":print_suppressions=0",
                    UBSAN_OPTIONS="halt_on_error=1:abort_on_error=1:print_stacktrace=1")

    def run(self, stand_in, *arguments):
        self.ran.append(arguments)
        return metal.run([self.program, *arguments], env=self.env(stand_in))

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


    # Fewer threads in a group than elements, and a compiler that has something to say.
    for what in ("small-groups", "warnings"):
        trials.expect(what, ["--operations", "20", "--elements", "100"], 0, outcome="finished", operations=20)


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
    for what, text in {"silent-library": "the kernels do not compile: Metal gave no error",
                       "silent-pipeline": "no pipeline state of trial_add: Metal gave no error",
                       "no-pipeline/2": "no pipeline state of trial_mul: AGXMetalG16X 2",
                       # Half of the lanes are there already.
                       "no-queue/3": "no command queue", "no-buffer/5": "no buffer of 4096 bytes"}.items():
        trials.expect(what, ["--threads", "4", "--scenario", "independent", "--operations", "20", "--elements", "1024"], 1,
                      outcome="failed", error=text)
    trials.expect("", ["--elements", "8388608"], 1, outcome="failed", error="33554432 bytes; the device's limit is 16777216")


def failures_between(trials):
    """What was committed before is in flight."""
    for what, text in {"no-command-buffer/30": "no command buffer", "no-encoder/30": "no compute encoder"}.items():
        for threads in ("1", "4"):
            trials.expect(what, ["--threads", threads, "--operations", "200", "--wait-every", "16"], 1, outcome="failed", error=text)
    # Nobody but its supervisor ends a trial that waits for a GPU that hangs.
    with subprocess.Popen([trials.program, "--operations", "20"], env=trials.env("hang"), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        begun = process.stdout.readline()
        try:
            process.wait(1)
            trials.wrong("hang: did not hang", metal.run(["true"]))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    if process.returncode != -signal.SIGTERM or '"type":"start"' not in begun or '"type":"end"' in rest:
        trials.faults.append(f"{trials.name}: hang: {process.returncode}\n{begun}{rest}")


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


def rules(trials):
    """The stand-in notices each misuse, and only that."""
    for what, text in {"nothing": "", "second-encoder": ALREADY_ENCODING, "no-pipeline-state": "no pipeline state", "empty-grid": "grid",
                       "missing-buffer": "missing buffer", "large-group": "thread group", "short-buffer": "buffer too short",
                       "open-commit": "uncommitted encoder", "never-ended": "released without endEncoding",
                       "ended-encoder": "the encoder has ended", "ended-twice": "the encoder has ended",
                       "early-wait": "not committed", "committed-twice": "already committed command buffer",
                       "late-encoder": "_status < MTLCommandBufferStatusCommitted", "leak": "1 objects are still alive"}.items():
        done = trials.run("", what)
        status = {"nothing": 0, "leak": 99}.get(what, ABORTED)
        if done.returncode != status or text not in done.stdout or (not text and done.stdout):
            trials.wrong(f"{what}: wanted status {status} and {text!r}", done)


def main():
    amalgam, sources = sys.argv[1], sys.argv[2:]
    # More than there are processors: trials mostly sleep.
    with tempfile.TemporaryDirectory(prefix="agxtriage-metal-") as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        with open(os.path.join(folder, "suppressions"), "w", encoding="utf-8") as file:
            file.write(SUPPRESSIONS)
        all_trials = {name: Trials(name, program, folder) for name, program in build(folder, amalgam, sources, pool).items()}
        jobs = [(rules, all_trials["misuse"])]
        jobs += [(part, all_trials[name]) for part in (failures_of_the_gpu, failures_between, failures_before, healthy, misuse)
                 for name in ("sources", "one file")]
        list(pool.map(lambda job: job[0](job[1]), jobs))
    faults = [fault for trials in all_trials.values() for fault in trials.faults]
    for fault in faults:
        print(fault)
    print(f"{sum(len(trials.ran) for trials in all_trials.values())} trials, {len(faults)} findings")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
