#!/usr/bin/env python3
"""check_names.py: everything of Metal that the Metal backend uses exists, with these types. What is used comes from clang's
syntax tree and from the tokens of the file; what exists from a list of facts ($AGXTRIAGE_MACOS). A wrong declaration of ours
would hide a wrong call, so the declarations are compared as well, and those that nobody uses are reported."""

import re
import sys

import metal

HEADER = metal.os.path.join(metal.HERE, "include", "Metal", "Metal.h")
# The list has methods and enums. These are all that is used besides; both functions give a reference to the caller.
OWNED = " __attribute__((ns_returns_retained))"
FUNCTIONS = {"MTLCreateSystemDefaultDevice": "id<MTLDevice> (void)" + OWNED, "MTLCopyAllDevices": "NSArray *(void)" + OWNED}
CONSTANTS = {"MTLCommandBufferErrorDomain": "NSString *const"}
NAME = re.compile(r"\bMTL\w+")
PROTOCOL = re.compile(r"^id<(MTL\w+)>$")
# { 3, "MTLCommandBufferErrorPageFault" } of the backend's table.
NUMBERED = re.compile(r'\{\s*(\d+),\s*"(MTLCommandBufferError\w*)"\s*\}')


def facts():
    methods = {(row[0], row[1]): (row[2], row[3] if len(row) > 3 else "") for row in metal.table("metal-methods.tsv")}
    enums = {(row[0], row[1]): row[2] for row in metal.table("metal-enums.tsv")}
    return methods, enums


def parents(tree):
    """Protocol: the ones it inherits from, of Metal."""
    result = {}
    for node in metal.nodes(tree, "ObjCProtocolDecl"):
        if "inner" in node or node.get("protocols"):
            result[node["name"]] = [p["name"] for p in node.get("protocols", []) if p["name"].startswith("MTL")]
    return result


def owner(protocol, selector, above, methods):
    """The protocol that has the method, according to the facts."""
    for candidate in [protocol, *above.get(protocol, [])]:
        if (candidate, selector) in methods:
            return candidate
    return None


def calls(tree):
    """(type of the receiver, selector) of each message in the file."""
    for node in metal.nodes(tree, "ObjCMessageExpr"):
        kind = node["receiverKind"]
        receiver = node["inner"][0]["type"]["qualType"] if kind == "instance" else node["classType"]["qualType"]
        yield receiver, node["selector"]


def check_calls(tree, methods, used):
    above = parents(tree)
    for receiver, selector in calls(tree):
        match = PROTOCOL.match(receiver)
        if match:
            protocol = owner(match.group(1), selector, above, methods)
            if protocol:
                used.add((protocol, selector))
            else:
                yield f"{receiver} has no method {selector}"
        elif "MTL" in receiver or receiver == "id":
            yield f"{selector} is sent to {receiver}, of which nothing is known"


def our_type(fact):
    """A type of the list (C++) as we declare it (Objective-C)."""
    fact = re.sub(r"^const ", "", fact.strip())
    if fact in ("void", "NSUInteger", "void*"):
        return {"void*": "void *"}.get(fact, fact)
    if fact == "NSError**":
        return "NSError **"
    if fact == "CompileOptions*":
        return "MTLCompileOptions *"
    if fact.startswith("NS"):
        return fact.replace("*", " *")
    return f"id<MTL{fact[:-1]}>" if fact.endswith("*") else "MTL" + fact


def plain(our):
    """A type as clang prints it, without what ARC adds."""
    return re.sub(r"\b(__autoreleasing|__strong)( |$)", "", our).replace("* *", "**").strip()


def check_declarations(tree, methods, used):
    for protocol in metal.nodes(tree, "ObjCProtocolDecl"):
        if not protocol["name"].startswith("MTL"):
            continue
        for method in metal.nodes(protocol, "ObjCMethodDecl"):
            key = (protocol["name"], method["name"])
            where = f"-[{key[0]} {key[1]}]"
            if key not in methods:
                yield f"{where} is declared and does not exist"
                continue
            if key not in used:
                yield f"{where} is declared and not used"
            returns, parameters = methods[key]
            wanted = [our_type(returns)] + [our_type(p.rsplit(" ", 1)[0]) for p in parameters.split(", ") if p]
            found = [method["returnType"]["qualType"]]
            found += [p["type"]["qualType"] for p in method.get("inner", []) if p["kind"] == "ParmVarDecl"]
            if [plain(t) for t in found] != wanted:
                yield f"{where} is declared with {found}, the list has {wanted}"


def check_constants(tree, enums):
    values = {name: value for (_, name), value in enums.items()}
    for constant in metal.nodes(tree, "EnumConstantDecl"):
        if not constant["name"].startswith("MTL"):
            continue
        literal = next(metal.nodes(constant, "ConstantExpr"), {}).get("value")
        if constant["name"] not in values:
            yield f"{constant['name']} does not exist"
        elif literal != values[constant["name"]]:
            yield f"{constant['name']} is declared as {literal}, the list has {values[constant['name']]}"


def check_functions(tree):
    found = {n["name"]: n["type"]["qualType"] for n in metal.nodes(tree, "FunctionDecl") if n["name"].startswith("MTL")}
    if found != FUNCTIONS:
        yield f"functions: declared {found}, wanted {FUNCTIONS}"
    found = {n["name"]: n["type"]["qualType"] for n in metal.nodes(tree, "VarDecl") if n["name"].startswith("MTL")}
    if {n: plain(t) for n, t in found.items()} != CONSTANTS:
        yield f"constants: declared {found}, wanted {CONSTANTS}"


def check_names(text, methods, enums):
    """In code, texts and comments alike."""
    known = {name for key in methods for name in key[:1]} | {name for key in enums for name in key}
    known |= set(FUNCTIONS) | set(CONSTANTS)
    # Structures stand in the list where a method takes one: "Size threadsPerGrid".
    known |= {"MTL" + p.split()[-2] for _, parameters in methods.values() for p in parameters.split(", ") if " " in p}
    for name in sorted(set(NAME.findall(text)) - known):
        yield f"{name} is in no list"


def check_error_table(text, enums):
    """Each code has a name, and each name its code."""
    ours = [(code, name) for code, name in NUMBERED.findall(text)]
    theirs = {(value, name) for (enum, name), value in enums.items() if enum == "MTLCommandBufferError"}
    for row in ours:
        if row not in theirs:
            yield f"error table: {row} is in no list"
    for code, name in sorted(theirs):
        if code not in [row[0] for row in ours]:
            yield f"error table: {name} ({code}) is missing"


def main():
    methods, enums = facts()
    with open(metal.BACKEND, encoding="utf-8") as file:
        text = file.read()
    tree = metal.syntax_tree(metal.BACKEND)
    used = set()
    faults = [*check_calls(tree, methods, used), *check_declarations(tree, methods, used),
              *check_constants(tree, enums), *check_functions(tree), *check_names(text, methods, enums),
              *check_error_table(text, enums)]
    for fault in faults:
        print(fault)
    print(f"{len(used)} methods of Metal are used, {len(faults)} findings")
    return 1 if faults or not used else 0


if __name__ == "__main__":
    sys.exit(main())
