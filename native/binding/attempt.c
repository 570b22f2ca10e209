/* Attempts: the loop of fdb.transactional for transactions of this package that block a thread. See binding.h.
 *
 * What is seldom (other classes, event models, tracers, errors) is the business of fdb/_retry.py. */
#include "binding/binding.h"

#include <time.h>

binding_attempt_table binding_attempts;

/* A call of a transactional function: what is the same in all of its attempts. */
typedef struct {
    PyObject *function;
    ViewObject *transaction;
    PyObject *arguments; /* a tuple with the transaction in its place */
    PyObject *keywords;  /* a dictionary */
    long failed;         /* how many attempts did */
    int last;            /* and the code of the last of them */
    double started;      /* by binding_clock() */
} call;

double binding_clock(void) {
#ifdef CLOCK_MONOTONIC_COARSE
    clockid_t clock = CLOCK_MONOTONIC_COARSE; /* a few instructions; exact to some milliseconds */
#else
    clockid_t clock = CLOCK_MONOTONIC;
#endif
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? (double)now.tv_sec + (double)now.tv_nsec / 1e9 : 0;
}

/* ---- one attempt ---- */

static void end_function(ViewObject *transaction) {
    transaction->is_running = 0;
    PyObject *attempt = transaction->attempt;
    transaction->attempt = NULL;
    if (attempt != NULL) {
        /* Others may have it, who are told by its being empty that the function has ended. */
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyObject *done = PyObject_CallMethod(attempt, "clear", NULL);
        if (done == NULL) {
            PyErr_WriteUnraisable(attempt);
        }
        Py_XDECREF(done);
        Py_DECREF(attempt);
        PyErr_Restore(type, value, traceback);
    }
}

PyObject *binding_call(PyObject *function, PyObject *arguments, PyObject *keywords) {
    if (PyDict_GET_SIZE(keywords) > 0) {
        return PyObject_Call(function, arguments, keywords);
    }
    return PyObject_Vectorcall(function, ((PyTupleObject *)arguments)->ob_item,
                               (size_t)PyTuple_GET_SIZE(arguments), NULL);
}

static PyObject *call_function(call *self) {
    ViewObject *transaction = self->transaction;
    transaction->strand = PyThread_get_thread_ident();
    transaction->is_running = 1;
    PyObject *result = binding_call(self->function, self->arguments, self->keywords);
    end_function(transaction);
    if (result != NULL && (PyGen_CheckExact(result) || PyCoro_CheckExact(result))) {
        PyObject *done = PyObject_CallOneArg(binding_attempts.refuse_unfinished, result);
        if (done == NULL) {
            Py_CLEAR(result);
        }
        Py_XDECREF(done);
    }
    return result;
}

/* Whether the transaction is committed by the method of this package: a program may have put another one there. */
static int has_own_commit(ViewObject *transaction) {
    if (transaction->attributes != NULL) {
        int replaced = PyDict_Contains(transaction->attributes, binding_attempts.commit_name);
        if (replaced != 0) {
            PyErr_Clear();
            return 0;
        }
    }
    return _PyType_Lookup(Py_TYPE(transaction), binding_attempts.commit_name) == binding_attempts.commit;
}

/* Without an object for the future of a commit that has its outcome at once. */
static int commit_now(HandleObject *handle) {
    PyObject *pending;
    Py_INCREF(handle);
    int outcome = binding_commit(handle, &pending);
    Py_DECREF(handle);
    if (pending != NULL) {
        PyObject *result = binding_future_resolve((FutureObject *)pending);
        outcome = result != NULL ? 0 : -1;
        Py_DECREF(pending);
        Py_XDECREF(result);
    }
    return outcome;
}

int binding_commits_plainly(ViewObject *transaction) {
    PyObject *handle = transaction->handle;
    return handle != NULL && Py_IS_TYPE(handle, &binding_transaction_type) && has_own_commit(transaction);
}

/* Commits, and waits for it: 0, or -1 with an exception set. */
static int commit(ViewObject *transaction) {
    if (binding_commits_plainly(transaction)) {
        return commit_now((HandleObject *)transaction->handle);
    }
    PyObject *future = PyObject_CallMethodNoArgs((PyObject *)transaction, binding_attempts.commit_name);
    PyObject *done = future != NULL ? PyObject_CallMethod(future, "wait", NULL) : NULL;
    Py_XDECREF(future);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* ---- errors ---- */

/* Asks whether there is to be another attempt after the exception that is set, and handles that exception meanwhile,
 * as an `except` of Python would. 0 with no exception set, or -1. */
static int recover(call *self) {
    PyObject *type, *value, *traceback, *outer_type, *outer_value, *outer_traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    PyErr_GetExcInfo(&outer_type, &outer_value, &outer_traceback);
    Py_INCREF(type);
    Py_INCREF(value);
    Py_XINCREF(traceback);
    PyErr_SetExcInfo(type, value, traceback);
    PyObject *refusal = PyObject_CallFunction(binding_attempts.refused, "OOlid", self->transaction, value,
                                              self->failed, self->last, binding_clock() - self->started);
    if (refusal != NULL && refusal != Py_None && refusal != value) {
        Py_INCREF(value);
        PyException_SetCause(refusal, value);
        PyErr_SetObject((PyObject *)Py_TYPE(refusal), refusal);
    }
    PyErr_SetExcInfo(outer_type, outer_value, outer_traceback);
    if (refusal == value) { /* as it was raised, with its cause and the traceback into the function */
        PyErr_Restore(type, value, traceback);
        Py_DECREF(refusal);
        return -1;
    }
    int again = refusal == Py_None;
    Py_XDECREF(refusal);
    PyObject *code = again ? PyObject_GetAttrString(value, "code") : NULL;
    again = code != NULL && binding_get_int(code, &self->last) == 0;
    self->failed++;
    Py_XDECREF(code);
    Py_DECREF(type);
    Py_DECREF(value);
    Py_XDECREF(traceback);
    return again ? 0 : -1;
}

static PyObject *run(call *self) {
    while (1) {
        PyObject *result = call_function(self);
        if (result != NULL && commit(self->transaction) == 0) {
            return result;
        }
        Py_XDECREF(result);
        if (!PyErr_ExceptionMatches(binding_classes.error)) {
            binding_count_raised(self->transaction);
            return NULL;
        }
        if (recover(self) != 0) {
            return NULL;
        }
    }
}

/* ---- from the wrapper to the loop ---- */

PyObject *binding_with_transaction(PyObject *arguments, Py_ssize_t index, PyObject *transaction) {
    Py_ssize_t count = PyTuple_GET_SIZE(arguments);
    PyObject *changed = PyTuple_New(count);
    for (Py_ssize_t i = 0; changed != NULL && i < count; i++) {
        PyObject *argument = i == index ? transaction : PyTuple_GET_ITEM(arguments, i);
        Py_INCREF(argument);
        PyTuple_SET_ITEM(changed, i, argument);
    }
    return changed;
}

/* Whether the loop is the one above, and not that of fdb/_retry.py. */
static int is_plain(PyObject *transaction) {
    if (!Py_IS_TYPE(transaction, binding_classes.transaction)) {
        return 0;
    }
    PyObject *handle = ((ViewObject *)transaction)->handle;
    return handle != NULL && PyObject_TypeCheck(handle, &binding_transaction_type) &&
           ((HandleObject *)handle)->model == NULL;
}

static PyObject *run_with(PyObject *function, PyObject *transaction, PyObject *arguments,
                          PyObject *keywords) {
    if (!is_plain(transaction)) {
        return PyObject_CallFunctionObjArgs(binding_attempts.run, transaction, function, arguments, keywords,
                                            NULL);
    }
    call self = {.function = function,
                 .transaction = (ViewObject *)transaction,
                 .arguments = arguments,
                 .keywords = keywords,
                 .started = binding_clock()};
    return run(&self);
}

int binding_parse_call(const char *name, PyObject *const *args, Py_ssize_t count, PyObject **source,
                       Py_ssize_t *index) {
    if (count != 5 || !PyTuple_Check(args[3]) || !PyDict_Check(args[4]) || binding_attempts.commit == NULL) {
        binding_raise(PyExc_TypeError, "%s() takes a function, a finder, an index, a tuple, a dictionary",
                      name);
        return -1;
    }
    *index = PyLong_AsSsize_t(args[2]);
    if (*index == -1 && PyErr_Occurred()) {
        return -1;
    }
    int is_there = *index >= 0 && *index < PyTuple_GET_SIZE(args[3]);
    *source = is_there ? PyTuple_GET_ITEM(args[3], *index) : NULL;
    return 0;
}

PyObject *binding_transact(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count) {
    PyObject *source;
    Py_ssize_t index;
    if (binding_parse_call("transact", args, count, &source, &index) != 0) {
        return NULL;
    }
    PyObject *function = args[0], *finder = args[1], *arguments = args[3], *keywords = args[4];
    if (source == NULL || !PyObject_TypeCheck(source, &binding_source_type)) {
        if (source != NULL && PyObject_TypeCheck(source, &binding_read_type)) {
            return PyObject_Call(function, arguments, keywords);
        }
        return PyObject_CallMethod(finder, "call", "OOO", function, arguments, keywords);
    }
    PyObject *transaction = PyObject_CallMethodNoArgs(source, binding_attempts.create_name);
    PyObject *changed = transaction != NULL ? binding_with_transaction(arguments, index, transaction) : NULL;
    PyObject *result = changed != NULL ? run_with(function, transaction, changed, keywords) : NULL;
    Py_XDECREF(changed);
    Py_XDECREF(transaction);
    return result;
}

PyObject *binding_configure_attempts(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs) {
    static char *names[] = {"commit", "run", "refused", "refuse_unfinished", "begin", "again", NULL};
    PyObject *commit_method, *loop, *refused, *refuse_unfinished, *begin, *again;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OOOOOO:configure_attempts", names, &commit_method, &loop,
                                     &refused, &refuse_unfinished, &begin, &again)) {
        return NULL;
    }
    Py_XSETREF(binding_attempts.commit_name, PyUnicode_InternFromString("commit"));
    Py_XSETREF(binding_attempts.create_name, PyUnicode_InternFromString("create_transaction"));
    if (binding_attempts.commit_name == NULL || binding_attempts.create_name == NULL) {
        return NULL;
    }
    binding_store(&binding_attempts.run, loop);
    binding_store(&binding_attempts.refused, refused);
    binding_store(&binding_attempts.refuse_unfinished, refuse_unfinished);
    binding_store(&binding_attempts.begin, begin);
    binding_store(&binding_attempts.again, again);
    binding_store(&binding_attempts.commit, commit_method);
    Py_RETURN_NONE;
}
