// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the static program does without, by --wrap of its link. SQLite's code to load
 * extensions, which nothing here turns on, calls dlopen(), and in a static program that
 * would need the shared libc of its build at run time. Its full-text and spatial
 * indices would be a quarter of the program, and trigonometry for SQL, in the variants
 * for each processor, a tenth. Where a distribution's library is one
 * object, the calls stay inside it and nothing is wrapped.
 */
#include "benchmarks/history/noload.h"

#include <math.h>
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode)
{
	return NULL;
}

int __wrap_sqlite3Fts3Init(sqlite3 *db)
{
	return SQLITE_OK;
}

int __wrap_sqlite3Fts5Init(sqlite3 *db)
{
	return SQLITE_OK;
}

int __wrap_sqlite3RtreeInit(sqlite3 *db)
{
	return SQLITE_OK;
}

int __wrap_sqlite3StmtVtabInit(sqlite3 *db)
{
	return SQLITE_OK;
}

int __wrap_sqlite3DbstatRegister(sqlite3 *db)
{
	return SQLITE_OK;
}

void __wrap_sqlite3RegisterJsonFunctions(void)
{
}

#define NO_TRIGONOMETRY(name)			\
	double __wrap_##name(double x)		\
	{					\
		return NAN;			\
	}

NO_TRIGONOMETRY(acos)
NO_TRIGONOMETRY(acosh)
NO_TRIGONOMETRY(asin)
NO_TRIGONOMETRY(asinh)
NO_TRIGONOMETRY(atan)
NO_TRIGONOMETRY(atanh)
NO_TRIGONOMETRY(cos)
NO_TRIGONOMETRY(cosh)
NO_TRIGONOMETRY(sin)
NO_TRIGONOMETRY(sinh)
NO_TRIGONOMETRY(tan)
NO_TRIGONOMETRY(tanh)

double __wrap_atan2(double y, double x)
{
	return NAN;
}
