/* Exceptions. See binding.h. */
#include "binding/binding.h"

#include <stdarg.h>

PyObject *binding_raise(PyObject *type, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    PyErr_FormatV(type, format, arguments);
    va_end(arguments);
    return NULL;
}

/* Raises an exception that a callable of Python has made, which it takes over; NULL if that has raised. */
static PyObject *raise_made(PyObject *exception) {
    if (exception != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    return NULL;
}

PyObject *binding_raise_code(fdb_error_t code) {
    return raise_made(PyObject_CallFunction(binding_classes.error, "i", (int)code));
}

/* How large the commit is by the library's estimate, 0 if it does not say. The answer is on its way, so this is a matter
 * of microseconds, which the loops of event models can spare for a commit that has failed for good. */
static long long size_of_commit(HandleObject *transaction) {
    shim_library *library = transaction->library;
    __auto_type ask = SHIM_FUNCTION(library, fdb_transaction_get_approximate_size);
    __auto_type wait = SHIM_FUNCTION(library, fdb_future_block_until_ready);
    __auto_type get = SHIM_FUNCTION(library, fdb_future_get_int64);
    if (ask == NULL || wait == NULL || get == NULL || transaction->pointer == NULL ||
        transaction->generation != binding_generation) {
        return 0;
    }
    FDBFuture *future = ask(transaction->pointer);
    if (future == NULL) {
        return 0;
    }
    int64_t size = 0;
    Py_BEGIN_ALLOW_THREADS;
    if (wait(future) != 0 || get(future, &size) != 0) {
        size = 0;
    }
    SHIM_FUNCTION(library, fdb_future_destroy)(future);
    Py_END_ALLOW_THREADS;
    return size;
}

PyObject *binding_raise_commit_code(fdb_error_t code, HandleObject *transaction) {
    long long size = code == BINDING_TOO_LARGE ? size_of_commit(transaction) : 0;
    if (size <= 0) {
        return binding_raise_code(code);
    }
    PyObject *detail = PyUnicode_FromFormat(
        "the commit has about %lld bytes, and the limit is 10000000 unless the option size_limit "
        "says less: write in several transactions, as write_in_batches() of a database does",
        size);
    PyObject *error =
        detail != NULL ? PyObject_CallFunction(binding_classes.error, "iO", (int)code, detail) : NULL;
    Py_XDECREF(detail);
    return raise_made(error);
}

PyObject *binding_raise_missing(shim_library *library, const char *name) {
    return raise_made(PyObject_CallFunction(binding_classes.missing_function, "Ks",
                                            (unsigned long long)(uintptr_t)library, name));
}

PyObject *binding_raise_unusable(const char *what) {
    return raise_made(PyObject_CallFunction(binding_classes.unusable, "s", what));
}
