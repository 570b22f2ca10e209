/* Futures of byte strings, values and keys: what a program asks of them most. See binding.h. */
#include "binding/binding.h"

/* The bytes of a key or a present value: a new reference, or NULL with an exception set. */
static PyObject *bytes_of(FutureObject *self) {
    PyObject *result = binding_future_resolve(self);
    if (result == Py_None) {
        Py_DECREF(result);
        return binding_raise(PyExc_TypeError,
                             "the key is not present in the database, so there are no bytes");
    }
    return result;
}

static PyObject *bytes_future_bytes(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    return bytes_of(self);
}

static PyObject *bytes_future_value(FutureObject *self, void *Py_UNUSED(closure)) {
    return binding_future_resolve(self);
}

static PyObject *bytes_future_wait(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *result = binding_future_resolve(self);
    if (result == NULL) {
        return NULL;
    }
    Py_DECREF(result);
    Py_INCREF(self);
    return (PyObject *)self;
}

static int bytes_future_bool(FutureObject *self) {
    PyObject *result = binding_future_resolve(self);
    if (result == NULL) {
        return -1;
    }
    int is_true = result != Py_None && PyObject_IsTrue(result);
    Py_DECREF(result);
    return is_true;
}

static int bytes_future_buffer(FutureObject *self, Py_buffer *view, int flags) {
    PyObject *result = binding_future_resolve(self);
    if (result == NULL) {
        return -1;
    }
    int outcome = PyObject_GetBuffer(result, view, flags);
    Py_DECREF(result);
    return outcome;
}

static PyObject *value_present(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *result = binding_future_resolve(self);
    if (result == NULL) {
        return NULL;
    }
    int present = result != Py_None;
    Py_DECREF(result);
    return PyBool_FromLong(present);
}

/* ---- types ---- */

static PyMethodDef bytes_future_methods[] = {
    {"_bytes", (PyCFunction)bytes_future_bytes, METH_NOARGS,
     "Waits for the bytes. Raises TypeError if the value is absent."},
    {"__bytes__", (PyCFunction)bytes_future_bytes, METH_NOARGS,
     "Waits for the bytes. Raises TypeError if the value is absent."},
    {"wait", (PyCFunction)bytes_future_wait, METH_NOARGS,
     "wait($self, /)\n--\n\nBlocks until the bytes are there and returns the object itself. Raises "
     "FDBError."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef bytes_future_properties[] = {
    {"value", (getter)bytes_future_value, NULL,
     "The bytes, or None for an absent value. Blocks; raises FDBError.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyNumberMethods bytes_future_as_number = {.nb_bool = (inquiry)bytes_future_bool};

static PyBufferProcs bytes_future_as_buffer = {(getbufferproc)bytes_future_buffer, NULL};

PyTypeObject binding_bytes_future_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.BytesFutureBase",
    .tp_doc = "A future whose result is a byte string; it can be read through the buffer protocol.",
    .tp_base = &binding_future_type,
    .tp_basicsize = sizeof(FutureObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_as_number = &bytes_future_as_number,
    .tp_as_buffer = &bytes_future_as_buffer,
    .tp_methods = bytes_future_methods,
    .tp_getset = bytes_future_properties,
};

static PyMethodDef value_methods[] = {
    {"present", (PyCFunction)value_present, METH_NOARGS,
     "present($self, /)\n--\n\nWhether the key is in the database. Blocks; raises FDBError."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject binding_value_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.ValueBase",
    .tp_doc = "A future byte string that may be absent.",
    .tp_base = &binding_bytes_future_type,
    .tp_basicsize = sizeof(FutureObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_methods = value_methods,
};
