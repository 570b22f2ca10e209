/*
 * fdb._tuple.codec: the tuple encoding in C, with the results of fdb/_tuple/pure.py.
 *
 * Thread-safety: everything here holds the GIL from begin to end. Attribute look-ups may run Python code,
 * so a list is never assumed to be unchanged between two of its elements, and elements are held while
 * they are used.
 *
 * Invariants:
 *  1. Only what is plain is handled here. Whenever anything else is met (a rare type, a subclass, an
 *     integer beyond 64 bits, deep nesting, malformed bytes, a wrong argument) what was done is dropped
 *     and the pure function is called with the same arguments, which gives the result or raises. That
 *     keeps the two identical, and so no error text lives here.
 *  2. Inner functions return TUPLE_DONE, TUPLE_PUNT (no exception set: take the pure path) or
 *     TUPLE_FAILED (exception set).
 */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum { TUPLE_DONE = 0, TUPLE_PUNT = 1, TUPLE_FAILED = -1 };

enum {
    TUPLE_CODE_NULL = 0x00,
    TUPLE_CODE_BYTES = 0x01,
    TUPLE_CODE_STRING = 0x02,
    TUPLE_CODE_NESTED = 0x05,
    TUPLE_CODE_ZERO = 0x14,
    TUPLE_CODE_LONG = 0x1d,
    TUPLE_CODE_FLOAT = 0x20,
    TUPLE_CODE_DOUBLE = 0x21,
    TUPLE_CODE_FALSE = 0x26,
    TUPLE_CODE_TRUE = 0x27,
    TUPLE_CODE_UUID = 0x30,
    TUPLE_CODE_VERSIONSTAMP = 0x33,
    TUPLE_CODE_ESCAPE = 0xff,
};

#define TUPLE_SIGN_32 UINT32_C(0x80000000)
#define TUPLE_SIGN_64 (UINT64_C(1) << 63)
#define TUPLE_VERSION_LENGTH 10 /* transaction part of a versionstamp */
#define TUPLE_STAMP_LENGTH 12
#define TUPLE_UUID_LENGTH 16
/* Recursion here costs C stack; the pure codec has its own limits. */
#define TUPLE_MAX_DEPTH 64

/* What the module keeps; all members but the last are objects that it owns, see module.c. */
typedef struct {
    PyObject *pure_pack;
    PyObject *pure_pack_with_versionstamp;
    PyObject *pure_unpack;
    PyObject *pure_compare;
    PyObject *as_bytes;
    PyObject *selected_api_version;
    PyObject *versionstamp_type;
    PyObject *single_float_type;
    PyObject *uuid_type;    /* NULL until it is needed, as uuid is slow to import */
    PyObject *uuid_unknown; /* SafeUUID.unknown */
    PyObject *empty_tuple;
    PyObject *name_tr_version;
    PyObject *name_user_version;
    PyObject *name_bits;
    PyObject *name_bytes;
    PyObject *name_uuid;
    PyObject *name_int;
    PyObject *name_is_safe;
    long api_version; /* 0 until the program has selected one; it never changes afterwards */
} tuple_state;

/* Raises MemoryError; returns TUPLE_FAILED. */
static inline int tuple_no_memory(void) {
    PyErr_NoMemory();
    return TUPLE_FAILED;
}

/* The selected API version into *version, 0 if none yet (which behaves like the newest). */
int tuple_get_api_version(tuple_state *state, long *version);

/* Sets uuid_type and uuid_unknown; TUPLE_PUNT if uuid cannot be imported or is not what we know. */
int tuple_load_uuid_type(tuple_state *state);

/* Bytes being written. On the stack until they outgrow `local`. */
typedef struct {
    unsigned char *data;
    size_t length;
    size_t capacity;
    Py_ssize_t stamp_position; /* of the 10 version bytes of the incomplete versionstamp, -1 if none */
    int stamp_count;           /* incomplete versionstamps so far */
    unsigned char local[512];
} tuple_writer;

void tuple_writer_init(tuple_writer *writer);
void tuple_writer_free(tuple_writer *writer);
int tuple_write_bytes(tuple_writer *writer, const void *bytes, size_t n);
int tuple_write_byte(tuple_writer *writer, unsigned char byte);

/* Whether iterating over t gives what its C-level elements are. */
int tuple_is_plain(PyObject *t);

/* Appends the elements of a plain tuple or an exact list; depth is 0 outside of nested tuples. */
int tuple_encode_items(tuple_state *state, tuple_writer *writer, PyObject *sequence, int depth);

/* The bytes not yet decoded. */
typedef struct {
    tuple_state *state;
    const unsigned char *at;
    const unsigned char *end;
} tuple_reader;

/* Reads one tuple into *out: at depth 0 up to the end of the key, deeper up to its terminator. */
int tuple_decode_items(tuple_reader *reader, int depth, PyObject **out);
