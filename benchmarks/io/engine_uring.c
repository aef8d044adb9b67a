// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring. Where stages are not asked for, one io_uring_enter() submits a batch
 * and waits for the first completion; all that are there are taken at once. What
 * a kernel does not have is left out step by step, from 6.1's deferred task work
 * to the plain ring of 5.1, and the result says what was had.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/io/engine.h"
#include "lib/log.h"

struct ring {
	struct io_uring ring;
	struct io_uring_cqe **cqes;	/* room for depth */
	struct io_req **queued;		/* since the last submission, for --stages */
	unsigned int queues;
	bool fixed_buffers, fixed_file, deferred;
};

/* Newest first; a kernel refuses unknown flags with EINVAL. */
static const struct {
	unsigned int flags, features;
} setups[] = {
	{ IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	  1u << IO_F_SINGLE_ISSUER | 1u << IO_F_DEFER_TASKRUN },
	{ IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
	  1u << IO_F_SINGLE_ISSUER | 1u << IO_F_COOP_TASKRUN },
	{ IORING_SETUP_COOP_TASKRUN, 1u << IO_F_COOP_TASKRUN },
	{ 0, 0 },
};

static int say_refusal(const struct io_bench *io, int error)
{
	switch (error) {
	case ENOSYS:
		return az_env("this kernel has no io_uring; use --engine sync");
	case EPERM:
		return az_env("io_uring is not allowed here (sysctl kernel.io_uring_disabled, or a "
			      "seccomp filter); use --engine sync");
	case ENOMEM:
		return az_env("io_uring: no memory for a ring of %u; raise the limit of locked "
			      "memory (ulimit -l) or lower --depth", io->depth);
	default:
		return az_env("io_uring%s%s: the kernel refuses: %s", io->poll ? " --poll" : "",
			      io->sqpoll ? " --sqpoll" : "", strerror(error));
	}
}

static int setup_ring(struct io_thread *t, struct ring *r)
{
	unsigned int fixed = (t->io->poll ? IORING_SETUP_IOPOLL : 0) |
			     (t->io->sqpoll ? IORING_SETUP_SQPOLL : 0);
	struct io_uring_params params;
	int ret = -EINVAL;
	size_t i;

	for (i = 0; i < sizeof(setups) / sizeof(setups[0]) && ret == -EINVAL; i++) {
		/* The kernel's thread submits: there is no work to defer to ours. */
		if (fixed & IORING_SETUP_SQPOLL && setups[i].flags & ~IORING_SETUP_SINGLE_ISSUER)
			continue;
		memset(&params, 0, sizeof(params));
		params.flags = fixed | setups[i].flags;
		ret = io_uring_queue_init_params(t->depth, &r->ring, &params);
		if (!ret) {
			r->deferred = setups[i].flags & IORING_SETUP_DEFER_TASKRUN;
			atomic_fetch_or(&t->io->features, setups[i].features);
		}
	}
	return ret;
}

/* Does without what is refused: it costs time for each request, not the result. */
static void register_all(struct io_thread *t, struct ring *r)
{
	struct iovec *iov = calloc(t->depth, sizeof(*iov));
	unsigned int i;

	if (t->io->plain || !iov)
		goto out;
	for (i = 0; i < t->depth; i++) {
		iov[i].iov_base = t->reqs[i].read_buf;
		iov[i].iov_len = t->span;
	}
	r->fixed_buffers = !io_uring_register_buffers(&r->ring, iov, t->depth);
	r->fixed_file = !io_uring_register_files(&r->ring, &t->io->fd, 1);
	if (r->fixed_buffers)
		io_has_feature(t->io, IO_F_FIXED_BUFFERS);
	if (r->fixed_file)
		io_has_feature(t->io, IO_F_FIXED_FILE);
	if (io_uring_register_ring_fd(&r->ring) == 1)
		io_has_feature(t->io, IO_F_RING_FD);
out:
	free(iov);
}

static void uring_close(struct io_thread *t)
{
	struct ring *r = t->state;

	io_uring_queue_exit(&r->ring);
	free(r->queued);
	free(r->cqes);
	free(r);
	t->state = NULL;
}

static int uring_open(struct io_thread *t)
{
	struct ring *r = calloc(1, sizeof(*r));
	int ret = -ENOMEM;

	if (!r)
		return say_refusal(t->io, ENOMEM);
	r->cqes = calloc(t->depth, sizeof(struct io_uring_cqe *));
	r->queued = calloc(t->depth, sizeof(*r->queued));
	if (r->cqes && r->queued)
		ret = setup_ring(t, r);
	if (ret) {
		free(r->queued);
		free(r->cqes);
		free(r);
		return say_refusal(t->io, -ret);
	}
	t->state = r;
	register_all(t, r);
	if (t->io->poll)
		io_has_feature(t->io, IO_F_IOPOLL);
	if (t->io->sqpoll)
		io_has_feature(t->io, IO_F_SQPOLL);
	return 0;
}

static void prepare(struct io_thread *t, struct ring *r, struct io_uring_sqe *sqe,
		    struct io_req *req)
{
	int fd = r->fixed_file ? 0 : t->io->fd;
	void *buf = req->buf + req->done;
	uint32_t len = req->len - req->done;
	uint64_t offset = req->offset + req->done;

	if (req->op == IO_SYNC)
		io_uring_prep_fsync(sqe, fd, t->io->fdatasync ? IORING_FSYNC_DATASYNC : 0);
	else if (req->op == IO_TRIM)
		io_uring_prep_fallocate(sqe, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					(off_t)offset, len);
	else if (req->op == IO_READ && r->fixed_buffers)
		io_uring_prep_read_fixed(sqe, fd, buf, len, offset, (int)req->slot);
	else if (req->op == IO_READ)
		io_uring_prep_read(sqe, fd, buf, len, offset);
	else if (r->fixed_buffers)
		io_uring_prep_write_fixed(sqe, fd, buf, len, offset, (int)req->slot);
	else
		io_uring_prep_write(sqe, fd, buf, len, offset);
	if (r->fixed_file)
		sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data(sqe, req);
}

static void uring_queue(struct io_thread *t, struct io_req *req)
{
	struct ring *r = t->state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

	/*
	 * The queue has an entry for each request. With SQPOLL the kernel's thread
	 * may not have taken the last ones yet, though their completions are here.
	 */
	while (!sqe) {
		io_uring_sqring_wait(&r->ring);
		sqe = io_uring_get_sqe(&r->ring);
	}
	prepare(t, r, sqe, req);
	if (t->io->stages)
		r->queued[r->queues++] = req;
}

/* Are there completions? Lets the kernel put them there where that is our thread's work. */
static bool ready(struct io_thread *t, struct ring *r)
{
	struct io_uring_cqe *cqe;

	if (io_uring_cq_ready(&r->ring))
		return true;
	if (t->io->poll)
		return !io_uring_peek_cqe(&r->ring, &cqe);
	if (r->deferred)
		io_uring_get_events(&r->ring);
	return io_uring_cq_ready(&r->ring);
}

/* Submission and waiting apart, so that each has its own time. */
static void submit_staged(struct io_thread *t, struct ring *r)
{
	uint64_t before = t->clock->now(), after;
	unsigned int i;

	io_uring_submit(&r->ring);
	after = t->clock->now();
	for (i = 0; i < r->queues; i++) {
		r->queued[i]->submit = before;
		r->queued[i]->submitted = after;
	}
	r->queues = 0;
}

/* Sleeps until @spin ns before @until, and polls from there. */
static void wait_until(struct io_thread *t, struct ring *r, uint64_t until)
{
	uint64_t spin = t->io->load.spin, now = t->clock->now();
	struct __kernel_timespec ts;
	struct io_uring_cqe *cqe;

	if (until > now + spin) {
		ts.tv_sec = (int64_t)((until - spin - now) / 1000000000);
		ts.tv_nsec = (long long)((until - spin - now) % 1000000000);
		io_uring_wait_cqes(&r->ring, &cqe, 1, &ts, NULL);
	}
	while (!ready(t, r) && t->clock->now() < until && !bench_stopped())
		;
}

static void uring_go(struct io_thread *t, uint64_t until)
{
	struct ring *r = t->state;
	struct io_uring_cqe *cqe;

	if (t->io->stages && r->queues)
		submit_staged(t, r);
	if (t->io->sqpoll) {
		/* An entry into the kernel would cost what SQPOLL saves. */
		io_uring_submit(&r->ring);
		while (!io_uring_cq_ready(&r->ring) && !bench_stopped() &&
		       (!until || t->clock->now() < until))
			;
	} else if (!until) {
		if (!t->io->stages)
			io_uring_submit_and_wait(&r->ring, 1);
		else if (!ready(t, r))
			io_uring_wait_cqe(&r->ring, &cqe);
	} else {
		io_uring_submit(&r->ring);
		if (!ready(t, r) && until > 1)
			wait_until(t, r, until);
	}
	t->seen = t->clock->now();
}

static unsigned int uring_reap(struct io_thread *t, struct io_req **reqs, unsigned int max)
{
	struct ring *r = t->state;
	unsigned int i, reaped = 0, n = io_uring_peek_batch_cqe(&r->ring, r->cqes, max);

	for (i = 0; i < n; i++) {
		/* Before 5.11 liburing waits with a time limit by a request of its own. */
		if (r->cqes[i]->user_data == LIBURING_UDATA_TIMEOUT)
			continue;
		reqs[reaped] = io_uring_cqe_get_data(r->cqes[i]);
		reqs[reaped++]->res = r->cqes[i]->res;
	}
	io_uring_cq_advance(&r->ring, n);
	return reaped;
}

const struct io_engine io_engine_uring = {
	"io_uring", true, uring_open, uring_close, uring_queue, uring_go, uring_reap,
};
