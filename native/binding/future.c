/* Futures: their life, taking their results, and their types. See binding.h. */
#include "binding/binding.h"

#include <structmember.h>

/* ---- life ---- */

static void destroy_pointer(FutureObject *self) {
    FDBFuture *pointer = self->pointer;
    self->pointer = NULL;
    Py_CLEAR(self->owner);
    if (pointer != NULL && self->generation == binding_generation) {
        SHIM_FUNCTION(self->library, fdb_future_destroy)(pointer);
    }
}

/* Values come and go one by one: the memory of the last to go is kept for the next. */
#if defined(__SANITIZE_ADDRESS__)
enum { SPARE_VALUES = 0 };
#else
enum { SPARE_VALUES = 64 };
#endif
static FutureObject *spare_values[SPARE_VALUES + 1];
static int spare_value_count;

/* One whose fields are all zero. */
static FutureObject *allocate(PyTypeObject *type) {
    if (type != binding_classes.value || spare_value_count == 0) {
        return (FutureObject *)type->tp_alloc(type, 0);
    }
    FutureObject *self = spare_values[--spare_value_count];
    memset((char *)self + sizeof(PyObject), 0, sizeof(*self) - sizeof(PyObject));
    return (FutureObject *)PyObject_Init((PyObject *)self, type);
}

PyObject *binding_future_new(PyTypeObject *type, HandleObject *handle, FDBFuture *pointer, int kind,
                             int flags) {
    if (pointer == NULL) {
        return PyErr_NoMemory(); /* the one reason that a library has */
    }
    FutureObject *self = allocate(type);
    if (self == NULL) {
        SHIM_FUNCTION(handle->library, fdb_future_destroy)(pointer);
        return NULL;
    }
    self->library = handle->library;
    self->pointer = pointer;
    self->generation = handle->generation;
    self->kind = (unsigned char)kind;
    Py_XINCREF(handle->model);
    self->model = handle->model;
    if (handle->must_await) {
        self->owed = BINDING_UNAWAITED | BINDING_UNSEEN | (flags & BINDING_COMMIT ? BINDING_UNHEARD : 0);
    }
    if (flags & BINDING_TAKE_IF_READY) {
        int ready = binding_future_is_ready(self);
        if (ready < 0 || (ready > 0 && binding_future_take(self) != 0)) {
            Py_DECREF(self);
            return NULL;
        }
    }
    if ((flags & BINDING_KEEP_TRANSACTION) && self->state == BINDING_PENDING) {
        Py_INCREF(handle);
        self->owner = (PyObject *)handle;
    }
    return (PyObject *)self;
}

static PyObject *future_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"handle", "pointer", "kind", NULL};
    HandleObject *handle;
    unsigned long long pointer;
    int kind;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OKi:Future", names, &handle, &pointer, &kind)) {
        return NULL;
    }
    if (!PyObject_TypeCheck(handle, &binding_database_type) &&
        !PyObject_TypeCheck(handle, &binding_transaction_type)) {
        return binding_raise(PyExc_TypeError, "futures are made by databases, tenants and transactions");
    }
    /* A key is a versionstamp, for which a transaction that is dropped uncommitted must not be kept. */
    int flags = kind == BINDING_KEY ? BINDING_PLAIN : BINDING_KEEP_TRANSACTION;
    return binding_future_new(type, handle, (FDBFuture *)(uintptr_t)pointer, kind, flags);
}

/* Says that nobody will know whether a commit succeeded. */
static void warn_of_unheard_commit(void) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyErr_WarnEx(
            PyExc_ResourceWarning,
            "the future of a commit was dropped without being awaited, so whether the commit succeeded is "
            "unknown: use await tr.commit()",
            1) != 0) {
        PyErr_WriteUnraisable(NULL);
    }
    PyErr_Restore(type, value, traceback);
}

/* What watches a read (fdb/testing) has an `ended`; the runs of transactional functions have None there. */
static void leave_run(FutureObject *self) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *run = self->run;
    self->run = NULL;
    PyObject *ended = run != Py_None ? PyObject_GetAttrString(run, "ended") : NULL;
    if (ended != NULL && ended != Py_None && self->state != BINDING_PENDING) {
        PyObject *result = self->state == BINDING_RESULT ? self->result : Py_None;
        PyObject *done = PyObject_CallFunction(ended, "Oi", result, (int)self->error);
        Py_XDECREF(done);
    }
    if (PyErr_Occurred()) {
        PyErr_WriteUnraisable(run);
    }
    Py_XDECREF(ended);
    Py_DECREF(run);
    PyErr_Restore(type, value, traceback);
}

static void future_dealloc(FutureObject *self) {
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    if ((self->owed & BINDING_UNHEARD) && self->generation == binding_generation) {
        warn_of_unheard_commit();
    }
    if (self->stage != BINDING_NO_STAGE) {
        binding_count_dropped(self);
    }
    destroy_pointer(self);
    /* After a fork the mutex of the signal may be held by a thread that does not exist. */
    if (self->signal != NULL && self->generation == binding_generation) {
        shim_signal_release(self->signal);
    }
    if (self->run != NULL) {
        leave_run(self);
    }
    Py_CLEAR(self->result);
    Py_CLEAR(self->model);
    if (Py_IS_TYPE(self, binding_classes.value) && spare_value_count < SPARE_VALUES) {
        spare_values[spare_value_count++] = self;
    } else {
        Py_TYPE(self)->tp_free((PyObject *)self);
    }
}

/* ---- results ---- */

int binding_future_is_ready(FutureObject *self) {
    if (self->state != BINDING_PENDING) {
        return 1;
    }
    if (self->generation != binding_generation) {
        binding_raise_unusable("future");
        return -1;
    }
    __auto_type is_ready = BINDING_FUNCTION(self->library, fdb_future_is_ready);
    return is_ready != NULL ? is_ready(self->pointer) != 0 : -1;
}

/* Passes on the version that a result shows. The owner is there until the library's future goes. */
static void teach(FutureObject *self) {
    HandleObject *transaction = (HandleObject *)self->owner;
    if (transaction == NULL || transaction->pointer == NULL) {
        return;
    }
    if (self->teaches == BINDING_COMMITTED_VERSION) {
        binding_learn_commit(transaction);
    } else {
        binding_learn(transaction, PyLong_AsLongLong(self->result));
    }
}

/* Making objects may run the collector, and with it finalizers that use this very future, also on
 * other threads. So the library's future stays until the last reader is done with it, and the
 * result of the first one to finish counts. */
int binding_future_take(FutureObject *self) {
    fdb_error_t error;
    HandleObject *counted = (HandleObject *)self->owner;
    counted = counted != NULL && counted->counts != NULL ? counted : NULL;
    Py_XINCREF(counted);
    self->readers++;
    PyObject *result = binding_read_result(self->library, self->pointer, self->kind, &error);
    self->readers--;
    if (self->state == BINDING_PENDING && (result != NULL || error != 0)) {
        self->result = result;
        self->error = error;
        self->state = result != NULL ? BINDING_RESULT : BINDING_ERROR;
        if (error == BINDING_TOO_LARGE && self->owner != NULL &&
            PyObject_TypeCheck(self->owner, &binding_transaction_type)) {
            self->result = Py_NewRef(self->owner);
        }
        if (self->teaches != BINDING_NO_VERSION && result != NULL) {
            teach(self);
        }
        if (counted != NULL) {
            binding_count_taken(counted, self);
        }
    } else if (self->state != BINDING_PENDING) {
        PyErr_Clear();
        Py_XDECREF(result);
    }
    int taken = self->state != BINDING_PENDING ? 0 : -1;
    if (taken == 0 && self->readers == 0) {
        destroy_pointer(self);
    }
    Py_XDECREF(counted);
    return taken;
}

/* Asks the run, if there is one, whether its future may be waited for: 0, or -1 with an exception set. */
int binding_check_run(FutureObject *self) {
    PyObject *run = self->run;
    if (run == NULL || run == Py_None) {
        return 0;
    }
    Py_INCREF(run);
    PyObject *done = PyObject_CallMethod(run, "check_wait", "O", self);
    Py_DECREF(run);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Waits in the way of the event model; returns 0 when ready, -1 with an exception set. */
static int wait_by_model(FutureObject *self) {
    int ready = binding_future_is_ready(self);
    if (ready < 0 || (ready == 0 && binding_check_run(self) != 0)) {
        return -1;
    }
    PyObject *waited = ready == 0 ? binding_count_wait(self) : NULL;
    while (ready == 0) {
        if (self->model == NULL) {
            ready = binding_wait_any(&self, 1) < 0 ? -1 : 0;
        } else {
            PyObject *done = PyObject_CallMethod(self->model, "wait", "O", self);
            ready = done != NULL ? 0 : -1;
            Py_XDECREF(done);
        }
        ready = ready == 0 ? binding_future_is_ready(self) : -1;
    }
    binding_count_waited(waited);
    return ready < 0 ? -1 : 0;
}

/* 0 where the result may be used, -1 with an exception set in a running loop that has not awaited it. */
static int refuse_unawaited(FutureObject *self) {
    PyObject *allowed = PyObject_CallMethod(self->model, "before_blocking", NULL);
    if (allowed == NULL) {
        return -1;
    }
    Py_DECREF(allowed);
    return 0;
}

PyObject *binding_future_resolve(FutureObject *self) {
    if (self->owed != 0) {
        if ((self->owed & BINDING_UNAWAITED) && refuse_unawaited(self) != 0) {
            return NULL;
        }
        self->owed = 0;
    }
    if (self->state == BINDING_PENDING) {
        if (wait_by_model(self) != 0) {
            return NULL;
        }
        /* Another thread may have taken it while this one waited. */
        if (self->state == BINDING_PENDING && binding_future_take(self) != 0) {
            return NULL;
        }
    }
    if (self->state == BINDING_ERROR) {
        return self->result != NULL ? binding_raise_commit_code(self->error, (HandleObject *)self->result)
                                    : binding_raise_code(self->error);
    }
    Py_INCREF(self->result);
    return self->result;
}

static PyObject *future_resolve(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    return binding_future_resolve(self);
}

static PyObject *future_ready(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    int ready = binding_future_is_ready(self);
    return ready < 0 ? NULL : PyBool_FromLong(ready);
}

static PyObject *future_look(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    int ready = binding_future_is_ready(self);
    if (ready > 0) {
        self->owed &= (unsigned char)~BINDING_UNSEEN;
    }
    return ready < 0 ? NULL : PyBool_FromLong(ready);
}

/* For a look at how a ready future ended, which is no use of its result. */
static PyObject *future_code(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    int ready = binding_future_is_ready(self);
    if (ready <= 0) {
        return ready < 0 ? NULL : PyLong_FromLong(-1);
    }
    if (self->state == BINDING_PENDING && binding_future_take(self) != 0) {
        return NULL;
    }
    return PyLong_FromLong(self->state == BINDING_ERROR ? (long)self->error : 0);
}

/* The same for the result: None unless there is one. */
static PyObject *future_peek(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    int ready = binding_future_is_ready(self);
    if (ready < 0 || (ready > 0 && self->state == BINDING_PENDING && binding_future_take(self) != 0)) {
        return NULL;
    }
    PyObject *result = self->state == BINDING_RESULT ? self->result : Py_None;
    Py_INCREF(result);
    return result;
}

static PyObject *future_owes(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    return PyLong_FromLong(self->owed);
}

/* From here on `owed` tells of any future whether it was used; that a program must await it is no part of it. */
static PyObject *future_note_use(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    self->owed |= BINDING_UNSEEN;
    Py_RETURN_NONE;
}

/* Somebody begins to wait. */
static PyObject *future_heard(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    self->owed &= (unsigned char)~BINDING_UNHEARD;
    Py_RETURN_NONE;
}

static PyObject *future_awaited(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    self->owed = 0;
    Py_RETURN_NONE;
}

static PyObject *future_cancel(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    self->owed &= (unsigned char)~BINDING_UNHEARD;
    if (self->state == BINDING_PENDING && self->generation == binding_generation) {
        __auto_type cancel = BINDING_FUNCTION(self->library, fdb_future_cancel);
        if (cancel == NULL) {
            return NULL;
        }
        cancel(self->pointer);
    }
    Py_RETURN_NONE;
}

static PyObject *future_abandon(FutureObject *self, PyObject *Py_UNUSED(ignored)) {
    self->owed = 0;
    /* One that is being read is ready: too late. */
    if (self->state == BINDING_PENDING && self->readers == 0) {
        self->state = BINDING_ERROR;
        self->error = 1101; /* operation_cancelled */
        if (self->stage != BINDING_NO_STAGE) {
            binding_count_dropped(self);
        }
        destroy_pointer(self);
    }
    Py_RETURN_NONE;
}

static PyObject *future_subscribe(FutureObject *self, PyObject *args) {
    PyObject *mailbox;
    Py_ssize_t token;
    if (!PyArg_ParseTuple(args, "On:_subscribe", &mailbox, &token)) {
        return NULL;
    }
    shim_queue *queue = binding_mailbox_queue(mailbox);
    int added = queue != NULL ? binding_subscribe(self, queue, token) : -1;
    return added >= 0 ? PyBool_FromLong(added) : NULL;
}

/* ---- types ---- */

/* Lists can be made part of a cycle, which no other result can: only their futures are collected. */
static int list_future_traverse(FutureObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->result);
    Py_VISIT(self->model);
    return 0;
}

static int list_future_clear(FutureObject *self) {
    if (self->run != NULL) {
        leave_run(self);
    }
    if (self->state == BINDING_RESULT) {
        self->state = BINDING_ERROR;
        self->error = 1101; /* operation_cancelled */
    }
    Py_CLEAR(self->result);
    return 0;
}

static void list_future_dealloc(FutureObject *self) {
    PyObject_GC_UnTrack(self);
    future_dealloc(self);
}

static PyMethodDef future_methods[] = {
    {"_resolve", (PyCFunction)future_resolve, METH_NOARGS,
     "Waits as the event model does; returns the result or raises."},
    {"_ready", (PyCFunction)future_ready, METH_NOARGS, "Whether the result or the error is there."},
    {"_look", (PyCFunction)future_look, METH_NOARGS, "The same as _ready, for the program to know."},
    {"_code", (PyCFunction)future_code, METH_NOARGS,
     "The error code, 0 for a result, -1 while it is pending."},
    {"_peek", (PyCFunction)future_peek, METH_NOARGS, "The result if it is there, else None; no use of it."},
    {"_owes", (PyCFunction)future_owes, METH_NOARGS,
     "What the program owes to it: a set of UNAWAITED and UNSEEN."},
    {"_note_use", (PyCFunction)future_note_use, METH_NOARGS,
     "Has _owes() tell whether the program has used it since."},
    {"_heard", (PyCFunction)future_heard, METH_NOARGS, "Somebody begins to wait for it."},
    {"_awaited", (PyCFunction)future_awaited, METH_NOARGS,
     "It was awaited: the result may be used in a loop."},
    {"_cancel", (PyCFunction)future_cancel, METH_NOARGS, "Asks the library to abandon the operation."},
    {"_abandon", (PyCFunction)future_abandon, METH_NOARGS,
     "Cancels, frees the library's future and fails with 1101."},
    {"_subscribe", (PyCFunction)future_subscribe, METH_VARARGS,
     "Has a token put into a mailbox once ready; False if ready already."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef future_members[] = {
    {"_model", T_OBJECT, offsetof(FutureObject, model), READONLY, "The event model; None for threads."},
    {"_run", T_OBJECT, offsetof(FutureObject, run), 0,
     "The run of a transactional function that has to end before this is ready, or who hears how it ended."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject binding_future_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.FutureBase",
    .tp_doc = "FutureBase(handle, pointer, kind)\n--\n\nA result that arrives later; owns the future of the "
              "library.",
    .tp_basicsize = sizeof(FutureObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_weaklistoffset = offsetof(FutureObject, weak_references),
    .tp_as_async = &binding_future_as_async,
    .tp_new = future_new,
    .tp_dealloc = (destructor)future_dealloc,
    .tp_methods = future_methods,
    .tp_members = future_members,
};

PyTypeObject binding_list_future_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.ListFutureBase",
    .tp_doc = "A future whose result is or contains a list.",
    .tp_base = &binding_future_type,
    .tp_basicsize = sizeof(FutureObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = (destructor)list_future_dealloc,
    .tp_traverse = (traverseproc)list_future_traverse,
    .tp_clear = (inquiry)list_future_clear,
    .tp_free = PyObject_GC_Del,
};
