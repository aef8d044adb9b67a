# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host completes a thousand sent packets at once; how many does one poll process?
# azhost: --vcpus 1 --net responder,tx_us=1,tx_batch_us=50000
# timeout: 90
# expect-stock: fail

# Without byte queue limits, which would not let the driver take so many.
guest() {
	plan 4
	check "interface up" net_up
	dev=$(net_dev)
	check "UDP echo" udp_echo 5
	for limit in /sys/class/net/"$dev"/queues/tx-*/byte_queue_limits/limit_min; do
		echo 10000000 >"$limit"
	done
	echo 8000000 >/proc/sys/net/core/wmem_default
	tracing 4096
	trace_event skb/consume_skb
	trace_event napi/napi_poll "dev_name == \"$dev\""
	azimuth bench net --mode burst --burst 1000 --count 3 --size 18 "$NET_PEER:9"
	echo 0 >"$TRACING/tracing_on"
	most=$(awk '/ consume_skb: .*location=netvsc_(poll|send_tx_complete)/ { n++ } / napi_poll: / { if (n > most) most = n; n = 0 }
		END { print most + 0 }' "$TRACING/trace")
	metric tx_bounded_completions_per_poll "$most"
	compare "one poll processes at most 256" "$most" -le 256
	check "UDP echo afterwards" udp_echo 5
}
