"""An independent reading of JSON reports, by the contract alone.

read(bytes) gives the facts that `agxtriage show --json` must print; differences(facts, shown)
names every one that it does not. Nothing in here knows how the program works.
"""

import datetime
import html
import json
import re
import shutil
import subprocess

MASK = (1 << 64) - 1

KINDS = {
    "309": "crash", "109": "crash",
    "308": "user_fault",
    "284": "gpu_event",
    "210": "panic", "110": "panic", "151": "panic",
    "298": "jetsam", "98": "jetsam",
    "288": "stackshot", "509": "stackshot",
    "385": "resource", "185": "resource", "22": "resource",
    "12": "hang", "222": "hang", "228": "hang",
}
# Watchdogs and GPU restarts have no kind that the contract names for certain.
LOOSE_KINDS = {"409": ("hang", "other"), "28": ("hang", "other"), "184": ("gpu_event", "other"),
               "21": ("gpu_event", "other")}


class Number(int):
    """An exact integer; the contract leaves open whether it is printed as a number or as hex text."""


class OneOf(tuple):
    """The contract allows any of these."""


class Any:
    """The contract does not say."""

    def __repr__(self):
        return "(anything)"


ANY = Any()


class NotJson(Exception):
    pass


# ---- from bytes to objects ----

def decode(raw):
    """Text in which every byte of invalid UTF-8 is U+FFFD."""
    text = raw.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", "\ufffd", text)


def parse(raw):
    """Header and body of a report: two objects, or one alone; raises NotJson."""
    text = decode(raw).lstrip("\ufeff \t\r\n")
    decoder = json.JSONDecoder(strict=False)
    found = []
    for _ in range(2):
        if not text.startswith("{"):
            break
        try:
            value, end = decoder.raw_decode(text)
        except ValueError as error:
            raise NotJson(str(error))
        found.append(value)
        text = text[end:].lstrip(" \t\r\n")
    if not found:
        raise NotJson("no object")
    if len(found) == 1:
        return {}, found[0]
    return found[0], found[1]


# ---- typed access: a wrong type is an absent fact ----

def a_text(value):
    return value if isinstance(value, str) else None


def a_number(value):
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Number(value)
    if isinstance(value, float):
        return ANY
    return None


def a_dict(value):
    return value if isinstance(value, dict) else {}


def a_list(value):
    return value if isinstance(value, list) else []


def an_index(value, items):
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(items):
        return value
    return None


def as_hex(value):
    value = a_number(value)
    if value is None or value is ANY:
        return value
    return hex(int(value) & MASK)


def size_of(value):
    value = a_number(value)
    if isinstance(value, Number):
        return Number(int(value) & MASK)
    return value


def when(value):
    """UTC in ISO 8601 with microseconds."""
    if not isinstance(value, str):
        return None if not isinstance(value, (int, float)) or isinstance(value, bool) else ANY
    match = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?", value)
    if not match:
        return None
    try:
        point = datetime.datetime(*(int(part) for part in match.groups()[:6]))
    except ValueError:
        return None
    zone = match.group(8) or "Z"
    if zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        point -= datetime.timedelta(minutes=minutes if zone[0] == "+" else -minutes)
    fraction = ((match.group(7) or "") + "000000")[:6]
    return point.strftime("%Y-%m-%dT%H:%M:%S") + "." + fraction + "Z"


# ---- the facts ----

def read_frames(values, images):
    frames = []
    for index, value in enumerate(a_list(values)):
        frame = a_dict(value)
        which = an_index(frame.get("imageIndex"), images)
        image = images[which] if which is not None else {}
        offset = a_number(frame.get("imageOffset"))
        base = a_number(image.get("base"))
        address = None
        if isinstance(offset, Number) and isinstance(base, Number):
            address = hex((int(base) + int(offset)) & MASK)
        elif offset is ANY or base is ANY:
            address = ANY
        frames.append({
            "index": Number(index),
            "image": a_text(image.get("name")),
            "image_offset": size_of(frame.get("imageOffset")),
            "symbol": a_text(frame.get("symbol")),
            "symbol_offset": size_of(frame.get("symbolLocation")),
            "address": address,
            "source_file": a_text(frame.get("sourceFile")),
            "source_line": a_number(frame.get("sourceLine")),
            "inline": frame.get("inline") is True,
        })
    return frames


def read_images(body):
    images = []
    for value in a_list(body.get("usedImages")):
        image = a_dict(value)
        uuid = a_text(image.get("uuid"))
        long_version = a_text(image.get("CFBundleVersion"))
        short_version = a_text(image.get("CFBundleShortVersionString"))
        images.append({
            "name": a_text(image.get("name")),
            "path": a_text(image.get("path")),
            "uuid": uuid.lower() if uuid else None,
            "version": long_version if long_version else OneOf((short_version, None)),
            "arch": a_text(image.get("arch")),
            "base": as_hex(image.get("base")),
            "size": size_of(image.get("size")),
        })
    return images


def read_registers(state):
    registers = {}
    for index, value in enumerate(a_list(state.get("x"))):
        registers["x%d" % index] = as_hex(a_dict(value).get("value"))
    for name, value in state.items():
        if name not in ("x", "flavor") and isinstance(value, dict) and "value" in value:
            registers[name] = as_hex(value["value"])
    return {name: value for name, value in registers.items() if value is not None}


def read_process(header, body):
    bundle = a_dict(body.get("bundleInfo"))
    header_name = a_text(header.get("name")) or a_text(header.get("app_name"))

    def body_or_header(name):
        return body.get(name) if name in body else header.get(name)

    name = a_text(body.get("procName")) or a_text(body.get("name")) or header_name
    if name is None and a_text(body.get("process_name")):
        name = OneOf((None, body["process_name"]))
    version = a_text(bundle.get("CFBundleShortVersionString"))
    translated = body.get("translated")
    return {
        "name": name,
        "pid": a_number(body_or_header("pid")),
        "path": a_text(body.get("procPath")),
        "version": version if version is not None else a_text(body_or_header("app_version")),
        "bundle_id": a_text(bundle.get("CFBundleIdentifier")) or a_text(body_or_header("bundleID")),
        "parent": a_text(body.get("parentProc")),
        "parent_pid": a_number(body.get("parentPid")),
        "responsible": a_text(body.get("responsibleProc")),
        "responsible_pid": a_number(body.get("responsiblePid")),
        "coalition": a_text(body.get("coalitionName")),
        "uid": a_number(body.get("userID")),
        "role": a_text(body.get("procRole")),
        "translated": translated if isinstance(translated, bool) else (
            None if translated is None else OneOf((None, bool(translated)))),
    }


def read_os(header, body):
    system = a_dict(body.get("osVersion"))
    train, build = a_text(system.get("train")), a_text(system.get("build"))
    whole = a_text(header.get("os_version")) or a_text(body.get("os_version"))
    match = re.fullmatch(r"(.*?)\s*(?:\(([^()]*)\))?", whole) if whole else None
    if match:
        train = train or match.group(1)
        build = build or match.group(2)
    return {"version": train, "build": build, "release_type": a_text(system.get("releaseType"))}


def is_arm(body):
    return (a_text(body.get("cpuType")) or "").upper().startswith("ARM")


def fault_address(exception):
    if exception.get("type") != "EXC_BAD_ACCESS":
        return None
    codes = a_list(exception.get("rawCodes"))
    if len(codes) > 1:
        second = as_hex(codes[1])
        if second is not None:
            return second
    match = re.search(r"0x[0-9a-fA-F]+|\b\d+\b", a_text(exception.get("subtype")) or "")
    return hex(int(match.group(0), 0) & MASK) if match else None


def fault_kind(body, exception, address):
    """The kinds that the facts allow; one where they are plain."""
    if exception.get("type") != "EXC_BAD_ACCESS":
        return "none"
    if address is None:
        return ANY
    if address is ANY:
        return ANY
    number = int(address, 16)
    subtype = a_text(exception.get("subtype")) or ""
    codes = a_list(exception.get("rawCodes"))
    code = codes[0] if codes else None
    arm = is_arm(body)
    if "possible pointer authentication failure" in html.unescape(subtype) or code == 0x105:
        return "pac" if arm else OneOf(("pac", "non_canonical"))
    if "GPFLT" in subtype or (not arm and code == 13):
        return "non_canonical"
    if code == 50:
        return "code_signing"
    if code == 0x101:
        return "unaligned"
    if number < (0x10000 if arm else 0x1000):
        return "near_null"
    region = (a_text(body.get("vmRegionInfo")) or a_text(body.get("vmregioninfo")) or "")
    arrow = region[region.find("--->"):].split("\n")[0] if "--->" in region else ""
    if re.search(r"stack guard", arrow, re.I):
        return "stack_guard"
    if code == 2:
        return OneOf(("protection", "stack_guard"))
    if number >> 47:
        return OneOf(("non_canonical", "wild"))
    return OneOf(("wild", "stack_guard"))


def fault_access(exception, registers, frames, arm):
    if exception.get("type") != "EXC_BAD_ACCESS":
        return ANY
    if any(frame["symbol"] == "_sigtramp" for frame in frames):
        return None
    if arm:
        esr = registers.get("esr")
        if not isinstance(esr, str):
            return None
        group = int(esr, 16) >> 26 & 0x3F
        if group in (0x24, 0x25):
            return "write" if int(esr, 16) & 0x40 else "read"
        return "execute" if group in (0x20, 0x21) else None
    error, trap = registers.get("err"), registers.get("trap")
    if not isinstance(error, str) or trap not in (None, "0xe"):
        return None if trap != "0xe" else ANY
    bits = int(error, 16)
    return "execute" if bits & 0x10 else "write" if bits & 2 else "read"


def read_driver(images):
    found = [image for image in images if (image["name"] or "").startswith("AGXMetal")]
    if not found:
        return None
    image = found[0]
    generation = image["name"][len("AGXMetal"):]
    return {
        "image": image["name"],
        "generation": OneOf((generation, generation.split("_")[0])) if generation[:1] == "G" else ANY,
        "version": image["version"],
        "uuid": image["uuid"],
    }


def is_trial(header, body, frames):
    """The system's own report of our trial program, whose functions say in their names that they play a driver."""
    return read_process(header, body)["name"] == "agxtriage-repro" and any(
        (frame["symbol"] or "").startswith("agxtriage_simulated_") for frame in frames)


def application_info(body):
    asi = body.get("asi")
    if isinstance(asi, dict):
        return [text for texts in asi.values()
                for text in ([texts] if isinstance(texts, str) else a_list(texts))
                if isinstance(text, str)]
    return []


def read_objects(header, body):
    bug_type = header.get("bug_type", body.get("bug_type"))
    bug_type = a_text(bug_type) if not isinstance(bug_type, int) else OneOf((str(bug_type), None))
    kind = KINDS.get(bug_type, "other") if isinstance(bug_type, (str, type(None))) else ANY
    if isinstance(bug_type, str) and bug_type in LOOSE_KINDS:
        kind = OneOf(LOOSE_KINDS[bug_type])
    if bug_type is None and isinstance(body.get("exception"), dict):
        kind = OneOf(("crash", "other"))
    exception = a_dict(body.get("exception"))
    termination = a_dict(body.get("termination"))
    raw_images = [a_dict(image) for image in a_list(body.get("usedImages"))]
    images = read_images(body)
    threads = [a_dict(thread) for thread in a_list(body.get("threads"))]
    crashed = an_index(body.get("faultingThread"), threads)
    triggered = threads[crashed] if crashed is not None else {}
    registers = read_registers(a_dict(triggered.get("threadState")))
    frames = [read_frames(thread.get("frames"), raw_images) for thread in threads]
    crashed_frames = frames[crashed] if crashed is not None else []
    address = fault_address(exception)
    captured = body.get("captureTime", header.get("captureTime"))
    if captured is None:
        captured = body.get("timestamp", header.get("timestamp"))
    return {
        "incident_id": a_text(header.get("incident_id")) or a_text(body.get("incident_id"))
        or a_text(body.get("incident")) or a_text(header.get("incident")),
        "kind": kind,
        "bug_type": bug_type,
        "simulated": bool(header.get("agxtriage_simulated", False)) or is_trial(header, body, crashed_frames),
        "captured_at": when(captured),
        "launched_at": when(body.get("procLaunch")),
        "process": read_process(header, body),
        "os": read_os(header, body),
        "hardware_model": a_text(body.get("modelCode")) if "modelCode" in body else (
            OneOf((None, body["product"])) if a_text(body.get("product")) else None),
        "cpu_type": a_text(body.get("cpuType")),
        "exception": {name: a_text(exception.get(name))
                      for name in ("type", "signal", "subtype", "codes", "message")},
        "raw_codes": [as_hex(code) for code in a_list(exception.get("rawCodes"))
                      if as_hex(code) is not None],
        "uptime_s": a_number(body.get("uptime")),
        "boot_session": a_text(body.get("bootSessionUUID")),
        "termination": {
            "namespace": a_text(termination.get("namespace")),
            "code": size_of(termination.get("code")),
            "indicator": a_text(termination.get("indicator")),
            "by_process": a_text(termination.get("byProc")),
        },
        "fault": {
            "address": address,
            "kind": fault_kind(body, exception, address),
            "access": fault_access(exception, registers, crashed_frames, is_arm(body)),
        },
        "crashed_thread": {
            "index": Number(crashed),
            "id": size_of(triggered.get("id")),
            "name": a_text(triggered.get("name")),
            "queue": a_text(triggered.get("queue")),
            "frames": crashed_frames,
        } if crashed is not None else None,
        "last_exception": {"frames": read_frames(body["lastExceptionBacktrace"], raw_images)}
        if isinstance(body.get("lastExceptionBacktrace"), list) else None,
        "application_info": application_info(body),
        "threads": [{
            "index": Number(index),
            "name": a_text(thread.get("name")),
            "queue": a_text(thread.get("queue")),
            "crashed": ANY if kind != "crash" else index == crashed,
            "frames": frames[index],
        } for index, thread in enumerate(threads)],
        "images": images,
        "registers": registers,
        "driver": read_driver(images),
    }


def read(raw):
    header, body = parse(raw)
    return read_objects(header, body)


# ---- comparing ----

LINES_ALLOWED = ("application_info",)
BAD = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")


def canonical(text):
    """What cleaning may not change: the number of U+FFFD for one bad sequence is left open."""
    text = BAD.sub("\ufffd", html.unescape(text))
    return re.sub("\ufffd+", "\ufffd", text)


def demangled(text):
    filter_ = shutil.which("c++filt")
    if not filter_:
        return None
    return subprocess.run([filter_, "-n", text], capture_output=True, text=True).stdout.strip()


def same_text(want, got):
    if canonical(want) == canonical(got):
        return True
    if re.match("_{1,4}Z", want):
        return not re.match("_{1,4}Z", got) and demangled(want) in (None, got, want)
    return False


def same_scalar(want, got):
    if want is ANY:
        return True
    if isinstance(want, OneOf):
        return any(same_scalar(each, got) for each in want)
    if want is None or want == "":
        return got is None or got == ""
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got or (want is False and got is None)
    if isinstance(want, Number):
        if isinstance(got, str) and re.fullmatch(r"-?0x(0|[1-9a-f][0-9a-f]*)", got):
            got = int(got, 16)
        return isinstance(got, int) and int(want) == got
    if isinstance(want, str):
        return isinstance(got, str) and same_text(want, got)
    return want == got


def differences(want, got, path=""):
    """A list of texts, one per fact of want that got does not show."""
    if isinstance(want, dict):
        if got is None:
            got = {}
        if not isinstance(got, dict):
            return ["%s: object expected, got %r" % (path, got)]
        found = []
        for key, value in want.items():
            found += differences(value, got.get(key), path + "." + key if path else key)
        if path == "registers":
            found += ["registers.%s: not in the report, got %r" % (name, got[name])
                      for name in got if name not in want and got[name] is not None]
        return found
    if isinstance(want, list):
        got = [] if got is None else got
        if not isinstance(got, list):
            return ["%s: list expected, got %r" % (path, got)]
        found = [] if len(want) == len(got) else [
            "%s: %d expected, got %d" % (path, len(want), len(got))]
        for index, (left, right) in enumerate(zip(want, got)):
            found += differences(left, right, "%s[%d]" % (path, index))
        return found
    if same_scalar(want, got):
        return []
    return ["%s: expected %s, got %s" % (path, shorten(want), shorten(got))]


def shorten(value):
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


def unclean(value, path=""):
    """Paths of all texts that hold control bytes (line feeds and tabs are allowed in long texts)."""
    found = []
    if isinstance(value, dict):
        for key, each in value.items():
            if BAD.search(key):
                found.append(path + "." + repr(key))
            found += unclean(each, path + "." + key if path else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            found += unclean(each, "%s[%d]" % (path, index))
    elif isinstance(value, str):
        name = path.split(".")[-1].split("[")[0]
        kept = value
        if name not in ("symbol", "image", "queue", "name", "path", "incident_id", "site"):
            kept = re.sub("[\n\t]", "", value)
        if BAD.search(kept):
            found.append(path)
    return found
