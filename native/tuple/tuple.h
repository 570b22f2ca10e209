/*
 * What the parts of fdb._tuple.codec share; module.c explains the whole.
 *
 * Inner functions return DONE, PUNT (no exception set: take the pure path) or FAILED (exception set).
 */
#ifndef FDB_TUPLE_CODEC_H
#define FDB_TUPLE_CODEC_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum { DONE = 0, PUNT = 1, FAILED = -1 };

enum {
    CODE_NULL = 0x00,
    CODE_BYTES = 0x01,
    CODE_STRING = 0x02,
    CODE_NESTED = 0x05,
    CODE_ZERO = 0x14,
    CODE_LONG = 0x1d,
    CODE_FLOAT = 0x20,
    CODE_DOUBLE = 0x21,
    CODE_FALSE = 0x26,
    CODE_TRUE = 0x27,
    CODE_UUID = 0x30,
    CODE_VERSIONSTAMP = 0x33,
    CODE_ESCAPE = 0xff,
};

#define SIGN_32 UINT32_C(0x80000000)
#define SIGN_64 (UINT64_C(1) << 63)
#define VERSION_LENGTH 10 /* transaction part of a versionstamp */
#define STAMP_LENGTH 12
#define UUID_LENGTH 16
/* Recursion here costs C stack; the pure codec has its own limits. */
#define MAX_DEPTH 64

typedef struct {
    PyObject *pure_pack;
    PyObject *pure_pack_with_versionstamp;
    PyObject *pure_unpack;
    PyObject *pure_compare;
    PyObject *as_bytes;
    PyObject *selected_api_version;
    PyTypeObject *versionstamp_type;
    PyTypeObject *single_float_type;
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
} codec_state;

/* Hidden, so that no other library of the process can stand in for these functions. */
#pragma GCC visibility push(hidden)

/* The selected API version into *version, 0 if none yet (which behaves like the newest). */
int get_api_version(codec_state *st, long *version);

/* Sets uuid_type and uuid_unknown; PUNT if uuid cannot be imported or is not what we know. */
int load_uuid_type(codec_state *st);

/* Bytes being written. On the stack until they outgrow `local`. */
typedef struct {
    unsigned char *data;
    size_t length;
    size_t capacity;
    Py_ssize_t stamp_position; /* of the 10 version bytes of the incomplete versionstamp, -1 if none */
    int stamp_count;           /* incomplete versionstamps so far */
    unsigned char local[512];
} writer;

void writer_init(writer *w);
void writer_free(writer *w);
int write_bytes(writer *w, const void *bytes, size_t n);
int write_byte(writer *w, unsigned char byte);

/* Whether iterating over t gives what its C-level elements are. */
int is_plain_tuple(PyObject *t);

/* Appends the elements of a plain tuple or an exact list; depth is 0 outside of nested tuples. */
int encode_items(codec_state *st, writer *w, PyObject *sequence, int depth);

/* The bytes not yet decoded. */
typedef struct {
    codec_state *state;
    const unsigned char *at;
    const unsigned char *end;
} reader;

/* Reads one tuple into *out: at depth 0 up to the end of the key, deeper up to its terminator. */
int decode_items(reader *r, int depth, PyObject **out);

#pragma GCC visibility pop

#endif
