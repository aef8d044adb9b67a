// SPDX-License-Identifier: GPL-2.0-only
#include "storvsp/internal.h"

/*
 * Everything but EXECUTE_SRB: the initialization that the guest goes through
 * on the primary channel (BEGIN, version, properties, END, sub-channels; see
 * storvsc_channel_init() in drivers/scsi/storvsc_drv.c), and resets.
 */

static uint32_t query_version(struct storvsp_channel *sc, const struct vstor_packet *pkt)
{
	uint16_t v = pkt->version.major_minor;

	if (sc->stage < STORVSP_BEGUN)
		return VSTOR_STATUS_INVALID_STATE;
	if (v != VSTOR_VERSION_6_2 && v != VSTOR_VERSION_6_0)
		return VSTOR_STATUS_REVISION_MISMATCH;
	sc->stage = STORVSP_VERSIONED;
	return VSTOR_STATUS_SUCCESS;
}

static uint32_t query_properties(struct storvsp_channel *sc, struct vstor_packet *pkt)
{
	if (sc->stage < STORVSP_VERSIONED)
		return VSTOR_STATUS_INVALID_STATE;
	pkt->properties = (struct vstor_properties) {
		.max_channels = sc->ctl->max_channels,
		.flags = sc->ctl->max_channels ? VSTOR_MULTI_CHANNEL : 0,
		.max_transfer_bytes = LUN_MAX_TRANSFER,
	};
	return VSTOR_STATUS_SUCCESS;
}

static uint32_t end_init(struct storvsp_channel *sc)
{
	if (sc->stage < STORVSP_VERSIONED)
		return VSTOR_STATUS_INVALID_STATE;
	sc->stage = STORVSP_READY;
	atomic_store(&sc->ctl->ready, true);
	return VSTOR_STATUS_SUCCESS;
}

/* The offers follow the completion, because the guest installs its handler before it asks. */
static uint32_t create_subchannels(struct storvsp_channel *sc, const struct vstor_packet *pkt,
				   struct storvsp_reply *reply)
{
	unsigned int n = pkt->sub_channels;
	const struct fault *f;
	uint64_t grant;

	if (sc->stage < STORVSP_READY || sc->subchannels_made)
		return VSTOR_STATUS_INVALID_STATE;
	if (!n || n > sc->ctl->max_channels)
		return VSTOR_STATUS_INVALID_PARAMETER;
	sc->subchannels_made = true;
	f = fault_fires(vmbus_faults(sc->ch->bus), sc->ctl->dev.name, "subchannels", NULL);
	if (f) {
		grant = fault_u64(f, "grant", 0);
		if (n > grant)
			n = grant;
	}
	reply->offer = n;
	return VSTOR_STATUS_SUCCESS;
}

static uint32_t on_primary(struct storvsp_channel *sc, struct storvsp_reply *reply)
{
	struct vstor_packet *pkt = &reply->pkt;

	switch (pkt->operation) {
	case VSTOR_BEGIN_INITIALIZATION:
		sc->stage = STORVSP_BEGUN;
		atomic_store(&sc->ctl->ready, false);
		return VSTOR_STATUS_SUCCESS;
	case VSTOR_QUERY_PROTOCOL_VERSION:
		return query_version(sc, pkt);
	case VSTOR_QUERY_PROPERTIES:
		return query_properties(sc, pkt);
	case VSTOR_END_INITIALIZATION:
		return end_init(sc);
	case VSTOR_CREATE_SUB_CHANNELS:
		return create_subchannels(sc, pkt, reply);
	default:
		/* FCHBA_DATA too: this is no fibre channel adapter */
		count(&sc->counters.malformed);
		return VSTOR_STATUS_INVALID_REQUEST;
	}
}

static bool is_reset(uint32_t operation)
{
	return operation == VSTOR_RESET_LUN || operation == VSTOR_RESET_ADAPTER ||
	       operation == VSTOR_RESET_BUS;
}

void storvsp_control_packet(struct storvsp_channel *sc, struct storvsp_reply *reply)
{
	uint32_t status;

	reply->op = is_reset(reply->pkt.operation) ? "reset" : "init";
	if (storvsp_withheld(sc, reply->op))
		return;
	if (is_reset(reply->pkt.operation)) {
		/* What is in flight was carried out already; only completions may wait. */
		status = atomic_load(&sc->ctl->ready) ? VSTOR_STATUS_SUCCESS :
							VSTOR_STATUS_INVALID_STATE;
		count(&sc->counters.resets);
		storvsp_hurry(sc->ctl);
	} else if (sc->ch->sub_index) {
		count(&sc->counters.malformed);
		status = VSTOR_STATUS_INVALID_REQUEST;
	} else {
		status = on_primary(sc, reply);
	}
	reply->pkt.operation = VSTOR_COMPLETE_IO;
	reply->pkt.flags = 0;
	reply->pkt.status = status;
	storvsp_complete(sc, reply);
}
