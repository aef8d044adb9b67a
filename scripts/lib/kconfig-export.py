#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write fragments in the form that a distribution's own kernel packaging takes.

	kconfig-export.py FORM BASE DIR <resolved.json

Standard input is what "kconfig-fragments.py resolve" prints: fragments in merge order,
each symbol with its reason and its value per architecture. Where a later fragment sets a
symbol again, the later one holds, as with merge_config.sh. "m or y" becomes m: these forms
have one value for a symbol. Nothing is written unless all of it can be.
"""
import json
import os
import sys
import tempfile

ARCHES = ("x86_64", "arm64")


def die(code, message):
    print(f"scripts/kconfig: {message}", file=sys.stderr)
    sys.exit(code)


def plain(value):
    return "m" if value == "m|y" else value


def line(symbol, value):
    if value == "n":
        return f"# CONFIG_{symbol} is not set"
    return f"CONFIG_{symbol}={value}"


def symbols(fragments):
    """symbol -> (values, reasons); values only for the architectures that have it."""
    merged = {}
    for fragment in fragments:
        for item in fragment["symbols"]:
            values, reasons = merged.setdefault(item["symbol"], ({}, []))
            values.update({a: plain(v) for a, v in item["values"].items()})
            if item["reason"] not in reasons:
                reasons.append(item["reason"])
    return merged


def common(values):
    """The value that all architectures have, or None."""
    if len(values) == len(ARCHES) and len(set(values.values())) == 1:
        return next(iter(values.values()))
    return None


def split(merged):
    """Lines for all architectures, and per architecture the rest, sorted as LC_ALL=C."""
    both, own = [], {a: [] for a in ARCHES}
    for symbol, (values, _) in merged.items():
        value = common(values)
        if value is not None:
            both.append(line(symbol, value))
        else:
            for arch, single in values.items():
                own[arch].append(line(symbol, single))
    return sorted(both), {a: sorted(lines) for a, lines in own.items()}


def text(lines):
    return "".join(f"{entry}\n" for entry in lines)


def ubuntu(fragments, base):
    """annotations, FORMAT 4: policy and note lines; "-" where a symbol is not there."""
    names = {"x86_64": "amd64", "arm64": "arm64"}
    lines = ["# Menu: HEADER", "# FORMAT: 4", "# ARCH: amd64 arm64", ""]
    for symbol, (values, reasons) in sorted(symbols(fragments).items()):
        policy = {names[a]: values.get(a, "-") for a in ARCHES}
        config = f"CONFIG_{symbol}"
        note = " ".join(reasons).replace("'", "").replace("<", "").replace(">", "")
        lines.append(f"{config:<47} policy<{policy!r}>")
        lines.append(f"{config:<47} note<'{note}'>")
        lines.append("")
    return {f"annotations-{base}": text(lines)}


def azurelinux3(fragments, base):
    """Its required-config JSON; an architecture without the symbol expects "n"."""
    configs = []
    for symbol, (values, reasons) in sorted(symbols(fragments).items()):
        configs.append({
            "name": f"CONFIG_{symbol}",
            "values": [{"architecture": a, "value": values[a]} for a in ARCHES if a in values],
            "justification": " ".join(reasons),
        })
    result = {"default": {"name": "default", "kernel_configs": configs}, "overrides": []}
    return {"azl3-os-required-kernel-configs.json": json.dumps(result, indent=2) + "\n"}


def flatcar(fragments, base):
    """Sorted lines for commonconfig and the two defconfigs."""
    both, own = split(symbols(fragments))
    return {f"commonconfig-{base}": text(both),
            f"amd64_defconfig-{base}": text(own["x86_64"]),
            f"arm64_defconfig-{base}": text(own["arm64"])}


def fedora(fragments, base):
    """kernel-local for all architectures; what differs, per architecture.

    Azure Linux 4 overwrites kernel-local, so the whole of each architecture is there too,
    by the name that it has for such a file.
    """
    both, own = split(symbols(fragments))
    names = {"x86_64": "x86_64", "arm64": "aarch64"}
    files = {"kernel-local": text(both)}
    for arch in ARCHES:
        files[f"kernel-local-{names[arch]}"] = text(own[arch])
        files[f"{base}-{names[arch]}-azl.config"] = text(sorted(both + own[arch]))
    return files


def debian(fragments, base):
    """Lines for debian/config: one file for all, one for each architecture's cloud flavour."""
    both, own = split(symbols(fragments))
    return {"config": text(both),
            "amd64/config.cloud-amd64": text(own["x86_64"]),
            "arm64/config.cloud-arm64": text(own["arm64"])}


def yocto(fragments, base):
    """One feature per fragment and, where they differ, one per architecture on top of it."""
    files = {}
    for fragment in fragments:
        name = fragment["name"]
        both, own = split(symbols([fragment]))
        head = f'define KFEATURE_DESCRIPTION "{fragment["title"]}"\n'
        head += "define KFEATURE_COMPATIBILITY all\n\n"
        needs = "".join(f"include {need}.scc\n" for need in fragment["needs"])
        files[f"{name}.scc"] = head + needs + f"kconf non-hardware {name}.cfg\n"
        files[f"{name}.cfg"] = text(both)
        for arch in ARCHES:
            needs = "".join(f"include {need}-{arch}.scc\n" for need in fragment["needs"])
            scc = head + needs + f"include {name}.scc\n"
            if own[arch]:
                files[f"{name}-{arch}.cfg"] = text(own[arch])
                scc += f"kconf non-hardware {name}-{arch}.cfg\n"
            files[f"{name}-{arch}.scc"] = scc
    return files


FORMS = {f.__name__: f for f in (ubuntu, azurelinux3, flatcar, fedora, debian, yocto)}


def write(folder, files):
    """Each file appears whole, by rename."""
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.rename(temporary, path)
        print(path)


def main():
    form, base, folder = sys.argv[1:4]
    if form not in FORMS:
        die(2, f"no export form '{form}': there are {' '.join(FORMS)}")
    fragments = json.load(sys.stdin)
    try:
        write(folder, FORMS[form](fragments, base))
    except OSError as error:
        die(3, f"{folder}: {error.strerror}")


if __name__ == "__main__":
    main()
