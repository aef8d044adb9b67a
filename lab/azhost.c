// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "devices.h"
#include "lib/log.h"
#include "lib/version.h"
#include "options.h"
#include "session.h"

/* Input is the user's (2) or the machine lacks something (3). */
static int exit_code(int rc)
{
	return rc == -EINVAL || rc == -E2BIG || rc == -EEXIST ? AZ_EXIT_USAGE : AZ_EXIT_ENV;
}

static int fail(int rc, const char *text)
{
	az_err("%s", text);
	return exit_code(rc);
}

/* ---- signals: an orderly end -------------------------------------------------------- */

struct signals {
	struct session *session;
	int fd;
	int rc;
};

static void on_signal(void *ctx, uint32_t epoll_events)
{
	struct signals *sig = ctx;
	struct signalfd_siginfo info;

	if (read(sig->fd, &info, sizeof(info)) == sizeof(info))
		machine_end(&sig->session->machine, MACHINE_SIGNAL + (int)info.ssi_signo,
			    "signal %u", info.ssi_signo);
}

static void watch_signals(void *ctx)
{
	struct signals *sig = ctx;

	sig->rc = loop_watch(sig->session->machine.loop, sig->fd, EPOLLIN, on_signal, sig);
}

static void unwatch_signals(void *ctx)
{
	struct signals *sig = ctx;

	loop_unwatch(sig->session->machine.loop, sig->fd);
}

/* Blocked in all threads, which are started later: only the descriptor takes them. */
static int block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- one guest ------------------------------------------------------------------------ */

static int add_faults(struct session *s)
{
	const struct option_list *list = &s->options->faults;
	char err[256];
	int rc;

	for (unsigned int i = 0; i < list->n; i++) {
		rc = session_add_fault(s, list->item[i], err, sizeof(err));
		if (rc) {
			az_err("--fault %s: %s", list->item[i], err);
			return AZ_EXIT_USAGE;
		}
	}
	return 0;
}

static int open_control(struct session *s)
{
	const char *path = s->options->control;
	int rc;

	if (!path)
		return 0;
	s->control = control_start(s->machine.loop, path, session_command, s);
	if (s->control)
		return 0;
	rc = errno;
	return az_env("--control %s: %s", path,
		      rc == EADDRINUSE ? "somebody listens there already" : strerror(rc));
}

/* For faults and commands: a device on VMBus, or a function behind one. */
static bool is_there(void *ctx, const char *name)
{
	struct session *s = ctx;

	return vmbus_is_there(s->bus, name) || vpci_is_there(s->vpci, name);
}

static uint16_t retarget(void *ctx, const struct retarget *target)
{
	return vpci_retarget(ctx, &(struct vpci_target){
		.device_id = target->device_id,
		.address = target->address,
		.data = target->data,
		.vector = target->vector,
		.vps = target->vps,
	});
}

static int create_buses(struct session *s)
{
	struct vmbus_platform platform = synic_platform(&s->machine.synic);
	struct pci_platform pci = machine_platform(&s->machine);

	s->bus = vmbus_create(&s->machine.mem, s->faults, &platform);
	if (!s->bus)
		return az_env("VMBus: %s", strerror(errno));
	vmbus_set_max_version(s->bus, s->options->vmbus_version);
	machine_set_bus(&s->machine, s->bus);
	s->vpci = vpci_create(s->bus, &pci);
	if (!s->vpci)
		return az_env("out of memory");
	machine_set_retarget(&s->machine, retarget, s->vpci);
	return 0;
}

static int create(struct session *s)
{
	char err[512];
	int rc;

	rc = machine_load(&s->machine, &s->config, err, sizeof(err));
	if (rc)
		return fail(rc, err);
	s->faults = faults_create(s->options->seed);
	s->marks = json_array();
	if (!s->faults || !s->marks)
		return az_env("out of memory");
	if (devices_register_faults(s->faults))
		return az_env("out of memory");
	rc = create_buses(s);
	if (rc)
		return rc;
	rc = devices_add(s->bus, s->vpci, s->options);
	if (rc)
		return exit_code(rc);
	faults_set_devices(s->faults, is_there, s);
	rc = add_faults(s);
	if (rc)
		return rc;
	rc = machine_create(&s->machine, err, sizeof(err));
	return rc ? fail(rc, err) : open_control(s);
}

static void report_end(const struct machine *m)
{
	if (m->end_code == MACHINE_POWER_OFF)
		return;
	az_err("%s", m->end_reason);
	if (m->end_code >= MACHINE_PANIC && m->end_code <= MACHINE_HOST_ERROR)
		console_print_last(&m->console, stderr, "  guest| ");
}

static int run(struct session *s, struct signals *sig)
{
	int rc;

	loop_call(s->machine.loop, watch_signals, sig);
	rc = sig->rc ? sig->rc : machine_start(&s->machine);
	if (rc)
		machine_end(&s->machine, MACHINE_HOST_ERROR, "start: %s", strerror(-rc));
	rc = machine_wait(&s->machine);
	machine_stop(&s->machine);
	loop_call(s->machine.loop, unwatch_signals, sig);
	report_end(&s->machine);
	if (session_write_counters(s) && rc == MACHINE_POWER_OFF)
		rc = AZ_EXIT_ENV;
	return rc;
}

static void destroy(struct session *s)
{
	if (s->control)
		control_stop(s->control);
	/* The devices end before the SynIC that they interrupt through. */
	if (s->bus)
		vmbus_free(s->bus);
	vpci_free(s->vpci);
	machine_destroy(&s->machine);
	if (s->faults)
		faults_free(s->faults);
	json_decref(s->marks);
	pthread_mutex_destroy(&s->marks_lock);
}

static int run_guest(const struct options *o)
{
	struct signals sig = { .fd = block_signals() };
	struct session *s = calloc(1, sizeof(*s));
	int rc;

	if (!s || sig.fd < 0)
		return az_env("%s", strerror(errno));
	sig.session = s;
	s->options = o;
	pthread_mutex_init(&s->marks_lock, NULL);
	s->config = (struct machine_config){
		.memory = (uint64_t)o->memory_mib << 20,
		.vcpus = o->vcpus,
		.numa_nodes = o->numa,
		.smt = o->smt,
		.mmio_high = o->mmio_high,
		.pci = o->pcis.n,
		.mmio_hypercalls = o->mmio_hypercalls,
		.boot = {
			.kernel = o->kernel,
			.initrds = o->initrds.item,
			.n_initrds = o->initrds.n,
			.cmdline = o->append,
		},
		.console = o->console,
		.results = o->results,
		.watchdog_ns = o->watchdog_ns,
		.mark = session_mark,
		.ctx = s,
	};
	rc = create(s);
	if (!rc)
		rc = run(s, &sig);
	destroy(s);
	close(sig.fd);
	free(s);
	return rc;
}

static int probe(void)
{
	struct kvm kvm;

	return kvm_print_caps(&kvm) ? AZ_EXIT_ENV : AZ_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct options options;
	int rc;

	az_set_prog("azhost");
	rc = options_parse(&options, argc, argv);
	if (rc)
		return rc > 0 ? AZ_EXIT_OK : AZ_EXIT_USAGE;
	if (options.version) {
		printf("azhost %s\n", AZ_VERSION);
		return AZ_EXIT_OK;
	}
	if (options.list_faults) {
		devices_list_faults();
		return AZ_EXIT_OK;
	}
	if (options.probe_kvm)
		return probe();
	if (options.send)
		return control_send(options.send, options.operand);
	return run_guest(&options);
}
