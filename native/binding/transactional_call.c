/* One attempt of a transactional `async def` function, and its run. See binding.h. */
#include "binding/binding.h"

/* ---- runs: see fdb/_attempts.py ---- */

/* One attempt of an asynchronous function: open until the function has returned. */
typedef struct {
    PyObject_HEAD
    char is_open;
} RunObject;

/* The open runs around the code that runs now, a tuple; tasks inherit it. */
static PyObject *surrounding;

static int is_open_run(PyObject *object) {
    return PyObject_TypeCheck(object, &binding_run_type) && ((RunObject *)object)->is_open;
}

/* The open ones of some runs, and one more: those that have ended go now rather than when they end, for that may be in
 * another context. */
static PyObject *with_run(PyObject *runs, PyObject *run) {
    Py_ssize_t count = PyTuple_GET_SIZE(runs), kept = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        kept += is_open_run(PyTuple_GET_ITEM(runs, i));
    }
    PyObject *result = PyTuple_New(kept + 1);
    if (result == NULL) {
        return NULL;
    }
    Py_ssize_t filled = 0;
    for (Py_ssize_t i = 0; i < count && filled < kept; i++) {
        PyObject *each = PyTuple_GET_ITEM(runs, i);
        if (is_open_run(each)) {
            Py_INCREF(each);
            PyTuple_SET_ITEM(result, filled++, each);
        }
    }
    Py_INCREF(run);
    PyTuple_SET_ITEM(result, filled, run);
    return _PyTuple_Resize(&result, filled + 1) == 0 ? result : NULL;
}

/* A new run, which surrounds what runs in this context from now on. */
static PyObject *enter_run(PyTypeObject *type) {
    PyObject *run = type->tp_alloc(type, 0);
    PyObject *runs = NULL, *all = NULL, *token = NULL;
    if (run != NULL && PyContextVar_Get(surrounding, NULL, &runs) == 0) {
        ((RunObject *)run)->is_open = 1;
        all = with_run(runs, run);
        token = all != NULL ? PyContextVar_Set(surrounding, all) : NULL;
    }
    Py_XDECREF(runs);
    Py_XDECREF(all);
    if (token == NULL) {
        Py_CLEAR(run);
    }
    Py_XDECREF(token);
    return run;
}

static PyObject *run_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {NULL};
    return PyArg_ParseTupleAndKeywords(args, kwargs, ":Run", names) ? enter_run(type) : NULL;
}

static PyObject *run_clear(RunObject *self, PyObject *Py_UNUSED(ignored)) {
    self->is_open = 0;
    Py_RETURN_NONE;
}

static PyObject *run_surrounds_caller(PyObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *runs;
    if (!is_open_run(self)) {
        Py_RETURN_FALSE;
    }
    if (PyContextVar_Get(surrounding, NULL, &runs) != 0) {
        return NULL;
    }
    int surrounds = PySequence_Contains(runs, self);
    Py_DECREF(runs);
    return surrounds < 0 ? NULL : PyBool_FromLong(surrounds);
}

static PyMethodDef run_methods[] = {
    {"clear", (PyCFunction)run_clear, METH_NOARGS,
     "Notes that the function has returned, or has begun the commit by itself."},
    {"surrounds_caller", run_surrounds_caller, METH_NOARGS,
     "Whether the caller runs inside of the function."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject binding_run_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.RunBase",
    .tp_doc = "RunBase()\n--\n\nOne attempt of an `async def` function; the tasks that it starts run inside "
              "of it too.",
    .tp_basicsize = sizeof(RunObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = run_new,
    .tp_methods = run_methods,
};

/* ---- calls ---- */

enum { CALL_NEW, CALL_FUNCTION, CALL_COMMIT, CALL_AGAIN, CALL_ENDED };

/* An attempt, to be awaited once: calls the function, awaits what that returns, commits. What fails with an FDBError goes
 * on with `again`. */
typedef struct {
    PyObject_HEAD
    PyObject *transaction;
    PyObject *function;
    PyObject *args;
    PyObject *kwargs;
    PyObject *again; /* None: the error is raised */
    PyObject *run;   /* while the function runs */
    PyObject *awaited;
    PyObject *result; /* of the function, until the commit has ended */
    double started;   /* by binding_clock() */
    unsigned char stage;
    unsigned char is_running;
} CallObject;

/* The transaction, if it is one of this package. */
static ViewObject *own_transaction(CallObject *self) {
    PyObject *transaction = self->transaction;
    return PyObject_TypeCheck(transaction, &binding_write_type) ? (ViewObject *)transaction : NULL;
}

/* The function has ended: nothing runs inside of the attempt any more. */
static void leave(CallObject *self) {
    if (self->run != NULL) {
        ((RunObject *)self->run)->is_open = 0;
        Py_CLEAR(self->run);
        Py_CLEAR(own_transaction(self)->attempt);
    }
}

static int call_clear(CallObject *self) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    self->stage = CALL_ENDED;
    Py_CLEAR(self->awaited);
    leave(self);
    Py_CLEAR(self->result);
    Py_CLEAR(self->again);
    Py_CLEAR(self->args);
    Py_CLEAR(self->kwargs);
    Py_CLEAR(self->function);
    Py_CLEAR(self->transaction);
    PyErr_Restore(type, value, traceback);
    return 0;
}

/* What drives an awaitable, which it takes over, as `await` would: a coroutine does so itself. */
static PyObject *driver_of(PyObject *awaitable) {
    if (awaitable == NULL || PyCoro_CheckExact(awaitable)) {
        return awaitable;
    }
    PyAsyncMethods *methods = Py_TYPE(awaitable)->tp_as_async;
    PyObject *driver = NULL;
    if (methods == NULL || methods->am_await == NULL) {
        binding_raise(PyExc_TypeError, "object %.100s can't be used in 'await' expression",
                      Py_TYPE(awaitable)->tp_name);
    } else {
        driver = methods->am_await(awaitable);
    }
    if (driver != NULL && !PyIter_Check(driver)) {
        binding_raise(PyExc_TypeError, "__await__() returned non-iterator of type '%.100s'",
                      Py_TYPE(driver)->tp_name);
        Py_CLEAR(driver);
    }
    Py_DECREF(awaitable);
    return driver;
}

/* Calls the function; 0, or -1 with an exception set. */
static int call_function(CallObject *self) {
    ViewObject *transaction = own_transaction(self);
    if (transaction != NULL) {
        self->run = enter_run(binding_classes.run);
        if (self->run == NULL) {
            return -1;
        }
        Py_INCREF(self->run);
        Py_XSETREF(transaction->attempt, self->run);
    }
    self->stage = CALL_FUNCTION;
    self->awaited = driver_of(binding_call(self->function, self->args, self->kwargs));
    return self->awaited != NULL ? 0 : -1;
}

/* Begins the commit. If that has ended already `awaited` stays NULL. 0, or -1 with an exception set. */
static int commit(CallObject *self) {
    self->stage = CALL_COMMIT;
    ViewObject *transaction = own_transaction(self);
    if (transaction == NULL || !binding_commits_plainly(transaction)) {
        self->awaited = driver_of(PyObject_CallMethodNoArgs(self->transaction, binding_attempts.commit_name));
        return self->awaited != NULL ? 0 : -1;
    }
    PyObject *handle = transaction->handle, *pending;
    Py_INCREF(handle);
    int outcome = binding_commit((HandleObject *)handle, &pending);
    Py_DECREF(handle);
    if (pending != NULL) {
        self->awaited = driver_of(pending);
        outcome = self->awaited != NULL ? 0 : -1;
    }
    return outcome;
}

/* Hands an error that may be retried over to `again`: 0, or -1 with the exception still set. */
static int try_again(CallObject *self) {
    if (self->stage == CALL_AGAIN || self->again == Py_None ||
        !PyErr_ExceptionMatches(binding_classes.error)) {
        return -1;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(error, traceback);
    }
    self->stage = CALL_AGAIN;
    self->awaited = PyObject_CallFunction(self->again, "OOOOOd", self->transaction, self->function,
                                          self->args, self->kwargs, error, binding_clock() - self->started);
    Py_XDECREF(type);
    Py_DECREF(error);
    Py_XDECREF(traceback);
    return self->awaited != NULL ? 0 : -1;
}

/* What follows on the end of a stage, of which `*result` is the result. Returns PYGEN_NEXT when there is something to
 * await, else how the call has ended. */
static PySendResult next_stage(CallObject *self, PySendResult outcome, PyObject **result) {
    PyObject *value = *result;
    *result = NULL;
    Py_CLEAR(self->awaited);
    leave(self);
    if (outcome == PYGEN_RETURN && self->stage == CALL_FUNCTION) {
        self->result = value;
        value = NULL;
        outcome = commit(self) == 0 ? PYGEN_RETURN : PYGEN_ERROR;
        if (self->awaited != NULL) {
            return PYGEN_NEXT;
        }
    }
    if (outcome == PYGEN_ERROR && own_transaction(self) != NULL) {
        binding_count_raised(own_transaction(self));
    }
    if (outcome == PYGEN_ERROR && try_again(self) == 0) {
        Py_CLEAR(self->result);
        return PYGEN_NEXT;
    }
    if (outcome == PYGEN_RETURN && self->stage == CALL_COMMIT) {
        Py_XSETREF(value, self->result);
        self->result = NULL;
    }
    *result = value;
    return outcome;
}

/* Goes on from the outcome of a step until there is something to wait for, or the end. */
static PySendResult go_on(CallObject *self, PySendResult outcome, PyObject **result) {
    while (outcome != PYGEN_NEXT) {
        outcome = next_stage(self, outcome, result);
        if (outcome != PYGEN_NEXT) {
            call_clear(self);
            return outcome;
        }
        outcome = PyIter_Send(self->awaited, Py_None, result);
    }
    if (!PyObject_GC_IsTracked((PyObject *)self)) {
        PyObject_GC_Track(self); /* from now on something may lead back to here */
    }
    return PYGEN_NEXT;
}

/* -1 with an exception set where it may not be driven now. */
static int check_call(CallObject *self) {
    if (self->is_running) {
        binding_raise(PyExc_ValueError, "the transactional call is running already");
        return -1;
    }
    if (self->stage == CALL_ENDED) {
        binding_raise(PyExc_RuntimeError, "cannot reuse what was awaited already");
        return -1;
    }
    return 0;
}

static PySendResult call_send(CallObject *self, PyObject *value, PyObject **result) {
    *result = NULL;
    if (check_call(self) != 0) {
        return PYGEN_ERROR;
    }
    self->is_running = 1;
    PySendResult outcome = PYGEN_ERROR;
    if (self->stage != CALL_NEW || call_function(self) == 0) {
        outcome = PyIter_Send(self->awaited, value, result);
    }
    outcome = go_on(self, outcome, result);
    self->is_running = 0;
    return outcome;
}

static PyObject *call_iternext(CallObject *self) {
    PyObject *result;
    PySendResult outcome = call_send(self, Py_None, &result);
    return binding_next(outcome, result);
}

static PyObject *call_send_method(CallObject *self, PyObject *value) {
    PyObject *result;
    PySendResult outcome = call_send(self, value, &result);
    return binding_next(outcome, result);
}

static PyObject *call_throw(CallObject *self, PyObject *const *args, Py_ssize_t count) {
    PyObject *result;
    if (check_call(self) != 0) {
        return NULL;
    }
    self->is_running = 1;
    PySendResult outcome = binding_throw(self->awaited, args, count, &result);
    outcome = go_on(self, outcome, &result);
    self->is_running = 0;
    return binding_next(outcome, result);
}

static PyObject *call_close(CallObject *self, PyObject *Py_UNUSED(ignored)) {
    if (self->is_running && check_call(self) != 0) {
        return NULL;
    }
    PyObject *awaited = self->awaited;
    self->awaited = NULL;
    int closed = awaited != NULL ? binding_close(awaited) : 0;
    Py_XDECREF(awaited);
    call_clear(self);
    if (closed != 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *call_await(PyObject *self) {
    Py_INCREF(self);
    return self;
}

static int call_traverse(CallObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->transaction);
    Py_VISIT(self->function);
    Py_VISIT(self->args);
    Py_VISIT(self->kwargs);
    Py_VISIT(self->again);
    Py_VISIT(self->run);
    Py_VISIT(self->awaited);
    Py_VISIT(self->result);
    return 0;
}

static void call_dealloc(CallObject *self) {
    PyObject_GC_UnTrack(self);
    call_clear(self);
    PyObject_GC_Del(self);
}

static PyObject *new_call(PyObject *transaction, PyObject *function, PyObject *args, PyObject *kwargs,
                          PyObject *again) {
    CallObject *self = PyObject_GC_New(CallObject, &binding_call_type);
    if (self == NULL) {
        return NULL;
    }
    Py_INCREF(transaction);
    Py_INCREF(function);
    Py_INCREF(args);
    Py_INCREF(kwargs);
    Py_INCREF(again);
    self->transaction = transaction;
    self->function = function;
    self->args = args;
    self->kwargs = kwargs;
    self->again = again;
    self->run = self->awaited = self->result = NULL;
    self->started = binding_clock();
    self->stage = CALL_NEW;
    self->is_running = 0;
    return (PyObject *)self;
}

PyObject *binding_transactional_call(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count) {
    if (count != 5 || !PyTuple_Check(args[2]) || !PyDict_Check(args[3]) || binding_attempts.commit == NULL) {
        return binding_raise(PyExc_TypeError,
                             "transactional_call() takes a transaction, a function, a tuple, a dict "
                             "and what tries again");
    }
    return new_call(args[0], args[1], args[2], args[3], args[4]);
}

/* Whether a view's futures are awaited, as fdb/_retry.py wants it. */
static int is_awaited(PyObject *view) {
    PyObject *handle = ((ViewObject *)view)->handle;
    return handle != NULL && PyObject_TypeCheck(handle, &binding_transaction_type) &&
           ((HandleObject *)handle)->must_await;
}

PyObject *binding_begin_call(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count) {
    PyObject *source;
    Py_ssize_t index;
    if (binding_parse_call("begin_call", args, count, &source, &index) != 0) {
        return NULL;
    }
    PyObject *function = args[0], *arguments = args[3], *keywords = args[4];
    if (source != NULL && PyObject_TypeCheck(source, &binding_read_type) && is_awaited(source)) {
        return PyObject_Call(function, arguments, keywords);
    }
    if (source == NULL || !PyObject_TypeCheck(source, &binding_source_type)) {
        return PyObject_CallMethod(args[1], "begin", "OOO", function, arguments, keywords);
    }
    PyObject *transaction = PyObject_CallMethodNoArgs(source, binding_attempts.create_name);
    PyObject *changed = transaction != NULL ? binding_with_transaction(arguments, index, transaction) : NULL;
    PyObject *call = NULL;
    if (changed == NULL) {
        /* the exception is set */
    } else if (Py_IS_TYPE(transaction, binding_classes.transaction) && is_awaited(transaction)) {
        call = new_call(transaction, function, changed, keywords, binding_attempts.again);
    } else {
        call = PyObject_CallFunctionObjArgs(binding_attempts.begin, transaction, function, changed, keywords,
                                            NULL);
    }
    Py_XDECREF(changed);
    Py_XDECREF(transaction);
    return call;
}

/* ---- the type ---- */

static PyMethodDef call_methods[] = {
    {"send", (PyCFunction)call_send_method, METH_O, "Goes on with the call."},
    {"throw", BINDING_METHOD(call_throw), METH_FASTCALL, "Raises an exception where it waits."},
    {"close", (PyCFunction)call_close, METH_NOARGS, "Ends the call."},
    {NULL, NULL, 0, NULL},
};

static PyAsyncMethods call_as_async = {.am_await = call_await, .am_send = (sendfunc)call_send};

PyTypeObject binding_call_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.TransactionalCall",
    .tp_doc = "An attempt of a transactional function, to be awaited.",
    .tp_basicsize = sizeof(CallObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)call_dealloc,
    .tp_traverse = (traverseproc)call_traverse,
    .tp_clear = (inquiry)call_clear,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)call_iternext,
    .tp_methods = call_methods,
    .tp_as_async = &call_as_async,
};

int binding_calls_ready(void) {
    PyObject *nothing = PyTuple_New(0);
    if (nothing == NULL) {
        return -1;
    }
    surrounding = PyContextVar_New("fdb_surrounding", nothing);
    Py_DECREF(nothing);
    return surrounding != NULL ? PyType_Ready(&binding_call_type) : -1;
}
