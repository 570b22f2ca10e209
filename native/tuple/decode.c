/* Reading tuples. See tuple.h. */
#include "tuple/tuple.h"

/* The elements decoded so far; owns a reference to each. */
typedef struct {
    PyObject **data;
    Py_ssize_t length;
    Py_ssize_t capacity;
    PyObject *local[16];
} item_list;

static void item_list_init(item_list *list) {
    list->data = list->local;
    list->length = 0;
    list->capacity = (Py_ssize_t)(sizeof(list->local) / sizeof(list->local[0]));
}

static void item_list_free(item_list *list) {
    for (Py_ssize_t i = 0; i < list->length; i++) {
        Py_DECREF(list->data[i]);
    }
    if (list->data != list->local) {
        PyMem_Free(list->data);
    }
}

/* Takes over the reference to item. */
static int item_list_append(item_list *list, PyObject *item) {
    if (list->length == list->capacity) {
        size_t capacity = (size_t)list->capacity * 2;
        PyObject **data = PyMem_Malloc(capacity * sizeof(PyObject *));
        if (data == NULL) {
            Py_DECREF(item);
            return tuple_no_memory();
        }
        memcpy(data, list->data, (size_t)list->length * sizeof(PyObject *));
        if (list->data != list->local) {
            PyMem_Free(list->data);
        }
        list->data = data;
        list->capacity = (Py_ssize_t)capacity;
    }
    list->data[list->length++] = item;
    return TUPLE_DONE;
}

/* Moves the elements into a new tuple; leaves the list empty. */
static PyObject *item_list_to_tuple(item_list *list) {
    PyObject *result = PyTuple_New(list->length);
    if (result == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < list->length; i++) {
        PyTuple_SET_ITEM(result, i, list->data[i]);
    }
    list->length = 0;
    return result;
}

static int check_made(PyObject *made) { return made != NULL ? TUPLE_DONE : TUPLE_FAILED; }

static PyObject *make_string(int code, const char *body, Py_ssize_t n) {
    return code == TUPLE_CODE_BYTES ? PyBytes_FromStringAndSize(body, n)
                                    : PyUnicode_DecodeUTF8(body, n, NULL);
}

static int decode_string(tuple_reader *reader, int code, PyObject **out) {
    const unsigned char *begin = reader->at, *zero = begin;
    Py_ssize_t escapes = 0;
    for (;;) {
        zero = memchr(zero, 0, (size_t)(reader->end - zero));
        if (zero == NULL) {
            return TUPLE_PUNT;
        }
        if (zero + 1 == reader->end || zero[1] != TUPLE_CODE_ESCAPE) {
            break;
        }
        escapes++;
        zero += 2;
    }
    reader->at = zero + 1;
    Py_ssize_t n = zero - begin;
    if (escapes == 0) {
        *out = make_string(code, (const char *)begin, n);
    } else {
        char *body = PyMem_Malloc((size_t)n);
        if (body == NULL) {
            return tuple_no_memory();
        }
        char *p = body;
        for (const unsigned char *q = begin; q < zero; q++) {
            *p++ = (char)*q;
            if (*q == 0) {
                q++; /* skip the escape */
            }
        }
        *out = make_string(code, body, n - escapes);
        PyMem_Free(body);
    }
    if (*out == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        return TUPLE_PUNT;
    }
    return check_made(*out);
}

static uint64_t read_number(const unsigned char *p, int n) {
    uint64_t value = 0;
    for (int i = 0; i < n; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

static int decode_int(tuple_reader *reader, int code, PyObject **out) {
    int n = code < TUPLE_CODE_ZERO ? TUPLE_CODE_ZERO - code : code - TUPLE_CODE_ZERO;
    if (n > 8 || reader->end - reader->at < n) {
        return TUPLE_PUNT;
    }
    uint64_t raw = read_number(reader->at, n);
    /* A first byte that adds nothing: an overlong form. */
    if (n > 0 && reader->at[0] == (code < TUPLE_CODE_ZERO ? 0xff : 0x00)) {
        return TUPLE_PUNT;
    }
    reader->at += n;
    if (code >= TUPLE_CODE_ZERO) {
        *out = PyLong_FromUnsignedLongLong(raw);
        return check_made(*out);
    }
    uint64_t magnitude = ~raw & (UINT64_MAX >> (64 - 8 * n));
    if (magnitude <= (uint64_t)INT64_MAX) {
        *out = PyLong_FromLongLong(-(long long)magnitude);
        return check_made(*out);
    }
    PyObject *positive = PyLong_FromUnsignedLongLong(magnitude);
    if (positive == NULL) {
        return TUPLE_FAILED;
    }
    *out = PyNumber_Negative(positive);
    Py_DECREF(positive);
    return check_made(*out);
}

static int decode_double(tuple_reader *reader, PyObject **out) {
    if (reader->end - reader->at < 8) {
        return TUPLE_PUNT;
    }
    uint64_t bits = read_number(reader->at, 8);
    double value;
    bits = bits & TUPLE_SIGN_64 ? bits ^ TUPLE_SIGN_64 : ~bits;
    memcpy(&value, &bits, sizeof(value));
    reader->at += 8;
    *out = PyFloat_FromDouble(value);
    return check_made(*out);
}

static int decode_bool(tuple_reader *reader, int code, PyObject **out) {
    long version;
    if (tuple_get_api_version(reader->state, &version) != TUPLE_DONE) {
        return TUPLE_FAILED;
    }
    if (version != 0 && version < 500) {
        return TUPLE_PUNT;
    }
    *out = PyBool_FromLong(code == TUPLE_CODE_TRUE);
    return TUPLE_DONE;
}

/* An instance of one of our two Python classes, made without running their constructors. */
static PyObject *new_instance(tuple_state *state, PyObject *type) {
    return ((PyTypeObject *)type)->tp_new((PyTypeObject *)type, state->empty_tuple, NULL);
}

/* Sets an attribute to a new reference, which it takes over. */
static int set_attribute(PyObject *object, PyObject *name, PyObject *value) {
    if (value == NULL) {
        return TUPLE_FAILED;
    }
    int status = PyObject_SetAttr(object, name, value);
    Py_DECREF(value);
    return status == 0 ? TUPLE_DONE : TUPLE_FAILED;
}

static int decode_single_float(tuple_reader *reader, PyObject **out) {
    if (reader->end - reader->at < 4) {
        return TUPLE_PUNT;
    }
    uint32_t bits = (uint32_t)read_number(reader->at, 4);
    bits = bits & TUPLE_SIGN_32 ? bits ^ TUPLE_SIGN_32 : ~bits;
    reader->at += 4;
    *out = new_instance(reader->state, reader->state->single_float_type);
    if (*out == NULL) {
        return TUPLE_FAILED;
    }
    return set_attribute(*out, reader->state->name_bits, PyLong_FromUnsignedLong(bits));
}

static int decode_versionstamp(tuple_reader *reader, PyObject **out) {
    static const unsigned char unset[TUPLE_VERSION_LENGTH] = {255, 255, 255, 255, 255,
                                                              255, 255, 255, 255, 255};
    tuple_state *state = reader->state;
    if (reader->end - reader->at < TUPLE_STAMP_LENGTH) {
        return TUPLE_PUNT;
    }
    const unsigned char *stamp = reader->at;
    reader->at += TUPLE_STAMP_LENGTH;
    *out = new_instance(state, state->versionstamp_type);
    if (*out == NULL) {
        return TUPLE_FAILED;
    }
    PyObject *tr_version;
    if (memcmp(stamp, unset, TUPLE_VERSION_LENGTH) == 0) {
        tr_version = Py_None;
        Py_INCREF(tr_version);
    } else {
        tr_version = PyBytes_FromStringAndSize((const char *)stamp, TUPLE_VERSION_LENGTH);
    }
    if (set_attribute(*out, state->name_tr_version, tr_version) != TUPLE_DONE) {
        return TUPLE_FAILED;
    }
    long user = (long)read_number(stamp + TUPLE_VERSION_LENGTH, TUPLE_STAMP_LENGTH - TUPLE_VERSION_LENGTH);
    return set_attribute(*out, state->name_user_version, PyLong_FromLong(user));
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

/* Fills in the two attributes that a UUID has, as its constructor does, which takes ten times as long.
 * UUIDs refuse assignments, so past their __setattr__. Where that fails the pure codec constructs one. */
static int decode_uuid(tuple_reader *reader, PyObject **out) {
    tuple_state *state = reader->state;
    if (reader->end - reader->at < TUPLE_UUID_LENGTH) {
        return TUPLE_PUNT;
    }
    int status = tuple_load_uuid_type(state);
    if (status != TUPLE_DONE) {
        return status;
    }
    PyObject *number = make_uuid_int(reader->at);
    if (number == NULL) {
        return TUPLE_FAILED;
    }
    reader->at += TUPLE_UUID_LENGTH;
    *out = new_instance(state, state->uuid_type);
    status = check_made(*out);
    if (status == TUPLE_DONE &&
        (PyObject_GenericSetAttr(*out, state->name_int, number) != 0 ||
         PyObject_GenericSetAttr(*out, state->name_is_safe, state->uuid_unknown) != 0)) {
        PyErr_Clear();
        status = TUPLE_PUNT;
    }
    Py_DECREF(number);
    return status;
}

/* The element after its code. Unless TUPLE_DONE, *out may hold a half-made object that the caller drops. */
static int decode_item(tuple_reader *reader, int code, int depth, PyObject **out) {
    if (code == TUPLE_CODE_BYTES || code == TUPLE_CODE_STRING) {
        return decode_string(reader, code, out);
    }
    if (code >= TUPLE_CODE_ZERO - 8 && code <= TUPLE_CODE_ZERO + 8) {
        return decode_int(reader, code, out);
    }
    switch (code) {
    case TUPLE_CODE_NESTED:
        return depth < TUPLE_MAX_DEPTH ? tuple_decode_items(reader, depth + 1, out) : TUPLE_PUNT;
    case TUPLE_CODE_DOUBLE:
        return decode_double(reader, out);
    case TUPLE_CODE_FALSE:
    case TUPLE_CODE_TRUE:
        return decode_bool(reader, code, out);
    case TUPLE_CODE_FLOAT:
        return decode_single_float(reader, out);
    case TUPLE_CODE_VERSIONSTAMP:
        return decode_versionstamp(reader, out);
    case TUPLE_CODE_UUID:
        return decode_uuid(reader, out);
    default:
        return TUPLE_PUNT;
    }
}

int tuple_decode_items(tuple_reader *reader, int depth, PyObject **out) {
    item_list found;
    item_list_init(&found);
    int status = TUPLE_DONE, closed = 0;
    while (status == TUPLE_DONE && reader->at < reader->end) {
        int code = *reader->at++;
        PyObject *item = NULL;
        if (code == TUPLE_CODE_NULL) {
            if (depth > 0) {
                if (reader->at == reader->end || *reader->at != TUPLE_CODE_ESCAPE) {
                    closed = 1;
                    break;
                }
                reader->at++;
            }
            item = Py_None;
            Py_INCREF(item);
        } else {
            status = decode_item(reader, code, depth, &item);
        }
        if (status == TUPLE_DONE) {
            status = item_list_append(&found, item);
        } else {
            Py_XDECREF(item);
        }
    }
    if (status == TUPLE_DONE && depth > 0 && !closed) {
        status = TUPLE_PUNT;
    }
    if (status == TUPLE_DONE) {
        *out = item_list_to_tuple(&found);
        status = check_made(*out);
    }
    item_list_free(&found);
    return status;
}
