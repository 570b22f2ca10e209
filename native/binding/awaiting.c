/* Awaiting a future in a loop, and what is common to all that is awaited here. See binding.h. */
#include "binding/binding.h"

/* ---- iterators that are driven: those of futures below, and the calls of transactional_call.c ---- */

/* Takes the value of the StopIteration that is set: a new reference, or NULL with another exception set. */
static PyObject *value_of_stop(void) {
    PyObject *type, *stop, *traceback;
    PyErr_Fetch(&type, &stop, &traceback);
    PyErr_NormalizeException(&type, &stop, &traceback);
    PyObject *value = stop != NULL ? PyObject_GetAttrString(stop, "value") : NULL;
    Py_XDECREF(type);
    Py_XDECREF(stop);
    Py_XDECREF(traceback);
    return value;
}

/* Raises what the arguments of a throw() say. */
static void raise_thrown(PyObject *const *args, Py_ssize_t count) {
    PyObject *value = count > 1 && args[1] != Py_None ? args[1] : NULL;
    PyObject *traceback = count > 2 && args[2] != Py_None ? args[2] : NULL;
    if (PyExceptionInstance_Check(args[0])) {
        PyErr_SetObject((PyObject *)Py_TYPE(args[0]), args[0]);
    } else if (PyExceptionClass_Check(args[0])) {
        Py_INCREF(args[0]);
        Py_XINCREF(value);
        Py_XINCREF(traceback);
        PyErr_Restore(args[0], value, traceback);
    } else {
        binding_raise(PyExc_TypeError, "exceptions must derive from BaseException");
    }
}

PySendResult binding_throw(PyObject *awaited, PyObject *const *args, Py_ssize_t count, PyObject **result) {
    *result = NULL;
    if (count < 1 || count > 3) {
        binding_raise(PyExc_TypeError, "throw() takes 1 to 3 arguments (%zd given)", count);
        return PYGEN_ERROR;
    }
    PyObject *method = awaited != NULL ? PyObject_GetAttrString(awaited, "throw") : NULL;
    if (method == NULL) {
        PyErr_Clear(); /* an iterator without it, as in `yield from` */
        raise_thrown(args, count);
        return PYGEN_ERROR;
    }
    *result = PyObject_Vectorcall(method, args, (size_t)count, NULL);
    Py_DECREF(method);
    if (*result != NULL) {
        return PYGEN_NEXT;
    }
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_StopIteration)) {
        return PYGEN_ERROR;
    }
    *result = value_of_stop();
    return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
}

int binding_close(PyObject *awaited) {
    PyObject *method = PyObject_GetAttrString(awaited, "close");
    if (method == NULL) {
        PyErr_Clear();
        return 0;
    }
    PyObject *done = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

PyObject *binding_next(PySendResult outcome, PyObject *result) {
    if (outcome != PYGEN_RETURN) {
        return result;
    }
    /* Made here, since a result that is a tuple or an exception would be taken for something else. */
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result);
    Py_DECREF(result);
    if (stop != NULL) {
        PyErr_SetObject(PyExc_StopIteration, stop);
        Py_DECREF(stop);
    }
    return NULL;
}

/* ---- awaiting a future ---- */

/* One `await` of a future: what its __await__ returns. */
typedef struct {
    PyObject_HEAD
    FutureObject *future; /* NULL once the await has ended */
    PyObject *waiting;    /* how the event model waits, once the future was not ready */
    PyObject *waited;     /* who counts the time of that, see counts.c */
    int is_beginning;     /* Python runs that may come back to here */
} AwaitObject;

static PyTypeObject await_type;

PyObject *binding_await(FutureObject *future) {
    AwaitObject *self = PyObject_GC_New(AwaitObject, &await_type);
    if (self != NULL) {
        Py_INCREF(future);
        self->future = future;
        self->is_beginning = 0;
        self->waited = NULL;
        self->waiting = NULL; /* the collector learns of it once it waits: before, nothing leads back to it */
    }
    return (PyObject *)self;
}

/* 0 if the model of the future lets it be awaited, -1 with an exception set. */
static int check_awaitable(FutureObject *future) {
    if (future->owed & BINDING_UNAWAITED) {
        return 0; /* only the futures of such a model owe that */
    }
    PyObject *name = Py_None;
    Py_INCREF(name);
    if (future->model != NULL) {
        int awaits = binding_wants_await(future->model);
        if (awaits == 0) {
            Py_SETREF(name, PyObject_GetAttrString(future->model, "name"));
        }
        if (awaits != 0 || name == NULL) {
            Py_XDECREF(name);
            return awaits > 0 ? 0 : -1;
        }
    }
    binding_raise(
        PyExc_TypeError,
        "this future belongs to a database opened with event_model=%R and cannot be awaited: open the "
        "database with event_model=\"asyncio\", or call wait()",
        name);
    Py_DECREF(name);
    return -1;
}

/* Begins to wait, unless the future is ready: 0, or -1 with an exception set. */
static int begin(AwaitObject *self) {
    FutureObject *future = self->future;
    if (check_awaitable(future) != 0) {
        return -1;
    }
    int ready = binding_future_is_ready(future);
    if (ready != 0) {
        return ready < 0 ? -1 : 0;
    }
    if (binding_check_run(future) != 0) {
        return -1;
    }
    future->owed &= (unsigned char)~BINDING_UNHEARD;
    self->waiting = PyObject_CallMethod(future->model, "wait_in_loop", "O", future);
    if (self->waiting == NULL) {
        return -1;
    }
    self->waited = binding_count_wait(future);
    PyObject_GC_Track(self);
    return 0;
}

/* Nothing is waited for any more. */
static void end_wait(AwaitObject *self) {
    PyObject *waited = self->waited;
    self->waited = NULL;
    binding_count_waited(waited);
}

/* Ends the await with the result of the future, which is ready: a new reference, or NULL with an exception set. */
static PyObject *result_of(AwaitObject *self) {
    FutureObject *future = self->future;
    self->future = NULL;
    future->owed = 0;
    PyObject *result = binding_future_resolve(future);
    if (result != NULL && PyObject_TypeCheck(future, &binding_bytes_future_type)) {
        Py_SETREF(result, (PyObject *)future); /* these are what they hold */
    } else {
        Py_DECREF(future);
    }
    return result;
}

/* Goes on after a step of the waiting. */
static PySendResult stepped(AwaitObject *self, PySendResult outcome, PyObject **result) {
    if (outcome == PYGEN_NEXT) {
        return outcome;
    }
    end_wait(self);
    Py_CLEAR(self->waiting);
    if (outcome == PYGEN_RETURN && self->future != NULL) {
        Py_DECREF(*result);
        *result = result_of(self);
        return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
    }
    Py_CLEAR(self->future);
    return outcome;
}

/* The first step: whether it has begun to wait, or -1 with an exception set. */
static int first_step(AwaitObject *self) {
    if (self->is_beginning) {
        binding_raise(PyExc_ValueError, "the await has begun already");
        return -1;
    }
    PyObject *kept = (PyObject *)self->future; /* Python runs that may close this */
    Py_INCREF(kept);
    self->is_beginning = 1;
    int begun = begin(self);
    self->is_beginning = 0;
    Py_DECREF(kept);
    if (begun == 0 && self->future == NULL) {
        binding_raise(PyExc_RuntimeError, "the await was closed");
        begun = -1;
    }
    if (begun != 0) {
        Py_CLEAR(self->future);
        return -1;
    }
    return self->waiting != NULL;
}

static PySendResult await_send(AwaitObject *self, PyObject *value, PyObject **result) {
    *result = NULL;
    if (self->future == NULL) {
        binding_raise(PyExc_RuntimeError, "cannot reuse what was awaited already");
        return PYGEN_ERROR;
    }
    PyObject *waiting = self->waiting;
    if (waiting == NULL) {
        int waits = first_step(self);
        if (waits <= 0) {
            *result = waits == 0 ? result_of(self) : NULL;
            return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
        }
        waiting = self->waiting;
    }
    Py_INCREF(waiting);
    PySendResult outcome = PyIter_Send(waiting, value, result);
    Py_DECREF(waiting);
    return stepped(self, outcome, result);
}

static PyObject *await_iternext(AwaitObject *self) {
    PyObject *result;
    PySendResult outcome = await_send(self, Py_None, &result);
    return binding_next(outcome, result);
}

static PyObject *await_send_method(AwaitObject *self, PyObject *value) {
    PyObject *result;
    PySendResult outcome = await_send(self, value, &result);
    return binding_next(outcome, result);
}

static PyObject *await_throw(AwaitObject *self, PyObject *const *args, Py_ssize_t count) {
    PyObject *result, *waiting = self->waiting;
    Py_XINCREF(waiting);
    PySendResult outcome = binding_throw(waiting, args, count, &result);
    Py_XDECREF(waiting);
    outcome = stepped(self, outcome, &result);
    return binding_next(outcome, result);
}

static PyObject *await_close(AwaitObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *waiting = self->waiting;
    end_wait(self);
    self->waiting = NULL;
    Py_CLEAR(self->future);
    int closed = waiting != NULL ? binding_close(waiting) : 0;
    Py_XDECREF(waiting);
    if (closed != 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static int await_traverse(AwaitObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->future);
    Py_VISIT(self->waiting);
    return 0;
}

static int await_clear(AwaitObject *self) {
    end_wait(self);
    Py_CLEAR(self->waiting);
    Py_CLEAR(self->future);
    return 0;
}

static void await_dealloc(AwaitObject *self) {
    PyObject_GC_UnTrack(self);
    await_clear(self);
    PyObject_GC_Del(self);
}

static PyMethodDef await_methods[] = {
    {"send", (PyCFunction)await_send_method, METH_O, "Goes on waiting."},
    {"throw", BINDING_METHOD(await_throw), METH_FASTCALL, "Raises an exception where it waits."},
    {"close", (PyCFunction)await_close, METH_NOARGS, "Ends the waiting."},
    {NULL, NULL, 0, NULL},
};

static PyAsyncMethods await_as_async = {.am_send = (sendfunc)await_send};

static PyTypeObject await_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.Await",
    .tp_doc = "What waits for a future in a running loop.",
    .tp_basicsize = sizeof(AwaitObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)await_dealloc,
    .tp_traverse = (traverseproc)await_traverse,
    .tp_clear = (inquiry)await_clear,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)await_iternext,
    .tp_methods = await_methods,
    .tp_as_async = &await_as_async,
};

PyAsyncMethods binding_future_as_async = {.am_await = (unaryfunc)binding_await};

int binding_awaiting_ready(void) { return PyType_Ready(&await_type); }
