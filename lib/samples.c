// SPDX-License-Identifier: GPL-2.0-only
#include "lib/samples.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC		"AZSAMPL1"
#define MAGIC_LEN	8
#define BLOCK_MAGIC	0x42535a41u	/* "AZSB" */
#define END_MAGIC	0x45535a41u	/* "AZSE" */
#define HEAD_MAX	(1u << 20)
#define VARINT_MAX	10u
#define PAYLOAD_MAX	(AZ_SAMPLES_BLOCK * 3 * VARINT_MAX)

struct block_head {
	uint32_t magic, thread, samples, bytes, crc;
};

struct az_samples_writer {
	int fd, error;
	off_t whole;		/* length up to the last whole block */
	uint8_t payload[sizeof(struct block_head) + PAYLOAD_MAX];
};

struct az_samples_reader {
	FILE *file;
	json_t *head;
	uint32_t thread, left, at, bytes;	/* of the block */
	uint64_t time;
	bool ended;
	uint8_t payload[PAYLOAD_MAX];
};

/* CRC-32 of IEEE 802.3, as zlib has it: from @crc of what is before, 0 at first. */
static uint32_t crc32(uint32_t crc, const void *from, size_t len)
{
	static uint32_t table[256];
	const uint8_t *data = from;

	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		table[i] = c;
	}
	crc = ~crc;
	while (len--)
		crc = table[(crc ^ *data++) & 0xff] ^ crc >> 8;
	return ~crc;
}

static uint8_t *put_varint(uint8_t *p, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*p++ = (uint8_t)(value | 0x80);
	*p++ = (uint8_t)value;
	return p;
}

/* Of a block: its head up to the checksum, and the payload. */
static uint32_t block_crc(const struct block_head *head, const uint8_t *payload, size_t len)
{
	return crc32(crc32(0, head, offsetof(struct block_head, crc)), payload, len);
}

/* Signed differences as small numbers: 0, -1, 1, -2, ... */
static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ -(v & 1));
}

static int put_all(struct az_samples_writer *w, const void *data, size_t len)
{
	const uint8_t *p = data;
	ssize_t n;

	while (len && !w->error) {
		n = write(w->fd, p, len);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (!n || errno != EINTR) {
			w->error = n ? -errno : -EIO;
		}
	}
	if (!w->error) {
		w->whole += p - (const uint8_t *)data;
		return 0;
	}
	/* A pipe cannot be cut back, and its reader notices the end itself. */
	if (ftruncate(w->fd, w->whole) && errno != EINVAL)
		w->error = -errno;
	return w->error;
}

int az_samples_create(struct az_samples_writer **writer, const char *path, const json_t *head)
{
	struct az_samples_writer *w = calloc(1, sizeof(*w));
	char *text = json_dumps(head, JSON_COMPACT | JSON_ENSURE_ASCII);
	uint32_t len;
	int ret = -ENOMEM;

	if (!w || !text)
		goto fail;
	w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->fd < 0) {
		ret = -errno;
		goto fail;
	}
	len = htole32((uint32_t)strlen(text));
	ret = put_all(w, MAGIC, MAGIC_LEN);
	if (!ret)
		ret = put_all(w, &len, sizeof(len));
	if (!ret)
		ret = put_all(w, text, strlen(text));
	if (ret) {
		close(w->fd);
		goto fail;
	}
	free(text);
	*writer = w;
	return 0;
fail:
	free(text);
	free(w);
	return ret;
}

static int put_block(struct az_samples_writer *w, uint32_t magic, uint32_t thread,
		     const struct az_sample *samples, unsigned int count)
{
	uint8_t *begin = w->payload + sizeof(struct block_head), *p = begin;
	struct block_head head;
	uint64_t time = 0;

	for (unsigned int i = 0; i < count; i++) {
		p = put_varint(p, zigzag((int64_t)(samples[i].at - time)));
		p = put_varint(p, samples[i].ns);
		p = put_varint(p, (uint64_t)samples[i].path << 1 | samples[i].lost);
		time = samples[i].at;
	}
	head.magic = htole32(magic);
	head.thread = htole32(thread);
	head.samples = htole32(count);
	head.bytes = htole32((uint32_t)(p - begin));
	head.crc = htole32(block_crc(&head, begin, (size_t)(p - begin)));
	memcpy(w->payload, &head, sizeof(head));
	return put_all(w, w->payload, (size_t)(p - w->payload));
}

int az_samples_write(struct az_samples_writer *w, uint32_t thread,
		     const struct az_sample *samples, unsigned int count)
{
	unsigned int n;

	for (; count && !w->error; count -= n, samples += n) {
		n = count < AZ_SAMPLES_BLOCK ? count : AZ_SAMPLES_BLOCK;
		put_block(w, BLOCK_MAGIC, thread, samples, n);
	}
	return w->error;
}

int az_samples_close(struct az_samples_writer *w)
{
	int ret;

	if (!w)
		return 0;
	if (!w->error)
		put_block(w, END_MAGIC, 0, NULL, 0);
	ret = w->error;
	if (close(w->fd) && !ret)
		ret = -errno;
	free(w);
	return ret;
}

static int read_head(struct az_samples_reader *r, const char **why)
{
	char magic[MAGIC_LEN], *text;
	uint32_t len;

	*why = "not a file of samples";
	if (fread(magic, MAGIC_LEN, 1, r->file) != 1 || memcmp(magic, MAGIC, MAGIC_LEN) ||
	    fread(&len, sizeof(len), 1, r->file) != 1)
		return -EINVAL;
	len = le32toh(len);
	*why = "its head is damaged";
	if (len > HEAD_MAX)
		return -EINVAL;
	text = malloc(len + 1);
	if (!text)
		return -ENOMEM;
	if (fread(text, 1, len, r->file) == len)
		r->head = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return json_is_object(r->head) ? 0 : -EINVAL;
}

int az_samples_open(struct az_samples_reader **reader, const char *path, const char **why)
{
	struct az_samples_reader *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return -ENOMEM;
	r->file = fopen(path, "re");
	*why = r->file ? "" : strerror(errno);
	ret = r->file ? read_head(r, why) : -errno;
	if (ret)
		az_samples_free(r);
	else
		*reader = r;
	return ret;
}

const json_t *az_samples_head(const struct az_samples_reader *reader)
{
	return reader->head;
}

/* Returns 1 when a block is there, else as az_samples_next(). */
static int next_block(struct az_samples_reader *r, const char **why)
{
	struct block_head head;
	size_t got = fread(&head, 1, sizeof(head), r->file);

	if (got < sizeof(head))
		return ferror(r->file) ? -EIO : -ENODATA;
	r->thread = le32toh(head.thread);
	r->left = le32toh(head.samples);
	r->bytes = le32toh(head.bytes);
	r->at = 0;
	r->time = 0;
	if (le32toh(head.magic) == END_MAGIC && !r->left && !r->bytes)
		return 0;
	*why = "a block has a damaged head";
	if (le32toh(head.magic) != BLOCK_MAGIC || !r->left || r->left > AZ_SAMPLES_BLOCK ||
	    r->bytes > PAYLOAD_MAX)
		return -EINVAL;
	if (fread(r->payload, 1, r->bytes, r->file) < r->bytes)
		return ferror(r->file) ? -EIO : -ENODATA;
	*why = "a block has a wrong checksum";
	return block_crc(&head, r->payload, r->bytes) == le32toh(head.crc) ? 1 : -EINVAL;
}

static int get_varint(struct az_samples_reader *r, uint64_t *value)
{
	unsigned int shift;
	uint8_t byte;

	*value = 0;
	for (shift = 0; shift < 64 && r->at < r->bytes; shift += 7) {
		byte = r->payload[r->at++];
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 0;
	}
	return -EINVAL;
}

int az_samples_next(struct az_samples_reader *r, struct az_sample *sample, const char **why)
{
	uint64_t step, flags;
	int ret;

	*why = "";
	if (r->ended)
		return 0;
	if (!r->left) {
		ret = next_block(r, why);
		r->ended = !ret;
		if (ret <= 0) {
			r->left = 0;
			return ret;
		}
	}
	*why = "a block does not hold what its head says";
	if (get_varint(r, &step) || get_varint(r, &sample->ns) || get_varint(r, &flags) ||
	    flags >> 9)
		return -EINVAL;
	r->time += (uint64_t)unzigzag(step);
	sample->at = r->time;
	sample->thread = r->thread;
	sample->path = (uint8_t)(flags >> 1);
	sample->lost = flags & 1;
	if (!--r->left && r->at != r->bytes)
		return -EINVAL;
	return 1;
}

void az_samples_free(struct az_samples_reader *r)
{
	if (!r)
		return;
	if (r->file)
		fclose(r->file);
	json_decref(r->head);
	free(r);
}
