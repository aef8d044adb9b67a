// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the lab's PCI test device (registers: lab/proto/pcitest.h): what a driver
 * does with a function behind pci-hyperv, for scenarios to look at. In the device's sysfs
 * directory:
 *
 *	selftest	read: runs it, prints "vectors=8/8 dma=ok blocks=ok"
 *	interrupts	read: how many came
 *	load		write 1: copies and interrupts without end, until 0 or removal
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/hyperv.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#define PCITEST_DEVICE		0xa27e
#define REG_ID			0x00
#define MAGIC			0x54435041
#define REG_VECTORS		0x04
#define REG_SCRATCH		0x08
#define REG_DELAY_US		0x18
#define REG_RAISE		0x1c
#define REG_DMA_SRC		0x40
#define REG_DMA_DST		0x48
#define REG_DMA_LEN		0x50
#define REG_DMA_VECTOR		0x54
#define REG_DMA_DELAY_US	0x58
#define REG_DMA_CMD		0x5c
#define REG_DMA_STATUS		0x60
#define REG_INVALIDATE		0x68
#define DMA_TO_MEMORY		1
#define DMA_TO_GUEST		2
#define DMA_BUSY		1
#define DMA_DONE		2

#define BUF_LEN			SZ_64K
#define MAX_VECTORS		1024
#define WAIT_MS			5000

static unsigned int vectors = MAX_VECTORS;
module_param(vectors, uint, 0444);
MODULE_PARM_DESC(vectors, "MSI-X vectors to use at most");

struct pcitest;

struct vector {
	struct pcitest *dev;
	struct completion came;
	atomic_t count;
};

struct pcitest {
	struct pci_dev *pdev;
	void __iomem *regs, *memory;
	u8 *buf;
	dma_addr_t dma;
	int n_vectors;
	struct vector *vector;
	struct mutex lock;		/* the engine and the self test */
	struct work_struct load;
	bool loading;
	atomic64_t loads;
	u64 invalid;			/* mask of blocks that the host said have changed */
	struct completion invalidated;
};

static irqreturn_t on_interrupt(int irq, void *arg)
{
	struct vector *v = arg;

	atomic_inc(&v->count);
	complete(&v->came);
	return IRQ_HANDLED;
}

/* Raise @n after @delay_us and wait. 0 or -ETIMEDOUT. */
static int raise(struct pcitest *dev, unsigned int n, unsigned int delay_us)
{
	struct vector *v = &dev->vector[n];

	reinit_completion(&v->came);
	writel(delay_us, dev->regs + REG_DELAY_US);
	writel(n, dev->regs + REG_RAISE);
	return wait_for_completion_timeout(&v->came, msecs_to_jiffies(WAIT_MS)) ? 0 : -ETIMEDOUT;
}

static void write64(struct pcitest *dev, unsigned int reg, u64 value)
{
	writel(lower_32_bits(value), dev->regs + reg);
	writel(upper_32_bits(value), dev->regs + reg + 4);
}

/* One copy, its end told by interrupt 0. */
static int copy(struct pcitest *dev, u32 cmd, u64 src, u64 dst, u32 len)
{
	struct vector *v = &dev->vector[0];

	reinit_completion(&v->came);
	write64(dev, REG_DMA_SRC, src);
	write64(dev, REG_DMA_DST, dst);
	writel(len, dev->regs + REG_DMA_LEN);
	writel(0, dev->regs + REG_DMA_VECTOR);
	writel(20, dev->regs + REG_DMA_DELAY_US);
	writel(cmd, dev->regs + REG_DMA_CMD);
	if (!wait_for_completion_timeout(&v->came, msecs_to_jiffies(WAIT_MS)))
		return -ETIMEDOUT;
	return readl(dev->regs + REG_DMA_STATUS) == DMA_DONE ? 0 : -EIO;
}

/* There by DMA, seen through the memory BAR, back by DMA. */
static int test_dma(struct pcitest *dev)
{
	u32 half = BUF_LEN / 2, i;
	int ret;

	for (i = 0; i < half; i++)
		dev->buf[i] = (u8)(i * 7 + (i >> 8));
	memset(dev->buf + half, 0, half);
	ret = copy(dev, DMA_TO_MEMORY, dev->dma, 4096, half);
	if (ret)
		return ret;
	for (i = 0; i < half; i += 1021)
		if (readb(dev->memory + 4096 + i) != dev->buf[i])
			return -EILSEQ;
	writeb(~dev->buf[5], dev->memory + 4096 + 5);
	ret = copy(dev, DMA_TO_GUEST, 4096, dev->dma + half, half);
	if (ret)
		return ret;
	dev->buf[5] = ~dev->buf[5];
	return memcmp(dev->buf, dev->buf + half, half) ? -EILSEQ : 0;
}

#if IS_ENABLED(CONFIG_PCI_HYPERV_INTERFACE)
static void on_invalid(void *context, u64 mask)
{
	struct pcitest *dev = context;

	dev->invalid = mask;
	complete(&dev->invalidated);
}

static int test_blocks(struct pcitest *dev)
{
	u8 out[100], in[100];
	unsigned int got;
	int ret;

	memset(out, 0x5c, sizeof(out));
	ret = hyperv_write_cfg_blk(dev->pdev, out, sizeof(out), 1);
	if (ret)
		return ret;
	ret = hyperv_read_cfg_blk(dev->pdev, in, sizeof(in), 1, &got);
	if (ret)
		return ret;
	/* The ring pads packets, and pci-hyperv takes the padding for data. */
	if (got < sizeof(in) || memcmp(in, out, sizeof(in)))
		return -EILSEQ;
	ret = hyperv_reg_block_invalidate(dev->pdev, dev, on_invalid);
	if (ret)
		return ret;
	reinit_completion(&dev->invalidated);
	write64(dev, REG_INVALIDATE, 6);
	if (!wait_for_completion_timeout(&dev->invalidated, msecs_to_jiffies(WAIT_MS)))
		ret = -ETIMEDOUT;
	else if (dev->invalid != 6)
		ret = -EILSEQ;
	hyperv_reg_block_invalidate(dev->pdev, NULL, NULL);
	return ret;
}
#else
static int test_blocks(struct pcitest *dev)
{
	return -EOPNOTSUPP;
}
#endif

static int put(char *buf, int at, const char *name, int ret)
{
	return ret ? sysfs_emit_at(buf, at, " %s=%d", name, ret) :
		sysfs_emit_at(buf, at, " %s=ok", name);
}

static ssize_t selftest_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct pcitest *dev = dev_get_drvdata(d);
	int good = 0, at, i;

	mutex_lock(&dev->lock);
	for (i = 0; i < dev->n_vectors; i++)
		good += !raise(dev, i, i % 2 ? 100 : 0);
	at = sysfs_emit(buf, "vectors=%d/%d", good, dev->n_vectors);
	at += put(buf, at, "dma", test_dma(dev));
	at += put(buf, at, "blocks", test_blocks(dev));
	at += sysfs_emit_at(buf, at, "\n");
	mutex_unlock(&dev->lock);
	return at;
}
static DEVICE_ATTR_RO(selftest);

static ssize_t interrupts_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct pcitest *dev = dev_get_drvdata(d);
	int total = 0, i;

	for (i = 0; i < dev->n_vectors; i++)
		total += atomic_read(&dev->vector[i].count);
	return sysfs_emit(buf, "%d\n", total);
}
static DEVICE_ATTR_RO(interrupts);

static void load_work(struct work_struct *work)
{
	struct pcitest *dev = container_of(work, struct pcitest, load);

	while (READ_ONCE(dev->loading) && !pci_dev_is_disconnected(dev->pdev)) {
		mutex_lock(&dev->lock);
		copy(dev, DMA_TO_MEMORY, dev->dma, 0, BUF_LEN / 2);
		mutex_unlock(&dev->lock);
		atomic64_inc(&dev->loads);
		/* A device that has gone reads as ones. */
		if (readl(dev->regs + REG_ID) != MAGIC)
			break;
		cond_resched();
	}
}

static ssize_t load_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct pcitest *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%lld\n", (long long)atomic64_read(&dev->loads));
}

static ssize_t load_store(struct device *d, struct device_attribute *attr, const char *buf,
			  size_t len)
{
	struct pcitest *dev = dev_get_drvdata(d);
	bool on;
	int ret = kstrtobool(buf, &on);

	if (ret)
		return ret;
	WRITE_ONCE(dev->loading, on);
	if (on)
		queue_work(system_unbound_wq, &dev->load);
	else
		flush_work(&dev->load);
	return len;
}
static DEVICE_ATTR_RW(load);

static struct attribute *pcitest_attrs[] = {
	&dev_attr_selftest.attr, &dev_attr_interrupts.attr, &dev_attr_load.attr, NULL
};
ATTRIBUTE_GROUPS(pcitest);

static int get_vectors(struct pcitest *dev)
{
	struct pci_dev *pdev = dev->pdev;
	int n = min_t(unsigned int, readl(dev->regs + REG_VECTORS), vectors), i, ret;

	n = pci_alloc_irq_vectors(pdev, 1, clamp(n, 1, MAX_VECTORS), PCI_IRQ_MSIX);
	if (n < 0)
		return n;
	dev->vector = devm_kcalloc(&pdev->dev, n, sizeof(*dev->vector), GFP_KERNEL);
	if (!dev->vector)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		dev->vector[i].dev = dev;
		init_completion(&dev->vector[i].came);
	}
	for (i = 0; i < n; i++) {
		ret = request_irq(pci_irq_vector(pdev, i), on_interrupt, 0, "pcitest",
				  &dev->vector[i]);
		if (ret)
			return ret;
		dev->n_vectors = i + 1;
	}
	return 0;
}

static void put_vectors(struct pcitest *dev)
{
	int i;

	for (i = 0; i < dev->n_vectors; i++)
		free_irq(pci_irq_vector(dev->pdev, i), &dev->vector[i]);
	pci_free_irq_vectors(dev->pdev);
}

static int pcitest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct pcitest *dev = devm_kzalloc(&pdev->dev, sizeof(*dev), GFP_KERNEL);
	int ret;

	if (!dev)
		return -ENOMEM;
	dev->pdev = pdev;
	mutex_init(&dev->lock);
	init_completion(&dev->invalidated);
	INIT_WORK(&dev->load, load_work);
	pci_set_drvdata(pdev, dev);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	dev->regs = pcim_iomap(pdev, 0, 0);
	dev->memory = pcim_iomap(pdev, 2, 0);
	if (!dev->regs || !dev->memory)
		return -ENOMEM;
	if (readl(dev->regs + REG_ID) != MAGIC)
		return -ENODEV;
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dev->buf = dmam_alloc_coherent(&pdev->dev, BUF_LEN, &dev->dma, GFP_KERNEL);
	if (!dev->buf)
		return -ENOMEM;
	ret = get_vectors(dev);
	if (ret) {
		put_vectors(dev);
		return ret;
	}
	pci_info(pdev, "pcitest: %d vectors, node %d\n", dev->n_vectors, dev_to_node(&pdev->dev));
	return 0;
}

static void pcitest_remove(struct pci_dev *pdev)
{
	struct pcitest *dev = pci_get_drvdata(pdev);

	WRITE_ONCE(dev->loading, false);
	cancel_work_sync(&dev->load);
	put_vectors(dev);
	pci_clear_master(pdev);
}

static const struct pci_device_id pcitest_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_MICROSOFT, PCITEST_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, pcitest_ids);

static struct pci_driver pcitest_driver = {
	.name = "pcitest",
	.id_table = pcitest_ids,
	.probe = pcitest_probe,
	.remove = pcitest_remove,
	.dev_groups = pcitest_groups,
};
module_pci_driver(pcitest_driver);

MODULE_DESCRIPTION("Driver for the lab's PCI test device");
MODULE_LICENSE("GPL");
