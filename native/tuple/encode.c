/* Writing tuples. See tuple.h. */
#include "tuple/tuple.h"

void tuple_writer_init(tuple_writer *writer) {
    writer->data = writer->local;
    writer->length = 0;
    writer->capacity = sizeof(writer->local);
    writer->stamp_position = -1;
    writer->stamp_count = 0;
}

void tuple_writer_free(tuple_writer *writer) {
    if (writer->data != writer->local) {
        PyMem_Free(writer->data);
    }
}

/* Room for `more` bytes; returns where they go, or NULL with MemoryError. */
static unsigned char *make_room(tuple_writer *writer, size_t more) {
    if (writer->capacity - writer->length < more) {
        if (more > (size_t)PY_SSIZE_T_MAX / 2 - writer->length) {
            tuple_no_memory();
            return NULL;
        }
        size_t capacity = (writer->length + more) * 2;
        unsigned char *data = PyMem_Malloc(capacity);
        if (data == NULL) {
            tuple_no_memory();
            return NULL;
        }
        memcpy(data, writer->data, writer->length);
        tuple_writer_free(writer);
        writer->data = data;
        writer->capacity = capacity;
    }
    return writer->data + writer->length;
}

int tuple_write_bytes(tuple_writer *writer, const void *bytes, size_t n) {
    unsigned char *p = make_room(writer, n);
    if (p == NULL) {
        return TUPLE_FAILED;
    }
    memcpy(p, bytes, n);
    writer->length += n;
    return TUPLE_DONE;
}

int tuple_write_byte(tuple_writer *writer, unsigned char byte) { return tuple_write_bytes(writer, &byte, 1); }

/* A type code and the low n bytes of value, most significant first. */
static int write_number(tuple_writer *writer, unsigned char code, uint64_t value, int n) {
    unsigned char *p = make_room(writer, 1 + (size_t)n);
    if (p == NULL) {
        return TUPLE_FAILED;
    }
    p[0] = code;
    for (int i = n; i > 0; i--) {
        p[i] = (unsigned char)value;
        value >>= 8;
    }
    writer->length += 1 + (size_t)n;
    return TUPLE_DONE;
}

/* A string body: every 00 becomes 00 ff, and a 00 ends it. */
static int write_escaped(tuple_writer *writer, unsigned char code, const char *body, size_t n) {
    unsigned char *p;
    const char *zero = memchr(body, 0, n);
    if (zero == NULL) {
        p = make_room(writer, n + 2);
        if (p == NULL) {
            return TUPLE_FAILED;
        }
        *p++ = code;
        memcpy(p, body, n);
        p += n;
    } else {
        if (n > (size_t)PY_SSIZE_T_MAX / 4) {
            return tuple_no_memory();
        }
        p = make_room(writer, 2 * n + 2);
        if (p == NULL) {
            return TUPLE_FAILED;
        }
        *p++ = code;
        for (const char *end = body + n; body < end; body++) {
            *p++ = (unsigned char)*body;
            if (*body == 0) {
                *p++ = TUPLE_CODE_ESCAPE;
            }
        }
    }
    *p++ = 0;
    writer->length = (size_t)(p - writer->data);
    return TUPLE_DONE;
}

static int encode_int(tuple_writer *writer, PyObject *value) {
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) {
        return TUPLE_PUNT;
    }
    if (number == -1 && PyErr_Occurred()) {
        return TUPLE_FAILED;
    }
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    int n = 0;
    for (uint64_t rest = magnitude; rest != 0; rest >>= 8) {
        n++;
    }
    if (number >= 0) {
        return write_number(writer, (unsigned char)(TUPLE_CODE_ZERO + n), magnitude, n);
    }
    /* magnitude + ~magnitude is 2^64 - 1, so the low n bytes of ~magnitude are 2^(8n) - 1 - magnitude */
    return write_number(writer, (unsigned char)(TUPLE_CODE_ZERO - n), ~magnitude, n);
}

static int encode_bool(tuple_state *state, tuple_writer *writer, int value) {
    long version;
    if (tuple_get_api_version(state, &version) != TUPLE_DONE) {
        return TUPLE_FAILED;
    }
    if (version != 0 && version < 500) {
        return write_number(writer, (unsigned char)(TUPLE_CODE_ZERO + value), 1, value);
    }
    return tuple_write_byte(writer, value ? TUPLE_CODE_TRUE : TUPLE_CODE_FALSE);
}

static int encode_double(tuple_writer *writer, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return write_number(writer, TUPLE_CODE_DOUBLE, bits & TUPLE_SIGN_64 ? ~bits : bits | TUPLE_SIGN_64, 8);
}

static int encode_str(tuple_writer *writer, PyObject *value) {
    if (PyUnicode_IS_COMPACT_ASCII(value)) {
        return write_escaped(writer, TUPLE_CODE_STRING, PyUnicode_DATA(value),
                             (size_t)PyUnicode_GET_LENGTH(value));
    }
    /* Not PyUnicode_AsUTF8: it would leave a copy of the bytes in every string that was ever packed. */
    PyObject *utf8 = PyUnicode_AsUTF8String(value);
    if (utf8 == NULL) {
        PyErr_Clear();
        return TUPLE_PUNT;
    }
    int status =
        write_escaped(writer, TUPLE_CODE_STRING, PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8));
    Py_DECREF(utf8);
    return status;
}

static int encode_single_float(tuple_state *state, tuple_writer *writer, PyObject *value) {
    PyObject *attribute = PyObject_GetAttr(value, state->name_bits);
    if (attribute == NULL) {
        return TUPLE_FAILED;
    }
    unsigned long bits = PyLong_AsUnsignedLong(attribute);
    Py_DECREF(attribute);
    if (bits == (unsigned long)-1 && PyErr_Occurred()) {
        return TUPLE_FAILED;
    }
    return write_number(writer, TUPLE_CODE_FLOAT, bits & TUPLE_SIGN_32 ? ~bits : bits | TUPLE_SIGN_32, 4);
}

static int encode_versionstamp(tuple_state *state, tuple_writer *writer, PyObject *value) {
    PyObject *tr_version = PyObject_GetAttr(value, state->name_tr_version);
    PyObject *user_version = PyObject_GetAttr(value, state->name_user_version);
    unsigned char stamp[1 + TUPLE_STAMP_LENGTH] = {TUPLE_CODE_VERSIONSTAMP};
    int status = TUPLE_PUNT;
    if (tr_version == NULL || user_version == NULL) {
        status = TUPLE_FAILED;
    } else if (PyLong_Check(user_version)) {
        long user = PyLong_AsLong(user_version);
        int known = PyBytes_CheckExact(tr_version) && PyBytes_GET_SIZE(tr_version) == TUPLE_VERSION_LENGTH;
        if (user == -1 && PyErr_Occurred()) {
            PyErr_Clear();
        }
        if (user >= 0 && user <= 0xffff && (known || tr_version == Py_None)) {
            if (known) {
                memcpy(stamp + 1, PyBytes_AS_STRING(tr_version), TUPLE_VERSION_LENGTH);
            } else {
                memset(stamp + 1, 0xff, TUPLE_VERSION_LENGTH);
                writer->stamp_count++;
                writer->stamp_position = (Py_ssize_t)writer->length + 1;
            }
            stamp[1 + TUPLE_VERSION_LENGTH] = (unsigned char)(user >> 8);
            stamp[2 + TUPLE_VERSION_LENGTH] = (unsigned char)user;
            status = tuple_write_bytes(writer, stamp, sizeof(stamp));
        }
    }
    Py_XDECREF(tr_version);
    Py_XDECREF(user_version);
    return status;
}

/* A value of no type known so far: a UUID, or one for the pure codec. */
static int encode_uuid(tuple_state *state, tuple_writer *writer, PyObject *value) {
    if (state->uuid_type == NULL) {
        /* Not by importing it: if nobody has, the value is no UUID. */
        PyObject *module = PyImport_GetModule(state->name_uuid);
        if (module == NULL) {
            return PyErr_Occurred() ? TUPLE_FAILED : TUPLE_PUNT;
        }
        Py_DECREF(module);
        int status = tuple_load_uuid_type(state);
        if (status != TUPLE_DONE) {
            return status;
        }
    }
    if ((PyObject *)Py_TYPE(value) != state->uuid_type) {
        return TUPLE_PUNT;
    }
    PyObject *raw = PyObject_GetAttr(value, state->name_bytes);
    if (raw == NULL) {
        return TUPLE_FAILED;
    }
    int status = TUPLE_PUNT;
    if (PyBytes_CheckExact(raw) && PyBytes_GET_SIZE(raw) == TUPLE_UUID_LENGTH) {
        status = tuple_write_byte(writer, TUPLE_CODE_UUID);
        if (status == TUPLE_DONE) {
            status = tuple_write_bytes(writer, PyBytes_AS_STRING(raw), TUPLE_UUID_LENGTH);
        }
    }
    Py_DECREF(raw);
    return status;
}

static int encode_nested(tuple_state *state, tuple_writer *writer, PyObject *sequence, int depth);

static int encode_item(tuple_state *state, tuple_writer *writer, PyObject *value, int depth) {
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyBytes_Type) {
        return write_escaped(writer, TUPLE_CODE_BYTES, PyBytes_AS_STRING(value),
                             (size_t)PyBytes_GET_SIZE(value));
    }
    if (type == &PyUnicode_Type) {
        return encode_str(writer, value);
    }
    if (type == &PyLong_Type) {
        return encode_int(writer, value);
    }
    if (value == Py_None) {
        return depth == 0 ? tuple_write_byte(writer, TUPLE_CODE_NULL)
                          : tuple_write_bytes(writer, "\x00\xff", 2);
    }
    if (type == &PyFloat_Type) {
        return encode_double(writer, PyFloat_AS_DOUBLE(value));
    }
    if (type == &PyBool_Type) {
        return encode_bool(state, writer, value == Py_True);
    }
    if (type == &PyTuple_Type || type == &PyList_Type) {
        return encode_nested(state, writer, value, depth + 1);
    }
    if ((PyObject *)type == state->versionstamp_type) {
        return encode_versionstamp(state, writer, value);
    }
    if ((PyObject *)type == state->single_float_type) {
        return encode_single_float(state, writer, value);
    }
    return encode_uuid(state, writer, value);
}

/* The elements of a tuple or list. The size is read anew each time, see tuple.h. */
int tuple_encode_items(tuple_state *state, tuple_writer *writer, PyObject *sequence, int depth) {
    int is_tuple = PyTuple_Check(sequence);
    for (Py_ssize_t i = 0;; i++) {
        PyObject *item;
        if (is_tuple) {
            if (i >= PyTuple_GET_SIZE(sequence)) {
                return TUPLE_DONE;
            }
            item = PyTuple_GET_ITEM(sequence, i);
        } else {
            if (i >= PyList_GET_SIZE(sequence)) {
                return TUPLE_DONE;
            }
            item = PyList_GET_ITEM(sequence, i);
        }
        Py_INCREF(item);
        int status = encode_item(state, writer, item, depth);
        Py_DECREF(item);
        if (status != TUPLE_DONE) {
            return status;
        }
    }
}

static int encode_nested(tuple_state *state, tuple_writer *writer, PyObject *sequence, int depth) {
    if (depth > TUPLE_MAX_DEPTH) {
        return TUPLE_PUNT;
    }
    int status = tuple_write_byte(writer, TUPLE_CODE_NESTED);
    if (status == TUPLE_DONE) {
        status = tuple_encode_items(state, writer, sequence, depth);
    }
    if (status == TUPLE_DONE) {
        status = tuple_write_byte(writer, 0);
    }
    return status;
}

int tuple_is_plain(PyObject *t) {
    return PyTuple_CheckExact(t) || (PyTuple_Check(t) && Py_TYPE(t)->tp_iter == PyTuple_Type.tp_iter);
}
