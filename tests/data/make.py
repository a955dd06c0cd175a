#!/usr/bin/env python3
"""Writes the golden fixtures: reports of our own making in the layout of ReportCrash.

    make.py OUT_DIR

OUT_DIR/index.json has one entry per file: {"file", "kind": json | text | container | bad,
"outcome": taken | rejected | either, "reason" (pattern, for rejected ones), "warnings" (true when some
must be given), "reports": [facts, ...] (one object per report that must be shown: dotted path to a value,
or to {"any": [...]}, {"re": "..."}, {"absent": true}), "same_as" (file whose facts must be equal),
"incidents" (keys; equal keys are the same incident), "scan" (false: not for a folder scan)}.
The same arguments give the same bytes.
"""

import base64
import copy
import datetime
import hashlib
import html
import json
import os
import re
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sites

ARM_BASE = {True: 0x190000000, False: 0x110000000}
NULL_ESR = {"read": 0x92000006, "write": 0x92000046, "execute": 0x82000006}
ESR_TEXT = {"read": "(Data Abort) byte read Translation fault",
            "write": "(Data Abort) byte write Translation fault",
            "execute": "(Instruction Abort) Translation fault"}
REGISTERS_OF_LIFE = [0x600003afd8c0, 0x1fb28cd9c, 0x12050c170, 0x16eaf0fd8, 0x130bfc0a0, 0x2c, 0, 1, 0x78,
                     0x1fb28cd9c, 0x1d79ed864, 0x1f, 0x1c, 0x12050c790, 0x010000010ce6d019, 0x10ce6d018,
                     0x10ce6d018, 0x10c9d52b0, 0, 0x12050c170, 0x600000f741a8, 0x600003afd8c0, 0x16eaf1290,
                     0x1036dafc8, 0x16eaf1010, 0x600000f741a0, 0x19, 0x1036dafc8, 0x1208da040]


# ---- the machine code of one load or store ----

OPCODES = {"ldr x": (0xF9400000, 8), "ldr w": (0xB9400000, 4), "str x": (0xF9000000, 8),
           "str w": (0xB9000000, 4), "ldrb": (0x39400000, 1), "ldrh": (0x79400000, 2),
           "ldr q": (0x3DC00000, 16), "ldr d": (0xFD400000, 8)}


def encode(mnemonic, target, base, displacement):
    """A 64-bit ARM load or store with an immediate, as the processor reads it."""
    if mnemonic in OPCODES and displacement >= 0:
        opcode, scale = OPCODES[mnemonic]
        assert displacement % scale == 0 and displacement // scale < 4096
        return opcode | displacement // scale << 10 | base << 5 | target
    if mnemonic == "ldur x":
        return 0xF8400000 | (displacement & 0x1FF) << 12 | base << 5 | target
    if mnemonic == "ldp x":
        assert displacement % 8 == 0
        return 0xA9400000 | (displacement // 8 & 0x7F) << 15 | (target + 1) << 10 | base << 5 | target
    if mnemonic == "ldr x!":
        return 0xF8400C00 | (displacement & 0x1FF) << 12 | base << 5 | target
    raise ValueError(mnemonic)


def instruction_stream(word):
    before = bytes.fromhex("f44fbea9fd7b01a9fd430091f30302aa") + bytes.fromhex("f50300aa")
    after = bytes.fromhex("1f2003d5c0035fd6")
    return {"beforePC": base64.b64encode(before).decode(),
            "atPC": base64.b64encode(word.to_bytes(4, "little") + after).decode()}


# ---- names and numbers that never change ----

def number_of(text, below):
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) % below


def uuid_of(text):
    digits = hashlib.sha256(text.encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], "3" + digits[13:16], "8" + digits[17:20], digits[20:32]))


def apple_time(point, digits=4):
    return point.strftime("%Y-%m-%d %H:%M:%S.") + ("%06d" % point.microsecond)[:digits] + " -0800"


class Images:
    """The images of one report, in the order in which they are first used."""

    def __init__(self, generation, process, path, arch):
        self.generation, self.process, self.path, self.arch = generation, process, path, arch
        self.names, self.rows = [], []

    def index(self, template):
        name = template.replace("{G}", self.generation)
        if name not in self.names:
            self.names.append(name)
            self.rows.append(self.row(template, name))
        return self.names.index(name)

    def row(self, template, name):
        folder, bundle, version = sites.IMAGES.get(template, (None, None, None))
        path = folder.replace("{G}", self.generation) + "/" + name if folder else "/Users/USER/*/" + name
        if template == self.process:
            path = self.path
        system = path.startswith(("/usr/lib/", "/System/"))
        base = ARM_BASE[system] + (number_of(name, 0x300) << 22)
        while any(base == other["base"] for other in self.rows):
            base += 1 << 22
        row = {"source": "P", "arch": self.arch, "base": base}
        if version:
            row["CFBundleShortVersionString"] = version
            row["CFBundleIdentifier"] = bundle.replace("{G}", self.generation)
        row.update({"size": 0x3F0000, "uuid": uuid_of("image " + name), "path": path, "name": name})
        if version:
            row["CFBundleVersion"] = version
        return row

    def frame(self, spec):
        image, symbol, offset = spec[0], spec[1], spec[2]
        index = self.index(image)
        frame = {}
        if symbol is None:
            frame["imageOffset"] = offset
        else:
            symbol = symbol.replace("{G}", self.generation)
            start = (zlib.crc32((image + symbol).encode()) % 0x3E0000) & ~3
            frame["imageOffset"] = start + offset
            frame["symbol"] = symbol
            frame["symbolLocation"] = offset
        if len(spec) > 3:
            frame["sourceLine"], frame["sourceFile"] = spec[4], spec[3]
            if len(spec) > 5 and spec[5]:
                frame["inline"] = True
        frame["imageIndex"] = index
        return frame


# ---- one report as two objects ----

def arm_state(registers, esr, far, pc, lr):
    values = [{"value": value} for value in registers]
    text = next((ESR_TEXT[name] for name, value in NULL_ESR.items() if value == esr), "(Syscall)")
    return {"x": values, "flavor": "ARM_THREAD_STATE64", "lr": {"value": lr}, "cpsr": {"value": 0x60000000},
            "fp": {"value": 0x16eaf0fb0}, "sp": {"value": 0x16eaf0fa0},
            "esr": {"value": esr, "description": text}, "pc": {"value": pc, "matchesCrashFrame": 1},
            "far": {"value": far}}


def idle_state():
    return arm_state([0x104] + [0] * 28, 0x56000080, 0, 0x18f000008, 0x18f004000)


def exception_of(spec):
    kind = spec["type"]
    if kind == "EXC_BAD_ACCESS":
        code, address = spec.get("code", 1), spec["address"]
        text = "0x%016x" % address
        if spec.get("pac"):
            subtype = "KERN_INVALID_ADDRESS at %s -> 0x%016x (possible pointer authentication failure)" % (
                text, address & 0x7FFFFFFFFF)
        else:
            names = {1: "KERN_INVALID_ADDRESS", 2: "KERN_PROTECTION_FAILURE", 50: "UNKNOWN_0x32",
                     0x101: "EXC_ARM_DA_ALIGN", 0x105: "EXC_ARM_PAC_FAIL", 13: "UNKNOWN_0xD"}
            subtype = "%s at %s" % (names[code], text)
        signal = {50: "SIGKILL (Code Signature Invalid)", 2: "SIGBUS", 0x101: "SIGBUS"}.get(code, "SIGSEGV")
        return {"codes": "0x%016x, %s" % (code, text), "rawCodes": [code, spec.get("raw_address", address)],
                "type": kind, "signal": spec.get("signal", signal), "subtype": spec.get("subtype", subtype)}
    if kind == "EXC_BREAKPOINT":
        return {"codes": "0x0000000000000001, 0x%016x" % spec["address"], "rawCodes": [1, spec["address"]],
                "type": kind, "signal": "SIGTRAP"}
    return {"codes": "0x0000000000000000, 0x0000000000000000", "rawCodes": [0, 0], "type": kind,
            "signal": spec.get("signal", "SIGABRT")}


def termination_of(spec, exception, process, pid):
    names = {"SIGSEGV": (11, "Segmentation fault: 11"), "SIGBUS": (10, "Bus error: 10"),
             "SIGABRT": (6, "Abort trap: 6"), "SIGTRAP": (5, "Trace/BPT trap: 5")}
    if exception["signal"] in names:
        code, text = names[exception["signal"]]
        by = process if code == 6 else "exc handler"
        return {"flags": 0, "code": code, "namespace": "SIGNAL", "indicator": text, "byProc": by, "byPid": pid}
    return {"flags": 0, "code": 2, "namespace": "CODESIGNING", "indicator": "Invalid Page", "byProc": process,
            "byPid": pid}


def threads_of(spec, images):
    """The list of threads, the crashed one's index, and {index: state} of those inside Metal or AGX."""
    frames = [images.frame(frame) for frame in spec["frames"]]
    at_exit = spec["frames"][-1][:2] == ("dyld", "start")
    torch = any(frame[0] == sites.TORCH for frame in spec["frames"])
    name = None if at_exit else spec.get("thread_name", "Thread-1 (worker)" if torch else "worker 1")
    queue = spec.get("queue", "com.apple.main-thread" if at_exit else "metal gpu stream 1" if torch else None)
    crashed = {"triggered": True, "id": 900100}
    if name:
        crashed["name"] = name
    crashed["threadState"] = None
    if queue:
        crashed["queue"] = queue
    crashed["frames"] = frames
    if spec.get("concurrency"):
        others = sites.CONCURRENT
    else:
        others = [] if at_exit else [sites.CONCURRENT[0]]
        others = others + list(spec.get("others", [])) + [sites.CONCURRENT[4]]
    rows, states = [], {}
    position = 0 if at_exit else min(4, len(others) - 1)
    for place, (other_name, other_queue, other_frames, state) in enumerate(others):
        row = {"id": 900200 + place}
        if other_name:
            row["name"] = other_name
        row["threadState"] = idle_state()
        if other_queue:
            row["queue"] = other_queue
        row["frames"] = [images.frame(frame) for frame in other_frames]
        rows.append(row)
        if state:
            states[place if place < position else place + 1] = state
    rows.insert(position, crashed)
    return rows, position, states


def build(name, spec):
    """Header, body and facts of one spec."""
    generation = spec.get("generation", sites.GENERATION)
    process = spec.get("process", "Python")
    path = {"Python": "/opt/python/Python.framework/Versions/3.14/Resources/Python.app/Contents/MacOS/Python"}.get(
        process, "/Users/USER/*/" + process)
    arm = spec.get("cpu", "ARM-64") == "ARM-64"
    images = Images(generation, process, path, "arm64e" if arm else "x86_64")
    images.index(process)
    threads, crashed, states = threads_of(spec, images)
    if spec.get("agx_loaded", True):
        images.index(sites.AGX)
    for more in ("Metal", "IOGPU"):
        images.index(more)
    second = number_of(name, 20000000)
    captured = datetime.datetime(2026, 1, 5, 8, 0, 0, 286200) + datetime.timedelta(seconds=second)
    launched = captured - datetime.timedelta(seconds=61)
    utc = captured + datetime.timedelta(hours=8)
    pid = 1000 + number_of("pid " + name, 80000)
    incident = uuid_of("incident " + name).upper()
    exception = exception_of(spec)
    termination = termination_of(spec, exception, process, pid)
    faults = spec["type"] == "EXC_BAD_ACCESS"
    address = spec.get("address", 0)
    registers = list(spec.get("registers", REGISTERS_OF_LIFE))
    insn, base_register, displacement = spec.get("insn"), None, None
    if insn:
        displacement = spec.get("displacement", address if address < 0x10000 else 0x40)
        base = (address - displacement) & (1 << 64) - 1
        if "base_value" in spec:
            base = spec["base_value"]
        registers[insn[2]] = base
        if (base + displacement) & (1 << 64) - 1 == address:
            base_register = "x%d" % insn[2]
        word = encode(insn[0], insn[1], insn[2], displacement)
    top = threads[crashed]["frames"][0]
    pc = images.rows[top["imageIndex"]]["base"] + top["imageOffset"]
    handler = any(frame[1] == "_sigtramp" for frame in spec["frames"])
    access = None if handler or not faults else spec.get("access")
    if arm:
        esr = 0x56000080 if handler or not faults else spec.get("esr", NULL_ESR.get(spec["access"], 0))
        far = spec.get("far", address & (1 << 64) - 1) if faults and not handler else 0
        threads[crashed]["threadState"] = arm_state(registers, esr, far, pc, pc + 0x40)
    else:
        threads[crashed]["threadState"] = x86_state(spec, pc)

    train, system = spec.get("os", ("macOS 15.7.3", "24G419"))
    bundle = None
    if process == "Python":
        bundle = {"CFBundleShortVersionString": "3.14.0", "CFBundleVersion": "3.14.0",
                  "CFBundleIdentifier": "org.python.python"}
    header = {"app_name": process, "timestamp": apple_time(captured.replace(microsecond=0), 2)}
    header["app_version"] = "3.14.0" if bundle else ""
    header["slice_uuid"] = images.rows[0]["uuid"]
    header["build_version"] = header["app_version"]
    header["platform"] = 1
    if bundle:
        header["bundleID"] = bundle["CFBundleIdentifier"]
    header.update({"share_with_app_devs": 0, "is_first_party": 0, "bug_type": spec.get("bug_type", "309"),
                   "os_version": "%s (%s)" % (train, system), "roots_installed": 0, "name": process,
                   "incident_id": incident})
    body = {
        "uptime": 310000, "procRole": "Unspecified", "version": 2, "userID": 501, "deployVersion": 210,
        "modelCode": spec.get("model", "Mac16,5"), "coalitionID": 1357,
        "osVersion": {"train": train, "build": system, "releaseType": "User"},
        "captureTime": apple_time(captured), "codeSigningMonitor": 1, "incident": incident, "pid": pid,
        "translated": False, "cpuType": spec.get("cpu", "ARM-64"), "roots_installed": 0,
        "bug_type": spec.get("bug_type", "309"), "procLaunch": apple_time(launched),
        "procStartAbsTime": 46804033774964, "procExitAbsTime": 46809482330526, "procName": process,
        "procPath": path,
    }
    if bundle:
        body["bundleInfo"] = bundle
    body.update({
        "parentProc": "zsh", "parentPid": 852, "coalitionName": "com.apple.Terminal",
        "crashReporterKey": uuid_of("reporter").upper(), "responsiblePid": 717, "responsibleProc": "Terminal",
        "codeSigningID": process.lower(), "codeSigningTeamID": "", "codeSigningFlags": 570425857,
        "codeSigningValidationCategory": 10, "codeSigningTrustLevel": 4294967295,
        "codeSigningAuxiliaryInfo": 0,
    })
    if insn and not handler:
        body["instructionByteStream"] = instruction_stream(word)
    body.update({"bootSessionUUID": uuid_of("boot").upper(), "wakeTime": 7821,
                 "sleepWakeUUID": uuid_of("wake").upper(), "sip": "enabled"})
    if faults and not spec.get("pac") and arm:
        region = spec.get("region", "%s is not in any region.  Bytes before following region: 4333468216\n"
                          "      REGION TYPE                    START - END         [ VSIZE] PRT/MAX SHRMOD"
                          "  REGION DETAIL\n      UNUSED SPACE AT START\n--->  \n"
                          "      __TEXT                      1024b8000-1024bc000    [   16K] r-x/r-x SM=COW  %s"
                          % (hex(address), path))
        body["vmRegionInfo"] = region
    body["exception"] = exception
    body["termination"] = termination
    if "vmRegionInfo" in body:
        body["vmregioninfo"] = body["vmRegionInfo"]
    if spec.get("asi"):
        body["asi"] = {key.replace("{G}", generation): [text.replace("{G}", generation) for text in texts]
                       for key, texts in spec["asi"].items()}
    calls = {"thread_create": 0, "thread_set_state": 0, "task_for_pid": 0}
    body["extMods"] = {"caller": dict(calls), "system": dict(calls), "targeted": dict(calls), "warnings": 0}
    if spec.get("last_exception"):
        body["lastExceptionBacktrace"] = [images.frame(frame) for frame in spec["last_exception"]]
    body["faultingThread"] = crashed
    body["threads"] = threads
    body["usedImages"] = images.rows
    body["sharedCache"] = {"base": 6667239424, "size": 5818417152, "uuid": uuid_of("cache")}
    body["vmSummary"] = ("ReadOnly portion of Libraries: Total=2.1G resident=0K(0%) swapped_out_or_unallocated="
                         "2.1G(100%)\nWritable regions: Total=400.3M written=1730K(0%) resident=1170K(0%)\n\n"
                         "                                VIRTUAL   REGION \n"
                         "REGION TYPE                        SIZE    COUNT (non-coalesced) \n"
                         "===========                     =======  ======= \n"
                         "MALLOC                           380.3M       88 \n"
                         "Stack                             13.8M       12 \n"
                         "__TEXT                             1.4G     1164 \n"
                         "===========                     =======  ======= \n"
                         "TOTAL                              3.2G     6455 \n")
    triggered = {key: threads[crashed][key] for key in ("name", "queue") if threads[crashed].get(key)}
    body["legacyInfo"] = {"threadTriggered": triggered}
    body["logWritingSignature"] = hashlib.sha1(name.encode()).hexdigest()
    body["trialInfo"] = {"rollouts": [{"rolloutId": "000000000000000000000001", "factorPackIds": [],
                                       "deploymentId": 240000015}], "experiments": []}

    facts = {"incident_id": incident, "kind": "crash", "simulated": False, "process.name": process,
             "process.pid": pid, "captured_at": utc.strftime("%Y-%m-%dT%H:%M:%S.286200Z"),
             "os.version": train, "os.build": system, "hardware_model": body["modelCode"],
             "exception.type": spec["type"], "crashed_thread.index": crashed,
             "crashed_thread.name": threads[crashed].get("name"),
             "crashed_thread.queue": threads[crashed].get("queue"), "site": spec.get("site")}
    if faults:
        facts["fault.address"] = hex(address & (1 << 64) - 1)
        facts["fault.kind"] = spec.get("fault_kind") or (
            "pac" if spec.get("pac") else "near_null" if address < 0x10000 else {"any": ["wild", "non_canonical"]})
        facts["fault.access"] = access
        facts["fault.base_register"] = None if handler else base_register
        if base_register and not handler:
            facts["fault.displacement"] = hex(displacement) if displacement >= 0 else "-" + hex(-displacement)
    else:
        facts["fault.address"], facts["fault.kind"] = None, "none"
    for key in ("component", "operation"):
        if key in spec and (spec[key] is not None or key == "operation" and "operation_re" not in spec):
            facts[key] = spec[key]
    if spec.get("component_any"):
        facts["component"] = {"any": spec["component_any"]}
    if spec.get("operation_re"):
        facts["operation"] = {"re": spec["operation_re"]}
    if spec.get("attribution"):
        facts["attribution"] = spec["attribution"]
    if spec.get("agx_loaded", True):
        facts["driver.image"] = "AGXMetal" + generation
        if generation.startswith("G"):
            facts["driver.generation"] = {"any": [generation, generation.split("_")[0]]}
        facts["driver.version"] = "329.2"
    if spec.get("concurrency"):
        facts["#concurrent"] = {str(index): state for index, state in states.items()}
    return header, body, facts


def x86_state(spec, pc):
    names = ("rax", "rbx", "rcx", "rdx", "rdi", "rsi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13",
             "r14", "r15")
    state = {"flavor": "x86_THREAD_STATE"}
    for index, name in enumerate(names):
        state[name] = {"value": 0x7FF800001000 + 16 * index}
    state.update({"rip": {"value": pc, "matchesCrashFrame": 1}, "rflags": {"value": 0x10202}})
    if "trap" in spec:
        state["cr2"] = {"value": spec.get("cr2", 0)}
        state["cpu"] = {"value": 2}
        state["err"] = {"value": spec["err"]}
        state["trap"] = {"value": spec["trap"], "description": spec["trap_text"]}
    return state


# ---- the layout of ReportCrash ----

def line(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")


def pretty(value, indent):
    text = json.dumps(value, ensure_ascii=False, indent=2, separators=(",", " : ")).replace("/", "\\/")
    return text.replace("\n", "\n" + " " * indent)


def to_json(header, body):
    """Header line and body as ReportCrash lays them out."""
    members = []
    for key, value in body.items():
        if key == "threads" and isinstance(value, list):
            text = "[" + ",".join(line(each) for each in value) + "]"
        elif key == "osVersion":
            text = pretty(value, 2)
        elif key in ("usedImages", "sharedCache", "legacyInfo", "trialInfo"):
            text = pretty(value, 2 if key == "usedImages" else 0)
        else:
            text = line(value)
        members.append('  "%s" : %s' % (key, text))
    top = json.dumps(header, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
    return (top + "\n{\n" + ",\n".join(members) + "\n}\n").encode("utf-8", "surrogatepass")


# ---- the classic text form of macOS 13 to 15 ----

def text_thread(index, thread, images, crashed):
    title = "Thread %d%s:" % (index, " Crashed" if crashed else "")
    tail = thread.get("name", "")
    if thread.get("queue"):
        tail = (tail + " " if tail else "") + "Dispatch queue: " + thread["queue"]
    lines = [title + (": " + tail if tail else ":" if crashed else "")]
    for number, frame in enumerate(thread["frames"]):
        image = images[frame["imageIndex"]]
        address = image["base"] + frame["imageOffset"]
        if "symbol" in frame:
            where = "%s + %d" % (frame["symbol"], frame["symbolLocation"])
        else:
            where = "0x%x + %d" % (image["base"], frame["imageOffset"])
        if "sourceFile" in frame:
            where += " (%s:%d)" % (frame["sourceFile"], frame["sourceLine"])
        if frame.get("inline"):
            where += " [inlined]"
        lines.append("%-4d%-30s\t%18s %s" % (number, image["name"], "0x%x" % address, where))
    return lines


def text_registers(index, state):
    values = [("x%d" % number, value["value"]) for number, value in enumerate(state["x"])]
    values += [(name, state[name]["value"]) for name in ("fp", "lr", "sp", "pc", "cpsr")]
    cells = ["%5s: 0x%s" % (name, ("%08x" if name == "cpsr" else "%016x") % value) for name, value in values]
    lines = ["Thread %d crashed with ARM Thread State (64-bit):" % index]
    for start in range(0, len(cells), 4):
        lines.append(" ".join(cells[start:start + 4]))
    lines.append("  far: 0x%016x  esr: 0x%08x %s" % (
        state["far"]["value"], state["esr"]["value"], state["esr"]["description"]))
    return lines


def to_text(header, body, incident=False):
    """The translated report; without an identifier, as macOS before 26 writes it."""
    exception, termination, images = body["exception"], body["termination"], body["usedImages"]
    threads, crashed = body["threads"], body["faultingThread"]
    bundle = body.get("bundleInfo", {})
    version = "%s (%s)" % (bundle["CFBundleShortVersionString"], bundle["CFBundleVersion"]) if bundle else "???"
    lines = ["-------------------------------------", "Translated Report (Full Report Below)",
             "-------------------------------------", ""]
    if incident:
        lines.append("Incident Identifier: " + body["incident"])
    row = "%-22s %s"
    lines += [row % ("Process:", "%s [%d]" % (body["procName"], body["pid"])),
              row % ("Path:", body["procPath"]),
              row % ("Identifier:", bundle.get("CFBundleIdentifier", body["procName"])),
              row % ("Version:", version),
              row % ("Code Type:", body["cpuType"] + (" (Translated)" if body["translated"] else " (Native)")),
              row % ("Parent Process:", "%s [%d]" % (body["parentProc"], body["parentPid"])),
              row % ("Responsible:", "%s [%d]" % (body["responsibleProc"], body["responsiblePid"])),
              row % ("User ID:", body["userID"]), "",
              row % ("Date/Time:", body["captureTime"]),
              row % ("Launch Time:", body["procLaunch"]) if incident else None,
              row % ("OS Version:", "%s (%s)" % (body["osVersion"]["train"], body["osVersion"]["build"])),
              row % ("Report Version:", "12"),
              row % ("Anonymous UUID:", body["crashReporterKey"]), "", "",
              "Time Awake Since Boot: %d seconds" % body["uptime"], "",
              "System Integrity Protection: enabled", ""]
    lines = [each for each in lines if each is not None]
    thread = threads[crashed]
    tail = thread.get("name", "")
    if thread.get("queue"):
        tail += "  Dispatch queue: " + thread["queue"]
    lines.append(row % ("Crashed Thread:", "%d  %s" % (crashed, tail.strip())))
    lines.append("")
    lines.append(row % ("Exception Type:", "%s (%s)" % (exception["type"], exception["signal"])))
    if "subtype" in exception:
        lines.append(row % ("Exception Codes:", exception["subtype"]))
    lines.append(row % ("Exception Codes:", exception["codes"]))
    lines += ["", row % ("Termination Reason:", "Namespace %s, Code %d %s" % (
        termination["namespace"], termination["code"], termination["indicator"])),
              row % ("Terminating Process:", "%s [%d]" % (termination["byProc"], termination["byPid"])), ""]
    if "vmRegionInfo" in body:
        lines += ["VM Region Info: " + body["vmRegionInfo"], ""]
    if "asi" in body:
        lines.append("Application Specific Information:")
        for texts in body["asi"].values():
            lines += texts
        lines.append("")
    lines.append("")
    if "lastExceptionBacktrace" in body:
        lines.append("Last Exception Backtrace:")
        lines += text_thread(0, {"frames": body["lastExceptionBacktrace"]}, images, False)[1:]
        lines.append("")
    for index, each in enumerate(threads):
        lines += text_thread(index, each, images, index == crashed) + [""]
    lines.append("")
    if "x" in thread["threadState"]:
        lines += text_registers(crashed, thread["threadState"]) + [""]
    lines.append("Binary Images:")
    for image in images:
        label = "%s (%s)" % (image.get("CFBundleIdentifier", image["name"]),
                             image.get("CFBundleShortVersionString", "*"))
        lines.append("%18s - %18s %s <%s> %s" % (
            "0x%x" % image["base"], "0x%x" % (image["base"] + image["size"] - 1), label, image["uuid"],
            image["path"]))
    lines += ["", "External Modification Summary:", "  Calls made by other processes targeting this process:",
              "    task_for_pid: 0", "    thread_create: 0", "    thread_set_state: 0", ""]
    return ("\n".join(lines) + "\n").encode("utf-8")


# ---- the collection ----

class Collection:
    def __init__(self, folder):
        self.folder, self.index = folder, []

    def add(self, file, raw, reports=(), **more):
        entry = {"file": file, "kind": "json", "outcome": "taken", "reports": list(reports)}
        entry.update(more)
        if "incidents" not in entry:
            entry["incidents"] = [facts.get("incident_id") or file for facts in entry["reports"]]
        path = os.path.join(self.folder, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(raw, int):
            with open(path, "wb") as out:
                out.truncate(raw)
        else:
            with open(path, "wb") as out:
                out.write(raw)
        self.index.append(entry)

    def json(self, name, spec, **more):
        header, body, facts = build(name, spec)
        self.add(name + ".ips", to_json(header, body), [facts], **more)
        return header, body, facts

    def both(self, name, spec, **more):
        """As JSON, and the same incident as text without an identifier."""
        header, body, facts = self.json(name, spec, **more)
        drop = ("incident_id", "hardware_model", "fault.base_register", "fault.displacement")
        same = {key: value for key, value in facts.items() if key not in drop}
        self.add(name + ".text.crash", to_text(header, body), [same], kind="text", same_as=name + ".ips",
                 incidents=[facts["incident_id"]])

    def rejected(self, file, raw, reason, **more):
        self.add(file, raw, kind="bad", outcome="rejected", reason=reason, **more)


def variant(site, **more):
    entry = copy.deepcopy(next(each for each in sites.SITES if each["site"] == site))
    entry.update(more)
    return entry


def shifted(spec, by):
    """The same with another offset behind the symbol that counts."""
    first = next(index for index, frame in enumerate(spec["frames"])
                 if (frame[0], frame[1]) not in [(each[0], each[1]) for each in sites.ASSERT + sites.FAULTHANDLER])
    frame = spec["frames"][first]
    spec["frames"][first] = (frame[0], frame[1], frame[2] + by)
    return spec


def add_sites(out):
    for spec in sites.SITES:
        site = spec["site"]
        out.both(site, spec)
        plain = {"concurrency": False}
        out.json(site + ".other-offset", shifted(variant(site, **plain), 64))
        if any("{G}" in frame[0] for frame in spec["frames"]):
            out.json(site + ".new-generation", variant(site, generation="G19Z", **plain))
        if spec.get("address") and not spec.get("pac") and not spec.get("wild") and spec.get("component") == "driver":
            out.json(site + ".new-field", variant(site, address=0x7e8, **plain))
            handler = variant(site, **plain)
            handler["frames"] = sites.FAULTHANDLER + handler["frames"]
            out.json(site + ".faulthandler", handler)
        if any("Family" in frame[1] for frame in spec["frames"]):
            late = variant(site, **plain)
            late["frames"] = [(frame[0], re.sub(r"(Family\w+?(?:Context|Buffer))\b", r"\1_mtlnext", frame[1]))
                              + tuple(frame[2:]) for frame in late["frames"]]
            if late.get("asi"):
                late["asi"] = {key: [re.sub(r"(Family\w+?Buffer)\b", r"\1_mtlnext", text) for text in texts]
                               for key, texts in late["asi"].items()}
            out.json(site + ".mtlnext", late)
        if spec.get("component") == "driver":
            out.json(site + ".game", variant(site, process="Some Game", **plain))
    for generation in ("G13X", "G15X_M1", "G16G_B0", "G17P", "13_3"):
        out.json("generation-" + generation, variant("agx-prepare-for-enqueue", generation=generation,
                                                     concurrency=False, frames=[
            (frame[0], frame[1].replace("{G}", generation.split("_")[0])) + tuple(frame[2:])
            for frame in sites.SITES[1]["frames"]]))
    late = variant("agx-allocate-usc-spill-buffer", generation="G17P", operation=None, process="wgpu-demo")
    late["frames"] = [late["frames"][0], (sites.AGX, "AGX::RenderContext<AGX::HAL300::Encoders>::endRenderPassCommon"
                                          "(bool)", 800)] + sites.NATIVE_TAIL
    out.json("agx-allocate-usc-spill-buffer.render-pass", late)


def add_variants(out):
    short = variant("agx-set-compute-pipeline-state", concurrency=False)
    short["frames"] = [short["frames"][0]] + [
        (sites.TORCH, "invocation function for block in at::native::mps::MetalShaderLibrary::exec_binary_kernel(...)",
         444), (sites.TORCH, "at::native::mps::MetalShaderLibrary::exec_binary_kernel(...)", 2124),
        (sites.TORCH, "at::native::mul_mps_kernel", 88)] + sites.PYTHON_TAIL
    out.json("abbreviated", short)
    short = variant("agx-prepare-for-enqueue", concurrency=False)
    short["frames"] = [(sites.AGX, "AGX::ComputeContext<...>::prepareForEnqueue", 1268)] + [
        (sites.AGX, "AGX::ComputeContext<...>::performEnqueueKernel(...)", 68)] + sites.torch_tail("add_mps_kernel")
    out.json("abbreviated-template", short)
    out.json("operation-from-ops", variant(
        "agx-set-compute-pipeline-state", concurrency=False, operation="mul_Tensor",
        frames=[sites.SITES[0]["frames"][0]] + sites.torch_block(444) + sites.torch_tail(None, "mul_Tensor")))
    out.json("operation-from-mlx", variant(
        "agx-set-compute-pipeline-state", concurrency=False, operation_re="QuantizedMatmul", operation=None,
        frames=[sites.SITES[0]["frames"][0]] + sites.MLX_TAIL))
    out.json("operation-from-ggml", variant(
        "agx-set-compute-pipeline-state", concurrency=False, operation_re="mul_mat", operation=None,
        process="llama-server", frames=[sites.SITES[0]["frames"][0]] + sites.GGML_TAIL))
    static = variant("ggml-metal-residency-at-exit")
    static["frames"] = [("llama-server" if "ggml" in frame[0] else frame[0],) + tuple(frame[1:])
                        for frame in static["frames"]]
    static["component"] = None
    out.json("ggml-linked-statically", static)
    cold = variant("agx-prepare-for-enqueue", concurrency=False)
    cold["frames"][0] = (sites.AGX, cold["frames"][0][1] + " (.cold.1)", 12)
    out.json("cold-part", cold)
    for name, insn, shift, base in (
            ("ldur", ("ldur x", 0, 1), -8, 0x5d0), ("ldp", ("ldp x", 8, 20), 0x10, 0x5b8),
            ("ldrb", ("ldrb", 8, 20), 0x5c8, 0), ("ldrh", ("ldrh", 8, 20), 0x5c8, 0),
            ("ldr-q", ("ldr q", 0, 20), 0x5c0, 8), ("ldr-d", ("ldr d", 0, 20), 0x5c8, 0),
            ("pre-index", ("ldr x!", 8, 20), 8, 0x5c0), ("elsewhere", ("ldr x", 8, 20), 0x5c8, 0x600000001000)):
        out.json("instruction-" + name, variant("agx-set-compute-pipeline-state", concurrency=False, insn=insn,
                                                displacement=shift, base_value=base))
    inlined = variant("agx-prepare-for-enqueue", concurrency=False)
    inlined["frames"] = inlined["frames"][:5] + [
        ("wgpu-demo", "encode_pass", 20, "encode.rs", 178, True), ("wgpu-demo", "draw(frame:)", 980, "draw.swift", 193)
    ] + inlined["frames"][5:]
    out.both("inlined", inlined)
    bare = variant("agx-prepare-for-enqueue", concurrency=False)
    bare["frames"] = bare["frames"] + [("wgpu-demo", None, 12345)]
    out.both("frame-without-symbol", bare)


def add_negative(out):
    plain = dict(type="EXC_BAD_ACCESS", access="read", site=None)
    own = [("wgpu-demo", "render_loop", 40), ("wgpu-demo", "main", 90), ("dyld", "start", 6076)]
    for address in (0x5c8, 0x98):
        out.json("negative-own-function-%x" % address,
                 dict(plain, address=address, frames=own, process="wgpu-demo", insn=("ldr x", 8, 20),
                      agx_loaded=False, component="application"))
        out.json("negative-agx-loaded-%x" % address,
                 dict(plain, address=address, frames=own, process="wgpu-demo", component="application"))
        out.json("negative-agx-elsewhere-%x" % address,
                 dict(plain, address=address, frames=own[:2] + sites.NATIVE_TAIL, process="wgpu-demo",
                      component="application",
                      others=[("worker 2", None, [(sites.AGX, sites.SET_PIPELINE, 32)] + sites.NATIVE_TAIL,
                               "running")]))
        out.json("negative-other-agx-function-%x" % address,
                 dict(plain, address=address, component="driver", process="wgpu-demo", attribution=None,
                      frames=[(sites.AGX, "AGX::Texture<AGX::HAL200::Encoders>::describe(char*)", 44)] + own))
    out.json("negative-selector-in-own-class",
             dict(plain, address=0x5c8, process="wgpu-demo", component="application",
                  frames=[("wgpu-demo", "-[MyEncoder setComputePipelineState:]", 32)] + own))
    out.json("negative-objc-without-metal",
             dict(plain, address=0x0070006d00690040, pac=True, process="wgpu-demo", agx_loaded=False,
                  frames=[("libobjc.A.dylib", "objc_msgSend", 32)] + own))
    out.json("negative-assertion-of-others",
             dict(type="EXC_CRASH", site=None, process="wgpu-demo", frames=sites.ABORT + [
                 ("libsystem_c.dylib", "__assert_rtn", 284), ("wgpu-demo", "check_state", 60)] + own,
                  asi={"libsystem_c.dylib": ["Assertion failed: (ready), function check_state, file state.c, "
                                             "line 12.\n", "abort() called"]}))


def x86(**more):
    return dict(dict(type="EXC_BAD_ACCESS", cpu="X86-64", model="MacBookPro16,1", access="read", site=None,
                     process="wgpu-demo", agx_loaded=False,
                     frames=[("wgpu-demo", "render_loop", 40), ("wgpu-demo", "main", 90), ("dyld", "start", 6076)]),
                **more)


def add_exceptions(out):
    own = [("wgpu-demo", "render_loop", 40), ("wgpu-demo", "main", 90), ("dyld", "start", 6076)]
    arm = dict(type="EXC_BAD_ACCESS", access="read", site=None, process="wgpu-demo", frames=own, agx_loaded=False)
    out.json("x86-page-fault-write", x86(address=0x18, trap=14, err=6, cr2=0x18, access="write",
                                         trap_text="(no mapping for user data write)"))
    out.json("x86-page-fault-read", x86(address=0x2000, trap=14, err=4, cr2=0x2000, fault_kind="wild",
                                        trap_text="(no mapping for user data read)"))
    out.json("x86-fetch", x86(address=0x7ff000000000, trap=14, err=0x15, cr2=0x7ff000000000, access="execute",
                              code=2, fault_kind="protection", trap_text="(invalid protections for user "
                              "instruction read)"))
    out.json("x86-gpflt", x86(address=0, code=13, trap=13, err=0, cr2=0x7ff800000100, access=None,
                              fault_kind="non_canonical", subtype="EXC_I386_GPFLT",
                              trap_text="(no mapping for user data read)"))
    header, body, facts = build("rosetta", x86(address=0x18, access=None))
    body["translated"] = True
    facts["process.translated"] = True
    out.add("rosetta.ips", to_json(header, body), [facts])
    out.json("code-signing", dict(arm, address=0x10101c000, code=50, fault_kind="code_signing"))
    out.json("unaligned", dict(arm, address=0x600000001003, code=0x101, fault_kind="unaligned", esr=0x92000021))
    out.json("pac-code", dict(arm, address=0x4012345600001000, code=0x105, fault_kind="pac", esr=0x72000000,
                              access=None, subtype="EXC_ARM_PAC_FAIL at 0x4012345600001000"))
    out.json("protection", dict(arm, address=0x1024b8010, code=2, access="write", esr=0x9200004F,
                                fault_kind="protection", region="0x1024b8010 is in 0x1024b8000-0x1024bc000;  "
                                "bytes after start: 16  bytes before end: 16367\n"
                                "      REGION TYPE                    START - END         [ VSIZE] PRT/MAX SHRMOD"
                                "  REGION DETAIL\n      UNUSED SPACE AT START\n--->  __TEXT                      "
                                "1024b8000-1024bc000    [   16K] r-x/r-x SM=COW  /usr/lib/one"))
    out.json("stack-guard", dict(arm, address=0x16eaf7ff0, code=2, access="write", esr=0x92000047,
                                 fault_kind="stack_guard", region="0x16eaf7ff0 is in 0x16b2f4000-0x16eaf8000;  "
                                 "bytes after start: 58736624  bytes before end: 15\n"
                                 "      REGION TYPE                    START - END         [ VSIZE] PRT/MAX SHRMOD"
                                 "  REGION DETAIL\n      Stack                       16b26c000-16b2f4000    [  544K] "
                                 "rw-/rwx SM=PRV  thread 1\n--->  STACK GUARD                 16b2f4000-16eaf8000    "
                                 "[ 56.0M] ---/rwx SM=NUL  stack guard for thread 0\n"))
    out.json("non-canonical", dict(arm, address=0x4d55545a00000010, fault_kind="non_canonical"))
    out.json("jump-to-null", dict(arm, address=0, access="execute"))
    out.json("breakpoint", dict(type="EXC_BREAKPOINT", address=0x18f123456, site=None, process="wgpu-demo",
                                frames=[("wgpu-demo", "fatal(_:file:line:)", 312, "check.swift", 12)] + own,
                                agx_loaded=False))
    out.both("ns-exception", dict(
        type="EXC_CRASH", site=None, process="wgpu-demo", agx_loaded=False,
        frames=sites.ABORT + [("libc++abi.dylib", "__abort_message", 132),
                              ("libobjc.A.dylib", "_objc_terminate()", 156)] + own,
        last_exception=[("CoreFoundation", "__exceptionPreprocess", 176),
                        ("libobjc.A.dylib", "objc_exception_throw", 60),
                        ("CoreFoundation", "-[__NSArrayM insertObject:atIndex:]", 1300)] + own,
        asi={"CoreFoundation": ["*** Terminating app due to uncaught exception 'NSInvalidArgumentException', "
                                "reason: 'object cannot be nil'"], "libsystem_c.dylib": ["abort() called"]}))
    feeds = variant("agx-encoder-coalescing")
    feeds["asi"] = {"Metal": [feeds["asi"]["Metal"][0] + "\n"], "libsystem_c.dylib": ["abort() called"]}
    out.both("information-with-line-feeds", feeds)
    header, body, facts = build("corpse", dict(arm, address=0x18))
    body["isCorpse"] = 1
    out.add("corpse.ips", to_json(header, body), [facts])
    header, body, facts = build("simulated", variant("agx-set-compute-pipeline-state", concurrency=False))
    header["agxtriage_simulated"] = True
    facts["simulated"] = True
    out.add("simulated.ips", to_json(header, body), [facts])
    header, body, facts = build("apple-simulated", variant("agx-set-compute-pipeline-state", concurrency=False))
    header = dict({"is_simulated": 1}, **header)
    out.add("apple-simulated.ips", to_json(header, body), [facts])


def plain_header(name, bug_type, **more):
    header = {"bug_type": bug_type, "timestamp": "2026-02-03 10:11:12.00 +0100",
              "os_version": "macOS 15.7.3 (24G419)", "roots_installed": 0,
              "incident_id": uuid_of("incident " + name).upper()}
    header.update(more)
    return header


def add_kinds(out):
    kinds = (("309", "crash"), ("308", "user_fault"), ("110", "panic"), ("98", "jetsam"), ("298", "jetsam"),
             ("288", "stackshot"), ("385", "resource"), ("185", "resource"), ("22", "resource"), ("12", "hang"),
             ("222", "hang"), ("228", "hang"), ("4711", "other"), ("409", None), ("184", None))
    for bug_type, kind in kinds:
        name = "kind-" + bug_type
        header = plain_header(name, bug_type)
        body = {"incident": header["incident_id"], "date": "2026-02-03 10:11:12.34 +0100"}
        if bug_type == "288":
            body.update({"exception": "0xbaaaaaad", "reason": "stackshot", "processByPid": {
                "1": {"pid": 1, "procname": "launchd", "threadById": {"7": {"id": 7, "userFrames": [[0, 4096]]}}}},
                "binaryImages": [[uuid_of("image x"), 4294967296, "S"]]})
        if bug_type == "298":
            body = {"memoryStatus": {"memoryPages": {"free": 1000}}, "largestProcess": "Python", "processes": [
                {"pid": 12, "name": "Python", "rpages": 900000, "reason": "per-process-limit"}]}
        if bug_type == "308":
            body.update({"procName": "Helper", "pid": 77, "faultingThread": 0, "threads": [
                {"id": 5, "frames": [{"imageOffset": 4096, "imageIndex": 0}]}],
                "usedImages": [{"source": "S", "base": 6442450944, "size": 4096, "uuid": uuid_of("image s")}],
                "exception": {"codes": "0x600000000000001f, 0x0000000000000000", "type": "EXC_GUARD",
                              "subtype": "GUARD_TYPE_USER", "message": "namespc 31 reason_code 0x0",
                              "namespc": 31, "reason": 0}})
        facts = {"incident_id": header["incident_id"], "bug_type": bug_type,
                 "captured_at": "2026-02-03T09:11:12.000000Z", "os.build": "24G419"}
        if kind:
            facts["kind"] = kind
        out.add(name + ".ips", to_json(header, body), [facts])
    for site, text in sites.PANICS:
        header = plain_header(site, "210")
        body = {"build": "macOS 15.7.3 (24G419)", "product": "Mac16,5", "kernel": "Darwin Kernel Version 24.6.0",
                "incident": header["incident_id"], "date": "2026-02-03 10:11:12.34 +0100", "panicFlags": "0x802",
                "panicString": "panic(cpu 3 caller 0xfffffe0012345678): %s\nDebugger message: panic\nMemory ID: 0x6\n"
                % text, "otherString": "\n** Stackshot Succeeded **\n"}
        out.add("panic-full-%s.ips" % site, to_json(header, body),
                [{"kind": "panic", "site": site, "incident_id": header["incident_id"]}])
    header = plain_header("gpu", "284")
    body = {"process_name": "python3.14-long-", "timestamp": 1770109872, "bug_type": "284", "analysis": {
        "signature": 579, "restart_reason": 7, "restart_reason_desc": "firmware-detected lockup", "guilty_dm": 1,
        "command_buffer_trace_id": "0x1234"}}
    out.add("gpuEvent-2026-02-03-101112.ips", to_json(header, body),
            [{"kind": "gpu_event", "site": "gpu-firmware-lockup", "incident_id": header["incident_id"]}])


def patch(raw, old, new):
    old = old if isinstance(old, bytes) else old.encode()
    new = new if isinstance(new, bytes) else new.encode()
    assert old in raw, old
    return raw.replace(old, new)


def add_odd_forms(out):
    def base(name, **more):
        header, body, facts = build(name, variant("agx-set-compute-pipeline-state", concurrency=False, **more))
        return to_json(header, body), facts, header, body

    raw, facts, _, _ = base("odd-crlf")
    out.add("odd-crlf.ips", raw.replace(b"\n", b"\r\n"), [facts])
    raw, facts, _, _ = base("odd-bom")
    out.add("odd-bom.ips", b"\xef\xbb\xbf" + raw, [facts])
    raw, facts, _, _ = base("odd-no-header")
    out.add("odd-no-header.ips", raw.split(b"\n", 1)[1], [facts])
    raw, facts, _, _ = base("odd-half-header")
    out.add("odd-half-header.ips", raw[raw.index(b"\"share_with_app_devs\""):], [facts], kind="container")
    raw, facts, _, _ = base("odd-white-space")
    head, body = raw.split(b"\n", 1)
    out.add("odd-white-space.ips", b"\n\n  \t" + head + b"  \n\n\n " + body.replace(b" : ", b"\t :\n ") + b"\n\n \n",
            [facts])
    raw, facts, _, _ = base("odd-one-line")
    head, body = raw.split(b"\n", 1)
    out.add("odd-one-line.ips", head + b"\n" + json.dumps(json.loads(body)).encode(), [facts])
    raw, facts, _, _ = base("odd-tail")
    out.add("odd-tail.ips", raw + b"\nSystem Profile:\nNetwork Service: Wi-Fi, AirPort, en0\n", [facts])
    raw, facts, _, _ = base("odd-no-newline")
    out.add("odd-no-newline.ips", raw.rstrip(), [facts])
    raw, facts, header, _ = base("odd-header-only")
    out.add("odd-header-only.ips", raw.split(b"\n", 1)[0] + b"\n", [], kind="bad", outcome="either")
    first, facts_a, _, _ = base("odd-two-a")
    second, facts_b, _, _ = base("odd-two-b")
    out.add("odd-several.ips", first + second, [facts_a, facts_b])

    raw, facts, _, body = base("odd-duplicates")
    raw = patch(raw, '  "pid" : %d' % body["pid"], '  "pid" : 1,\n  "pid" : "x",\n  "pid" : %d' % body["pid"])
    raw = patch(raw, '  "procName" : "Python"', '  "procName" : "first",\n  "procName" : "Python"')
    raw = patch(raw, '"rawCodes":[1,1480]', '"rawCodes":[1,152],"rawCodes":[1,1480]')
    out.add("odd-duplicates.ips", raw, [facts])

    raw, facts, _, body = base("odd-wrong-types")
    wrong = dict(body, pid="many", procPath=7, parentProc=["zsh"], userID={}, captureTime=12, uptime="long",
                 osVersion="macOS", termination=[1], cpuType="ARM-64", asi=[1, {"a": 2}], bootSessionUUID=False,
                 modelCode=None, coalitionName=1.5, procLaunch="yesterday", translated="no", sharedCache=3,
                 vmSummary=[], legacyInfo="x", trialInfo=0)
    wrong["usedImages"] = [row if index else dict(row, uuid=5, path=[], CFBundleVersion=9)
                           for index, row in enumerate(body["usedImages"])] + ["image", 7, None]
    wrong["threads"] = copy.deepcopy(body["threads"]) + [5, "thread", None, {"frames": "none", "name": 3, "id": "x"}]
    facts = {key: value for key, value in facts.items() if key.split(".")[0] in (
        "incident_id", "kind", "fault", "crashed_thread", "site", "driver")}
    facts.update({"process.pid": {"absent": True}, "process.path": {"absent": True}})
    out.add("odd-wrong-types.ips", to_json(build("odd-wrong-types", variant(
        "agx-set-compute-pipeline-state", concurrency=False))[0], wrong), [facts], warnings=True)
    for key, value in (("threads", "none"), ("threads", {"0": {}}), ("usedImages", 12), ("exception", [1]),
                       ("exception", "0xbaaaaaad"), ("faultingThread", "4"), ("rawCodes", "x")):
        name = "odd-wrong-%s-%s" % (key, type(value).__name__)
        _, facts, header, body = base(name)
        if key == "rawCodes":
            body["exception"]["rawCodes"] = value
        else:
            body[key] = value
        out.add(name + ".ips", to_json(header, body), [{"incident_id": facts["incident_id"], "kind": "crash",
                                                        "process.pid": facts["process.pid"]}], warnings=True)

    for name, index in (("negative", -1), ("beyond", 4000), ("huge", 1 << 70)):
        _, facts, header, body = base("odd-index-" + name)
        body["threads"][facts["crashed_thread.index"]]["frames"][3]["imageIndex"] = index
        out.add("odd-index-%s.ips" % name, to_json(header, body), [facts], warnings=True)
        _, facts, header, body = base("odd-faulting-" + name)
        body["faultingThread"] = index
        for thread in body["threads"]:
            thread.pop("triggered", None)
        out.add("odd-faulting-%s.ips" % name, to_json(header, body), [
            {"incident_id": facts["incident_id"], "fault.address": "0x5c8", "crashed_thread": {"absent": True}}],
            warnings=True)

    for name, bad in (("utf8", b"\xff\xfe\x80abc\xc0\xaf"), ("surrogate", b"\\ud83d lone \\udc00"),
                      ("nul", b"before\\u0000after"), ("escape", b"\\u001b[31mred\\u001b[0m"),
                      ("raw-escape", b"\x1b]0;title\x07\x1b[2J"), ("raw-nul", b"before\x00after"),
                      ("c1", b"\xc2\x9b31m \xc2\x85"), ("backspace", b"abc\\b\\b\\bxyz\\f\\u007f"),
                      ("cut-utf8", b"abc\xe2\x82"), ("overlong", b"\xf0\x80\x80\xaf \xf4\x90\x80\x80")):
        raw, facts, _, _ = base("odd-text-" + name)
        raw = patch(raw, '"symbol":"_PyEval_EvalFrameDefault"', b'"symbol":"' + bad + b'"')
        raw = patch(raw, '"parentProc" : "zsh"', b'"parentProc" : "' + bad + b'"')
        out.add("odd-text-%s.ips" % name, raw, [facts], warnings=None)
    raw, facts, _, _ = base("odd-pair")
    raw = patch(raw, '"parentProc" : "zsh"', '"parentProc" : "\\ud83d\\ude80 \\u00e9"')
    facts["process.parent"] = "\U0001F680 é"
    out.add("odd-pair.ips", raw, [facts])

    for name, text in (("path", "../../../../tmp/agxtriage-owned"), ("sql", "x'); DROP TABLE incidents; --"),
                       ("format", "%s%n%x"), ("long", "A" * 5000)):
        _, facts, header, body = base("odd-incident-" + name)
        header["incident_id"] = body["incident"] = text
        facts["incident_id"] = text if name != "long" else {"re": "^A"}
        out.add("odd-incident-%s.ips" % name, to_json(header, body), [facts], incidents=[text])

    _, facts, header, body = base("odd-symbol-long")
    body["threads"][facts["crashed_thread.index"]]["frames"][-3]["symbol"] = "std::__1::tuple<" + "int, " * 20000 + ">"
    out.add("odd-symbol-long.ips", to_json(header, body), [facts], warnings=True, loose=True)

    raw, facts, _, body = base("odd-numbers")
    index = facts["crashed_thread.index"]
    body["threads"][index]["threadState"]["x"][3] = {"value": (1 << 64) - 47}
    body["threads"][index]["threadState"]["x"][4] = {"value": 0x010000010ce6d019}
    body["threads"][index]["frames"][2]["symbolLocation"] = (1 << 64) - 12345
    header = build("odd-numbers", variant("agx-set-compute-pipeline-state"))[0]
    facts["registers.x3"], facts["registers.x4"] = hex((1 << 64) - 47), "0x10000010ce6d019"
    out.add("odd-numbers.ips", to_json(header, body), [facts])
    for name, number, want in (("negative", -(0x1F0F13D0)  - (1 << 40), None), ("tagged", 0xecee1c2188699ff8, None),
                               ("minus-one", -1, None), ("exact", (1 << 53) + 1, None)):
        want = hex(number & (1 << 64) - 1)
        _, facts, header, body = base("odd-raw-" + name)
        body["exception"]["rawCodes"] = [1, number]
        body["exception"]["subtype"] = "KERN_INVALID_ADDRESS at 0x%016x" % (number & (1 << 64) - 1)
        facts = {"incident_id": facts["incident_id"], "fault.address": want, "raw_codes": ["0x1", want]}
        out.add("odd-raw-%s.ips" % name, to_json(header, body), [facts])
    for name, text in (("float", "1480.0"), ("exponent", "1.48e3"), ("plus", "148E+1")):
        raw, facts, _, _ = base("odd-raw-" + name)
        raw = patch(raw, '"rawCodes":[1,1480]', '"rawCodes":[1,%s]' % text)
        out.add("odd-raw-%s.ips" % name, raw, [facts], loose=True)
    _, facts, header, body = base("odd-no-raw-codes")
    del body["exception"]["rawCodes"]
    out.add("odd-no-raw-codes.ips", to_json(header, body), [facts])
    _, facts, header, body = base("odd-no-threads")
    body["threads"] = []
    out.add("odd-no-threads.ips", to_json(header, body), [{"incident_id": facts["incident_id"], "site": None,
                                                           "fault.address": "0x5c8"}])
    _, facts, header, body = base("odd-deep-but-fine")
    body["trialInfo"] = {"a": [[[[[[[[[["x"]]]]]]]]]]}
    out.add("odd-deep-but-fine.ips", to_json(header, body), [facts])
    _, facts, header, body = base("odd-unknown-keys")
    body = dict({"zz": {"threads": [1, 2], "pid": 4}, "Threads": [], "PID": 4}, **body)
    out.add("odd-unknown-keys.ips", to_json(header, body), [facts])


def add_bad(out):
    header, body, _ = build("bad", variant("agx-set-compute-pipeline-state"))
    raw = to_json(header, body)
    truncated = r"(?i)truncat|incomplete|ends|end of|unterminated|cut"
    marks = {"in-threads": raw.index(b'"threads" :') + 400, "in-images": raw.index(b'"usedImages"') + 300,
             "before-end": raw.rindex(b"}"), "in-string": raw.index(b"setComputePipelineState") + 5,
             "in-key": raw.index(b'"faultingThread"') + 4, "after-colon": raw.index(b'"threads" :') + 11,
             "in-escape": raw.index(b"\\/opt") + 1, "in-number": raw.index(b'"userID" : 501') + 13,
             "after-brace": raw.index(b"\n{\n") + 2}
    for name, mark in marks.items():
        out.rejected("bad-truncated-%s.ips" % name, raw[:mark], truncated)
    out.rejected("bad-truncated-header.ips", raw[:200], truncated + "|no (crash )?report")
    out.rejected("bad-empty.ips", b"", r"(?i)empty")
    out.rejected("bad-blank.ips", b"\n \n", r"(?i)empty|no (crash )?report|white")
    out.rejected("bad-binary.ips", bytes((number * 73 + 41) % 256 for number in range(70000)), r"(?i)binary|no (crash )?report")
    out.rejected("bad-zeroes.ips", b"\0" * 4096, r"(?i)binary|no report|empty")
    out.rejected("bad-image.ips", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, r"(?i)binary|no (crash )?report")
    out.rejected("bad-prose.ips", b"Dear diary,\nnothing crashed today.\n", r"(?i)no (crash )?report|not a report")
    out.rejected("bad-json.ips", b'{"hello":"world"}\n{"numbers" : [1, 2, 3]}\n', r".")
    out.rejected("bad-nested.ips", raw.split(b"\n", 1)[0] + b'\n{"a" : ' + b"[" * 100000 + b"]" * 100000 + b"}\n",
                 r"(?i)nest|deep|depth")
    out.rejected("bad-nested-open.ips", raw.split(b"\n", 1)[0] + b'\n{"a" : ' + b'{"a":[' * 100000,
                 r"(?i)nest|deep|depth|truncat")
    out.rejected("bad-many-threads.ips", raw.split(b"\n", 1)[0] + b'\n{"faultingThread" : 0, "threads" : [' +
                 b",".join([b'{"id":1,"frames":[]}'] * 1000000) + b"]}\n", r"(?i)thread|too many|too large|limit")
    out.rejected("bad-sparse.ips", 2 << 30, r"(?i)large|big|limit")
    out.rejected("bad-broken.ips", patch(raw, '"userID" : 501', '"userID" : 501 502'), r".")
    out.rejected("bad-comma.ips", patch(raw, '"userID" : 501,', '"userID" : 501'), r".")


def add_containers(out):
    def one(name, site="agx-prepare-for-enqueue", **more):
        header, body, facts = build(name, variant(site, concurrency=False, **more))
        text_facts = {key: value for key, value in facts.items()
                      if key not in ("incident_id", "hardware_model", "fault.base_register", "fault.displacement")}
        return to_json(header, body), to_text(header, body), facts, text_facts

    raw, text, facts, text_facts = one("container-markdown")
    out.add("container-markdown.md", b"# It crashed again\n\nSee below, `torch` 2.x:\n\n```json\n" + raw +
            b"```\n\nAny idea? {not json}\n", [facts], kind="container")
    raw, text, facts, text_facts = one("container-markdown-text")
    out.add("container-markdown-text.md", b"### Report\n\n<details>\n\n```\n" + text + b"```\n\n</details>\nThanks\n",
            [text_facts], kind="container", incidents=["container-markdown-text"])
    raw, text, facts, text_facts = one("container-html")
    escaped = html.escape(text.decode(), quote=True).replace("&#x27;", "&#39;")
    out.add("container-html.html", ("<html><body><p>Hello,</p><pre><code>" + escaped +
                                    "</code></pre><p>Bye &amp; thanks</p></body></html>\n").encode(),
            [text_facts], kind="container", incidents=["container-html"])
    raw, text, facts, text_facts = one("container-html-json")
    escaped = html.escape(raw.decode(), quote=True)
    out.add("container-html-json.html", ("<div class=\"post\"><pre><code class=\"lang-auto\">" + escaped +
                                         "</code></pre></div>\n").encode(), [facts], kind="container")
    raw, text, facts, text_facts = one("container-full")
    out.add("container-full.txt", text + b"\n-----------\nFull Report\n-----------\n\n" + raw +
            b"\nModel: Mac16,5, BootROM 1, proc 16:12:4 processors\n", [facts], kind="container")
    raw, text, facts, text_facts = one("container-quoted")
    out.add("container-quoted.txt", b"On Monday somebody wrote:\n" + b"".join(
        b"> " + each + b"\n" for each in text.split(b"\n")), [text_facts], kind="container",
        incidents=["container-quoted"])
    raw, text, facts, text_facts = one("container-indented")
    out.add("container-indented.md", b"The log:\n\n" + b"".join(
        b"    " + each + b"\n" for each in text.split(b"\n")) + b"\nEnd.\n", [text_facts], kind="container",
        incidents=["container-indented"])
    _, text_a, _, facts_a = one("container-two-a")
    _, text_b, _, facts_b = one("container-two-b", "agx-set-compute-pipeline-state")
    out.add("container-two.txt", b"First:\n\n" + text_a + b"\n\nSecond:\n\n" + text_b, [facts_a, facts_b],
            kind="container", incidents=["container-two-a", "container-two-b"])
    raw_a, _, facts_a, _ = one("container-json-a")
    raw_b, _, facts_b, _ = one("container-json-b", "agx-set-compute-pipeline-state")
    out.add("container-two-json.md", b"First:\n```\n" + raw_a + b"```\nSecond:\n```\n" + raw_b + b"```\n",
            [facts_a, facts_b], kind="container")
    raw, text, facts, text_facts = one("text-crlf")
    out.add("text-crlf.crash", text.replace(b"\n", b"\r\n"), [text_facts], kind="text", incidents=["text-crlf"])
    raw, text, facts, text_facts = one("text-bom")
    out.add("text-bom.crash", b"\xef\xbb\xbf" + text, [text_facts], kind="text", incidents=["text-bom"])
    header, body, facts = build("text-identifier", variant("agx-set-buffer"))
    text_facts = {key: value for key, value in facts.items()
                  if key not in ("hardware_model", "fault.base_register", "fault.displacement")}
    out.add("text-identifier.crash", to_text(header, body, True), [text_facts], kind="text")
    header, body, facts = build("text-behind-header", variant("agx-set-buffer"))
    header["bug_type"] = "109"
    text_facts = {key: value for key, value in facts.items()
                  if key not in ("hardware_model", "fault.base_register", "fault.displacement")}
    out.add("text-behind-header.ips", json.dumps(header).encode() + b"\n" + to_text(header, body), [text_facts],
            kind="text")


def main():
    if len(sys.argv) != 2:
        print("usage: make.py OUT_DIR", file=sys.stderr)
        return 2
    out = Collection(sys.argv[1])
    os.makedirs(out.folder, exist_ok=True)
    for step in (add_sites, add_variants, add_negative, add_exceptions, add_kinds, add_odd_forms, add_bad,
                 add_containers):
        step(out)
    names = [entry["file"] for entry in out.index]
    assert len(names) == len(set(names))
    with open(os.path.join(out.folder, "index.json"), "w", encoding="utf-8") as file:
        json.dump(out.index, file, indent=1)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
