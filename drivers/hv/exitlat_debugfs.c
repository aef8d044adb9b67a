// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/debug/hv_exitlat: settings, run, results as text, hist/NAME as binary. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "exitlat.h"

static struct dentry *dir;

/* ---- settings ----------------------------------------------------------------------------- */

static int cpu_get(void *data, u64 *value)
{
	*value = exitlat.cpu;
	return 0;
}

/* Takes the lock, as all that changes settings: not while a run goes on. */
static int cpu_set(void *data, u64 value)
{
	if (value >= nr_cpu_ids || !cpu_online(value))
		return -ENODEV;
	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	exitlat.cpu = value;
	mutex_unlock(&exitlat.lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cpu_fops, cpu_get, cpu_set, "%llu\n");

static int count_get(void *data, u64 *value)
{
	*value = exitlat.count;
	return 0;
}

static int count_set(void *data, u64 value)
{
	if (!value || value > EXITLAT_COUNT_MAX)
		return -ERANGE;
	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	exitlat.count = value;
	mutex_unlock(&exitlat.lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(count_fops, count_get, count_set, "%llu\n");

static int delay_get(void *data, u64 *value)
{
	*value = exitlat.delay_us;
	return 0;
}

static int delay_set(void *data, u64 value)
{
	if (value < EXITLAT_DELAY_MIN || value > EXITLAT_DELAY_MAX)
		return -ERANGE;
	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	exitlat.delay_us = value;
	mutex_unlock(&exitlat.lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(delay_fops, delay_get, delay_set, "%llu\n");

/* One word of user space, without the newline. */
static int get_word(char *word, size_t size, const char __user *buf, size_t count, loff_t pos)
{
	if (pos || !count || count >= size)
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;
	word[count] = '\0';
	strim(word);
	return 0;
}

static ssize_t target_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	unsigned int target = EXITLAT_NO_CPU;
	char word[EXITLAT_NAME_LEN];
	int rc = get_word(word, sizeof(word), buf, count, *pos);

	if (rc)
		return rc;
	if (strcmp(word, "auto")) {
		if (kstrtouint(word, 0, &target))
			return -EINVAL;
		if (target >= nr_cpu_ids || !cpu_online(target))
			return -ENODEV;
	}
	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	exitlat.target = target;
	mutex_unlock(&exitlat.lock);
	return count;
}

static int target_show(struct seq_file *m, void *unused)
{
	if (exitlat.target == EXITLAT_NO_CPU)
		seq_puts(m, "auto\n");
	else
		seq_printf(m, "%u\n", exitlat.target);
	return 0;
}
DEFINE_SHOW_STORE_ATTRIBUTE(target);

/* ---- run ------------------------------------------------------------------------------------ */

static ssize_t run_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char word[EXITLAT_NAME_LEN];
	int rc = get_word(word, sizeof(word), buf, count, *pos);

	if (rc)
		return rc;
	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	rc = exitlat_measure(word);
	mutex_unlock(&exitlat.lock);
	return rc ? rc : count;
}

/* The names that can be written, with what became of each. */
static int run_show(struct seq_file *m, void *unused)
{
	const struct exitlat_slot *slot;

	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	for (slot = exitlat.slot; slot < exitlat.slot + exitlat.slots; slot++) {
		seq_printf(m, "%-22s ", slot->name);
		if (slot->rec)
			seq_printf(m, "%llu samples%s", slot->rec->count,
				   slot->note[0] ? ", " : "");
		seq_printf(m, "%s; %s\n", slot->note, slot->kind->what);
	}
	mutex_unlock(&exitlat.lock);
	return 0;
}
DEFINE_SHOW_STORE_ATTRIBUTE(run);

/* ---- results -------------------------------------------------------------------------------- */

static const u32 percentiles[] = { 500000, 900000, 990000, 999000, 999900 };

static void show_record(struct seq_file *m, const struct exitlat_record *rec)
{
	unsigned int i;

	seq_printf(m, "%s cpu %u ", rec->name, rec->cpu);
	if (rec->target != EXITLAT_NO_CPU)
		seq_printf(m, "target %u ", rec->target);
	seq_printf(m, "count %llu wanted %llu executed %llu lost %llu status %#llx", rec->count,
		   rec->wanted, rec->executed, rec->lost, rec->status);
	seq_printf(m, " overhead %llu/%llu min %llu", rec->overhead_min, rec->overhead_p50,
		   rec->min);
	for (i = 0; i < ARRAY_SIZE(percentiles); i++)
		seq_printf(m, " %llu", exitlat_hist_percentile(rec, percentiles[i]));
	seq_printf(m, " max %llu\n", rec->max);
}

static int results_show(struct seq_file *m, void *unused)
{
	const struct exitlat_slot *slot;

	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	seq_puts(m, "# times in ns, less the least overhead (overhead: least/median of it)\n");
	seq_puts(m, "# min p50 p90 p99 p99.9 p99.99 max, percentiles within 1/512\n");
	for (slot = exitlat.slot; slot < exitlat.slot + exitlat.slots; slot++) {
		if (slot->rec)
			show_record(m, slot->rec);
	}
	mutex_unlock(&exitlat.lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static ssize_t hist_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	const struct exitlat_slot *slot = file->private_data;
	ssize_t rc = 0;

	if (mutex_lock_interruptible(&exitlat.lock))
		return -EINTR;
	if (slot->rec)
		rc = simple_read_from_buffer(buf, count, pos, slot->rec, sizeof(*slot->rec));
	mutex_unlock(&exitlat.lock);
	return rc;
}

static const struct file_operations hist_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = hist_read,
	.llseek = default_llseek,
};

int exitlat_debugfs_create(void)
{
	struct dentry *hist;
	unsigned int i;

	dir = debugfs_create_dir("hv_exitlat", NULL);
	if (IS_ERR(dir)) {
		pr_err("no directory in debugfs: %pe\n", dir);
		return PTR_ERR(dir);
	}
	debugfs_create_file("cpu", 0600, dir, NULL, &cpu_fops);
	debugfs_create_file("target", 0600, dir, NULL, &target_fops);
	debugfs_create_file("count", 0600, dir, NULL, &count_fops);
	debugfs_create_file("delay_us", 0600, dir, NULL, &delay_fops);
	debugfs_create_file("run", 0600, dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, dir, NULL, &results_fops);
	hist = debugfs_create_dir("hist", dir);
	for (i = 0; i < exitlat.slots; i++)
		debugfs_create_file(exitlat.slot[i].name, 0400, hist, &exitlat.slot[i], &hist_fops);
	return 0;
}

void exitlat_debugfs_remove(void)
{
	debugfs_remove_recursive(dir);
}
