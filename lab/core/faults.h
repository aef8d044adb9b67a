/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_CORE_FAULTS_H
#define AZ_LAB_CORE_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

/*
 * What the host is told to do wrong. One grammar for every device:
 *
 *	DEVICE:WHAT[,key=value]...
 *
 * DEVICE is the name of an instance (vmbus, net0, scsi0, ...), or the name of
 * a type for all its instances (net). The keys that every fault understands
 * decide when it fires:
 *
 *	after=N   skip the first N chances		(default 0)
 *	every=N   then fire at each Nth chance		(default 1)
 *	count=N   fire at most N times, 0 is for ever	(default 1)
 *	prob=P    fire with probability P, from --seed	(default 1.0)
 *	at_ms=T   for timed faults, which have only this: T ms after start or
 *		  after the command			(default 0)
 *
 * All faults on the same point count a chance; the one given first that wants
 * to fire does.
 *
 * Other keys belong to the fault (us=, op=, kind=, grant=, channel=, ...) and
 * are read by the device at the place where it fires. The devices announce
 * what they know with a table, so that a wrong name or key is refused when it
 * is given and not silently never reached.
 *
 * Policy lives here, mechanism in the devices: a device asks fault_fires() at
 * the point where something can go wrong and does what the fault says.
 */
struct faults;
struct fault;

/* One fault that a type of device can perform. Tables end with what == NULL. */
struct fault_kind {
	/* "vmbus", "net", "scsi": the name without its number; "*": every type that has a fault */
	const char *device_type;
	const char *what;
	/*
	 * Own keys, NULL-terminated; NULL for none. What a key takes is
	 * checked when the fault is given: "us#" is key us with a number,
	 * "kind=a|b" is key kind with one of these words, "op" takes any text.
	 */
	const char *const *keys;
	const char *help;
	bool timed;			/* fires by time (at_ms) through the callback below */
};

/* @seed makes prob= repeatable. NULL: out of memory. faults_free(NULL) is harmless. */
struct faults *faults_create(uint64_t seed);
void faults_free(struct faults *f);

/* Announce kinds, before faults are given; the table must outlive @f. 0 or -ENOMEM. */
int faults_register(struct faults *f, const struct fault_kind *table);

/*
 * From now on a fault is refused when @is_there(@ctx, DEVICE) says that no
 * device is meant by DEVICE ("net7", or "net" for all of the type). It is
 * called by faults_add() and must not call anything here.
 */
void faults_set_devices(struct faults *f, bool (*is_there)(void *ctx, const char *device),
			void *ctx);

/*
 * Add a fault while idle or while the guest runs (thread-safe). 0, or -EINVAL
 * with one line of explanation in @err. The caller hands timed faults on to
 * the device: *@out, when not NULL, is the new fault, owned by @f.
 */
int faults_add(struct faults *f, const char *spec, char *err, unsigned int err_len,
	       struct fault **out);

/*
 * A chance for fault @what of instance @device ("net0"): NULL when nothing
 * happens, else the fault that fires now (counted and logged with a time).
 * Cheap and lock-free when no fault is configured. @tag narrows the chance:
 * a fault with a key op= or msg= or channel= only sees chances with that tag
 * (NULL: none).
 */
const struct fault *fault_fires(struct faults *f, const char *device, const char *what,
				const char *tag);

/*
 * A fault's own keys; @dflt when the key was not given (or, for fault_u64(), is
 * no number). The string lives as long as the fault: until faults_free().
 */
uint64_t fault_u64(const struct fault *fault, const char *key, uint64_t dflt);
const char *fault_str(const struct fault *fault, const char *key, const char *dflt);
/* DEVICE and WHAT as given; whether it fires by time, and when. */
const char *fault_device(const struct fault *fault);
const char *fault_what(const struct fault *fault);
bool fault_is_timed(const struct fault *fault);
uint64_t fault_at_ms(const struct fault *fault);
/* Count and log a timed fault that its device performs now. */
void fault_performed(struct faults *f, struct fault *fault);

/* [{"spec":..,"chances":n,"fired":n,"log_ms":[...]}], a new reference. */
json_t *faults_report(struct faults *f);

#endif
