#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/queue on a small queue and small kernel trees: list, apply, status,
# check --quick, rebase, prove. Needs neither a kernel nor the network.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
# shellcheck source-path=SCRIPTDIR source=queue.bash
. tests/cli/queue.bash

new_repo
queue=$repo/scripts/queue

refuses "unknown command" 2 'dance' "$queue" dance
refuses "apply: unknown base" 2 "unknown base '5.4'.*6.12" "$queue" apply 5.4 "$base"
refuses "apply: no such tree" 2 'no such directory' "$queue" apply 6.12 "$work/none"
refuses "status: no kernel tree" 2 'not a kernel tree' "$queue" status "$repo"
refuses "prove: unknown patch" 2 "no patch 'vmbus/none'" "$queue" prove vmbus/none
refuses "prove: --from nowhere" 2 'directory' "$queue" prove --from "$work/none" all
refuses "rebase: its own base" 2 'is 6.12 itself' "$queue" rebase 6.12 "$base"
refuses "build: no base" 2 'build wants BASE' "$queue" build
says "list" '^6.12: 3 patches' 0 "$queue" list

# ---- apply -----------------------------------------------------------------

cp -r "$base" "$work/linux"
git -C "$work/linux" init -q
git -C "$work/linux" add -A
git -C "$work/linux" -c user.name=t -c user.email=t@example.com commit -qm tree
before=$(state "$work/linux")
says "apply: all" '3 patches applied' 0 "$queue" apply 6.12 "$work/linux"
same "apply: the result is right" "$(cat "$work/linux/drivers/hv/a.c")" "$(cat "$work/edit/drivers/hv/a.c")"
says "status: the whole queue is there, a later patch hides none" '^already there +vmbus/ten.patch' 0 \
	"$queue" status "$work/linux"
refuses "apply: a dirty tree" 2 'has changes' "$queue" apply 6.12 "$work/linux"
git -C "$work/linux" checkout -q .
sed -i 's/^line 12$/other/' "$work/linux/drivers/hv/a.c"
git -C "$work/linux" -c user.name=t -c user.email=t@example.com commit -qam other
conflicting=$(state "$work/linux")
says "apply: the third conflicts" 'is as it was' 1 "$queue" apply 6.12 "$work/linux"
same "apply: then nothing of the others is there" "$(state "$work/linux")" "$conflicting"
git -C "$work/linux" reset -q --hard HEAD~

mkdir "$work/bin" "$work/lacks"
ln -s /usr/bin/* /bin/* "$work/lacks/" 2>/dev/null || true
rm "$work/lacks/patch"
refuses "apply: no patch(1)" 3 'patch' env PATH="$work/lacks" "$queue" apply 6.12 "$work/linux"
same "apply: no patch(1): the tree is as before" "$(state "$work/linux")" "$before"
refuses "status: no patch(1)" 3 'patch' env PATH="$work/lacks" "$queue" status "$base"

# A patch(1) that interrupts its caller the second time.
cat >"$work/bin/patch" <<END
#!/bin/sh
echo >>"$work/calls"
[ "\$(grep -c '' "$work/calls")" != "\$INTERRUPT_AT" ] || kill -INT "\$PPID" "\$(ps -o ppid= -p \$PPID)" 2>/dev/null
exec $(command -v patch) "\$@"
END
chmod +x "$work/bin/patch"

# interrupted NAME AT COMMAND...: is ended by the interrupt, with nothing left behind
interrupted()
{
	local name=$1 at=$2 rc=0
	shift 2

	rm -f "$work/calls"
	# What a shell started in the background ignores SIGINT, and bash cannot undo that.
	INTERRUPT_AT=$at PATH=$work/bin:$PATH env --default-signal=INT "$@" >/dev/null 2>&1 </dev/null || rc=$?
	same "$name: ends with 130" "$rc" 130
	same "$name: no scratch directory is left" "$(find "$repo/out/kernel" -name '.tmp.*')" ''
}

interrupted "apply: interrupted" 2 "$queue" apply 6.12 "$work/linux"
same "apply: interrupted: the tree is as before" "$(state "$work/linux")" "$before"

# ---- status ----------------------------------------------------------------

says "status: applies" '^applies +netvsc/thirty.patch' 0 "$queue" status "$base"
sed 's/^line 10$/ten/; s/^line 30$/thirty/' "$base/drivers/hv/a.c" >"$work/linux/drivers/hv/a.c"
says "status: already there" '^already there +vmbus/ten.patch' 1 "$queue" status "$work/linux"
says "status: half of it there" '^conflicts +netvsc/thirty.patch' 1 "$queue" status "$work/linux"
says "status: says where" '^ +drivers/hv/a.c: hunk #1 at line 27' 1 "$queue" status "$work/linux"
says "status: says what of it is there" '^ +drivers/hv/a.c: hunk #1 .*already there' 1 \
	"$queue" status "$work/linux"
tree "$work/linux-6.18" 6 18
says "status: another version" 'has no series; trying that of 6.12' 0 "$queue" status "$work/linux-6.18"

# ---- check -----------------------------------------------------------------

says "check: good" 'the queue is good' 0 "$queue" check --quick
says "check: tolerance is good" '^ok +vmbus/twelve.patch: message' 0 "$queue" check --quick

# bad NAME SED REGEX: what check says of a patch that was edited
bad()
{
	cp "$repo/patches/netvsc/thirty.patch" "$work/kept"
	sed -i -e "$2" "$repo/patches/netvsc/thirty.patch"
	says "check: $1" "^FAIL netvsc/thirty.patch: .*$3" 1 "$queue" check --quick
	cp "$work/kept" "$repo/patches/netvsc/thirty.patch"
}
bad "another id" 's/^Azimuth-id: .*/Azimuth-id: netvsc\/other/' 'Azimuth-id'
bad "two risks" 's/^Azimuth-risk: .*/&\n&/' "2 trailers 'Azimuth-risk"
bad "an unknown risk" 's/^Azimuth-risk: low/Azimuth-risk: none/' 'Azimuth-risk'
bad "a metric without mode" 's/, nested)/)/' 'Azimuth-metric'
bad "a tolerance without sign" 's/ok (6/ok within 5 (6/' 'Azimuth-metric'
bad "an unknown base" 's/(6.12, /(5.4, /' 'Azimuth-metric'
bad "no sign-off" '/^Signed-off-by/d' 'Signed-off-by'
bad "no evidence" '/^Azimuth-evidence/d' 'Azimuth-evidence'
bad "a full stop in the subject" 's/^Subject: .*/&./' 'subject'
bad "merged, but which commit?" 's/^Patch-mainline: .*/Patch-mainline: v6.13/' "no trailer 'Git-commit"
bad "a short commit" 's/^Patch-mainline: .*/Patch-mainline: v6.13\nGit-commit: 1a2b3c/' 'Git-commit'
bad "other context" 's/^ line 31$/ line 3x/' 'git apply refuses'
says "check: a file in no series" '^FAIL vmbus/stray.patch' 1 \
	bash -c "cp '$repo/patches/vmbus/ten.patch' '$repo/patches/vmbus/stray.patch'; '$queue' check --quick"
rm "$repo/patches/vmbus/stray.patch"

# ---- rebase ----------------------------------------------------------------

tree "$work/linux-7.3" 7 3
sed -i 's/^line 28$/line 28a/' "$work/linux-7.3/drivers/hv/a.c"
kernel=$(state "$work/linux-7.3")
queue_before=$(state "$repo/patches")
interrupted "rebase: interrupted" 2 "$queue" rebase 6.12 "$work/linux-7.3"
same "rebase: interrupted: the queue is as before" "$(state "$repo/patches")" "$queue_before"
says "rebase: new context" '^refreshed +netvsc/thirty.patch' 0 "$queue" rebase 6.12 "$work/linux-7.3"
same "rebase: the series has the variant" "$(cat "$repo/patches/series-7.3")" "# fixes
vmbus/ten.patch
netvsc/thirty-7.3.patch
# latency
vmbus/twelve.patch"
same "rebase: the message is kept" "$(sed '/^---$/q' "$repo/patches/netvsc/thirty-7.3.patch")" \
	"$(sed '/^---$/q' "$repo/patches/netvsc/thirty.patch")"
same "rebase: the tree is untouched" "$(state "$work/linux-7.3")" "$kernel"
says "rebase: the variant applies" '3 patches applied' 0 "$queue" apply 7.3 "$work/linux-7.3"
same "rebase: and does what the patch did" "$(sed 's/^line 28a$/line 28/' "$work/linux-7.3/drivers/hv/a.c")" \
	"$(cat "$work/edit/drivers/hv/a.c")"
refuses "rebase: the series is there" 2 'series-7.3 is already there' "$queue" rebase 6.12 "$work/linux-7.3"

tree "$work/linux-7.4" 7 4
sed -i 's/^line 12$/twelve/' "$work/linux-7.4/drivers/hv/a.c"
says "rebase: merged upstream" '^already there +vmbus/twelve.patch' 0 "$queue" rebase 6.12 "$work/linux-7.4"
same "rebase: what is merged is left out" "$(grep -c twelve "$repo/patches/series-7.4")" 0

tree "$work/linux-7.5" 7 5
sed -i 's/^line 50$/another/' "$work/linux-7.5/drivers/hv/a.c"
queue_before=$(state "$repo/patches")
says "rebase: a conflict" '^ +drivers/hv/a.c: at line 50' 1 "$queue" rebase 6.12 "$work/linux-7.5"
same "rebase: a conflict: nothing is written" "$(state "$repo/patches")" "$queue_before"
sed 's/^\( line 4[789]\)$/\1/; s/^-line 50$/-another/' "$repo/patches/netvsc/thirty.patch" \
	>"$repo/patches/netvsc/thirty-7.5.patch"
says "rebase: a variant for it" '^variant +netvsc/thirty-7.5.patch' 0 "$queue" rebase 6.12 "$work/linux-7.5"
says "rebase: its series names it" '^ +netvsc/thirty ' 0 "$queue" list 7.5
new_repo

# ---- export ----------------------------------------------------------------

refuses "export: no arguments" 2 'export wants FORM BASE DIR' "$queue" export
refuses "export: unknown form" 2 "unknown form 'tar'.*debian" "$queue" export tar 6.12 "$work/out"
refuses "export: unknown base" 2 "unknown base '5.4'" "$queue" export series 5.4 "$work/out"
refuses "export: no such directory" 2 'no such directory' "$queue" export series 6.12 "$work/none/out"
refuses "export: something is there" 2 'already there' "$queue" export series 6.12 "$repo"
refuses "export: a file is there" 2 'already there' "$queue" export series 6.12 "$repo/scripts/queue"
refuses "export: no source for what needs one" 3 'no source of 6.12' \
	env -u KSRC "$queue" export fedora 6.12 "$work/out"
says "export: half of it fails" 'no configs|cannot|No such|no fragment' '[1-3]' "$queue" export debian 6.12 "$work/out"
same "export: then nothing is written" "$(find "$work" -maxdepth 1 -name out -o -maxdepth 1 -name '.azimuth-export*')" ''
mkdir "$work/out"
says "export: into an empty directory" 'series of queue' 0 "$queue" export series 6.12 "$work/out"
same "export: names as git gives them" "$(cat "$work/out/series")" "0001-hv-change-ten.patch
0002-hv-change-thirty.patch
0003-hv-change-twelve.patch"
rm -rf "$work/out"

# ---- prove -----------------------------------------------------------------

# lab_run ARM OUTCOME OK [LINE]: what the lab leaves of a run of scenario thirty
lab_run()
{
	mkdir -p "$work/runs/thirty.$1.1"
	printf '{"scenario":"thirty","arm":"%s","mode":"nested","outcome":"%s","ok":%s}\n' "$1" "$2" "$3" \
		>"$work/runs/thirty.$1.1/status.json"
	printf '1..1\r\n%s\r\n' "${4:-ok 1 - x}" >"$work/runs/thirty.$1.1/results.txt"
}

prove=("$queue" prove --from "$work/runs")
lab_run stock hang true "# metric thirty_kib 98 KiB"
lab_run patched ok true "# metric thirty_kib 51 KiB"
says "prove: an outcome" '^ok +netvsc/thirty.patch: thirty hang -> ok' 0 "${prove[@]}" netvsc/thirty
says "prove: a figure within its tolerance" '^ok +vmbus/twelve.patch: thirty_kib 98 KiB -> 51 KiB' 0 \
	"${prove[@]}" vmbus/twelve
lab_run patched ok true "# metric thirty_kib 53 KiB"
says "prove: a figure out of its tolerance" '^FAIL vmbus/twelve.patch: thirty_kib: the patch says 100 KiB' 1 \
	"${prove[@]}" vmbus/twelve
lab_run patched ok true "# metric thirty_kib 51 MiB"
says "prove: another unit" '^FAIL vmbus/twelve.patch' 1 "${prove[@]}" vmbus/twelve
lab_run patched ok true
says "prove: a figure that was not printed" "^FAIL vmbus/twelve.patch: .*nothing" 1 "${prove[@]}" vmbus/twelve
lab_run patched splat false
says "prove: a run that is not as expected" 'thirty.patched.1 is not as expected' 1 "${prove[@]}" netvsc/thirty
lab_run patched splat true
says "prove: another outcome" 'says hang -> ok, the evidence hang -> splat' 1 "${prove[@]}" netvsc/thirty
lab_run stock ok true
lab_run patched ok true
says "prove: a hang that does not come" 'says hang -> ok, the evidence ok -> ok' 1 "${prove[@]}" netvsc/thirty
sed -i 's/nested/deterministic/' "$work"/runs/*/status.json
says "prove: runs of another mode" '^skip netvsc/thirty.patch' 0 "${prove[@]}" netvsc/thirty

printf '# metric ten 1 -> 2\n' >"$repo/evidence"
says "prove: a command" '^ok +vmbus/ten.patch: ten 1 -> 2' 0 "$queue" prove vmbus/ten
printf '# metric ten 1 -> 3\n' >"$repo/evidence"
says "prove: a command prints another figure" '^FAIL vmbus/ten.patch: ten: the patch says 1 -> 2' 1 \
	"$queue" prove vmbus/ten
: >"$repo/evidence"
says "prove: a command prints nothing" "no figure 'ten'" 1 "$queue" prove vmbus/ten
rm "$repo/evidence"
says "prove: a command that fails" "'cat evidence' fails" 1 "$queue" prove vmbus/ten
sed -i 's/^Azimuth-evidence: .*/&; touch hit/' "$repo/patches/vmbus/ten.patch"
says "prove: no shell" 'not one plain command' 1 "$queue" prove vmbus/ten
sed -i '/^Azimuth-metric/d' "$repo/patches/vmbus/ten.patch"
says "prove: nobody measured" 'nobody measured' 1 env AZIMUTH_METRIC=required "$queue" prove vmbus/ten

tap_done
