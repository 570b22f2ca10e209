/* Writing tuples; see module.c for the division of labour with the pure codec. */
#include "tuple/tuple.h"

void writer_init(writer *w) {
    w->data = w->local;
    w->length = 0;
    w->capacity = sizeof(w->local);
    w->stamp_position = -1;
    w->stamp_count = 0;
}

void writer_free(writer *w) {
    if (w->data != w->local)
        PyMem_Free(w->data);
}

/* Room for `more` bytes; returns where they go, or NULL with MemoryError. */
static unsigned char *writer_grow(writer *w, size_t more) {
    if (w->capacity - w->length < more) {
        if (more > (size_t)PY_SSIZE_T_MAX / 2 - w->length) {
            PyErr_NoMemory();
            return NULL;
        }
        size_t capacity = (w->length + more) * 2;
        unsigned char *data = PyMem_Malloc(capacity);
        if (data == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        memcpy(data, w->data, w->length);
        writer_free(w);
        w->data = data;
        w->capacity = capacity;
    }
    return w->data + w->length;
}

int write_bytes(writer *w, const void *bytes, size_t n) {
    unsigned char *p = writer_grow(w, n);
    if (p == NULL)
        return FAILED;
    memcpy(p, bytes, n);
    w->length += n;
    return DONE;
}

int write_byte(writer *w, unsigned char byte) { return write_bytes(w, &byte, 1); }

/* A type code and the low n bytes of value, most significant first. */
static int write_number(writer *w, unsigned char code, uint64_t value, int n) {
    unsigned char *p = writer_grow(w, 1 + (size_t)n);
    if (p == NULL)
        return FAILED;
    p[0] = code;
    for (int i = n; i > 0; i--) {
        p[i] = (unsigned char)value;
        value >>= 8;
    }
    w->length += 1 + (size_t)n;
    return DONE;
}

/* A string body: every 00 becomes 00 ff, and a 00 ends it. */
static int write_escaped(writer *w, unsigned char code, const char *body, size_t n) {
    unsigned char *p;
    const char *zero = memchr(body, 0, n);
    if (zero == NULL) {
        p = writer_grow(w, n + 2);
        if (p == NULL)
            return FAILED;
        *p++ = code;
        memcpy(p, body, n);
        p += n;
    } else {
        if (n > (size_t)PY_SSIZE_T_MAX / 4) {
            PyErr_NoMemory();
            return FAILED;
        }
        p = writer_grow(w, 2 * n + 2);
        if (p == NULL)
            return FAILED;
        *p++ = code;
        for (const char *end = body + n; body < end; body++) {
            *p++ = (unsigned char)*body;
            if (*body == 0)
                *p++ = CODE_ESCAPE;
        }
    }
    *p++ = 0;
    w->length = (size_t)(p - w->data);
    return DONE;
}

static int encode_int(writer *w, PyObject *value) {
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0)
        return PUNT;
    if (number == -1 && PyErr_Occurred())
        return FAILED;
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    int n = 0;
    for (uint64_t rest = magnitude; rest != 0; rest >>= 8)
        n++;
    if (number >= 0)
        return write_number(w, (unsigned char)(CODE_ZERO + n), magnitude, n);
    /* magnitude + ~magnitude is 2^64 - 1, so the low n bytes of ~magnitude are 2^(8n) - 1 - magnitude */
    return write_number(w, (unsigned char)(CODE_ZERO - n), ~magnitude, n);
}

static int encode_bool(codec_state *st, writer *w, int value) {
    long version;
    if (get_api_version(st, &version) != DONE)
        return FAILED;
    if (version != 0 && version < 500)
        return write_number(w, (unsigned char)(CODE_ZERO + value), 1, value);
    return write_byte(w, value ? CODE_TRUE : CODE_FALSE);
}

static int encode_double(writer *w, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return write_number(w, CODE_DOUBLE, bits & SIGN_64 ? ~bits : bits | SIGN_64, 8);
}

static int encode_str(writer *w, PyObject *value) {
    if (PyUnicode_IS_COMPACT_ASCII(value))
        return write_escaped(w, CODE_STRING, PyUnicode_DATA(value), (size_t)PyUnicode_GET_LENGTH(value));
    /* Not PyUnicode_AsUTF8: it would leave a copy of the bytes in every string that was ever packed. */
    PyObject *utf8 = PyUnicode_AsUTF8String(value);
    if (utf8 == NULL) {
        PyErr_Clear();
        return PUNT;
    }
    int status = write_escaped(w, CODE_STRING, PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8));
    Py_DECREF(utf8);
    return status;
}

static int encode_single_float(codec_state *st, writer *w, PyObject *value) {
    PyObject *attribute = PyObject_GetAttr(value, st->name_bits);
    if (attribute == NULL)
        return FAILED;
    unsigned long bits = PyLong_AsUnsignedLong(attribute);
    Py_DECREF(attribute);
    if (bits == (unsigned long)-1 && PyErr_Occurred())
        return FAILED;
    return write_number(w, CODE_FLOAT, bits & SIGN_32 ? ~bits : bits | SIGN_32, 4);
}

static int encode_versionstamp(codec_state *st, writer *w, PyObject *value) {
    PyObject *tr_version = PyObject_GetAttr(value, st->name_tr_version);
    PyObject *user_version = PyObject_GetAttr(value, st->name_user_version);
    unsigned char stamp[1 + STAMP_LENGTH] = {CODE_VERSIONSTAMP};
    int status = PUNT;
    if (tr_version == NULL || user_version == NULL) {
        status = FAILED;
    } else if (PyLong_Check(user_version)) {
        long user = PyLong_AsLong(user_version);
        int known = PyBytes_CheckExact(tr_version) && PyBytes_GET_SIZE(tr_version) == VERSION_LENGTH;
        if (user == -1 && PyErr_Occurred())
            PyErr_Clear();
        if (user >= 0 && user <= 0xffff && (known || tr_version == Py_None)) {
            if (known) {
                memcpy(stamp + 1, PyBytes_AS_STRING(tr_version), VERSION_LENGTH);
            } else {
                memset(stamp + 1, 0xff, VERSION_LENGTH);
                w->stamp_count++;
                w->stamp_position = (Py_ssize_t)w->length + 1;
            }
            stamp[1 + VERSION_LENGTH] = (unsigned char)(user >> 8);
            stamp[2 + VERSION_LENGTH] = (unsigned char)user;
            status = write_bytes(w, stamp, sizeof stamp);
        }
    }
    Py_XDECREF(tr_version);
    Py_XDECREF(user_version);
    return status;
}

/* A value of no type known so far: a UUID, or one for the pure codec. */
static int encode_uuid(codec_state *st, writer *w, PyObject *value) {
    if (st->uuid_type == NULL) {
        /* Not by importing it: if nobody has, the value is no UUID. */
        PyObject *module = PyImport_GetModule(st->name_uuid);
        if (module == NULL)
            return PyErr_Occurred() ? FAILED : PUNT;
        Py_DECREF(module);
        int status = load_uuid_type(st);
        if (status != DONE)
            return status;
    }
    if ((PyObject *)Py_TYPE(value) != st->uuid_type)
        return PUNT;
    PyObject *raw = PyObject_GetAttr(value, st->name_bytes);
    if (raw == NULL)
        return FAILED;
    int status = PUNT;
    if (PyBytes_CheckExact(raw) && PyBytes_GET_SIZE(raw) == UUID_LENGTH) {
        status = write_byte(w, CODE_UUID);
        if (status == DONE)
            status = write_bytes(w, PyBytes_AS_STRING(raw), UUID_LENGTH);
    }
    Py_DECREF(raw);
    return status;
}

static int encode_nested(codec_state *st, writer *w, PyObject *sequence, int depth);

static int encode_item(codec_state *st, writer *w, PyObject *value, int depth) {
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyBytes_Type)
        return write_escaped(w, CODE_BYTES, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
    if (type == &PyUnicode_Type)
        return encode_str(w, value);
    if (type == &PyLong_Type)
        return encode_int(w, value);
    if (value == Py_None)
        return depth == 0 ? write_byte(w, CODE_NULL) : write_bytes(w, "\x00\xff", 2);
    if (type == &PyFloat_Type)
        return encode_double(w, PyFloat_AS_DOUBLE(value));
    if (type == &PyBool_Type)
        return encode_bool(st, w, value == Py_True);
    if (type == &PyTuple_Type || type == &PyList_Type)
        return encode_nested(st, w, value, depth + 1);
    if (type == st->versionstamp_type)
        return encode_versionstamp(st, w, value);
    if (type == st->single_float_type)
        return encode_single_float(st, w, value);
    return encode_uuid(st, w, value);
}

/* The elements of a tuple or list. The size is read anew each time, see the head of this file. */
int encode_items(codec_state *st, writer *w, PyObject *sequence, int depth) {
    int is_tuple = PyTuple_Check(sequence);
    for (Py_ssize_t i = 0;; i++) {
        PyObject *item;
        if (is_tuple) {
            if (i >= PyTuple_GET_SIZE(sequence))
                return DONE;
            item = PyTuple_GET_ITEM(sequence, i);
        } else {
            if (i >= PyList_GET_SIZE(sequence))
                return DONE;
            item = PyList_GET_ITEM(sequence, i);
        }
        Py_INCREF(item);
        int status = encode_item(st, w, item, depth);
        Py_DECREF(item);
        if (status != DONE)
            return status;
    }
}

static int encode_nested(codec_state *st, writer *w, PyObject *sequence, int depth) {
    if (depth > MAX_DEPTH)
        return PUNT;
    int status = write_byte(w, CODE_NESTED);
    if (status == DONE)
        status = encode_items(st, w, sequence, depth);
    if (status == DONE)
        status = write_byte(w, 0);
    return status;
}

int is_plain_tuple(PyObject *t) {
    return PyTuple_CheckExact(t) || (PyTuple_Check(t) && Py_TYPE(t)->tp_iter == PyTuple_Type.tp_iter);
}
