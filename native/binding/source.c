/* Sources: databases and tenants as a program has them, which make transactions. See binding.h. */
#include "binding/binding.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    PyObject *handle;
    PyObject *library;
    PyObject *tracing;  /* who wants to see what transactions do, of a database and its tenants */
    PyObject *database; /* of a tenant */
    PyObject *
        defaults; /* what makes all transactions of a database and its tenants, if it was opened with a policy */
    PyObject *attributes;
    PyObject *weak_references;
} SourceObject;

static int source_traverse(SourceObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->handle);
    Py_VISIT(self->library);
    Py_VISIT(self->tracing);
    Py_VISIT(self->database);
    Py_VISIT(self->defaults);
    Py_VISIT(self->attributes);
    return 0;
}

static int source_clear(SourceObject *self) {
    Py_CLEAR(self->handle);
    Py_CLEAR(self->library);
    Py_CLEAR(self->tracing);
    Py_CLEAR(self->database);
    Py_CLEAR(self->defaults);
    Py_CLEAR(self->attributes);
    return 0;
}

static void source_dealloc(SourceObject *self) {
    PyObject_GC_UnTrack(self);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    source_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* The database of a tenant, itself for a database (borrowed). */
static SourceObject *database_of(SourceObject *self) {
    int is_tenant = self->database != NULL && PyObject_TypeCheck(self->database, &binding_source_type);
    return is_tenant ? (SourceObject *)self->database : self;
}

/* A handle by the tracer, or by the handle of the database. */
static PyObject *make_handle(SourceObject *self, PyObject *tracing) {
    if (tracing != NULL && tracing != Py_None) {
        Py_INCREF(tracing);
        PyObject *handle = PyObject_CallMethod(tracing, "create_handle", "O", self);
        Py_DECREF(tracing);
        return handle;
    }
    if (self->handle != NULL && Py_IS_TYPE(self->handle, &binding_database_type)) {
        return binding_create_transaction((HandleObject *)self->handle);
    }
    return binding_raise(PyExc_TypeError, "a database or tenant needs a DatabaseHandle");
}

/* The same, counted where somebody observes. */
static PyObject *create_handle(SourceObject *self, SourceObject *database) {
    PyObject *handle = make_handle(self, database->tracing);
    if (binding_observe != NULL && handle != NULL && PyObject_TypeCheck(handle, &binding_transaction_type)) {
        binding_count_from((HandleObject *)handle, (PyObject *)self);
    }
    return handle;
}

static PyObject *source_create_handle(SourceObject *self, PyObject *Py_UNUSED(ignored)) {
    return create_handle(self, database_of(self));
}

static PyObject *source_create_transaction(SourceObject *self, PyObject *Py_UNUSED(ignored)) {
    SourceObject *database = database_of(self);
    PyObject *defaults = database->defaults;
    if (defaults != NULL && defaults != Py_None) {
        Py_INCREF(defaults);
        PyObject *transaction = PyObject_CallMethod(defaults, "create", "O", self);
        Py_DECREF(defaults);
        return transaction;
    }
    return binding_view_new(create_handle(self, database), self->library, (PyObject *)self);
}

static PyMethodDef source_methods[] = {
    {"create_transaction", (PyCFunction)source_create_transaction, METH_NOARGS,
     "create_transaction($self, /)\n--\n\n"
     "Returns a new transaction. `fdb.transactional` does so too, and retries it."},
    {"_create_handle", (PyCFunction)source_create_handle, METH_NOARGS,
     "Returns the handle of a new transaction."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef source_members[] = {
    {"_handle", T_OBJECT_EX, offsetof(SourceObject, handle), 0, "The DatabaseHandle."},
    {"_library", T_OBJECT_EX, offsetof(SourceObject, library), 0, "The LoadedLibrary."},
    {"_tracing", T_OBJECT, offsetof(SourceObject, tracing), 0,
     "What makes handles in place of the database's own."},
    {"_defaults", T_OBJECT, offsetof(SourceObject, defaults), 0,
     "What makes transactions with the policy that the database was opened with."},
    {"_database", T_OBJECT_EX, offsetof(SourceObject, database), 0, "The database of a tenant."},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef source_properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject binding_source_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.SourceBase",
    .tp_doc = "What databases and tenants do in C.",
    .tp_basicsize = sizeof(SourceObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_dictoffset = offsetof(SourceObject, attributes),
    .tp_weaklistoffset = offsetof(SourceObject, weak_references),
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)source_dealloc,
    .tp_traverse = (traverseproc)source_traverse,
    .tp_clear = (inquiry)source_clear,
    .tp_free = PyObject_GC_Del,
    .tp_methods = source_methods,
    .tp_members = source_members,
    .tp_getset = source_properties,
};
