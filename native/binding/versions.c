/* What is known of the versions of a database: the newest that transactions have committed or read. See binding.h.
 *
 * Thread-safety: the GIL. Invariant: `newest` never goes back. */
#include "binding/binding.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    PyObject *above; /* NULL, or what learns of the same versions: a session's database */
    int64_t newest;  /* 0 before any */
} VersionsObject;

void binding_learn(HandleObject *transaction, int64_t version) {
    VersionsObject *each = (VersionsObject *)transaction->versions;
    for (; each != NULL; each = (VersionsObject *)each->above) {
        if (version > each->newest) {
            each->newest = version;
        }
    }
}

void binding_learn_commit(HandleObject *transaction) {
    __auto_type get_version = SHIM_FUNCTION(transaction->library, fdb_transaction_get_committed_version);
    int64_t version;
    /* -1: nothing was written. */
    if (get_version != NULL && get_version(transaction->pointer, &version) == 0) {
        binding_learn(transaction, version);
    }
}

PyObject *binding_versions_new(void) { return binding_versions_type.tp_alloc(&binding_versions_type, 0); }

static PyObject *versions_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"above", NULL};
    PyObject *above;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!:Versions", names, &binding_versions_type, &above)) {
        return NULL;
    }
    VersionsObject *self = (VersionsObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        Py_INCREF(above);
        self->above = above;
    }
    return (PyObject *)self;
}

static void versions_dealloc(VersionsObject *self) {
    Py_CLEAR(self->above);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *versions_advance(VersionsObject *self, PyObject *argument) {
    long long version = PyLong_AsLongLong(argument);
    if (version == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (version > self->newest) {
        self->newest = version;
    }
    Py_RETURN_NONE;
}

static PyMethodDef versions_methods[] = {
    {"advance", (PyCFunction)versions_advance, METH_O, "advance(version): notes one, here alone."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef versions_members[] = {
    {"newest", T_LONGLONG, offsetof(VersionsObject, newest), READONLY, "The newest version; 0 before any."},
    {"above", T_OBJECT, offsetof(VersionsObject, above), READONLY,
     "What learns of all that this does; None for those of a database."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject binding_versions_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.Versions",
    .tp_doc = "Versions(above)\n--\n\nThe newest version that some transactions have committed or read.",
    .tp_basicsize = sizeof(VersionsObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = versions_new,
    .tp_dealloc = (destructor)versions_dealloc,
    .tp_methods = versions_methods,
    .tp_members = versions_members,
};
