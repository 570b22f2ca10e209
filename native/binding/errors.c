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

PyObject *binding_raise_missing(shim_library *library, const char *name) {
    return raise_made(PyObject_CallFunction(binding_classes.missing_function, "Ks",
                                            (unsigned long long)(uintptr_t)library, name));
}

PyObject *binding_raise_unusable(const char *what) {
    return raise_made(PyObject_CallFunction(binding_classes.unusable, "s", what));
}
