// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "proto/vmbus.h"
#include "storvsp/internal.h"

/*
 * EXECUTE_SRB: a SCSI command with its buffer as ranges of guest memory. The
 * packet is a private copy; the buffer is the guest's own memory, which the
 * store's transfer reads or fills directly.
 */

/* Targets other than 0 exist as far as the scan of storvsc goes, but have no units. */
static struct lun_table no_luns;

/* Find the guest memory of the request. False: the guest described it wrongly. */
static bool map_buffer(struct storvsp_channel *sc, const struct ring_packet *pkt,
		       const struct vstor_srb *srb, struct scsi_cmd *cmd)
{
	uint64_t bytes = 0;
	int i, n = 0;

	if (pkt->type == VMBUS_PKT_DATA_GPA_DIRECT)
		n = channel_gpa_iov(sc->ch, pkt, sc->iov, STORVSP_MAX_IOV);
	if (n < 0)
		return false;
	for (i = 0; i < n; i++)
		bytes += sc->iov[i].iov_len;
	if (srb->transfer_length > bytes)
		return false;
	cmd->iov = sc->iov;
	cmd->n_iov = n;
	cmd->len = srb->transfer_length;
	scsi_trim(cmd, cmd->len);
	return true;
}

static enum scsi_dir direction(uint8_t data_in)
{
	switch (data_in) {
	case VSTOR_DATA_WRITE:
		return SCSI_DATA_OUT;
	case VSTOR_DATA_READ:
		return SCSI_DATA_IN;
	default:
		return SCSI_NO_DATA;
	}
}

/* The answer takes the place of the request. */
static void fill_reply(const struct scsi_cmd *cmd, struct vstor_packet *pkt)
{
	struct vstor_srb *srb = &pkt->srb;
	uint8_t room = srb->sense_length;
	bool good = cmd->srb_status == SRB_SUCCESS;

	pkt->operation = VSTOR_COMPLETE_IO;
	pkt->flags = 0;
	pkt->status = good ? VSTOR_STATUS_SUCCESS : VSTOR_STATUS_UNSUCCESSFUL;
	srb->scsi_status = cmd->status;
	srb->srb_status = cmd->srb_status;
	srb->transfer_length = cmd->done;
	srb->sense_length = 0;
	if (!(cmd->srb_status & SRB_AUTOSENSE_VALID))
		return;
	if (srb->srb_flags & SRB_FLAG_DISABLE_AUTOSENSE) {
		srb->srb_status &= ~SRB_AUTOSENSE_VALID;
		return;
	}
	srb->sense_length = room < SCSI_SENSE_LEN ? room : SCSI_SENSE_LEN;
	memset(srb->sense, 0, sizeof(srb->sense));
	memcpy(srb->sense, cmd->sense, srb->sense_length);
}

static void count_command(struct storvsp_counters *c, const struct scsi_cmd *cmd)
{
	count(&c->commands[cmd->cdb[0]]);
	if (cmd->srb_status != SRB_SUCCESS) {
		count(&c->errors);
		return;
	}
	switch (scsi_opcode(cmd->cdb[0])->class) {
	case SCSI_CLASS_READ:
		count(&c->reads);
		count_add(&c->bytes_read, cmd->done);
		break;
	case SCSI_CLASS_WRITE:
		count(&c->writes);
		count_add(&c->bytes_written, cmd->done);
		break;
	case SCSI_CLASS_FLUSH:
		count(&c->flushes);
		break;
	case SCSI_CLASS_UNMAP:
		count(&c->unmaps);
		break;
	default:
		break;
	}
}

/* A command that was carried out, answered as if only a part of its data had come. */
static void cut_short(const struct fault *f, struct scsi_cmd *cmd)
{
	uint64_t bytes = fault_u64(f, "bytes", 0);

	if (cmd->srb_status != SRB_SUCCESS)
		return;
	if (bytes < cmd->done)
		cmd->done = (uint32_t)bytes;
	cmd->srb_status = (uint8_t)fault_u64(f, "srb", SRB_DATA_OVERRUN);
}

/* Carry out @cmd, or fail it as a fault says. */
static void execute(struct storvsp_channel *sc, struct lun_table *luns, unsigned int number,
		    struct scsi_cmd *cmd, const char *op)
{
	struct faults *faults = vmbus_faults(sc->ch->bus);
	const struct fault *f;
	enum scsi_sense sense;

	if (sc->replies.n_delayed >= STORVSP_MAX_DELAYED) {
		cmd->status = SAM_TASK_SET_FULL;
		cmd->srb_status = SRB_BUSY;
		return;
	}
	f = fault_fires(faults, sc->ctl->dev.name, "status", op);
	if (f) {
		cmd->status = (uint8_t)fault_u64(f, "scsi", SAM_BUSY);
		cmd->srb_status = (uint8_t)fault_u64(f, "srb", SRB_BUSY);
		return;
	}
	f = fault_fires(faults, sc->ctl->dev.name, "error", op);
	if (f) {
		sense = scsi_sense_by_name(fault_str(f, "sense", "medium"));
		scsi_fail(cmd, sense ? sense : SCSI_SENSE_READ_ERROR);
		return;
	}
	scsi_execute(luns, number, cmd);
	f = fault_fires(faults, sc->ctl->dev.name, "short", op);
	if (f)
		cut_short(f, cmd);
}

void storvsp_execute_srb(struct storvsp_channel *sc, const struct ring_packet *pkt,
			 struct storvsp_reply *reply)
{
	struct vstor_srb *srb = &reply->pkt.srb;
	const struct scsi_opcode *opcode = scsi_opcode(srb->cdb[0]);
	struct lun_table *luns = &sc->ctl->luns;
	struct scsi_cmd cmd = { .cdb_len = srb->cdb_length, .dir = direction(srb->data_in) };
	struct lun *lun;

	reply->op = scsi_class_name(opcode->class);
	if (storvsp_withheld(sc, reply->op))
		return;
	if (srb->path_id || srb->target_id)
		luns = &no_luns;
	lun = lun_at(luns, srb->lun);
	if (lun && scsi_class_is_media(opcode->class))
		reply->delay_ns = lun->delay_ns;
	memcpy(cmd.cdb, srb->cdb, sizeof(cmd.cdb));
	if (!atomic_load(&sc->ctl->ready) || !map_buffer(sc, pkt, srb, &cmd)) {
		count(&sc->counters.malformed);
		scsi_fail_srb(&cmd, SRB_INVALID_REQUEST);
	} else {
		execute(sc, luns, srb->lun, &cmd, reply->op);
	}
	count_command(&sc->counters, &cmd);
	fill_reply(&cmd, &reply->pkt);
	storvsp_complete(sc, reply);
}
