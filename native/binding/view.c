/* Views of transactions: what a program has in its hands, with the operations that are written most. See binding.h.
 *
 * A view passes an operation on to its handle: by a plain call of C, or by a method where the handle is of another class
 * (a tracer's, say). */
#include "binding/binding.h"

#include <structmember.h>

/* ---- life ---- */

/* A transaction is made for every attempt at anything: the memory of the last to go is kept for the next. */
#if defined(__SANITIZE_ADDRESS__)
enum { SPARE_VIEWS = 0 };
#else
enum { SPARE_VIEWS = 64 };
#endif
static ViewObject *spare_views[SPARE_VIEWS + 1];
static int spare_view_count;

/* One whose fields are all zero, not yet known to the collector. */
static ViewObject *allocate_view(PyTypeObject *type) {
    if (spare_view_count == 0) {
        ViewObject *view = PyObject_GC_New(ViewObject, type);
        if (view != NULL) {
            memset((char *)view + sizeof(PyObject), 0, sizeof(*view) - sizeof(PyObject));
        }
        return view;
    }
    return (ViewObject *)PyObject_Init((PyObject *)spare_views[--spare_view_count], type);
}

PyObject *binding_view_new(PyObject *handle, PyObject *library, PyObject *db) {
    if (handle != NULL && binding_classes.transaction == NULL) {
        binding_raise(PyExc_RuntimeError, "this module has not been configured");
        Py_CLEAR(handle);
    }
    ViewObject *view = handle != NULL ? allocate_view(binding_classes.transaction) : NULL;
    if (view == NULL) {
        Py_XDECREF(handle);
        return NULL;
    }
    view->handle = handle;
    Py_XINCREF(library);
    view->library = library;
    Py_INCREF(db);
    view->db = db;
    PyObject_GC_Track(view);
    return (PyObject *)view;
}

static int view_traverse(ViewObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->handle);
    Py_VISIT(self->library);
    Py_VISIT(self->db);
    Py_VISIT(self->snapshot);
    Py_VISIT(self->attempt);
    Py_VISIT(self->attributes);
    return 0;
}

static int view_clear(ViewObject *self) {
    Py_CLEAR(self->handle);
    Py_CLEAR(self->library);
    Py_CLEAR(self->db);
    Py_CLEAR(self->snapshot);
    Py_CLEAR(self->attempt);
    Py_CLEAR(self->attributes);
    return 0;
}

static void view_dealloc(ViewObject *self) {
    PyObject_GC_UnTrack(self);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    view_clear(self);
    if (Py_IS_TYPE(self, binding_classes.transaction) && spare_view_count < SPARE_VIEWS) {
        self->strand = 0;
        self->is_snapshot = 0;
        self->is_running = 0;
        spare_views[spare_view_count++] = self;
    } else {
        Py_TYPE(self)->tp_free((PyObject *)self);
    }
}

/* The handle, which a program may replace while it converts an argument: a new reference, or NULL with AttributeError. */
static PyObject *hold_handle(ViewObject *self) {
    if (self->handle == NULL) {
        return binding_raise(PyExc_AttributeError, "'%.200s' object has no attribute '_handle'",
                             Py_TYPE(self)->tp_name);
    }
    Py_INCREF(self->handle);
    return self->handle;
}

/* ---- reads ---- */

static PyObject *read_value(ViewObject *self, PyObject *key) {
    PyObject *handle = hold_handle(self);
    PyObject *value = NULL;
    if (handle == NULL) {
        return NULL;
    }
    if (Py_IS_TYPE(handle, &binding_transaction_type)) {
        value = binding_transaction_get((HandleObject *)handle, key, self->is_snapshot);
    } else {
        value = PyObject_CallMethod(handle, "get", "OO", key, self->is_snapshot ? Py_True : Py_False);
    }
    Py_DECREF(handle);
    return value;
}

static PyObject *view_get(ViewObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    static const char *const parameters[] = {"key"};
    PyObject *key = args[0];
    if (count > 1) {
        return PyObject_CallMethod((PyObject *)self, "_refuse_default", NULL);
    }
    if ((count != 1 || names != NULL) && binding_bind("get", parameters, 1, args, count, names, &key) != 0) {
        return NULL;
    }
    return read_value(self, key);
}

static PyObject *view_subscript(ViewObject *self, PyObject *key) {
    if (PySlice_Check(key)) {
        return PyObject_CallMethod((PyObject *)self, "get_range", "O", key);
    }
    return read_value(self, key);
}

/* ---- writes ---- */

static int write_value(ViewObject *self, PyObject *key, PyObject *value) {
    PyObject *handle = hold_handle(self);
    PyObject *done = NULL;
    if (handle == NULL) {
        return -1;
    }
    if (Py_IS_TYPE(handle, &binding_transaction_type)) {
        done = binding_transaction_set((HandleObject *)handle, key, value);
    } else {
        done = PyObject_CallMethod(handle, "set", "OO", key, value);
    }
    Py_DECREF(handle);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

static PyObject *view_set(ViewObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    static const char *const parameters[] = {"key", "value"};
    PyObject *const *given = args;
    PyObject *bound[2];
    if (count != 2 || names != NULL) {
        if (binding_bind("set", parameters, 2, args, count, names, bound) != 0) {
            return NULL;
        }
        given = bound;
    }
    if (write_value(self, given[0], given[1]) != 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static int view_assign(ViewObject *self, PyObject *key, PyObject *value) {
    if (value != NULL) {
        return write_value(self, key, value);
    }
    const char *method = PySlice_Check(key) ? "clear_range" : "clear";
    PyObject *done = PyObject_CallMethod((PyObject *)self, method, "O", key);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* ---- the attempt of a transactional function ---- */

/* Most functions do not ask for it: the list of a thread is made when they do. */
static PyObject *view_attempt(ViewObject *self, void *Py_UNUSED(closure)) {
    if (self->attempt == NULL && self->is_running) {
        self->attempt = Py_BuildValue("[k]", self->strand);
        if (self->attempt == NULL) {
            return NULL;
        }
    }
    PyObject *attempt = self->attempt != NULL ? self->attempt : Py_None;
    Py_INCREF(attempt);
    return attempt;
}

static int view_set_attempt(ViewObject *self, PyObject *attempt, void *Py_UNUSED(closure)) {
    self->is_running = 0;
    Py_XINCREF(attempt);
    Py_XSETREF(self->attempt, attempt);
    return 0;
}

/* ---- types ---- */

static PyMemberDef view_members[] = {
    {"_handle", T_OBJECT_EX, offsetof(ViewObject, handle), 0, "The TransactionHandle."},
    {"_library", T_OBJECT_EX, offsetof(ViewObject, library), 0, "The LoadedLibrary."},
    {"_is_snapshot", T_BOOL, offsetof(ViewObject, is_snapshot), 0, "Whether reads are those of a snapshot."},
    {"_snapshot_view", T_OBJECT, offsetof(ViewObject, snapshot), 0, "The snapshot, once it was asked for."},
    {"db", T_OBJECT_EX, offsetof(ViewObject, db), 0, "The database or tenant that made the transaction."},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef view_properties[] = {
    {"_attempt", (getter)view_attempt, (setter)view_set_attempt,
     "The attempt of the transactional function that the transaction was made for, while it lasts.", NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef read_methods[] = {
    {"get", BINDING_METHOD(view_get), METH_FASTCALL | METH_KEYWORDS,
     "get($self, /, key)\n--\n\nReturns the (future) value of `key`, which is absent where the "
     "key is."},
    {NULL, NULL, 0, NULL},
};

static PyMappingMethods read_as_mapping = {.mp_subscript = (binaryfunc)view_subscript};

PyTypeObject binding_read_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.ReadBase",
    .tp_doc = "What TransactionRead does in C.",
    .tp_basicsize = sizeof(ViewObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_dictoffset = offsetof(ViewObject, attributes),
    .tp_weaklistoffset = offsetof(ViewObject, weak_references),
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)view_dealloc,
    .tp_traverse = (traverseproc)view_traverse,
    .tp_clear = (inquiry)view_clear,
    .tp_free = PyObject_GC_Del,
    .tp_as_mapping = &read_as_mapping,
    .tp_methods = read_methods,
    .tp_members = view_members,
    .tp_getset = view_properties,
};

static PyMethodDef write_methods[] = {
    {"set", BINDING_METHOD(view_set), METH_FASTCALL | METH_KEYWORDS,
     "set($self, /, key, value)\n--\n\nStores `value` under `key`. Does not block."},
    {NULL, NULL, 0, NULL},
};

static PyMappingMethods write_as_mapping = {
    .mp_subscript = (binaryfunc)view_subscript,
    .mp_ass_subscript = (objobjargproc)view_assign,
};

PyTypeObject binding_write_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.WriteBase",
    .tp_doc = "What Transaction does in C.",
    .tp_base = &binding_read_type,
    .tp_basicsize = sizeof(ViewObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = (destructor)view_dealloc,
    .tp_traverse = (traverseproc)view_traverse,
    .tp_clear = (inquiry)view_clear,
    .tp_free = PyObject_GC_Del,
    .tp_as_mapping = &write_as_mapping,
    .tp_methods = write_methods,
};
