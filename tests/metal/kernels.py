"""The kernels of the Metal backend as C++: their source as the program has it, and what the stand-in needs to run them."""

import re

import metal

# What Metal's own header and compiler bring: enough for the types that the kernels use.
PRELUDE = """\
#define kernel static
#define device
#define constant const
#define threadgroup
typedef unsigned int uint;
namespace metal {}
"""
FUNCTION = re.compile(r"kernel\s+void\s+(\w+)\s*\(([^{]*)\)\s*\{")
BUFFER = re.compile(r"^(.*?)\s*\*\s*(\w+)\s*\[\[buffer\((\d+)\)\]\]$")
POSITION = re.compile(r"^uint\s+\w+\s*\[\[thread_position_in_grid\]\]$")
ESCAPE = re.compile(r'\\(["\\nt])')


def unquote(literal):
    """A string as clang's tree prints it."""
    return ESCAPE.sub(lambda match: {"n": "\n", "t": "\t"}.get(match.group(1), match.group(1)), literal[1:-1])


def source():
    """The Metal Shading Language that the backend hands to the compiler, from the syntax tree."""
    for variable in metal.nodes(metal.syntax_tree(metal.BACKEND), "VarDecl"):
        if variable["name"] == "metal_source":
            return unquote(next(metal.nodes(variable, "StringLiteral"))["value"])
    raise SystemExit("the backend has no metal_source")


def parameters(text):
    """[(type, buffer index)] of a kernel; the last parameter must be its position."""
    parts = [re.sub(r"\s+", " ", part).strip() for part in text.split(",")]
    if not POSITION.match(parts[-1]):
        raise SystemExit(f"the last parameter is not the position: {parts[-1]}")
    result = []
    for part in parts[:-1]:
        match = BUFFER.match(part) or metal.sys.exit(f"no buffer with an index: {part}")
        result.append((match.group(1), int(match.group(3))))
    if sorted(index for _, index in result) != list(range(len(result))):
        raise SystemExit(f"the buffers are not numbered from 0: {text}")
    return result


def functions(text):
    return [(name, parameters(arguments)) for name, arguments in FUNCTION.findall(text)]


def caller(name, buffers):
    arguments = "".join(f"static_cast<{kind} *>(buffers[{index}]), " for kind, index in buffers)
    return f"static void run_{name}(void *const *buffers, unsigned i) {{\n\t{name}({arguments}i);\n}}\n"


def as_cpp(text):
    """One C++ file: the kernels, a function that calls each with bound buffers, the table of stand_in.h."""
    found = functions(text)
    quoted = "".join('\t"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"\n' for line in text.splitlines())
    rows = "".join(f'\t{{"{name}", {len(buffers)}, run_{name}}},\n' for name, buffers in found)
    return (PRELUDE + '#line 1 "program_source"\n' + text + '#line 1 "kernels.py"\n'
            + "".join(caller(name, buffers) for name, buffers in found)
            + 'extern "C" {\n#include "stand_in.h"\n'
            + f"const struct stand_in_kernel stand_in_kernels[] = {{\n{rows}}};\n"
            + f"const unsigned stand_in_kernel_count = {len(found)};\n"
            + f"const char stand_in_source[] =\n{quoted};\n}}\n")


def options(folder):
    """To compile it: strictly, and with a metal_stdlib of its own, empty."""
    with open(metal.os.path.join(folder, "metal_stdlib"), "w", encoding="utf-8"):
        pass
    return ["-std=c++14", "-x", "c++", "-nostdinc++", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-attributes",
            "-fno-sanitize=function,vptr", "-I", folder, "-I", metal.HERE]
