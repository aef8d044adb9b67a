/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_PCITEST_H
#define AZ_LAB_PROTO_PCITEST_H

/*
 * Registers of the lab's PCI test device: BAR 0, 64 KiB, trapped. Little
 * endian; 32 bits unless it says 64, which may also be accessed by halves.
 * BAR 2 (64-bit, prefetchable) is the device's memory. Our own: the ids are
 * the lab's and belong to no real device.
 */
#define PCITEST_VENDOR		0x1414	/* Microsoft, as the devices of a Hyper-V host */
#define PCITEST_DEVICE		0xa27e
#define PCITEST_CLASS		0xff0000u	/* unassigned class: no driver takes it by class */

#define PCITEST_ID		0x00	/* r: PCITEST_MAGIC */
#define PCITEST_MAGIC		0x54435041u	/* "APCT" */
#define PCITEST_VECTORS		0x04	/* r: MSI-X vectors */
#define PCITEST_SCRATCH		0x08	/* rw, 64 bits */
#define PCITEST_MEMORY_SIZE	0x10	/* r, 64 bits: of BAR 2 */
#define PCITEST_DELAY_US	0x18	/* rw: of the next raises */
#define PCITEST_RAISE		0x1c	/* w: raise this vector after the delay */
#define PCITEST_RAISED		0x20	/* r: raised since the last reset */
#define PCITEST_RESETS		0x24	/* r: resets so far; stays */

/* A copy: all registers but CMD first. */
#define PCITEST_DMA_SRC		0x40	/* rw, 64 bits: guest address, or offset in BAR 2 */
#define PCITEST_DMA_DST		0x48	/* rw, 64 bits */
#define PCITEST_DMA_LEN		0x50	/* rw: bytes, PCITEST_DMA_MAX at most */
#define PCITEST_DMA_VECTOR	0x54	/* rw: raised at the end; PCITEST_NO_VECTOR: none */
#define PCITEST_DMA_DELAY_US	0x58	/* rw: what the engine takes at least */
#define PCITEST_DMA_CMD		0x5c	/* w: begin */
#define PCITEST_DMA_STATUS	0x60	/* r */

#define PCITEST_DMA_MAX		(16u << 20)
#define PCITEST_NO_VECTOR	0xffffffffu

enum pcitest_dma_cmd {
	PCITEST_DMA_TO_MEMORY = 1,	/* guest -> BAR 2 */
	PCITEST_DMA_TO_GUEST = 2,	/* BAR 2 -> guest */
	PCITEST_DMA_GUEST_COPY = 3,	/* guest -> guest */
};

enum pcitest_dma_status {
	PCITEST_DMA_IDLE = 0,
	PCITEST_DMA_BUSY = 1,
	PCITEST_DMA_DONE = 2,
	PCITEST_DMA_ERROR = 3,		/* bad register, or not RAM */
};

#define PCITEST_INVALIDATE	0x68	/* w, 64 bits, upper half last: blocks that have changed */
#define PCITEST_REQUEST		0x70	/* w: enum pci_request of lab/pci/pci.h, of this function */

/* MSI-X lies in the upper half of BAR 0. */
#define PCITEST_BAR_SIZE	0x10000u
#define PCITEST_MSIX_TABLE	0x8000u
#define PCITEST_MSIX_PENDING	0xf000u

/* Config blocks: @PCITEST_BLOCKS of PCI_BLOCK_MAX bytes that hold what was written. */
#define PCITEST_BLOCKS		4u

#endif
