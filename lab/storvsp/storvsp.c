// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/vmbus.h"
#include "storvsp/internal.h"

#define DEFAULT_CHANNELS	16

/* A class of commands (scsi_class_name()) or of other packets; without op= any. */
#define OP_KEY	"op=read|write|verify|flush|unmap|inquiry|test|capacity|mode|luns|other|init|reset"

static const char *const op_keys[] = { OP_KEY, NULL };
static const char *const delay_keys[] = { OP_KEY, "us#", NULL };
static const char *const error_keys[] = {
	OP_KEY,
	"sense=medium|medium-write|hardware|not-ready|illegal|protect|no-space|capacity|"
	"aborted|attention",
	NULL
};
static const char *const status_keys[] = { OP_KEY, "scsi#", "srb#", NULL };
static const char *const short_keys[] = { OP_KEY, "bytes#", "srb#", NULL };
static const char *const subchannel_keys[] = { "grant#", NULL };

const struct fault_kind storvsp_faults[] = {
	{ "scsi", "delay", delay_keys, "complete late, by us= (1000)", false },
	{ "scsi", "withhold", op_keys, "take a request, never carry it out or complete it", false },
	{ "scsi", "lose-completion", op_keys, "carry a request out, never complete it", false },
	{ "scsi", "dup-completion", op_keys, "complete a request twice", false },
	{ "scsi", "error", error_keys, "fail a command with sense= (medium)", false },
	{ "scsi", "status", status_keys,
	  "answer with scsi=S (8, BUSY) and srb=S (5, BUSY) and do nothing", false },
	{ "scsi", "short", short_keys,
	  "carry a command out and say that bytes=N (0) came, srb=S (0x12, DATA OVERRUN)", false },
	{ "scsi", "subchannels", subchannel_keys, "grant so many sub-channels at most (0)", false },
	{ NULL, NULL, NULL, NULL, false }
};

#define NAME(field) { #field, offsetof(struct storvsp_counters, field) }

static const struct counter_name counter_names[] = {
	NAME(reads), NAME(writes), NAME(bytes_read), NAME(bytes_written),
	NAME(flushes), NAME(unmaps), NAME(errors), NAME(malformed),
	NAME(completions_delayed), NAME(completions_lost), NAME(completions_duplicated),
	NAME(requests_withheld), NAME(resets),
	{ NULL, 0 }
};

static struct storvsp *to_storvsp(struct vmbus_device *dev)
{
	return (struct storvsp *)dev;
}

static int storvsp_open(struct vmbus_channel *ch)
{
	struct storvsp *ctl = to_storvsp(ch->dev);
	struct storvsp_channel *sc;

	if (ch->sub_index > ctl->max_channels)
		return -EINVAL;
	sc = atomic_load(&ctl->channel[ch->sub_index]);
	if (!sc) {
		sc = calloc(1, sizeof(*sc));
		if (!sc)
			return -ENOMEM;
		sc->ctl = ctl;
		atomic_store(&ctl->channel[ch->sub_index], sc);
	}
	sc->ch = ch;
	sc->stage = STORVSP_OPENED;
	sc->subchannels_made = false;
	replies_init(&sc->replies, ch, storvsp_transmit);
	if (!ch->sub_index)
		atomic_store(&ctl->ready, false);
	ch->priv = sc;
	return 0;
}

static void storvsp_close(struct vmbus_channel *ch)
{
	struct storvsp_channel *sc = ch->priv;

	if (!ch->sub_index)
		atomic_store(&sc->ctl->ready, false);
	replies_drop(&sc->replies);
	sc->ch = NULL;
}

static void handle(struct storvsp_channel *sc, const struct ring_packet *pkt)
{
	struct storvsp_reply reply = {
		.trans_id = pkt->trans_id,
		.wanted = pkt->flags & VMBUS_PACKET_FLAG_COMPLETION_REQUESTED,
	};

	if ((pkt->type != VMBUS_PKT_DATA_INBAND && pkt->type != VMBUS_PKT_DATA_GPA_DIRECT) ||
	    pkt->payload_len < VSTOR_PACKET_LEN) {
		count(&sc->counters.malformed);
		return;
	}
	memcpy(&reply.pkt, pkt->payload, VSTOR_PACKET_LEN);
	if (reply.pkt.operation == VSTOR_EXECUTE_SRB)
		storvsp_execute_srb(sc, pkt, &reply);
	else
		storvsp_control_packet(sc, &reply);
}

static void storvsp_ready(struct vmbus_channel *ch)
{
	struct storvsp_channel *sc = ch->priv;
	struct ring_packet pkt;

	while (replies_flush(&sc->replies) && channel_recv(ch, &pkt) == 1)
		handle(sc, &pkt);
}

static void storvsp_counters(struct vmbus_channel *ch, json_t *obj)
{
	struct storvsp *ctl = to_storvsp(ch->dev);
	struct storvsp_channel *sc;
	json_t *commands, *own;
	uint64_t other = 0, n;
	unsigned int i;

	if (ch->sub_index > LUN_MAX_CHANNELS)
		return;
	sc = atomic_load(&ctl->channel[ch->sub_index]);
	if (!sc)
		return;
	own = counters_json(&sc->counters, counter_names);
	json_object_update(obj, own);
	json_decref(own);
	commands = json_object();
	for (i = 0; i < 256; i++) {
		n = count_get(&sc->counters.commands[i]);
		if (n && scsi_opcode(i)->name)
			json_object_set_new(commands, scsi_opcode(i)->name, json_integer(n));
		else
			other += n;
	}
	if (other)
		json_object_set_new(commands, "other", json_integer(other));
	json_object_set_new(obj, "commands", commands);
}

static void storvsp_destroy(struct vmbus_device *dev)
{
	struct storvsp *ctl = to_storvsp(dev);
	unsigned int i;

	for (i = 0; i < LUN_MAX; i++)
		lun_free(lun_at(&ctl->luns, i));
	for (i = 0; i <= LUN_MAX_CHANNELS; i++)
		free(atomic_load(&ctl->channel[i]));
	free(ctl);
}

static const struct vmbus_device_ops storvsp_ops = {
	.type = "scsi",
	/* HV_SCSI_GUID of include/linux/hyperv.h: ba6163d9-04a1-4d29-b605-72e2ffb1dc7f */
	.class_id = { { 0xd9, 0x63, 0x61, 0xba, 0xa1, 0x04, 0x29, 0x4d,
			0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f } },
	.channel_flags = VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE,
	.open = storvsp_open,
	.ready = storvsp_ready,
	.close = storvsp_close,
	.command = storvsp_command,
	.counters = storvsp_counters,
	.destroy = storvsp_destroy,
};

/*
 * Controllers are told apart by their instance as on Azure: f8b3781a-1e82-
 * 4818-a1c3-63d806ec15bb for the first, f8b3781b-... for the second.
 */
static const struct vmbus_guid first_instance = {
	{ 0x1a, 0x78, 0xb3, 0xf8, 0x82, 0x1e, 0x18, 0x48,
	  0xa1, 0xc3, 0x63, 0xd8, 0x06, 0xec, 0x15, 0xbb }
};

/* What a disk's spec says of its controller. */
static int take_extra(struct storvsp *ctl, const char *spec, const struct lun_extra *extra,
		      char *err, unsigned int err_len)
{
	if (ctl->dev.bus && (extra->channels >= 0 || extra->monitor_us)) {
		snprintf(err, err_len, "disk '%s': %s= can only be given at the start", spec,
			 extra->monitor_us ? "monitor_us" : "channels");
		return -EINVAL;
	}
	if (extra->controller >= 0 && (unsigned int)extra->controller != ctl->instance) {
		snprintf(err, err_len, "disk '%s': this is controller %u", spec, ctl->instance);
		return -EINVAL;
	}
	if (extra->channels >= 0)
		ctl->max_channels = extra->channels;
	if (extra->monitor_us)
		ctl->dev.monitor_latency_us = extra->monitor_us;
	return 0;
}

int storvsp_add_lun(struct storvsp *ctl, const char *spec, int *number,
		    char *err, unsigned int err_len)
{
	int rc, dflt = lun_first_free(&ctl->luns);
	struct lun_extra extra;
	struct lun *lun;

	if (dflt < 0) {
		snprintf(err, err_len, "disk '%s': a controller holds %d disks at most", spec,
			 LUN_MAX);
		return -ENOSPC;
	}
	rc = lun_create(spec, ctl->dev.name, dflt, &lun, &extra, err, err_len);
	if (rc)
		return rc;
	if (lun_at(&ctl->luns, lun->number)) {
		snprintf(err, err_len, "disk '%s': lun %u is taken", spec, lun->number);
		rc = -EEXIST;
		goto out_free;
	}
	rc = take_extra(ctl, spec, &extra, err, err_len);
	if (rc)
		goto out_free;
	*number = lun->number;
	lun_replace(&ctl->luns, lun->number, lun);
	return 0;

out_free:
	lun_free(lun);
	return rc;
}

int storvsp_create(const char *const *specs, unsigned int n, unsigned int instance,
		   struct vmbus_device **out, char *err, unsigned int err_len)
{
	struct storvsp *ctl = calloc(1, sizeof(*ctl));
	unsigned int i;
	int rc, number;

	if (!ctl) {
		snprintf(err, err_len, "out of memory");
		return -ENOMEM;
	}
	ctl->dev.ops = &storvsp_ops;
	ctl->instance = instance;
	snprintf(ctl->dev.name, sizeof(ctl->dev.name), "scsi%u", instance);
	ctl->dev.instance_id = first_instance;
	ctl->dev.instance_id.b[0] += instance;
	ctl->max_channels = DEFAULT_CHANNELS;
	for (i = 0; i < n; i++) {
		rc = storvsp_add_lun(ctl, specs[i], &number, err, err_len);
		if (rc)
			goto out_destroy;
	}
	*out = &ctl->dev;
	return 0;

out_destroy:
	storvsp_destroy(&ctl->dev);
	return rc;
}
