/* Arguments. See binding.h. */
#include "binding/binding.h"

/* What to write instead of an argument that stands for no bytes. */
static const char *advice(PyObject *argument, const char *what) {
    if (PyUnicode_Check(argument)) {
        return ": encode it, or pack it with fdb.tuple.pack";
    }
    if (argument == Py_None && what[0] == 'V') {
        return ": clear the key to leave it without a value";
    }
    if (PyLong_Check(argument) || PyFloat_Check(argument)) {
        return ": pack it with fdb.tuple.pack, or as the number of bytes that you want";
    }
    if (PyTuple_Check(argument)) {
        return ": pack it with fdb.tuple.pack";
    }
    if (PyObject_CheckBuffer(argument)) {
        return ": convert it with bytes()";
    }
    return "";
}

/* Returns the bytes that stand for `argument` (a new reference), or NULL with TypeError set. */
static PyObject *convert(PyObject *argument, const char *method, const char *what) {
    if (PyBytes_Check(argument)) {
        Py_INCREF(argument);
        return argument;
    }
    PyObject *converter = PyObject_GetAttrString(argument, method);
    if (converter == NULL) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
            binding_raise(PyExc_TypeError, "%s must be of type bytes, not %.200s%s", what,
                          Py_TYPE(argument)->tp_name, advice(argument, what));
        }
        return NULL;
    }
    PyObject *converted = PyObject_CallNoArgs(converter);
    Py_DECREF(converter);
    if (converted != NULL && !PyBytes_Check(converted)) {
        binding_raise(PyExc_TypeError, "%s must be of type bytes, but %s() of %.200s returned %.200s", what,
                      method, Py_TYPE(argument)->tp_name, Py_TYPE(converted)->tp_name);
        Py_CLEAR(converted);
    }
    return converted;
}

static int get_bytes(PyObject *argument, binding_bytes *bytes, const char *method, const char *what,
                     fdb_error_t too_large) {
    PyObject *owner = convert(argument, method, what);
    if (owner == NULL) {
        return -1;
    }
    if (PyBytes_GET_SIZE(owner) > INT_MAX) {
        Py_DECREF(owner);
        binding_raise_code(too_large);
        return -1;
    }
    bytes->owner = owner;
    bytes->data = (const uint8_t *)PyBytes_AS_STRING(owner);
    bytes->length = (int)PyBytes_GET_SIZE(owner);
    return 0;
}

int binding_convert_key(PyObject *argument, binding_bytes *bytes) {
    return get_bytes(argument, bytes, "as_foundationdb_key", "Key", 2102 /* key_too_large */);
}

int binding_convert_value(PyObject *argument, binding_bytes *bytes) {
    return get_bytes(argument, bytes, "as_foundationdb_value", "Value", 2103 /* value_too_large */);
}

int binding_get_int(PyObject *argument, int *number) {
    long wide = PyLong_AsLong(argument);
    if (wide == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (wide < INT_MIN || wide > INT_MAX) {
        binding_raise(PyExc_OverflowError, "%ld does not fit into 32 bits", wide);
        return -1;
    }
    *number = (int)wide;
    return 0;
}

/* The place of a name among parameters, -1 if it is none. */
static Py_ssize_t place_of(PyObject *name, const char *const *parameters, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyUnicode_CompareWithASCIIString(name, parameters[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int binding_bind(const char *function, const char *const *parameters, Py_ssize_t wanted,
                 PyObject *const *args, Py_ssize_t given, PyObject *names, PyObject **out) {
    Py_ssize_t named = names != NULL ? PyTuple_GET_SIZE(names) : 0;
    if (given > wanted) {
        binding_raise(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", function, wanted, given);
        return -1;
    }
    for (Py_ssize_t i = 0; i < wanted; i++) {
        out[i] = i < given ? args[i] : NULL;
    }
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        Py_ssize_t place = place_of(name, parameters, wanted);
        if (place < 0 || out[place] != NULL) {
            binding_raise(PyExc_TypeError, "%s() got %s argument %R", function,
                          place < 0 ? "an unexpected keyword" : "multiple values for", name);
            return -1;
        }
        out[place] = args[given + i];
    }
    for (Py_ssize_t i = 0; i < wanted; i++) {
        if (out[i] == NULL) {
            binding_raise(PyExc_TypeError, "%s() is missing the argument '%s'", function, parameters[i]);
            return -1;
        }
    }
    return 0;
}
