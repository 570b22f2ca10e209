/* Reading tuples; see module.c for the division of labour with the pure codec. */
#include "tuple/tuple.h"

/* The elements decoded so far; owns a reference to each. */
typedef struct {
    PyObject **data;
    Py_ssize_t length;
    Py_ssize_t capacity;
    PyObject *local[16];
} items;

static void items_init(items *v) {
    v->data = v->local;
    v->length = 0;
    v->capacity = (Py_ssize_t)(sizeof(v->local) / sizeof(v->local[0]));
}

static void items_free(items *v) {
    for (Py_ssize_t i = 0; i < v->length; i++)
        Py_DECREF(v->data[i]);
    if (v->data != v->local)
        PyMem_Free(v->data);
}

/* Takes over the reference to item. */
static int items_append(items *v, PyObject *item) {
    if (v->length == v->capacity) {
        size_t capacity = (size_t)v->capacity * 2;
        PyObject **data = PyMem_Malloc(capacity * sizeof(PyObject *));
        if (data == NULL) {
            Py_DECREF(item);
            PyErr_NoMemory();
            return FAILED;
        }
        memcpy(data, v->data, (size_t)v->length * sizeof(PyObject *));
        if (v->data != v->local)
            PyMem_Free(v->data);
        v->data = data;
        v->capacity = (Py_ssize_t)capacity;
    }
    v->data[v->length++] = item;
    return DONE;
}

/* Moves the elements into a new tuple; leaves the list empty. */
static PyObject *items_to_tuple(items *v) {
    PyObject *result = PyTuple_New(v->length);
    if (result == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < v->length; i++)
        PyTuple_SET_ITEM(result, i, v->data[i]);
    v->length = 0;
    return result;
}

static int check_made(PyObject *made) { return made != NULL ? DONE : FAILED; }

static PyObject *make_string(int code, const char *body, Py_ssize_t n) {
    return code == CODE_BYTES ? PyBytes_FromStringAndSize(body, n) : PyUnicode_DecodeUTF8(body, n, NULL);
}

static int decode_string(reader *r, int code, PyObject **out) {
    const unsigned char *begin = r->at, *zero = begin;
    Py_ssize_t escapes = 0;
    for (;;) {
        zero = memchr(zero, 0, (size_t)(r->end - zero));
        if (zero == NULL)
            return PUNT;
        if (zero + 1 == r->end || zero[1] != CODE_ESCAPE)
            break;
        escapes++;
        zero += 2;
    }
    r->at = zero + 1;
    Py_ssize_t n = zero - begin;
    if (escapes == 0) {
        *out = make_string(code, (const char *)begin, n);
    } else {
        char *body = PyMem_Malloc((size_t)n);
        if (body == NULL) {
            PyErr_NoMemory();
            return FAILED;
        }
        char *p = body;
        for (const unsigned char *q = begin; q < zero; q++) {
            *p++ = (char)*q;
            if (*q == 0)
                q++; /* skip the escape */
        }
        *out = make_string(code, body, n - escapes);
        PyMem_Free(body);
    }
    if (*out == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        return PUNT;
    }
    return check_made(*out);
}

static uint64_t read_number(const unsigned char *p, int n) {
    uint64_t value = 0;
    for (int i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

static int decode_int(reader *r, int code, PyObject **out) {
    int n = code < CODE_ZERO ? CODE_ZERO - code : code - CODE_ZERO;
    if (n > 8 || r->end - r->at < n)
        return PUNT;
    uint64_t raw = read_number(r->at, n);
    /* A first byte that adds nothing: an overlong form. */
    if (n > 0 && r->at[0] == (code < CODE_ZERO ? 0xff : 0x00))
        return PUNT;
    r->at += n;
    if (code >= CODE_ZERO) {
        *out = PyLong_FromUnsignedLongLong(raw);
        return check_made(*out);
    }
    uint64_t magnitude = ~raw & (UINT64_MAX >> (64 - 8 * n));
    if (magnitude <= (uint64_t)INT64_MAX) {
        *out = PyLong_FromLongLong(-(long long)magnitude);
        return check_made(*out);
    }
    PyObject *positive = PyLong_FromUnsignedLongLong(magnitude);
    if (positive == NULL)
        return FAILED;
    *out = PyNumber_Negative(positive);
    Py_DECREF(positive);
    return check_made(*out);
}

static int decode_double(reader *r, PyObject **out) {
    if (r->end - r->at < 8)
        return PUNT;
    uint64_t bits = read_number(r->at, 8);
    double value;
    bits = bits & SIGN_64 ? bits ^ SIGN_64 : ~bits;
    memcpy(&value, &bits, sizeof value);
    r->at += 8;
    *out = PyFloat_FromDouble(value);
    return check_made(*out);
}

static int decode_bool(reader *r, int code, PyObject **out) {
    long version;
    if (get_api_version(r->state, &version) != DONE)
        return FAILED;
    if (version != 0 && version < 500)
        return PUNT;
    *out = PyBool_FromLong(code == CODE_TRUE);
    return DONE;
}

/* An instance of one of our two Python classes, made without running their constructors. */
static PyObject *new_instance(codec_state *st, PyTypeObject *type) {
    return type->tp_new(type, st->empty_tuple, NULL);
}

/* Sets an attribute to a new reference, which it takes over. */
static int set_attribute(PyObject *object, PyObject *name, PyObject *value) {
    if (value == NULL)
        return FAILED;
    int status = PyObject_SetAttr(object, name, value);
    Py_DECREF(value);
    return status == 0 ? DONE : FAILED;
}

static int decode_single_float(reader *r, PyObject **out) {
    if (r->end - r->at < 4)
        return PUNT;
    uint32_t bits = (uint32_t)read_number(r->at, 4);
    bits = bits & SIGN_32 ? bits ^ SIGN_32 : ~bits;
    r->at += 4;
    *out = new_instance(r->state, r->state->single_float_type);
    if (*out == NULL)
        return FAILED;
    return set_attribute(*out, r->state->name_bits, PyLong_FromUnsignedLong(bits));
}

static int decode_versionstamp(reader *r, PyObject **out) {
    static const unsigned char unset[VERSION_LENGTH] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    codec_state *st = r->state;
    if (r->end - r->at < STAMP_LENGTH)
        return PUNT;
    const unsigned char *stamp = r->at;
    r->at += STAMP_LENGTH;
    *out = new_instance(st, st->versionstamp_type);
    if (*out == NULL)
        return FAILED;
    PyObject *tr_version;
    if (memcmp(stamp, unset, VERSION_LENGTH) == 0) {
        tr_version = Py_None;
        Py_INCREF(tr_version);
    } else {
        tr_version = PyBytes_FromStringAndSize((const char *)stamp, VERSION_LENGTH);
    }
    if (set_attribute(*out, st->name_tr_version, tr_version) != DONE)
        return FAILED;
    long user = (long)read_number(stamp + VERSION_LENGTH, STAMP_LENGTH - VERSION_LENGTH);
    return set_attribute(*out, st->name_user_version, PyLong_FromLong(user));
}

/* The 16 bytes as one integer. */
static PyObject *make_uuid_int(const unsigned char *raw) {
    PyObject *high = PyLong_FromUnsignedLongLong(read_number(raw, 8));
    PyObject *low = PyLong_FromUnsignedLongLong(read_number(raw + 8, 8));
    PyObject *bits = PyLong_FromLong(64);
    PyObject *shifted = high && bits ? PyNumber_Lshift(high, bits) : NULL;
    PyObject *result = shifted && low ? PyNumber_Or(shifted, low) : NULL;
    Py_XDECREF(high);
    Py_XDECREF(low);
    Py_XDECREF(bits);
    Py_XDECREF(shifted);
    return result;
}

/*
 * Fills in the two attributes that a UUID has, as its constructor does, which takes ten times as long.
 * UUIDs refuse assignments, so past their __setattr__. Where that fails the pure codec constructs one.
 */
static int decode_uuid(reader *r, PyObject **out) {
    codec_state *st = r->state;
    if (r->end - r->at < UUID_LENGTH)
        return PUNT;
    int status = load_uuid_type(st);
    if (status != DONE)
        return status;
    PyObject *number = make_uuid_int(r->at);
    if (number == NULL)
        return FAILED;
    r->at += UUID_LENGTH;
    *out = new_instance(st, (PyTypeObject *)st->uuid_type);
    status = check_made(*out);
    if (status == DONE && (PyObject_GenericSetAttr(*out, st->name_int, number) != 0 ||
                           PyObject_GenericSetAttr(*out, st->name_is_safe, st->uuid_unknown) != 0)) {
        PyErr_Clear();
        status = PUNT;
    }
    Py_DECREF(number);
    return status;
}

/* The element after its code. Unless DONE, *out may hold a half-made object that the caller drops. */
static int decode_item(reader *r, int code, int depth, PyObject **out) {
    if (code == CODE_BYTES || code == CODE_STRING)
        return decode_string(r, code, out);
    if (code >= CODE_ZERO - 8 && code <= CODE_ZERO + 8)
        return decode_int(r, code, out);
    switch (code) {
    case CODE_NESTED:
        return depth < MAX_DEPTH ? decode_items(r, depth + 1, out) : PUNT;
    case CODE_DOUBLE:
        return decode_double(r, out);
    case CODE_FALSE:
    case CODE_TRUE:
        return decode_bool(r, code, out);
    case CODE_FLOAT:
        return decode_single_float(r, out);
    case CODE_VERSIONSTAMP:
        return decode_versionstamp(r, out);
    case CODE_UUID:
        return decode_uuid(r, out);
    default:
        return PUNT;
    }
}

int decode_items(reader *r, int depth, PyObject **out) {
    items found;
    items_init(&found);
    int status = DONE, closed = 0;
    while (status == DONE && r->at < r->end) {
        int code = *r->at++;
        PyObject *item = NULL;
        if (code == CODE_NULL) {
            if (depth > 0) {
                if (r->at == r->end || *r->at != CODE_ESCAPE) {
                    closed = 1;
                    break;
                }
                r->at++;
            }
            item = Py_None;
            Py_INCREF(item);
        } else {
            status = decode_item(r, code, depth, &item);
        }
        if (status == DONE)
            status = items_append(&found, item);
        else
            Py_XDECREF(item);
    }
    if (status == DONE && depth > 0 && !closed)
        status = PUNT;
    if (status == DONE) {
        *out = items_to_tuple(&found);
        status = check_made(*out);
    }
    items_free(&found);
    return status;
}
