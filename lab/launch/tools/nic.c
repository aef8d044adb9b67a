// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two things that scenarios ask of ethtool and that busybox has no applet
 * for: the number of channels, and one statistic by name.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launch/tools/tool.h"

/* One SIOCETHTOOL request; 0 or -errno, with a line on standard error. */
static int ethtool_request(int fd, const char *dev, void *request, const char *what)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	ifr.ifr_data = request;
	if (ioctl(fd, SIOCETHTOOL, &ifr)) {
		int err = -errno;

		tool_error("%s: cannot %s: %s", dev, what, strerror(errno));
		return err;
	}
	return 0;
}

static int nic_channels(int fd, const char *dev, const char *count)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	char *end;

	if (ethtool_request(fd, dev, &ch, "read the channels"))
		return TOOL_ENV;
	if (!count) {
		printf("%u of %u\n", ch.combined_count, ch.max_combined);
		return TOOL_OK;
	}
	ch.cmd = ETHTOOL_SCHANNELS;
	ch.combined_count = strtoul(count, &end, 10);
	if (*end || end == count) {
		tool_error("nic: '%s' is not a number of channels", count);
		return TOOL_USAGE;
	}
	return ethtool_request(fd, dev, &ch, "set the channels") ? TOOL_FAILED : TOOL_OK;
}

/* The number of statistics that the driver has now; 0 with a message when it has none. */
static unsigned int stat_count(int fd, const char *dev)
{
	/* The request has its answer, one number, behind it. */
	_Alignas(struct ethtool_sset_info) char raw[sizeof(struct ethtool_sset_info) +
						    sizeof(__u32)] = { 0 };
	struct ethtool_sset_info *set = (struct ethtool_sset_info *)raw;

	set->cmd = ETHTOOL_GSSET_INFO;
	set->sset_mask = 1ull << ETH_SS_STATS;
	if (ethtool_request(fd, dev, set, "count the statistics"))
		return 0;
	return set->sset_mask ? set->data[0] : 0;
}

static int nic_stat(int fd, const char *dev, const char *name)
{
	unsigned int i, n = stat_count(fd, dev);
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *values = NULL;
	int ret = TOOL_ENV;

	if (!n)
		return ret;
	names = calloc(1, sizeof(*names) + (size_t)n * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + n * sizeof(__u64));
	if (!names || !values) {
		tool_error("out of memory");
		goto out;
	}
	*names = (struct ethtool_gstrings){ ETHTOOL_GSTRINGS, ETH_SS_STATS, n };
	*values = (struct ethtool_stats){ ETHTOOL_GSTATS, n };
	if (ethtool_request(fd, dev, names, "read the statistics' names") ||
	    ethtool_request(fd, dev, values, "read the statistics"))
		goto out;
	for (i = 0; i < n; i++)
		if (!strncmp((char *)names->data + i * ETH_GSTRING_LEN, name, ETH_GSTRING_LEN))
			break;
	if (i < n)
		printf("%llu\n", (unsigned long long)values->data[i]);
	else
		tool_error("%s has no statistic '%s'", dev, name);
	ret = i < n ? TOOL_OK : TOOL_FAILED;
out:
	free(names);
	free(values);
	return ret;
}

int tool_nic(int argc, char **argv)
{
	int fd, ret;

	if (argc < 3 || argc > 4 ||
	    !(!strcmp(argv[1], "channels") || (!strcmp(argv[1], "stat") && argc == 4))) {
		tool_error("usage: nic channels DEV [COUNT] | nic stat DEV NAME");
		return TOOL_USAGE;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		tool_error("cannot open a socket: %s", strerror(errno));
		return TOOL_ENV;
	}
	if (!strcmp(argv[1], "channels"))
		ret = nic_channels(fd, argv[2], argv[3]);
	else
		ret = nic_stat(fd, argv[2], argv[3]);
	close(fd);
	return ret;
}
