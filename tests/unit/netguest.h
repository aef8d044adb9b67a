/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_NETGUEST_H
#define AZ_TESTS_NETGUEST_H

#include "netvsp/internal.h"
#include "tests/unit/fakeguest.h"

/*
 * A guest with a synthetic NIC, for unit tests of netvsp: the steps of
 * netvsc's bring-up, control requests, frames out and in. A step that does
 * not go as for the driver fails the test.
 */
#define NG_MAX_CHANNELS	8
#define NG_RECV_PAGES	256
#define NG_SEND_PAGES	48

struct netguest {
	struct fakeguest *fg;
	struct vmbus_device *dev;
	struct fg_channel *ch[NG_MAX_CHANNELS];
	struct fg_buffer *recv, *send;
	uint32_t recv_section_size, recv_sections;
	uint32_t request_id;
	uint64_t trans_id;
	uint64_t control_page;
};

/* A data frame that the guest got. */
struct ng_frame {
	uint8_t data[FRAME_MAX];
	uint32_t len;
	uint32_t channel_type;
	uint32_t ranges;
	bool csum, hash, vlan, id;
	uint32_t csum_value, hash_value, vlan_value;
	uint32_t pieces;		/* of a coalesced frame */
	uint64_t trans_id;
};

/* The device @spec, connected and offered; nothing is opened. @fault may be NULL. */
struct netguest *ng_new(const char *spec, const char *fault);
void ng_free(struct netguest *ng);

/* Open the primary. NVSP INIT with @version; the status. */
void ng_open(struct netguest *ng);
uint32_t ng_init(struct netguest *ng, uint32_t version);
/* Buffers, RNDIS initialise, packet filter: ready for frames. */
void ng_buffers(struct netguest *ng);
void ng_up(struct netguest *ng, uint32_t version);
/* Ask for @n sub-channels; the number granted, all opened. */
unsigned int ng_subchannels(struct netguest *ng, unsigned int n);

/* Send @in on channel @c and wait for its completion in @out. The completion's length. */
uint32_t ng_request(struct netguest *ng, unsigned int c, const struct nvsp_message *in,
		    struct nvsp_message *out);

/*
 * One RNDIS control message: @body without the header. The answer with its
 * header goes to @reply (1024 bytes); its length.
 */
uint32_t ng_control(struct netguest *ng, uint32_t type, const void *body, uint32_t len,
		    void *reply);
/* QUERY @oid with @in; RNDIS status, value in @out (1024 bytes). */
uint32_t ng_query(struct netguest *ng, uint32_t oid, const void *in, uint32_t in_len,
		  void *out, uint32_t *out_len);
uint32_t ng_set(struct netguest *ng, uint32_t oid, const void *in, uint32_t in_len);
/* Turn receive checksums and, when offered, RSC on. */
void ng_offloads(struct netguest *ng);
/* RSS over @n channels with the key of the published vectors. */
void ng_rss(struct netguest *ng, unsigned int n);

/* RNDIS data message with @frame and one 4-byte PPI for each of @n_ppi into @buf; its length. */
struct ng_ppi {
	uint32_t type, value;
};
uint32_t ng_message(uint8_t *buf, const void *frame, uint32_t len, const struct ng_ppi *ppi,
		    unsigned int n_ppi, uint32_t align);
/* Put @data into send section @section and send it on channel @c; the trans_id. */
uint64_t ng_send_section(struct netguest *ng, unsigned int c, unsigned int section,
			 const void *data, uint32_t len);
/* Send @data by GPA_DIRECT from scattered pages. */
uint64_t ng_send_direct(struct netguest *ng, unsigned int c, const void *data, uint32_t len);
/* The next packet on channel @c must complete @trans_id; NVSP status. */
uint32_t ng_completion(struct netguest *ng, unsigned int c, uint64_t trans_id);
/* One frame by section @c with @ppi, completed with success. */
void ng_transmit(struct netguest *ng, unsigned int c, const void *frame, uint32_t len,
		 const struct ng_ppi *ppi, unsigned int n_ppi);

/* The next packet on @c is data: put together, given back with RX completion. */
void ng_recv(struct netguest *ng, unsigned int c, struct ng_frame *f);
/* As ng_recv(), without giving it back. */
void ng_recv_keep(struct netguest *ng, unsigned int c, struct ng_frame *f);
void ng_give_back(struct netguest *ng, unsigned int c, uint64_t trans_id);

/* A UDP datagram of @len payload bytes from the guest to the responder; frame length. */
uint32_t ng_udp4(uint8_t *frame, uint16_t sport, uint16_t dport, uint32_t len);

/* The device counter @name of channel @c reaches @value. */
void ng_wait_counter(struct netguest *ng, unsigned int c, const char *name, int64_t value);

/*
 * A command of the control socket to the device, with @args as JSON text: it
 * returns @want, and -EINVAL says why.
 */
void ng_command(struct netguest *ng, const char *cmd, const char *args, int want);

#endif
