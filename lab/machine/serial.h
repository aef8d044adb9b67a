/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_SERIAL_H
#define AZ_LAB_MACHINE_SERIAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A 16550A that is always ready to send: a byte is handed on when it is
 * written to THR. What the guest receives is taken from a small queue.
 *
 * The registers belong to whoever holds @lock, so two VPs may write at once.
 */
#define SERIAL_RX_SIZE	256

struct serial {
	pthread_mutex_t lock;
	void (*tx)(void *ctx, uint8_t byte);	/* called with the lock held */
	void (*irq)(void *ctx, bool level);	/* likewise */
	void *ctx;

	uint8_t ier, lcr, mcr, fcr, scr, dll, dlm;
	bool thr_empty_pending;		/* the guest has not seen yet that THR is empty */
	bool irq_level;
	uint8_t rx[SERIAL_RX_SIZE];
	unsigned int rx_head, rx_count;
};

/* A port after power-on; @tx takes what the guest sends, @irq the level of its interrupt line. */
void serial_init(struct serial *s, void (*tx)(void *ctx, uint8_t byte),
		 void (*irq)(void *ctx, bool level), void *ctx);
/* Nothing is sent or received any more. */
void serial_destroy(struct serial *s);

/* Register @offset 0-7. Any thread. */
uint8_t serial_read(struct serial *s, unsigned int offset);
void serial_write(struct serial *s, unsigned int offset, uint8_t value);

/* Bytes for the guest; how many fitted. Any thread. */
unsigned int serial_receive(struct serial *s, const uint8_t *data, unsigned int len);

#endif
