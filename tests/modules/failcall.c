// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes calls of a kernel function return a value at once, for the failures
 * that no host can cause: memory that is not there, a registration that is
 * refused. It is for tests, and loads into an unmodified kernel.
 *
 *	insmod failcall.ko symbol=register_netdevice value=-12
 *
 * With caller=, only the calls that such a function makes count, as in
 * symbol=__kmalloc_noprof caller=vmbus_on_msg_dpc; it may belong to a module that
 * is loaded later.
 *
 * The function must not be inlined, and its caller must be able to live with
 * the value. Reading parameters/calls and parameters/failed tells what came of it.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>

static char *symbol = "";
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "function, MODULE:FUNCTION where the name is not unique");

static char *caller = "";
module_param(caller, charp, 0444);
MODULE_PARM_DESC(caller, "function whose calls alone count, if any");

static unsigned int after;
module_param(after, uint, 0444);
MODULE_PARM_DESC(after, "calls that are let through first (0)");

static unsigned int count = 1;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "calls that fail then, 0 for all (1)");

static long value;
module_param(value, long, 0444);
MODULE_PARM_DESC(value, "what they return (0)");

static unsigned int calls;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "calls seen");

static unsigned int failed;
module_param(failed, uint, 0444);
MODULE_PARM_DESC(failed, "calls that returned value");

static DEFINE_RAW_SPINLOCK(lock);

/* What a call goes to instead of the function: back to the caller. */
void failcall_return(void);
asm(".pushsection .text\n"
	".type failcall_return, @function\n"
	"failcall_return:\n"
	ASM_ENDBR
	ASM_RET
	".size failcall_return, .-failcall_return\n"
	".popsection\n");

static bool fails(void)
{
	unsigned long flags;
	bool fail;

	raw_spin_lock_irqsave(&lock, flags);
	fail = calls >= after && (!count || calls - after < count);
	calls++;
	failed += fail;
	raw_spin_unlock_irqrestore(&lock, flags);
	return fail;
}

/* Whether the call that begins with these registers is one that counts. */
static bool from_caller(struct pt_regs *regs)
{
	char name[KSYM_NAME_LEN];

	if (!*caller)
		return true;
	/* "%ps" is the name alone, with the module's in brackets. */
	snprintf(name, sizeof(name), "%ps", (void *)regs_get_kernel_stack_nth(regs, 0));
	name[strcspn(name, " ")] = 0;
	return !strcmp(name, caller);
}
NOKPROBE_SYMBOL(from_caller);

static int failcall_enter(struct kprobe *p, struct pt_regs *regs)
{
	if (!from_caller(regs) || !fails())
		return 0;
	regs_set_return_value(regs, value);
	instruction_pointer_set(regs, (unsigned long)failcall_return);
	return 1;
}
NOKPROBE_SYMBOL(failcall_enter);

/* A probe that has this is not optimised into a jump, which would not look at the new ip. */
static void failcall_never(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(failcall_never);

static struct kprobe probe = {
	.pre_handler = failcall_enter,
	.post_handler = failcall_never,
};

static int __init failcall_init(void)
{
	probe.symbol_name = symbol;
	return register_kprobe(&probe);
}
module_init(failcall_init);

static void __exit failcall_exit(void)
{
	unregister_kprobe(&probe);
}
module_exit(failcall_exit);

MODULE_DESCRIPTION("Makes calls of a kernel function fail, for tests");
MODULE_LICENSE("GPL");
