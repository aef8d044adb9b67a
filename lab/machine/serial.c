// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "machine/serial.h"

enum reg {
	REG_DATA = 0,		/* RBR, THR; DLL with DLAB */
	REG_IER = 1,		/* DLM with DLAB */
	REG_IIR_FCR = 2,
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCR = 7,
};

#define IER_RX		0x01
#define IER_THR_EMPTY	0x02
#define IER_MASK	0x0f

#define IIR_NONE	0x01
#define IIR_THR_EMPTY	0x02
#define IIR_RX		0x04
#define IIR_FIFO	0xc0

#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02

#define LCR_DLAB	0x80

#define MCR_OUT2	0x08	/* gates the interrupt line on PCs */
#define MCR_LOOP	0x10
#define MCR_MASK	0x1f

#define LSR_RX		0x01
#define LSR_TX_EMPTY	0x60	/* THR and shift register */

#define MSR_READY	0xb0	/* carrier, ready, clear to send */

void serial_init(struct serial *s, void (*tx)(void *ctx, uint8_t byte),
		 void (*irq)(void *ctx, bool level), void *ctx)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->tx = tx;
	s->irq = irq;
	s->ctx = ctx;
}

void serial_destroy(struct serial *s)
{
	pthread_mutex_destroy(&s->lock);
}

static uint8_t pending(const struct serial *s)
{
	if ((s->ier & IER_RX) && s->rx_count)
		return IIR_RX;
	if ((s->ier & IER_THR_EMPTY) && s->thr_empty_pending)
		return IIR_THR_EMPTY;
	return IIR_NONE;
}

static void update_irq(struct serial *s)
{
	bool level = pending(s) != IIR_NONE && (s->mcr & MCR_OUT2);

	if (level == s->irq_level)
		return;
	s->irq_level = level;
	s->irq(s->ctx, level);
}

static uint8_t take_rx(struct serial *s)
{
	uint8_t byte;

	if (!s->rx_count)
		return 0;
	byte = s->rx[s->rx_head];
	s->rx_head = (s->rx_head + 1) % SERIAL_RX_SIZE;
	s->rx_count--;
	return byte;
}

static bool put_rx(struct serial *s, uint8_t byte)
{
	if (s->rx_count == SERIAL_RX_SIZE)
		return false;
	s->rx[(s->rx_head + s->rx_count) % SERIAL_RX_SIZE] = byte;
	s->rx_count++;
	return true;
}

/* Reading IIR takes the THR-empty cause back when that is what it says. */
static uint8_t read_iir(struct serial *s)
{
	uint8_t iir = pending(s);

	if (iir == IIR_THR_EMPTY)
		s->thr_empty_pending = false;
	return iir | (s->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

/* In loop-back the driver's probe expects to see its own modem lines. */
static uint8_t read_msr(const struct serial *s)
{
	if (!(s->mcr & MCR_LOOP))
		return MSR_READY;
	return (uint8_t)((s->mcr & 0x0c) << 4 | (s->mcr & 0x02) << 3 | (s->mcr & 0x01) << 5);
}

uint8_t serial_read(struct serial *s, unsigned int offset)
{
	uint8_t value = 0;

	pthread_mutex_lock(&s->lock);
	switch (offset) {
	case REG_DATA:
		value = s->lcr & LCR_DLAB ? s->dll : take_rx(s);
		break;
	case REG_IER:
		value = s->lcr & LCR_DLAB ? s->dlm : s->ier;
		break;
	case REG_IIR_FCR:
		value = read_iir(s);
		break;
	case REG_LCR:
		value = s->lcr;
		break;
	case REG_MCR:
		value = s->mcr;
		break;
	case REG_LSR:
		value = LSR_TX_EMPTY | (s->rx_count ? LSR_RX : 0);
		break;
	case REG_MSR:
		value = read_msr(s);
		break;
	case REG_SCR:
		value = s->scr;
		break;
	}
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return value;
}

static void write_data(struct serial *s, uint8_t value)
{
	if (s->lcr & LCR_DLAB) {
		s->dll = value;
		return;
	}
	if (s->mcr & MCR_LOOP)
		put_rx(s, value);
	else
		s->tx(s->ctx, value);
	/* Empty again at once. The line is low since the guest read the cause, so it rises. */
	s->thr_empty_pending = true;
}

static void write_ier(struct serial *s, uint8_t value)
{
	if (s->lcr & LCR_DLAB) {
		s->dlm = value;
		return;
	}
	/* Enabling the THR-empty interrupt raises it when THR is empty: always. */
	if ((value & IER_THR_EMPTY) && !(s->ier & IER_THR_EMPTY))
		s->thr_empty_pending = true;
	s->ier = value & IER_MASK;
}

void serial_write(struct serial *s, unsigned int offset, uint8_t value)
{
	pthread_mutex_lock(&s->lock);
	switch (offset) {
	case REG_DATA:
		write_data(s, value);
		break;
	case REG_IER:
		write_ier(s, value);
		break;
	case REG_IIR_FCR:
		s->fcr = value & FCR_ENABLE;
		if (value & FCR_CLEAR_RX)
			s->rx_count = 0;
		break;
	case REG_LCR:
		s->lcr = value;
		break;
	case REG_MCR:
		s->mcr = value & MCR_MASK;
		break;
	case REG_SCR:
		s->scr = value;
		break;
	}
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
}

unsigned int serial_receive(struct serial *s, const uint8_t *data, unsigned int len)
{
	unsigned int n = 0;

	pthread_mutex_lock(&s->lock);
	while (n < len && put_rx(s, data[n]))
		n++;
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return n;
}
