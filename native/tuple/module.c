/* The module fdb._tuple.codec: its four functions and its state. See tuple.h. */
#include "tuple/tuple.h"

#include <stddef.h>

static tuple_state *get_state(PyObject *module) { return (tuple_state *)PyModule_GetState(module); }

int tuple_get_api_version(tuple_state *state, long *version) {
    if (state->api_version == 0) {
        PyObject *selected = PyObject_CallNoArgs(state->selected_api_version);
        if (selected == NULL) {
            return TUPLE_FAILED;
        }
        if (selected != Py_None) {
            state->api_version = PyLong_AsLong(selected);
        }
        Py_DECREF(selected);
        if (state->api_version == -1 && PyErr_Occurred()) {
            state->api_version = 0;
            return TUPLE_FAILED;
        }
    }
    *version = state->api_version;
    return TUPLE_DONE;
}

int tuple_load_uuid_type(tuple_state *state) {
    if (state->uuid_type != NULL) {
        return TUPLE_DONE;
    }
    PyObject *module = PyImport_Import(state->name_uuid);
    PyObject *type = module ? PyObject_GetAttrString(module, "UUID") : NULL;
    PyObject *safety = module ? PyObject_GetAttrString(module, "SafeUUID") : NULL;
    PyObject *unknown = safety ? PyObject_GetAttrString(safety, "unknown") : NULL;
    Py_XDECREF(module);
    Py_XDECREF(safety);
    /* Importing may have let another thread come here first. */
    if (state->uuid_type == NULL && type != NULL && unknown != NULL && PyType_Check(type)) {
        state->uuid_type = type;
        state->uuid_unknown = unknown;
        return TUPLE_DONE;
    }
    Py_XDECREF(type);
    Py_XDECREF(unknown);
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return TUPLE_FAILED; /* an interrupt */
    }
    PyErr_Clear(); /* for example being imported right now, in another thread */
    return state->uuid_type != NULL ? TUPLE_DONE : TUPLE_PUNT;
}

/* The arguments (required, optional=None) of a call; TUPLE_PUNT for any other shape. */
static int parse_two(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, const char *name,
                     PyObject **second) {
    Py_ssize_t named = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    if (nargs < 1 || nargs + named > 2) {
        return TUPLE_PUNT;
    }
    if (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), name) != 0) {
        return TUPLE_PUNT;
    }
    *second = nargs + named == 2 ? args[1] : NULL;
    return TUPLE_DONE;
}

/* Encodes what pack and pack_with_versionstamp are given. */
static int encode_arguments(tuple_state *state, tuple_writer *writer, PyObject *const *args, Py_ssize_t nargs,
                            PyObject *kwnames) {
    PyObject *prefix = NULL;
    if (parse_two(args, nargs, kwnames, "prefix", &prefix) != TUPLE_DONE || !tuple_is_plain(args[0])) {
        return TUPLE_PUNT;
    }
    if (prefix != NULL && prefix != Py_None) {
        if (!PyBytes_CheckExact(prefix)) {
            return TUPLE_PUNT;
        }
        if (tuple_write_bytes(writer, PyBytes_AS_STRING(prefix), (size_t)PyBytes_GET_SIZE(prefix)) !=
            TUPLE_DONE) {
            return TUPLE_FAILED;
        }
    }
    return tuple_encode_items(state, writer, args[0], 0);
}

PyDoc_STRVAR(
    pack_doc,
    "pack(t, prefix=None)\n--\n\n"
    "Return the key that encodes the tuple ``t``, after ``prefix`` if one is given.\n"
    "\n"
    "Keys sort as their tuples do. Raises ValueError for an element of an unsupported type, an integer of\n"
    "more than 255 bytes or an incomplete versionstamp, UnicodeEncodeError for a lone surrogate, and\n"
    "TypeError if ``t`` is not a tuple.");

static PyObject *codec_pack(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    tuple_state *state = get_state(module);
    PyObject *result = NULL;
    tuple_writer writer;
    tuple_writer_init(&writer);
    int status = encode_arguments(state, &writer, args, nargs, kwnames);
    if (status == TUPLE_DONE && writer.stamp_count != 0) {
        status = TUPLE_PUNT;
    }
    if (status == TUPLE_DONE) {
        result = PyBytes_FromStringAndSize((const char *)writer.data, (Py_ssize_t)writer.length);
    }
    tuple_writer_free(&writer);
    return status == TUPLE_PUNT ? PyObject_Vectorcall(state->pure_pack, args, (size_t)nargs, kwnames)
                                : result;
}

PyDoc_STRVAR(
    pack_with_versionstamp_doc,
    "pack_with_versionstamp(t, prefix=None)\n--\n\n"
    "Return a key for ``Transaction.set_versionstamped_key`` from a tuple with one incomplete versionstamp.\n"
    "\n"
    "The stamp may be at any depth. The result ends with the stamp's position, counting ``prefix``, in 4\n"
    "little-endian bytes (2 below API version 520). Raises ValueError unless there is exactly one\n"
    "incomplete versionstamp, and otherwise as ``pack`` does.");

static PyObject *codec_pack_with_versionstamp(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                                              PyObject *kwnames) {
    tuple_state *state = get_state(module);
    PyObject *result = NULL;
    long version = 0;
    tuple_writer writer;
    tuple_writer_init(&writer);
    int status = encode_arguments(state, &writer, args, nargs, kwnames);
    if (status == TUPLE_DONE && writer.stamp_count != 1) {
        status = TUPLE_PUNT;
    }
    if (status == TUPLE_DONE) {
        status = tuple_get_api_version(state, &version);
    }
    if (status == TUPLE_DONE) {
        int width = version != 0 && version < 520 ? 2 : 4;
        uint64_t position = (uint64_t)writer.stamp_position;
        if (position >> (8 * width) != 0) {
            status = TUPLE_PUNT;
        }
        for (int i = 0; status == TUPLE_DONE && i < width; i++) {
            status = tuple_write_byte(&writer, (unsigned char)(position >> (8 * i)));
        }
    }
    if (status == TUPLE_DONE) {
        result = PyBytes_FromStringAndSize((const char *)writer.data, (Py_ssize_t)writer.length);
    }
    tuple_writer_free(&writer);
    if (status == TUPLE_PUNT) {
        return PyObject_Vectorcall(state->pure_pack_with_versionstamp, args, (size_t)nargs, kwnames);
    }
    return result;
}

PyDoc_STRVAR(
    unpack_doc,
    "unpack(key, prefix_len=0)\n--\n\n"
    "Return the tuple encoded by ``key`` after its first ``prefix_len`` bytes.\n"
    "\n"
    "``key`` is bytes, a bytes-like object or a lazy database value (then this blocks until it is there).\n"
    "Raises ValueError if the bytes are not what an encoder writes: an unknown type code, a cut or\n"
    "unterminated element, an overlong integer, invalid UTF-8; TypeError for other kinds of ``key``.");

static PyObject *codec_unpack(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    tuple_state *state = get_state(module);
    PyObject *prefix_len = NULL, *result = NULL;
    if (parse_two(args, nargs, kwnames, "prefix_len", &prefix_len) != TUPLE_DONE) {
        return PyObject_Vectorcall(state->pure_unpack, args, (size_t)nargs, kwnames);
    }
    PyObject *key = args[0];
    if (PyBytes_CheckExact(key)) {
        Py_INCREF(key);
    } else {
        PyObject *what = PyUnicode_FromString("Packed tuple");
        if (what == NULL) {
            return NULL;
        }
        key = PyObject_CallFunctionObjArgs(state->as_bytes, key, what, NULL);
        Py_DECREF(what);
        if (key == NULL) {
            return NULL;
        }
    }
    Py_ssize_t start = 0;
    int status = PyBytes_CheckExact(key) ? TUPLE_DONE : TUPLE_PUNT;
    if (prefix_len != NULL) {
        start = PyLong_CheckExact(prefix_len) ? PyLong_AsSsize_t(prefix_len) : -1;
        if (start == -1 && PyErr_Occurred()) {
            PyErr_Clear();
        }
    }
    if (status == TUPLE_DONE && (start < 0 || start > PyBytes_GET_SIZE(key))) {
        status = TUPLE_PUNT;
    }
    if (status == TUPLE_DONE) {
        const unsigned char *begin = (const unsigned char *)PyBytes_AS_STRING(key);
        tuple_reader reader = {state, begin + start, begin + PyBytes_GET_SIZE(key)};
        status = tuple_decode_items(&reader, 0, &result);
    }
    Py_DECREF(key);
    return status == TUPLE_PUNT ? PyObject_Vectorcall(state->pure_unpack, args, (size_t)nargs, kwnames)
                                : result;
}

PyDoc_STRVAR(
    compare_doc,
    "compare(t1, t2)\n--\n\n"
    "Return -1, 0 or 1 as ``t1`` sorts before, with or after ``t2``, in the order of their encodings.\n"
    "\n"
    "Takes tuples or lists, which may hold incomplete versionstamps (they follow complete ones). Raises\n"
    "ValueError for an element of an unsupported type and TypeError for other arguments.");

static PyObject *codec_compare(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    tuple_state *state = get_state(module);
    PyObject *result = NULL;
    tuple_writer writers[2];
    tuple_writer_init(&writers[0]);
    tuple_writer_init(&writers[1]);
    int status = nargs == 2 && kwnames == NULL ? TUPLE_DONE : TUPLE_PUNT;
    for (int i = 0; status == TUPLE_DONE && i < 2; i++) {
        int plain = tuple_is_plain(args[i]) || PyList_CheckExact(args[i]);
        status = plain ? tuple_encode_items(state, &writers[i], args[i], 0) : TUPLE_PUNT;
    }
    if (status == TUPLE_DONE) {
        size_t shorter = writers[0].length < writers[1].length ? writers[0].length : writers[1].length;
        int order = memcmp(writers[0].data, writers[1].data, shorter);
        if (order == 0) {
            order = (writers[0].length > writers[1].length) - (writers[0].length < writers[1].length);
        }
        result = PyLong_FromLong((order > 0) - (order < 0));
    }
    tuple_writer_free(&writers[0]);
    tuple_writer_free(&writers[1]);
    return status == TUPLE_PUNT ? PyObject_Vectorcall(state->pure_compare, args, (size_t)nargs, kwnames)
                                : result;
}

/* ---- set-up ---- */

static PyObject *get_type(PyObject *module, const char *name) {
    PyObject *type = PyObject_GetAttrString(module, name);
    if (type != NULL && !PyType_Check(type)) {
        PyErr_Format(PyExc_TypeError, "fdb._tuple.types.%s is not a class", name);
        Py_CLEAR(type);
    }
    return type;
}

static int load_python_parts(tuple_state *state) {
    PyObject *pure = PyImport_ImportModule("fdb._tuple.pure");
    PyObject *types = PyImport_ImportModule("fdb._tuple.types");
    if (pure != NULL && types != NULL) {
        state->pure_pack = PyObject_GetAttrString(pure, "pack");
        state->pure_pack_with_versionstamp = PyObject_GetAttrString(pure, "pack_with_versionstamp");
        state->pure_unpack = PyObject_GetAttrString(pure, "unpack");
        state->pure_compare = PyObject_GetAttrString(pure, "compare");
        state->as_bytes = PyObject_GetAttrString(pure, "as_bytes");
        state->selected_api_version = PyObject_GetAttrString(pure, "selected_api_version");
        state->versionstamp_type = get_type(types, "Versionstamp");
        state->single_float_type = get_type(types, "SingleFloat");
    }
    Py_XDECREF(pure);
    Py_XDECREF(types);
    return state->pure_pack && state->pure_pack_with_versionstamp && state->pure_unpack &&
                   state->pure_compare && state->as_bytes && state->selected_api_version &&
                   state->versionstamp_type && state->single_float_type
               ? 0
               : -1;
}

static int codec_exec(PyObject *module) {
    tuple_state *state = get_state(module);
    state->empty_tuple = PyTuple_New(0);
    state->name_tr_version = PyUnicode_InternFromString("tr_version");
    state->name_user_version = PyUnicode_InternFromString("user_version");
    state->name_bits = PyUnicode_InternFromString("_bits");
    state->name_bytes = PyUnicode_InternFromString("bytes");
    state->name_uuid = PyUnicode_InternFromString("uuid");
    state->name_int = PyUnicode_InternFromString("int");
    state->name_is_safe = PyUnicode_InternFromString("is_safe");
    if (!state->empty_tuple || !state->name_tr_version || !state->name_user_version || !state->name_bits ||
        !state->name_bytes || !state->name_uuid || !state->name_int || !state->name_is_safe) {
        return -1;
    }
    return load_python_parts(state);
}

/* The objects of the state, as an array. */
static PyObject **objects_of(PyObject *module) { return (PyObject **)get_state(module); }
enum { OBJECT_COUNT = offsetof(tuple_state, api_version) / sizeof(PyObject *) };

static int codec_traverse(PyObject *module, visitproc visit, void *arg) {
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        Py_VISIT(objects_of(module)[i]);
    }
    return 0;
}

static int codec_clear(PyObject *module) {
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        Py_CLEAR(objects_of(module)[i]);
    }
    return 0;
}

static void codec_free(void *module) { codec_clear((PyObject *)module); }

#define FASTCALL(name, function, doc)                                                                        \
    {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL | METH_KEYWORDS, doc}

static PyMethodDef codec_methods[] = {
    FASTCALL("pack", codec_pack, pack_doc),
    FASTCALL("pack_with_versionstamp", codec_pack_with_versionstamp, pack_with_versionstamp_doc),
    FASTCALL("unpack", codec_unpack, unpack_doc),
    FASTCALL("compare", codec_compare, compare_doc),
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot codec_slots[] = {
    {Py_mod_exec, codec_exec},
    {0, NULL},
};

static struct PyModuleDef codec_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fdb._tuple.codec",
    .m_doc = "The tuple encoding in C; fdb._tuple.pure is its reference.",
    .m_size = sizeof(tuple_state),
    .m_methods = codec_methods,
    .m_slots = codec_slots,
    .m_traverse = codec_traverse,
    .m_clear = codec_clear,
    .m_free = codec_free,
};

PyMODINIT_FUNC PyInit_codec(void) { return PyModuleDef_Init(&codec_module); }
