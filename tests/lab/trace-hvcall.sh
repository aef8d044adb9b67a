# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: trace hvcall counts the hypercalls that the host counts
# azhost: --vcpus 2 --net responder --disk ram=16M
# modules: hv_vmbus hv_storvsc sd_mod hv_netvsc
# timeout: 400

guest() {
	plan 9
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	udp_echo 20
	check "the tracer attaches" tracer_begin hvcall
	sleep 1
	mark from
	check "UDP echo" udp_echo 200
	check "reads" azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 100
	mod_unload hv_netvsc
	check "the driver loads again" mod_load hv_netvsc
	check "interface up again" net_up
	sleep 1
	mark to
	check "the tracer ends" tracer_end hvcall
	tracer_result hvcall
	check_no_splat
}

# metric_of NAME: of the tracer's result
metric_of() {
	traced hvcall "counts.$1"
}

verify() {
	signals=$(delta channels.*.counters.signals_received from to)
	posts=$(delta vm.hypercalls.post_message from to)
	is "signals" "$(metric_of signals)" "$signals"
	compare "there were some" "$signals" -ge 300
	is "messages" "$(metric_of posts)" "$posts"
	compare "there were some of those" "$posts" -ge 5
	grep -q '"name": "signal_event"' "$RUN/trace_hvcall.json" || return 0
	is "signals by code" "$(traced hvcall codes.name=signal_event.count)" "$signals"
	is "messages by code" "$(traced hvcall codes.name=post_message.count)" "$posts"
}
