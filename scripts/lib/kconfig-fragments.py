#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Read configs/*.fragment and give what scripts/kconfig asks for.

A fragment is text that people edit; Documentation/kconfig.md has the grammar. This
program knows nothing of Kconfig: what a symbol is, needs and becomes is answered by the
kernel's own library (scripts/lib/kconfig-explain.c).
"""
import argparse
import collections
import gzip
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ARCHES = ("x86_64", "arm64")
VALUE = re.compile(r'([A-Z0-9_]+)=(y|m\|y|m|n|-?[0-9]+|0x[0-9a-fA-F]+|"[^"]*")((?:\s+@\S+)*)$')

Entry = collections.namedtuple("Entry", "symbol value terms reason fragment place")
Fragment = collections.namedtuple("Fragment", "name title needs entries")


def die(code, message):
    print(f"scripts/kconfig: {message}", file=sys.stderr)
    sys.exit(code)


def bases():
    """The bases of the queue, oldest first."""
    names = [f[7:] for f in os.listdir(os.path.join(ROOT, "patches")) if f.startswith("series-")]
    return sorted(names, key=lambda v: [int(p) for p in v.split(".")])


def fragment_path(name):
    if "/" in name:
        return name
    return os.path.join(ROOT, "configs", name + ".fragment")


def place_of(path, number):
    """FILE:LINE, relative to the repository where it lies in it."""
    full = os.path.abspath(path)
    if full.startswith(ROOT + "/"):
        full = full[len(ROOT) + 1:]
    return f"{full}:{number}"


def parse_terms(text, where):
    terms = [t[1:] for t in text.split()]
    for term in terms:
        if term not in ARCHES and term not in bases():
            die(2, f"{where}: '@{term}' is no base or architecture: "
                   f"{' '.join((*bases(), *ARCHES))}")
    return tuple(terms)


def flush(group, reason, fragment, where):
    """Gives the value lines of @group their reason."""
    if group and not reason:
        die(2, f"{where}: {group[-1][0]} has no reason: an indented line below it says why")
    text = " ".join(reason)
    return [Entry(s, v, t, text, fragment, p) for s, v, t, p in group]


def parse(name):
    path = fragment_path(name)
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError as error:
        known = " ".join(names())
        die(2, f"no fragment '{name}' ({error.strerror}): there are: {known}")
    title, needs, entries, group, reason = "", [], [], [], []
    short = os.path.basename(path).removesuffix(".fragment")
    for number, line in enumerate(lines, 1):
        where = place_of(path, number)
        match = VALUE.match(line)
        if line.startswith("\t") and line.strip():
            if not group:
                die(2, f"{where}: a reason without a symbol above it")
            reason.append(line.strip())
        elif match:
            if reason:
                entries += flush(group, reason, short, where)
                group, reason = [], []
            group.append((match[1], match[2], parse_terms(match[3], where), where))
        elif line.startswith("title "):
            title = line[6:].strip()
        elif line.startswith("needs "):
            needs = line[6:].split()
        elif line.strip() and not line.startswith("#"):
            die(2, f"{where}: '{line}': wanted SYMBOL=VALUE [@base] [@arch], "
                   "an indented reason, title, needs or # comment")
    entries += flush(group, reason, short, place_of(path, len(lines)))
    if not title:
        die(2, f"{path}: no title line")
    return Fragment(short, title, needs, entries)


def names():
    folder = os.path.join(ROOT, "configs")
    return sorted(f[:-9] for f in os.listdir(folder) if f.endswith(".fragment"))


def closure(wanted):
    """The fragments of @wanted after all that they need, each once."""
    done, order = set(), []

    def visit(name, way):
        if name in way:
            die(2, f"fragments need each other: {' '.join((*way, name))}")
        if name in done:
            return
        fragment = parse(name)
        for other in fragment.needs:
            visit(other, (*way, name))
        done.add(name)
        order.append((name, fragment))

    for name in wanted:
        visit(name, ())
    return order


def resolve(fragment, base, arch):
    """The entry of each symbol that holds for this base and architecture.

    The line with the most terms wins; two that are equally precise are a mistake.
    """
    best = {}
    for entry in fragment.entries:
        if any(t not in (base, arch) for t in entry.terms):
            continue
        other = best.get(entry.symbol)
        if other and len(other.terms) == len(entry.terms):
            die(2, f"{entry.place}: {entry.symbol} is already given at {other.place} "
                   f"for {base} {arch}")
        if not other or len(other.terms) < len(entry.terms):
            best[entry.symbol] = entry
    return list(best.values())


def config_line(symbol, value):
    if value == "n":
        return f"# CONFIG_{symbol} is not set"
    return f"CONFIG_{symbol}={value}"


def cmd_list(args):
    for name in names():
        fragment = parse(name)
        needs = f"  (needs {' '.join(fragment.needs)})" if fragment.needs else ""
        print(f"{name:18s} {fragment.title}{needs}")


def cmd_closure(args):
    for name, _ in closure(args.fragments):
        print(name)


def cmd_emit(args):
    """The lines for merge_config.sh. m|y keeps what --config or a fragment before says."""
    have = settings(read_config(args.config), "") if args.config else {}
    for _, fragment in closure(args.fragments):
        show = not args.only or fragment.name == args.only
        entries = resolve(fragment, args.base, args.arch)
        if show:
            print(f"# {fragment.title}: configs/{fragment.name}.fragment "
                  f"for {args.base} {args.arch}")
        for entry in entries:
            value = entry.value
            if value == "m|y":
                value = "y" if have.get(entry.symbol, ("m",))[0] == "y" else "m"
            have[entry.symbol] = (value, "")
            if show:
                print(config_line(entry.symbol, value))


def cmd_resolve(args):
    """JSON for the exporters: each symbol of each fragment with its values."""
    result = []
    for _, fragment in closure(args.fragments):
        found = {}
        for arch in ARCHES:
            for entry in resolve(fragment, args.base, arch):
                item = found.setdefault(entry.symbol, {
                    "symbol": entry.symbol, "reason": entry.reason, "values": {}})
                item["values"][arch] = entry.value
        result.append({"name": fragment.name, "title": fragment.title,
                       "needs": [os.path.basename(n).removesuffix(".fragment")
                                 for n in fragment.needs],
                       "symbols": list(found.values())})
    json.dump(result, sys.stdout)


def requests(args):
    """(fragment entry) list in merge order."""
    return [e for _, f in closure(args.fragments) for e in resolve(f, args.base, args.arch)]


def cmd_requests(args):
    seen = set()
    for entry in requests(args):
        sign = ">=" if args.at_least or entry.value == "m|y" else "="
        line = entry.symbol + ("?" if args.exists else sign + wanted_value(entry))
        if line not in seen:
            seen.add(line)
            print(line)


def wanted_value(entry):
    """The least value that is good."""
    return "m" if entry.value == "m|y" else entry.value


def read_config(path):
    """The lines of a .config, also of a compressed one."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return data.decode("utf-8", "replace").splitlines()
    except (OSError, EOFError) as error:
        die(3, f"{path}: cannot be read: {error}")


def settings(lines, label):
    """symbol -> (value, FILE:LINE), the last one wins."""
    found = {}
    for number, line in enumerate(lines, 1):
        match = re.match(r"CONFIG_(\w+)=(.*)$", line)
        unset = re.match(r"# CONFIG_(\w+) is not set$", line)
        if match:
            found[match[1]] = (match[2], f"{label}:{number}")
        elif unset:
            found[unset[1]] = ("n", f"{label}:{number}")
    return found


def read_answers(file):
    """symbol, wanted -> (got, kind, where, [(depth, text)], [(symbol, value, state)])."""
    answers, last = {}, None
    for line in file:
        field = line.rstrip("\n").split("\t")
        if field[0] == "bad":
            last = (field[3], field[4], field[5], [], [])
            answers[field[1], field[2]] = last
        elif field[0] == "why" and last:
            last[3].append((int(field[1]), "\t".join(field[2:])))
        elif field[0] == "blame" and last:
            last[4].append(tuple(field[1:4]))
            last[3].append((-1, field[1]))
        elif field[0] == "ok":
            last = None
    return answers


def tool_hint(symbol):
    """What to do about symbols that a program of the build machine decides."""
    if symbol == "PAHOLE_VERSION":
        return "decided by the build machine: install a newer pahole (Debian: dwarves)"
    if re.match(r"(CC|AS|LD|GCC|CLANG|LLD|RUSTC?|TOOLS|PAHOLE)_", symbol):
        return "decided by the compiler and the tools of the build machine"
    return ""


def explanation(answer, sources, provenance):
    """Lines that explain one answer; a blamed symbol is followed by who set it."""
    text, depth = [], 1
    for level, line in answer[3]:
        if level >= 0:
            depth = level
            text.append("    " * depth + line)
            continue
        hint = tool_hint(line)
        if line in provenance:
            value, place = provenance[line]
            text.append("    " * (depth + 1) + f"set to {value} at {place}")
        elif line in sources:
            value, place = sources[line]
            text.append("    " * (depth + 1) + f"set to {value} at {place}")
        elif hint:
            text.append("    " * (depth + 1) + hint)
        text.append("    " * depth + f"to blame: {line}")
    return text


KINDS = {
    "missing": "does not exist in {base} for {arch}",
    "transitional": "is gone from {base}: only read from old configs",
    "type": "wanted {want}, is {got}",
    "absent": "wanted {want}, is absent",
    "demoted": "demoted: wanted {want}, is {got}",
    "forced": "changed: wanted {want}, is {got}",
    "range": "wanted {want}, out of range, is {got}",
    "differs": "wanted {want}, is {got}",
}


def cmd_report(args):
    """Print each request that does not hold and why; exit 1 when there is one."""
    wanted = requests(args)
    sources = settings(read_config(args.config), args.label or args.config)
    provenance = {}
    if args.merged:
        provenance = {e.symbol: (wanted_value(e), e.place) for e in wanted}
    answers = read_answers(sys.stdin)
    failed, blamed = 0, collections.Counter()
    for entry in wanted:
        answer = answers.get((entry.symbol, "?" if args.exists else wanted_value(entry)))
        if not answer:
            continue
        failed += 1
        what = KINDS[answer[1]].format(base=args.base, arch=args.arch, want=entry.value.replace("|", " or "),
                                       got=answer[0])
        where = f" ({answer[2]})" if answer[2] != "-" else ""
        print(f"{entry.place}: {entry.symbol} {what}{where}")
        over = provenance.get(entry.symbol)
        if over and over[1] != entry.place:
            print(f"    overridden: set to {over[0]} at {over[1]}")
        for line in explanation(answer, sources, provenance):
            print(line)
        print(f"    asked for because: {entry.reason}")
        blamed.update({b[0] for b in answer[4]} or {entry.symbol})
    total = len(wanted)
    label = f"{args.base} {args.arch}"
    if failed:
        blame = ", ".join(f"{s} ({n})" if n > 1 else s for s, n in blamed.most_common(8))
        print(f"{label}: {failed} of {total} requests do not hold; to blame: {blame}")
        sys.exit(1)
    print(f"{label}: all {total} requests hold")


def cmd_compare(args):
    """audit without a kernel source: text against text."""
    config = settings(read_config(args.config), args.config)
    lacking = 0
    for entry in requests(args):
        value = config.get(entry.symbol, ("n", ""))[0]
        if value == entry.value or (wanted_value(entry) == "m" and value in ("m", "y")):
            continue
        lacking += 1
        print(f"{entry.place}: {entry.symbol} wanted {entry.value}, is {value}")
        print(f"    asked for because: {entry.reason}")
    if lacking:
        print(f"{args.config}: lacks {lacking}")
        sys.exit(1)
    print(f"{args.config}: all {len(requests(args))} requests hold")


def cmd_identify(args):
    """BASE-or-version and architecture from the header of a .config."""
    text = "\n".join(read_config(args.config)[:400])
    match = re.search(r"^# Linux/(\S+) (\d+\.\d+)\S* Kernel Configuration", text, re.M)
    if not match:
        die(2, f"{args.config}: no line '# Linux/ARCH VERSION Kernel Configuration': "
               "name them with --base and --arch")
    print(match[2], "x86_64" if match[1] in ("x86", "x86_64") else match[1])


def main():
    parser = argparse.ArgumentParser()
    commands = {k[4:]: v for k, v in globals().items() if k.startswith("cmd_")}
    parser.add_argument("command", choices=sorted(commands))
    parser.add_argument("--base")
    parser.add_argument("--arch")
    parser.add_argument("--only")
    parser.add_argument("--config")
    parser.add_argument("--label")
    parser.add_argument("--merged", action="store_true")
    parser.add_argument("--at-least", action="store_true")
    parser.add_argument("--exists", action="store_true")
    parser.add_argument("fragments", nargs="*")
    args = parser.parse_intermixed_args()
    commands[args.command](args)


if __name__ == "__main__":
    main()
