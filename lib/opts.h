/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines from a table. One table per command gives the parser, the
 * range checks and the --help text, so that they cannot disagree.
 *
 *	const struct az_opt table[] = {
 *		AZ_OPT(U64, "count", 'n', "N", "samples to take", &cfg.count, .min = 1),
 *		AZ_OPT(FLAG, "force", 0, NULL, "write to a disk in use", &cfg.force),
 *		AZ_OPT(CALL, "disk", 0, "SPEC", "a disk", &cfg, .call = add_disk),
 *		AZ_OPT_DONE
 *	};
 */
#ifndef AZ_LIB_OPTS_H
#define AZ_LIB_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum az_opt_type {
	AZ_OPT_END = 0,
	AZ_OPT_FLAG,	/* bool *, set to true; takes no value */
	AZ_OPT_U32,	/* unsigned int * */
	AZ_OPT_U64,	/* uint64_t * */
	AZ_OPT_SIZE,	/* uint64_t *, bytes: 4096, 64K, 16M, 1G (powers of 1024) */
	AZ_OPT_TIME,	/* uint64_t *, stored in ns: 250us, 10ms, 1.5s, 2m; bare = s */
	AZ_OPT_DOUBLE,	/* double * */
	AZ_OPT_STRING,	/* const char **, points into argv; the last one wins */
	AZ_OPT_CALL,	/* @call once per occurrence: options that may repeat */
	AZ_OPT_LIST,	/* @call for each argument up to the next option */
};

/*
 * @min, @max bound numbers, inclusive, in the unit that is stored; @max 0 is
 * no upper bound. @call gets @dst and the value; it returns 0, or negative
 * after it has printed its own line. @short_name 0 is none.
 */
struct az_opt {
	const char *name;
	char short_name;
	const char *arg;
	const char *help;
	enum az_opt_type type;
	void *dst;
	int (*call)(void *ctx, const char *value);
	uint64_t min, max;
};

#define AZ_OPT(kind, n, s, a, h, d, ...) \
	{ .name = (n), .short_name = (s), .arg = (a), .help = (h), \
	  .type = AZ_OPT_##kind, .dst = (d), __VA_ARGS__ }
#define AZ_OPT_DONE { .type = AZ_OPT_END }

struct az_opts {
	const char *command;	/* "azimuth bench net" */
	const char *operands;	/* "FILE..." for the usage line, or NULL: takes none */
	const char *summary;	/* one sentence */
	const char *epilog;	/* printed after the options, or NULL */
	const struct az_opt *table;
};

/*
 * Parses argv[1..argc-1]. Options are accepted before, between and after the
 * operands as --name VALUE, --name=VALUE, -nVALUE and -n VALUE; "--" ends them.
 * argv is reordered so that the operands are last, in their order;
 * *@first_operand is the index of the first (argc when there is none). @opts
 * without operands refuses any. --help and -h are built in.
 *
 * Returns 0; 1 when help was printed (exit 0); -EINVAL after one line on
 * standard error (exit 2). az_opts_exit() turns the last two into exit codes.
 */
int az_opts_parse(const struct az_opts *opts, int argc, char **argv, int *first_operand);
int az_opts_exit(int rc);

/* The text of --help, on standard output. */
void az_opts_help(const struct az_opts *opts);

/*
 * Sub-options, "tap=tap0,queues=4,ro": same types (no CALL and LIST), with
 * these differences: a FLAG may be given as "ro", "ro=1" or "ro=0"; a STRING
 * dst is char **, the value is duplicated, an earlier value there is freed and
 * the caller frees the last one. @seen, where not NULL, becomes true when the
 * key occurs. An entry with @key "" takes the first item when that is bare and
 * not a known flag ("responder,queues=4", "disk.img,ro").
 */
struct az_kv {
	const char *key;
	enum az_opt_type type;
	void *dst;
	uint64_t min, max;
	bool *seen;
};

#define AZ_KV(kind, k, d, ...) \
	{ .key = (k), .type = AZ_OPT_##kind, .dst = (d), __VA_ARGS__ }
#define AZ_KV_DONE { .type = AZ_OPT_END }

/*
 * Parses @text by @table (ended by AZ_KV_DONE). Values hold no comma.
 * Returns 0, or -EINVAL with one line without a newline in @err, or -ENOMEM.
 * On failure some destinations may have been stored already: parse into a
 * local copy.
 */
int az_kv_parse(const char *text, const struct az_kv *table, char *err, size_t errlen);

/*
 * One number, the whole of @text, decimal or 0x; @type is U32, U64, SIZE, TIME.
 * Returns 0, -EINVAL (not such a number) or -ERANGE (does not fit 64 bits, or 32).
 */
int az_parse_number(const char *text, enum az_opt_type type, uint64_t *out);

/*
 * The entry of @names (@count of them) nearest to @word by edit distance, or
 * NULL when none is near enough to be worth a "did you mean".
 */
const char *az_nearest(const char *word, const char *const *names, size_t count);

#endif
