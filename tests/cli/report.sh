#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth report: real results on loopback become a page that is well formed and needs nothing
# beside it, a mail and a table; bad input leaves nothing behind.

# shellcheck disable=SC2317 # functions are called by name

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
server=
trap 'stop_server; rm -rf "$work"' EXIT

stop_server()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	server=
}

# check NAME COMMAND...
check()
{
	local name=$1 text
	shift
	if text=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$text"; fi
}

# Elements are closed in the order in which they were opened, ids are there once, nothing is
# fetched, no script runs, and each drawing is XML.
cat >"$work/page.py" <<'PY'
import html.parser, re, sys, xml.dom.minidom

VOID = {"meta", "br", "link", "img", "hr", "input"}
text = open(sys.argv[1], encoding="utf-8").read()

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids = [], set()
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert tag not in ("script", "iframe", "object"), tag
        assert not {"src", "href", "onload", "srcset"} & set(attrs), attrs
        assert attrs.get("id") not in self.ids or attrs.get("id") is None, attrs
        self.ids.add(attrs.get("id"))
        if tag not in VOID:
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:], self.getpos())
        self.open.pop()

page = Page()
page.feed(text)
page.close()
assert not page.open, page.open
assert "@import" not in text and "url(" not in text
drawings = re.findall(r"<svg.*?</svg>", text, re.S)
for svg in drawings:
    xml.dom.minidom.parseString(svg)
assert len(drawings) >= int(sys.argv[2]), len(drawings)
PY

# page NAME FILE DRAWINGS
page()
{
	if ! command -v python3 >/dev/null; then
		skip "$1" "python3 is missing"
	else
		check "$1" python3 "$work/page.py" "$2" "$3"
	fi
}

make_runs()
{
	local arm i port

	# Not by the redirection: that happens in the background, perhaps after the first look.
	: >"$work/server.out"
	"$azimuth" bench net --mode serve 127.0.0.1:0 >>"$work/server.out" 2>&1 &
	server=$!
	for ((i = 0; i < 600; i++)); do
		port=$(sed -nE 's/^serving .*port ([0-9]+).*/\1/p' "$work/server.out")
		[ -z "$port" ] || break
		sleep 0.05
	done
	mkdir "$work/old" "$work/new"
	for i in 1 2; do
		for arm in old new; do
			"$azimuth" bench net --mode rtt "127.0.0.1:$port" --count 500 --size 64 \
				--json "$work/$arm/$i.json" >/dev/null 2>>"$work/bench.err" || true
		done
	done
	stop_server
}

make_runs
if [ ! -s "$work/new/2.json" ]; then
	skip "reports of real runs" "no round trips on loopback: $(tail -n 1 "$work/bench.err")"
	tap_done
fi

check "a page of one run" "$azimuth" report "$work/old/1.json" -o "$work/one.html"
page "the page of one run is well formed" "$work/one.html" 3
check "a page of two arms" "$azimuth" report "$work/old" "$work/new" -o "$work/two.html"
page "the page of two arms is well formed" "$work/two.html" 4
check "the title names the arms" grep -q '<h1>new against old</h1>' "$work/two.html"
"$azimuth" report "$work/old" "$work/new" -o - >"$work/again.html"
check "the same input makes the same page" cmp "$work/two.html" "$work/again.html"
check "a mail" "$azimuth" report "$work/old" "$work/new" -f md -o "$work/mail.md"
check "no line of it is longer than 80 columns" \
	bash -c "! grep -E '^.{81}' '$work/mail.md'"
"$azimuth" report "$work/old" "$work/new" -f csv >"$work/table.csv"
check "the table has the median of each run" \
	test "$(grep -c ',rtt_p50,ns,lower,' "$work/table.csv")" = 4

"$azimuth" compare "$work/old" "$work/new" --json "$work/compare.json" >/dev/null 2>&1 || true
if [ -s "$work/compare.json" ]; then
	check "a comparison" "$azimuth" report "$work/compare.json" -o "$work/compare.html"
	page "its page is well formed" "$work/compare.html" 0
	check "a comparison with its runs" "$azimuth" report "$work/compare.json" "$work/old" \
		"$work/new" -o "$work/both.html"
	page "that page is well formed" "$work/both.html" 4
else
	not_ok "azimuth compare writes its comparison"
fi

# What a result says ends up as text, whatever it says.
evil="\"'</style><script>alert(1)</script><img src=x>&amp;"$'\e[2J'
cat >"$work/evil.py" <<'PY'
import json, sys
doc = json.load(open(sys.argv[1])); evil = sys.argv[3]
doc["benchmark"] = evil
doc["config"][evil] = evil
doc["env"]["cmdline"] = evil
doc["env"][evil] = {evil: evil}
doc["counts"][evil] = 1
doc["metrics"][0]["name"] = evil
doc["marks"] = [{"t_ns": 5, "kind": "path", "text": evil + " -> " + evil}]
doc["timeline"] = {"interval_ns": 10, "slots": [[1, 0, 5, 5, 5]]}
hist = doc["histograms"]["rtt"]
doc["histograms"] = {evil: hist, "stage_" + evil: hist}
doc["stages"] = ["stage_" + evil]
doc["error"], doc["end"] = evil, "error"
json.dump(doc, open(sys.argv[2], "w"))
PY
if python3 "$work/evil.py" "$work/old/1.json" "$work/evil.json" "$evil" 2>/dev/null; then
	check "a hostile result" "$azimuth" report --arm "<b>=$work/evil.json" -o "$work/evil.html"
	page "its page is well formed and runs nothing" "$work/evil.html" 3
else
	skip "a hostile result" "python3 is missing"
fi

refuses "no result" 2 'results are missing' "$azimuth" report
refuses "a file that is not there" 2 'nowhere.json' "$azimuth" report "$work/nowhere.json"
head -c 200 "$work/old/1.json" >"$work/cut.json"
refuses "a file that was cut off" 2 'cut.json: line' "$azimuth" report "$work/cut.json"
refuses "one good and one bad" 2 'cut.json' "$azimuth" report "$work/old" "$work/cut.json"
sed 's/"schema": *1/"schema": 9/' "$work/old/1.json" >"$work/schema.json"
refuses "a later schema" 2 'schema 1 is wanted' "$azimuth" report "$work/schema.json"
refuses "an unknown format" 2 "'pdf'" "$azimuth" report -f pdf "$work/old"
refuses "an arm without a name" 2 'NAME=PATH' "$azimuth" report --arm "$work/old"
refuses "a place that cannot be written" 3 'cannot create' \
	"$azimuth" report "$work/old" -o "$work/no/where.html"
full_disk()
{
	"$azimuth" report "$work/old" -o - >/dev/full
}
export -f full_disk
export azimuth work
refuses "a full disk" 3 'standard output' bash -c full_disk

tap_done
