// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "machine/acpi.h"
#include "machine/boot.h"
#include "machine/dsdt.hex"	/* dsdt_aml_code, by iasl from dsdt.asl */
#include "machine/kvm.h"

/* The two fields of dsdt.asl's region HOST; the tables follow. */
#define HOST_REGION_GPA		0xe1000
#define TABLES_GPA		0xe2000
#define RSDP_GPA		BOOT_ACPI_GPA

#define GIB			(1ull << 30)

/* ---- layouts (ACPI 6.4, 5.2) ------------------------------------------------ */

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

struct table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct gas {
	uint8_t space;		/* 1: I/O */
	uint8_t bits;
	uint8_t offset;
	uint8_t access;		/* 1: byte */
	uint64_t address;
} __attribute__((packed));

struct fadt {
	struct table_header header;
	uint8_t legacy[109 - 36];	/* of fixed hardware, which there is none of */
	uint16_t boot_arch;
	uint8_t reserved0;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_facs;
	uint64_t x_dsdt;
	uint8_t legacy_x[244 - 148];
	struct gas sleep_control;
	struct gas sleep_status;
	uint64_t hypervisor;
} __attribute__((packed));

#define FADT_BOOT_LEGACY_DEVICES	(1u << 0)
#define FADT_BOOT_NO_VGA		(1u << 2)
#define FADT_BOOT_NO_CMOS_RTC		(1u << 5)
#define FADT_WBINVD			(1u << 0)
#define FADT_POWER_BUTTON		(1u << 4)
#define FADT_SLEEP_BUTTON		(1u << 5)
#define FADT_RESET_REGISTER		(1u << 10)
#define FADT_HW_REDUCED			(1u << 20)

struct madt {
	struct table_header header;
	uint32_t lapic;
	uint32_t flags;
} __attribute__((packed));

struct madt_lapic {
	uint8_t type, length;	/* 0, 8 */
	uint8_t uid, apic_id;
	uint32_t flags;		/* 1: enabled */
} __attribute__((packed));

struct madt_ioapic {
	uint8_t type, length;	/* 1, 12 */
	uint8_t id, reserved;
	uint32_t address;
	uint32_t gsi_base;
} __attribute__((packed));

struct srat {
	struct table_header header;
	uint32_t reserved1;	/* 1 */
	uint64_t reserved;
} __attribute__((packed));

struct srat_apic {
	uint8_t type, length;	/* 0, 16 */
	uint8_t domain, apic_id;
	uint32_t flags;		/* 1: enabled */
	uint8_t eid, domain_high[3];
	uint32_t clock_domain;
} __attribute__((packed));

struct srat_memory {
	uint8_t type, length;	/* 1, 40 */
	uint32_t domain;
	uint16_t reserved;
	uint64_t base, size;
	uint32_t reserved1;
	uint32_t flags;		/* 1: enabled */
	uint64_t reserved2;
} __attribute__((packed));

static_assert(sizeof(struct rsdp) == 36, "ACPI 5.2.5.3");
static_assert(sizeof(struct fadt) == 276, "ACPI 5.2.9, revision 6");
static_assert(sizeof(struct srat_memory) == 40, "ACPI 5.2.16.2");

/* A processor of the SSDT: Device (CPxx) { Name (_HID, "ACPI0007") Name (_UID, n) } */
struct aml_processor {
	uint8_t device_op[2];	/* 5b 82 */
	uint8_t pkg_length;	/* of itself and what follows */
	char name[4];
	uint8_t name_op1;	/* 08 */
	char hid[4];
	uint8_t string_prefix;	/* 0d */
	char hid_value[9];
	uint8_t name_op2;
	char uid[4];
	uint8_t byte_prefix;	/* 0a */
	uint8_t uid_value;
} __attribute__((packed));

struct aml_scope {
	uint8_t op;		/* 10 */
	uint8_t pkg_length[3];	/* three-byte form: low nibble and count, then 16 bits */
	char name[5];		/* "\_SB_" */
} __attribute__((packed));

/* ---- topology ---------------------------------------------------------------- */

/* The first core of @node. */
static unsigned int first_core(const struct vp_layout *l, unsigned int node)
{
	unsigned int cores = l->vcpus / l->threads, left;

	if (l->nodes < 2)
		return 0;
	left = cores % l->nodes;
	return node * (cores / l->nodes) + (node < left ? node : left);
}

unsigned int acpi_node_of_vp(const struct vp_layout *l, unsigned int vp)
{
	unsigned int node = 0;

	while (node + 1 < l->nodes && vp / l->threads >= first_core(l, node + 1))
		node++;
	return node;
}

unsigned int acpi_package_vps(const struct vp_layout *l)
{
	unsigned int cores = l->vcpus / l->threads;

	return (l->nodes > 1 ? (cores + l->nodes - 1) / l->nodes : cores) * l->threads;
}

unsigned int acpi_package_bits(const struct vp_layout *l)
{
	unsigned int bits = 0;

	while ((1u << bits) < acpi_package_vps(l))
		bits++;
	return bits;
}

uint32_t acpi_apic_id(const struct vp_layout *l, unsigned int vp)
{
	unsigned int node = acpi_node_of_vp(l, vp);

	return node << acpi_package_bits(l) | (vp - first_core(l, node) * l->threads);
}

/* Bytes of RAM of each node but the last, which has the rest. */
static uint64_t node_share(const struct guest_memory *mem, unsigned int nodes)
{
	/* 128 MiB is the block in which Linux keeps memory. */
	uint64_t unit = 128ull << 20, share = mem->size / nodes & ~(unit - 1);

	return share ? share : mem->size / nodes & ~(uint64_t)(GUEST_PAGE_SIZE - 1);
}

int acpi_node_of_gpa(const struct guest_memory *mem, unsigned int nodes, uint64_t gpa)
{
	uint64_t node;

	if (!mem_at(mem, gpa, 1))
		return -1;
	if (nodes < 2)
		return 0;
	if (gpa >= GUEST_HIGH_RAM_START)
		gpa -= GUEST_HIGH_RAM_START - mem->low_size;
	node = gpa / node_share(mem, nodes);
	return (int)(node < nodes ? node : nodes - 1);
}

void acpi_high_window(const struct guest_memory *mem, const struct acpi_config *config,
		      uint64_t *start, uint64_t *size)
{
	uint64_t end = config->phys_bits >= 52 ? 1ull << 52 : 1ull << config->phys_bits;
	uint64_t from = GUEST_HIGH_RAM_START + mem->high_size;

	from = (from + GIB - 1) & ~(GIB - 1);
	*start = from;
	if (from >= end)
		*size = 0;
	else
		*size = end - from < config->mmio_high ? end - from : config->mmio_high;
}

/* ---- writing tables ------------------------------------------------------------ */

struct builder {
	uint8_t *base;		/* host address of TABLES_GPA */
	size_t cap, used;
	bool overflow;
};

/* @len zeroed bytes at the end, or NULL. */
static void *append(struct builder *b, size_t len)
{
	void *p;

	if (len > b->cap - b->used) {
		b->overflow = true;
		return NULL;
	}
	p = b->base + b->used;
	memset(p, 0, len);
	b->used += len;
	return p;
}

static uint8_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (len--)
		sum += *p++;
	return (uint8_t)-sum;
}

/* Begin a table on a 16-byte boundary. */
static void *table_begin(struct builder *b, const char *signature, uint8_t revision, size_t len)
{
	struct table_header *h;

	if (b->used % 16 && !append(b, 16 - b->used % 16))
		return NULL;
	h = append(b, len);
	if (!h)
		return NULL;
	memcpy(h->signature, signature, 4);
	h->revision = revision;
	memcpy(h->oem_id, "AZMUTH", 6);
	memcpy(h->oem_table_id, "AZHOST  ", 8);
	h->oem_revision = 1;
	memcpy(h->creator, "AZIM", 4);
	h->creator_revision = 1;
	return h;
}

/* Everything that was appended since belongs to the table; its GPA. */
static uint64_t table_end(struct builder *b, struct table_header *h)
{
	size_t start;

	if (!h)
		return 0;
	start = (size_t)((uint8_t *)h - b->base);
	h->length = (uint32_t)(b->used - start);
	h->checksum = 0;
	h->checksum = checksum(h, h->length);
	return TABLES_GPA + start;
}

static struct gas io_byte(uint16_t port)
{
	return (struct gas){ .space = 1, .bits = 8, .access = 1, .address = port };
}

static uint64_t build_dsdt(struct builder *b)
{
	struct table_header *h;

	if (b->used % 16)
		append(b, 16 - b->used % 16);
	h = append(b, sizeof(dsdt_aml_code));
	if (!h)
		return 0;
	memcpy(h, dsdt_aml_code, sizeof(dsdt_aml_code));
	return table_end(b, h);
}

static uint64_t build_fadt(struct builder *b, uint64_t dsdt)
{
	struct fadt *f = table_begin(b, "FACP", 6, sizeof(*f));

	if (!f)
		return 0;
	f->boot_arch = FADT_BOOT_LEGACY_DEVICES | FADT_BOOT_NO_VGA | FADT_BOOT_NO_CMOS_RTC;
	f->flags = FADT_WBINVD | FADT_POWER_BUTTON | FADT_SLEEP_BUTTON | FADT_RESET_REGISTER |
		   FADT_HW_REDUCED;
	f->reset = io_byte(ACPI_PORT_RESET);
	f->reset_value = ACPI_RESET_VALUE;
	f->minor = 4;
	f->x_dsdt = dsdt;
	f->sleep_control = io_byte(ACPI_PORT_SLEEP_CONTROL);
	f->sleep_status = io_byte(ACPI_PORT_SLEEP_STATUS);
	return table_end(b, &f->header);
}

static uint64_t build_madt(struct builder *b, const struct acpi_config *config)
{
	struct madt *m = table_begin(b, "APIC", 5, sizeof(*m));
	struct madt_ioapic *io;

	if (!m)
		return 0;
	m->lapic = LAPIC_ADDRESS;
	for (unsigned int vp = 0; vp < config->layout.vcpus; vp++) {
		struct madt_lapic *l = append(b, sizeof(*l));

		if (!l)
			return 0;
		l->length = sizeof(*l);
		l->uid = (uint8_t)vp;
		l->apic_id = (uint8_t)acpi_apic_id(&config->layout, vp);
		l->flags = 1;
	}
	io = append(b, sizeof(*io));
	if (!io)
		return 0;
	io->type = 1;
	io->length = sizeof(*io);
	io->address = IOAPIC_ADDRESS;
	return table_end(b, &m->header);
}

static void srat_range(struct builder *b, uint32_t node, uint64_t base, uint64_t size)
{
	struct srat_memory *m = size ? append(b, sizeof(*m)) : NULL;

	if (!m)
		return;
	m->type = 1;
	m->length = sizeof(*m);
	m->domain = node;
	m->base = base;
	m->size = size;
	m->flags = 1;
}

/* [@from, @to) of all RAM, counted without the hole below 4 GiB. */
static void srat_memory_of_node(struct builder *b, const struct guest_memory *mem, uint32_t node,
				uint64_t from, uint64_t to)
{
	if (from < mem->low_size)
		srat_range(b, node, from, (to < mem->low_size ? to : mem->low_size) - from);
	if (to > mem->low_size) {
		if (from < mem->low_size)
			from = mem->low_size;
		srat_range(b, node, GUEST_HIGH_RAM_START + from - mem->low_size, to - from);
	}
}

static uint64_t build_srat(struct builder *b, const struct guest_memory *mem,
			   const struct acpi_config *config)
{
	struct srat *s = table_begin(b, "SRAT", 3, sizeof(*s));
	unsigned int nodes = config->layout.nodes;

	if (!s)
		return 0;
	s->reserved1 = 1;
	for (unsigned int vp = 0; vp < config->layout.vcpus; vp++) {
		struct srat_apic *a = append(b, sizeof(*a));

		if (!a)
			return 0;
		a->length = sizeof(*a);
		a->domain = (uint8_t)acpi_node_of_vp(&config->layout, vp);
		a->apic_id = (uint8_t)acpi_apic_id(&config->layout, vp);
		a->flags = 1;
	}
	for (unsigned int node = 0; node < nodes; node++) {
		uint64_t share = node_share(mem, nodes);

		srat_memory_of_node(b, mem, node, node * share,
				    node + 1 == nodes ? mem->size : (node + 1) * share);
	}
	return table_end(b, &s->header);
}

static uint64_t build_ssdt(struct builder *b, const struct acpi_config *config)
{
	static const char hex[] = "0123456789ABCDEF";
	struct table_header *h = table_begin(b, "SSDT", 2, sizeof(*h));
	struct aml_scope *scope = append(b, sizeof(*scope));
	size_t length = sizeof(*scope) - 1 + config->layout.vcpus * sizeof(struct aml_processor);

	if (!h || !scope)
		return 0;
	scope->op = 0x10;
	scope->pkg_length[0] = (uint8_t)(0x80 | (length & 0xf));
	scope->pkg_length[1] = (uint8_t)(length >> 4);
	scope->pkg_length[2] = (uint8_t)(length >> 12);
	memcpy(scope->name, "\\_SB_", 5);
	for (unsigned int vp = 0; vp < config->layout.vcpus; vp++) {
		struct aml_processor *p = append(b, sizeof(*p));

		if (!p)
			return 0;
		*p = (struct aml_processor){
			.device_op = { 0x5b, 0x82 },
			.pkg_length = sizeof(*p) - 2,
			.name = { 'C', 'P', hex[vp >> 4 & 0xf], hex[vp & 0xf] },
			.name_op1 = 0x08,
			.hid = { '_', 'H', 'I', 'D' },
			.string_prefix = 0x0d,
			.hid_value = "ACPI0007",
			.name_op2 = 0x08,
			.uid = { '_', 'U', 'I', 'D' },
			.byte_prefix = 0x0a,
			.uid_value = (uint8_t)vp,
		};
	}
	return table_end(b, h);
}

static uint64_t build_xsdt(struct builder *b, const uint64_t *tables, unsigned int n)
{
	struct table_header *h = table_begin(b, "XSDT", 1, sizeof(*h));
	uint8_t *p = append(b, n * sizeof(*tables));

	if (!h || !p)
		return 0;
	memcpy(p, tables, n * sizeof(*tables));
	return table_end(b, h);
}

int acpi_build(const struct guest_memory *mem, const struct acpi_config *config)
{
	struct builder b = { .cap = BOOT_ACPI_GPA + BOOT_ACPI_SIZE - TABLES_GPA };
	uint64_t tables[4], window[2], xsdt;
	struct rsdp *rsdp = mem_at(mem, RSDP_GPA, sizeof(*rsdp));
	unsigned int n = 0;

	b.base = mem_at(mem, TABLES_GPA, b.cap);
	acpi_high_window(mem, config, &window[0], &window[1]);
	if (!rsdp || !b.base || mem_write(mem, HOST_REGION_GPA, window, sizeof(window)))
		return -E2BIG;
	tables[n++] = build_fadt(&b, build_dsdt(&b));
	tables[n++] = build_madt(&b, config);
	tables[n++] = build_ssdt(&b, config);
	if (config->layout.nodes)
		tables[n++] = build_srat(&b, mem, config);
	xsdt = build_xsdt(&b, tables, n);
	if (b.overflow)
		return -E2BIG;
	memset(rsdp, 0, sizeof(*rsdp));
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, "AZMUTH", 6);
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
	return 0;
}
