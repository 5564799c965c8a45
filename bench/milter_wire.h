/*
 * milter_wire: the bits of the milter protocol, version 6, that the load generator and the floor
 * share.  Written here a second time on purpose: a measuring instrument that used the daemon's own
 * codec would agree with its mistakes.
 */
#ifndef BENCH_MILTER_WIRE_H
#define BENCH_MILTER_WIRE_H

enum {
	MILTER_VERSION = 6,
	ACTIONS_ALL = 0x1ff,
	ACT_ADDHDRS = 0x1,
	ACT_QUARANTINE = 0x20,
	ACT_SETSYMLIST = 0x100,
};

enum {
	NO_CONNECT = 0x1,
	NO_HELO = 0x2,
	NO_MAIL = 0x4,
	NO_RCPT = 0x8,
	NO_BODY = 0x10,
	NO_HDRS = 0x20,
	NO_EOH = 0x40,
	NR_HDR = 0x80,
	NO_UNKNOWN = 0x100,
	NO_DATA = 0x200,
	RCPT_REJ = 0x800,
	NR_CONN = 0x1000,
	NR_HELO = 0x2000,
	NR_MAIL = 0x4000,
	NR_RCPT = 0x8000,
	NR_DATA = 0x10000,
	NR_UNKNOWN = 0x20000,
	NR_EOH = 0x40000,
	NR_BODY = 0x80000,
	HDR_LEADSPC = 0x100000,
	PROTOCOL_ALL = 0x1fffff,
};

#endif
