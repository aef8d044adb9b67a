/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_STORRIG_H
#define AZ_TESTS_STORRIG_H

#include "proto/scsi.h"
#include "proto/vmbus.h"
#include "proto/vstor.h"
#include "tests/unit/fakeguest.h"

/*
 * A storage controller on the bus and the guest's half of its protocol, for unit
 * tests. One controller at a time; all calls wait for the host and fail the
 * cmocka test on an answer that the protocol does not allow.
 */
#define RING_PAGES	8

extern struct fakeguest *fg;
extern struct vmbus_device *dev;
extern struct fg_channel *primary;	/* NULL: the test has closed or lost it */
extern struct fg_buffer *data;		/* 64 scattered pages */

/* A guest and its controller with @n disks as --disk describes them, not initialized. */
void start(const char *const *disks, unsigned int n);

/* Frees what start() made, also after the test has set primary to NULL. */
void stop(void);

/* The initialization of the primary channel, version 6.2. */
void bring_up(void);

/* The fixture of TEST(): start() with a RAM disk of 1 MiB, bring_up(), and stop(). */
int setup(void **state);
int teardown(void **state);

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Take the next packet; it must complete @trans_id. */
struct vstor_packet completion(struct fg_channel *ch, uint64_t trans_id);

/* Send @v without data, with a completion wanted; returns the completion. */
struct vstor_packet ask(struct fg_channel *ch, struct vstor_packet v);

/*
 * The status (VSTOR_STATUS_*) that the primary channel gets for an operation
 * without arguments, for asking for a protocol version, for @n sub-channels.
 */
uint32_t ask_status(uint32_t operation);
uint32_t ask_version(uint16_t version);
uint32_t create_subchannels(uint16_t n);

#define CDB(...) (const uint8_t[VSTOR_CDB_LEN]) { __VA_ARGS__ }
#define TUR CDB(SCSI_TEST_UNIT_READY)

/* A request of @len bytes in direction @dir (VSTOR_DATA_*); target and path are 0. */
struct vstor_packet srb(const uint8_t *cdb, uint8_t lun, uint8_t dir, uint32_t len);

/*
 * Send a request for unit 0 with the first pages of the data buffer, @offset bytes
 * into them. io() does it on the primary channel and returns the completion.
 */
void submit(struct fg_channel *ch, const uint8_t *cdb, uint8_t dir, uint32_t offset,
	    uint32_t len, uint64_t id);
struct vstor_srb io(const uint8_t *cdb, uint8_t dir, uint32_t offset, uint32_t len);

/* @r succeeded and transferred @len bytes. */
void assert_srb_good(const struct vstor_srb *r, uint32_t len);

/* Counter @name of the primary channel or of the controller; -1: there is none. */
int64_t counter(const char *name);

#endif
