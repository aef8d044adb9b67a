/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands in for parts of SQLite that azimuth is linked without; see noload.c. */
#ifndef AZ_BENCHMARKS_HISTORY_NOLOAD_H
#define AZ_BENCHMARKS_HISTORY_NOLOAD_H

#include <sqlite3.h>

/* dlopen() that finds nothing. */
void *__wrap_dlopen(const char *file, int mode);

/* Register nothing, and return SQLITE_OK: full-text search, R-trees, tables of statistics. */
int __wrap_sqlite3Fts3Init(sqlite3 *db);
int __wrap_sqlite3Fts5Init(sqlite3 *db);
int __wrap_sqlite3RtreeInit(sqlite3 *db);
int __wrap_sqlite3StmtVtabInit(sqlite3 *db);
int __wrap_sqlite3DbstatRegister(sqlite3 *db);

/* Registers nothing: functions of JSON. */
void __wrap_sqlite3RegisterJsonFunctions(void);

/* Not a number: trigonometry in SQL. Nothing else here uses these functions of libm. */
double __wrap_acos(double x);
double __wrap_acosh(double x);
double __wrap_asin(double x);
double __wrap_asinh(double x);
double __wrap_atan(double x);
double __wrap_atan2(double y, double x);
double __wrap_atanh(double x);
double __wrap_cos(double x);
double __wrap_cosh(double x);
double __wrap_sin(double x);
double __wrap_sinh(double x);
double __wrap_tan(double x);
double __wrap_tanh(double x);

#endif
