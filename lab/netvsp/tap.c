// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TAP interface behind the NIC: one queue of it for each channel, read and
 * written on that channel's loop. Frames carry a virtio_net_hdr, so that the
 * guest's checksum and segmentation requests go to the kernel as they are,
 * and coalesced frames come from it when the guest takes them (RSC).
 * A queue that no channel uses is detached: the kernel steers flows to
 * attached queues only.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/log.h"
#include "netvsp/checksum.h"

#define TUN_DEVICE	"/dev/net/tun"
#define READ_BURST	64	/* frames for each turn, so that other work of the loop comes in */

struct tap_queue {
	struct netvsp_channel *nc;	/* NULL while closed */
	int fd;
	bool full;			/* @msg waits for room, the descriptor is not watched */
	bool gone;			/* the interface was deleted */
	struct net_msg *msg;
};

struct tap {
	struct net_backend backend;	/* first */
	unsigned int queues;
	struct tap_queue queue[NVSP_MAX_CHANNELS];
};

static void set_attached(struct tap_queue *q, bool on)
{
	struct ifreq ifr = { .ifr_flags = on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE };

	/* Fails with EINVAL when it is so already. */
	ioctl(q->fd, TUNSETQUEUE, &ifr);
}

/* Put the checksum that the kernel left to "the hardware" into the frame. */
static int finish_csum(struct net_msg *m, const struct virtio_net_hdr *h)
{
	uint16_t sum;

	if (h->csum_start > m->len || h->csum_offset + 2u > m->len - h->csum_start)
		return -EPROTO;
	sum = csum_finish(csum_bytes(0, m->data + h->csum_start, m->len - h->csum_start));
	memcpy(m->data + h->csum_start + h->csum_offset, &sum, 2);
	return 0;
}

static void strip_vlan(struct net_msg *m)
{
	m->vlan = m->len >= ETH_HEADER + VLAN_HEADER && get16(m->data + 12) == ETHERTYPE_VLAN;
	if (!m->vlan)
		return;
	m->vlan_tci = get16(m->data + 14);
	memmove(m->data + 12, m->data + 16, m->len - 16);
	m->len -= VLAN_HEADER;
}

/* One frame into @q->msg. 1, 0: none there now, or -EPROTO: not a frame. */
static int read_frame(struct tap_queue *q)
{
	struct virtio_net_hdr h;
	struct iovec iov[2] = {
		{ .iov_base = &h, .iov_len = sizeof(h) },
		{ .iov_base = q->msg->data, .iov_len = FRAME_MAX },
	};
	ssize_t n = readv(q->fd, iov, 2);

	if (n < 0)
		return 0;
	if (n < (ssize_t)sizeof(h) + ETH_HEADER)
		return -EPROTO;
	q->msg->len = (uint32_t)n - sizeof(h);
	q->msg->csum_good = h.flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID);
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM && finish_csum(q->msg, &h))
		return -EPROTO;
	strip_vlan(q->msg);
	return 1;
}

/* False: no room for @q->msg now. */
static bool deliver(struct tap_queue *q)
{
	int ret = rx_data(q->nc, q->msg);

	if (ret == -EAGAIN)
		return false;
	if (ret)
		count(&q->nc->n->rx_dropped);
	return true;
}

static void readable(void *ctx, uint32_t events)
{
	struct tap_queue *q = ctx;
	int i;

	if (events & (EPOLLERR | EPOLLHUP)) {
		az_warn("%s: the TAP interface is gone", q->nc->dev->dev.name);
		loop_unwatch(q->nc->ch->loop, q->fd);
		q->gone = true;
		return;
	}
	for (i = 0; i < READ_BURST; i++) {
		int ret = read_frame(q);

		if (!ret)
			break;
		if (ret > 0 && !deliver(q)) {
			q->full = true;
			loop_rewatch(q->nc->ch->loop, q->fd, 0);
			break;
		}
	}
	rx_push(q->nc);
}

static void resume(struct net_backend *b, void *priv)
{
	struct tap_queue *q = priv;

	if (!q->full || !deliver(q))
		return;
	q->full = false;
	if (!q->gone)
		loop_rewatch(q->nc->ch->loop, q->fd, EPOLLIN);
}

/* Coalesced frames only for a guest that takes them; the setting is the interface's. */
static void offload_changed(struct net_backend *b, void *priv)
{
	struct tap_queue *q = priv;
	unsigned int flags = TUN_F_CSUM;

	if (q->nc->index)
		return;
	if (q->nc->config.rsc)
		flags |= TUN_F_TSO4 | TUN_F_TSO6;
	ioctl(q->fd, TUNSETOFFLOAD, flags);
}

static int queue_open(struct net_backend *b, struct netvsp_channel *nc, void **priv)
{
	struct tap *tap = (struct tap *)b;
	struct tap_queue *q;
	int ret;

	if (nc->index >= tap->queues)
		return -EINVAL;
	q = &tap->queue[nc->index];
	q->msg = net_msg_alloc(NET_MSG_FRAME, FRAME_MAX);
	if (!q->msg)
		return -ENOMEM;
	q->nc = nc;
	q->full = false;
	q->gone = false;
	offload_changed(b, q);
	if (nc->index)
		set_attached(q, true);
	ret = loop_watch(nc->ch->loop, q->fd, EPOLLIN, readable, q);
	if (ret) {
		free(q->msg);
		q->msg = NULL;
		return ret;
	}
	*priv = q;
	return 0;
}

static void queue_close(struct net_backend *b, void *priv)
{
	struct tap_queue *q = priv;

	if (!q->gone)
		loop_unwatch(q->nc->ch->loop, q->fd);
	if (q->nc->index)
		set_attached(q, false);
	free(q->msg);
	q->msg = NULL;
	q->nc = NULL;
}

static void make_header(const struct net_frame *f, struct virtio_net_hdr *h)
{
	uint16_t shift = f->vlan ? VLAN_HEADER : 0;

	memset(h, 0, sizeof(*h));
	if (f->csum_needed) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = f->csum_start + shift;
		h->csum_offset = f->csum_offset;
	}
	if (f->gso != NET_GSO_NONE) {
		h->gso_type = f->gso == NET_GSO_TCP4 ? VIRTIO_NET_HDR_GSO_TCPV4 :
						       VIRTIO_NET_HDR_GSO_TCPV6;
		h->gso_size = f->gso_size;
		h->hdr_len = f->header_len + shift;
	}
}

static int transmit(struct net_backend *b, void *priv, const struct net_frame *f)
{
	struct iovec iov[FRAME_IOV_MAX + 4];
	struct tap_queue *q = priv;
	struct virtio_net_hdr h;
	uint8_t link[16];
	int n;

	make_header(f, &h);
	iov[0] = (struct iovec){ .iov_base = &h, .iov_len = sizeof(h) };
	if (f->vlan) {
		iov_copy(f->iov, f->n, 0, link, 12);
		put16(link + 12, ETHERTYPE_VLAN);
		put16(link + 14, f->vlan_tci);
		iov[1] = (struct iovec){ .iov_base = link, .iov_len = sizeof(link) };
		n = iov_slice(f->iov, f->n, 12, f->len - 12, iov + 2, FRAME_IOV_MAX + 2);
		n = n < 0 ? n : n + 2;
	} else {
		n = iov_slice(f->iov, f->n, 0, f->len, iov + 1, FRAME_IOV_MAX + 3);
		n = n < 0 ? n : n + 1;
	}
	if (n < 0)
		return n;
	return writev(q->fd, iov, n) < 0 ? -errno : 0;
}

static void destroy(struct net_backend *b)
{
	struct tap *tap = (struct tap *)b;
	unsigned int i;

	for (i = 0; i < tap->queues; i++)
		close(tap->queue[i].fd);
	free(tap);
}

static const struct net_backend_ops tap_ops = {
	.name = "tap",
	.offload = true,
	.open = queue_open,
	.close = queue_close,
	.transmit = transmit,
	.resume = resume,
	.offload_changed = offload_changed,
	.destroy = destroy,
};

static int tap_error(int error, const char *name, char *err, unsigned int err_len)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
		snprintf(err, err_len, "tap=%s: this machine has no %s, load the tun module", name,
			 TUN_DEVICE);
		return -ENOENT;
	case EPERM:
	case EACCES:
		snprintf(err, err_len, "tap=%s: no permission; needs CAP_NET_ADMIN, or: "
			 "ip tuntap add %s mode tap multi_queue vnet_hdr user USER", name, name);
		return -EPERM;
	case EBUSY:
		snprintf(err, err_len, "tap=%s: somebody else uses it", name);
		return -EBUSY;
	case EINVAL:
		snprintf(err, err_len, "tap=%s: not a TAP interface with multi_queue and vnet_hdr",
			 name);
		return -EINVAL;
	default:
		snprintf(err, err_len, "tap=%s: %s", name, strerror(error));
		return -error;
	}
}

static int open_queue(const char *name, bool multi, int *out)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	if (multi)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	memcpy(ifr.ifr_name, name, strlen(name));
	if (!ioctl(fd, TUNSETIFF, &ifr) && !ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM)) {
		*out = fd;
		return 0;
	}
	error = errno;
	close(fd);
	return -error;
}

int tap_create(struct netvsp *dev, const char *name, unsigned int queues,
	       struct net_backend **out, char *err, unsigned int err_len)
{
	struct tap *tap;
	int ret = 0;

	if (!*name || strlen(name) >= IFNAMSIZ) {
		snprintf(err, err_len, "tap=%s: an interface name has 1 to %d characters", name,
			 IFNAMSIZ - 1);
		return -EINVAL;
	}
	tap = calloc(1, sizeof(*tap));
	if (!tap)
		return -ENOMEM;
	tap->backend.ops = &tap_ops;
	tap->backend.dev = dev;
	while (tap->queues < queues) {
		struct tap_queue *q = &tap->queue[tap->queues];

		ret = open_queue(name, queues > 1, &q->fd);
		if (ret)
			break;
		if (tap->queues++)
			set_attached(q, false);
	}
	if (ret) {
		destroy(&tap->backend);
		return tap_error(-ret, name, err, err_len);
	}
	*out = &tap->backend;
	return 0;
}
