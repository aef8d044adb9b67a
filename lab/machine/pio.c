// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <time.h>

#include "machine/acpi.h"
#include "machine/machine.h"
#include "machine/rtc.h"

#define COM1_PORT	0x3f8
#define COM2_PORT	0x2f8
#define COM_PORTS	8
#define RTC_REG_A	0x0a

/* Ways to reset a PC that kernels try when ACPI's does not help. */
#define PORT_KEYBOARD		0x64
#define KEYBOARD_PULSE_RESET	0xfe
#define PORT_RESET_CONTROL	0xcf9
#define RESET_CONTROL_CPU	0x04

static struct serial *com_at(struct machine *m, uint16_t port)
{
	if (port >= COM1_PORT && port < COM1_PORT + COM_PORTS)
		return &m->com[0];
	if (port >= COM2_PORT && port < COM2_PORT + COM_PORTS)
		return &m->com[1];
	return NULL;
}

static void sleep_control(struct machine *m, uint8_t value)
{
	if (!(value & ACPI_SLEEP_ENABLE))
		return;
	if (ACPI_SLEEP_TYPE(value) == ACPI_SLEEP_TYPE_S5)
		machine_end(m, MACHINE_POWER_OFF, "power-off");
	else
		machine_end(m, MACHINE_HOST_ERROR, "guest asked for sleep type %u, not S5",
			    ACPI_SLEEP_TYPE(value));
}

/* False when nothing is at @port. */
static bool write_byte(struct machine *m, uint16_t port, uint8_t value)
{
	struct serial *com = com_at(m, port);

	if (com) {
		serial_write(com, port % COM_PORTS, value);
		return true;
	}
	switch (port) {
	case RTC_PORT_INDEX:
		atomic_store(&m->rtc_index, value & 0x7f);
		return true;
	case ACPI_PORT_SLEEP_CONTROL:
		sleep_control(m, value);
		return true;
	case ACPI_PORT_SLEEP_STATUS:
		return true;
	case ACPI_PORT_RESET:
		if (value == ACPI_RESET_VALUE)
			machine_end_reset(m, "ACPI reset register");
		return true;
	case PORT_KEYBOARD:
		if (value != KEYBOARD_PULSE_RESET)
			return false;
		machine_end_reset(m, "keyboard controller");
		return true;
	case PORT_RESET_CONTROL:
		if (value & RESET_CONTROL_CPU)
			machine_end_reset(m, "port 0xcf9");
		return true;
	default:
		return false;
	}
}

/*
 * A guest reads status register A and then the fields; they all show the
 * moment of that read, so that no carry gets between them.
 */
static uint8_t read_rtc(struct machine *m)
{
	uint8_t index = atomic_load(&m->rtc_index);

	if (index == RTC_REG_A || !atomic_load(&m->rtc_now))
		atomic_store(&m->rtc_now, (int64_t)time(NULL));
	return rtc_read(index, atomic_load(&m->rtc_now));
}

static bool read_byte(struct machine *m, uint16_t port, uint8_t *value)
{
	struct serial *com = com_at(m, port);

	if (com) {
		*value = serial_read(com, port % COM_PORTS);
		return true;
	}
	switch (port) {
	case RTC_PORT_DATA:
		*value = read_rtc(m);
		return true;
	case ACPI_PORT_SLEEP_CONTROL:
	case ACPI_PORT_SLEEP_STATUS:
	case PORT_KEYBOARD:	/* ready for the reset command, else kernels wait for it */
		*value = 0;
		return true;
	default:
		return false;
	}
}

void machine_pio(struct machine *m, struct vcpu *vcpu, uint16_t port, uint8_t *data,
		 unsigned int size, unsigned int repeat, bool write)
{
	bool known = size == 1;

	if (repeat > 1)
		count(&vcpu->counters.io_string);
	for (unsigned int i = 0; i < repeat && known; i++)
		known = write ? write_byte(m, port, data[i]) : read_byte(m, port, &data[i]);
	if (known)
		return;
	count(&vcpu->counters.io_unknown);
	if (!write)
		memset(data, 0xff, (size_t)size * repeat);
}
