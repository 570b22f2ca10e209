/* Handles: what databases, tenants and transactions share, and the type of the first two. See binding.h. */
#include "binding/binding.h"

int binding_refuse_handle(HandleObject *self) {
    if (self->pointer == NULL) {
        binding_raise(PyExc_RuntimeError, "the %s is closed", self->is_tenant ? "tenant" : "database");
    } else if (PyObject_TypeCheck(self, &binding_transaction_type)) {
        binding_raise_unusable("transaction");
    } else {
        binding_raise_unusable("database");
    }
    return -1;
}

static void initialise(HandleObject *self, shim_library *library, void *pointer, PyObject *model,
                       int must_await) {
    self->library = library;
    self->pointer = pointer;
    self->closed_pointer = NULL;
    self->users = 0;
    self->is_tenant = 0;
    self->generation = binding_generation;
    Py_XINCREF(model);
    self->model = model;
    self->versions = NULL;
    self->is_version_given = 0;
    self->counts = NULL;
    self->must_await = must_await;
}

int binding_wants_await(PyObject *model) {
    PyObject *answer = PyObject_GetAttrString(model, "must_await");
    int wants = answer != NULL ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return wants;
}

/* -1 with an exception set unless the object is Versions. */
static int check_versions(PyObject *versions) {
    if (versions == NULL || !PyObject_TypeCheck(versions, &binding_versions_type)) {
        binding_raise(PyExc_TypeError, "the versions of a handle are Versions");
        return -1;
    }
    return 0;
}

static PyObject *database_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"library", "pointer", "model", "is_tenant", "versions", NULL};
    unsigned long long library, pointer;
    PyObject *model, *versions = Py_None;
    int is_tenant;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KKOp|O:DatabaseHandle", names, &library, &pointer, &model,
                                     &is_tenant, &versions)) {
        return NULL;
    }
    if (versions != Py_None && check_versions(versions) != 0) {
        return NULL;
    }
    int must_await = model != Py_None ? binding_wants_await(model) : 0;
    if (must_await < 0) {
        return NULL;
    }
    Py_INCREF(versions);
    if (versions == Py_None) {
        Py_SETREF(versions, binding_versions_new());
    }
    HandleObject *self = versions != NULL ? (HandleObject *)type->tp_alloc(type, 0) : NULL;
    if (self == NULL) {
        Py_XDECREF(versions);
    } else {
        initialise(self, (shim_library *)(uintptr_t)library, (void *)(uintptr_t)pointer,
                   model != Py_None ? model : NULL, must_await);
        self->is_tenant = is_tenant;
        self->versions = versions;
    }
    return (PyObject *)self;
}

static void destroy_database(HandleObject *self, void *pointer) {
    if (pointer == NULL || self->generation != binding_generation) {
        return;
    }
    if (self->is_tenant) {
        SHIM_FUNCTION(self->library, fdb_tenant_destroy)(pointer);
        return;
    }
    /* Closing a file may wait for the disk. */
    Py_BEGIN_ALLOW_THREADS;
    SHIM_FUNCTION(self->library, fdb_database_destroy)(pointer);
    Py_END_ALLOW_THREADS;
}

static PyObject *database_close(HandleObject *self, PyObject *Py_UNUSED(ignored)) {
    void *pointer = self->pointer;
    self->pointer = NULL;
    if (self->users == 0) {
        destroy_database(self, pointer);
    } else if (pointer != NULL) {
        self->closed_pointer = pointer;
    }
    Py_RETURN_NONE;
}

static void database_dealloc(HandleObject *self) {
    database_close(self, NULL);
    Py_CLEAR(self->model);
    Py_CLEAR(self->versions);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* The one way by which the address of an object leaves this module: for the length of a call. */
PyObject *binding_handle_call(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    PyObject *arguments[8];
    if (count < 1 || count > (Py_ssize_t)(sizeof(arguments) / sizeof(arguments[0]))) {
        return binding_raise(PyExc_TypeError, "call() takes a function and at most 7 arguments");
    }
    if (binding_check_handle(self) != 0 || (arguments[0] = PyLong_FromVoidPtr(self->pointer)) == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 1; i < count; i++) {
        arguments[i] = args[i];
    }
    self->users++;
    PyObject *result = PyObject_Vectorcall(args[0], arguments, (size_t)count, NULL);
    self->users--;
    Py_DECREF(arguments[0]);
    if (self->users == 0 && self->closed_pointer != NULL) {
        void *pointer = self->closed_pointer;
        self->closed_pointer = NULL;
        destroy_database(self, pointer);
    }
    return result;
}

static PyObject *handle_model(HandleObject *self, void *Py_UNUSED(closure)) {
    PyObject *model = self->model != NULL ? self->model : Py_None;
    Py_INCREF(model);
    return model;
}

static PyObject *handle_versions(HandleObject *self, void *Py_UNUSED(closure)) {
    Py_INCREF(self->versions);
    return self->versions;
}

static int set_handle_versions(HandleObject *self, PyObject *versions, void *Py_UNUSED(closure)) {
    if (check_versions(versions) != 0) {
        return -1;
    }
    binding_store(&self->versions, versions);
    return 0;
}

/* A new transaction of the library; NULL with the exception set if there is none. */
static FDBTransaction *new_transaction(HandleObject *self) {
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    FDBTransaction *pointer;
    fdb_error_t error;
    if (self->is_tenant) {
        __auto_type create = BINDING_FUNCTION(self->library, fdb_tenant_create_transaction);
        if (create == NULL) {
            return NULL;
        }
        error = create(self->pointer, &pointer);
    } else {
        __auto_type create = BINDING_FUNCTION(self->library, fdb_database_create_transaction);
        if (create == NULL) {
            return NULL;
        }
        error = create(self->pointer, &pointer);
    }
    if (error != 0) {
        binding_raise_code(error);
        return NULL;
    }
    return pointer;
}

/* Gives a new transaction to the object that is to own it, which may be missing for want of memory. */
static PyObject *own_transaction(HandleObject *self, HandleObject *transaction, FDBTransaction *pointer) {
    if (transaction == NULL) {
        SHIM_FUNCTION(self->library, fdb_transaction_destroy)(pointer);
        return NULL;
    }
    initialise(transaction, self->library, pointer, self->model, self->must_await);
    Py_INCREF(self->versions);
    transaction->versions = self->versions;
    return (PyObject *)transaction;
}

PyObject *binding_create_transaction(HandleObject *self) {
    FDBTransaction *pointer = new_transaction(self);
    if (pointer == NULL) {
        return NULL;
    }
    return own_transaction(self, PyObject_New(HandleObject, &binding_transaction_type), pointer);
}

static PyObject *create_transaction(HandleObject *self, PyObject *Py_UNUSED(ignored)) {
    return binding_create_transaction(self);
}

static PyObject *create_transaction_of(HandleObject *self, PyObject *type) {
    if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, &binding_transaction_type)) {
        return binding_raise(PyExc_TypeError,
                             "create_transaction_of() takes a subclass of TransactionHandle");
    }
    FDBTransaction *pointer = new_transaction(self);
    if (pointer == NULL) {
        return NULL;
    }
    PyTypeObject *wanted = (PyTypeObject *)type;
    return own_transaction(self, (HandleObject *)wanted->tp_alloc(wanted, 0), pointer);
}

/* ---- types ---- */

const char binding_handle_call_doc[] =
    "Calls function(address, ...); the object of the library outlives the call, also if it is closed "
    "meanwhile.";

PyGetSetDef binding_handle_properties[] = {
    {"model", (getter)handle_model, NULL, "The event model; None for threads.", NULL},
    {"versions", (getter)handle_versions, (setter)set_handle_versions,
     "What learns of the versions that are committed and read.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef database_methods[] = {
    {"call", BINDING_METHOD(binding_handle_call), METH_FASTCALL, binding_handle_call_doc},
    {"create_transaction", (PyCFunction)create_transaction, METH_NOARGS, "Returns a new TransactionHandle."},
    {"create_transaction_of", (PyCFunction)create_transaction_of, METH_O,
     "The same as an object of a subclass, whose __init__ is not called."},
    {"close", (PyCFunction)database_close, METH_NOARGS, "Gives up the object of the library."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject binding_database_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.DatabaseHandle",
    .tp_doc = "DatabaseHandle(library, pointer, model, is_tenant, versions=None)\n--\n\n"
              "Owns a database or a tenant of the library; a tenant has the versions of its database.",
    .tp_basicsize = sizeof(HandleObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = database_new,
    .tp_dealloc = (destructor)database_dealloc,
    .tp_methods = database_methods,
    .tp_getset = binding_handle_properties,
};
