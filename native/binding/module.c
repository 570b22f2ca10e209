/* The module fdb._native.extension: configuration and free functions. See binding.h. */
#include "binding/binding.h"

#include <stdlib.h>

binding_class_table binding_classes;
int binding_generation;
unsigned long binding_main_thread;
unsigned long binding_callback_thread;

static PyObject *configure(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs) {
    static char *names[] = {"error", "unusable", "missing_function", "value", "key", "nothing", "int64",
                            "rows",  "watch",    "transaction",      "run",   NULL};
    PyObject *error, *unusable, *missing, *value, *key, *nothing, *int64, *rows, *watch, *transaction, *run;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OOOOOOOOOO!O!:configure", names, &error, &unusable,
                                     &missing, &value, &key, &nothing, &int64, &rows, &watch, &PyType_Type,
                                     &transaction, &PyType_Type, &run)) {
        return NULL;
    }
    const struct {
        PyTypeObject **place;
        PyObject *object;
    } futures[] = {
        {&binding_classes.value, value}, {&binding_classes.key, key},   {&binding_classes.nothing, nothing},
        {&binding_classes.int64, int64}, {&binding_classes.rows, rows}, {&binding_classes.watch, watch},
    };
    binding_store(&binding_classes.error, error);
    binding_store(&binding_classes.unusable, unusable);
    binding_store(&binding_classes.missing_function, missing);
    binding_store((PyObject **)&binding_classes.transaction, transaction);
    if (!PyType_IsSubtype((PyTypeObject *)run, &binding_run_type)) {
        return binding_raise(PyExc_TypeError, "%R is not a class of runs", run);
    }
    binding_store((PyObject **)&binding_classes.run, run);
    for (size_t i = 0; i < sizeof(futures) / sizeof(futures[0]); i++) {
        PyObject *object = futures[i].object;
        if (!PyType_Check(object) || !PyType_IsSubtype((PyTypeObject *)object, &binding_future_type)) {
            return binding_raise(PyExc_TypeError, "%R is not a future class", object);
        }
        binding_store((PyObject **)futures[i].place, object);
    }
    Py_RETURN_NONE;
}

static int note_main_thread(void *Py_UNUSED(ignored)) {
    binding_main_thread = PyThread_get_thread_ident();
    return 0;
}

/* The interpreter itself knows which of its threads handles signals: the one that makes pending calls.
 * threading does not where gevent has replaced what identifies a thread. */
static PyObject *find_main_thread(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    binding_main_thread = 0;
    Py_AddPendingCall(note_main_thread, NULL); /* if there is no room, every thread looks for signals */
    Py_RETURN_NONE;
}

static PyObject *set_callback_thread(PyObject *Py_UNUSED(module), PyObject *argument) {
    unsigned long thread = PyLong_AsUnsignedLong(argument);
    if (thread == (unsigned long)-1 && PyErr_Occurred()) {
        return NULL;
    }
    binding_callback_thread = thread;
    Py_RETURN_NONE;
}

static PyObject *invalidate(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    binding_generation++;
    Py_RETURN_NONE;
}

static PyObject *key_bytes(PyObject *Py_UNUSED(module), PyObject *argument) {
    binding_bytes bytes;
    return binding_get_key(argument, &bytes) == 0 ? bytes.owner : NULL;
}

static PyObject *value_bytes(PyObject *Py_UNUSED(module), PyObject *argument) {
    binding_bytes bytes;
    return binding_get_value(argument, &bytes) == 0 ? bytes.owner : NULL;
}

/* The futures of a tuple as an array to be freed, or NULL with an exception set. */
static FutureObject **futures_of(PyObject *tuple) {
    Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    FutureObject **futures = calloc((size_t)count + 1, sizeof(*futures));
    if (futures == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    Py_ssize_t valid = 0;
    while (valid < count && PyObject_TypeCheck(PyTuple_GET_ITEM(tuple, valid), &binding_future_type)) {
        futures[valid] = (FutureObject *)PyTuple_GET_ITEM(tuple, valid);
        valid++;
    }
    if (valid < count || count == 0) {
        free(futures);
        binding_raise(PyExc_TypeError, "wait_any takes one or more futures");
        return NULL;
    }
    return futures;
}

static PyObject *wait_any(PyObject *Py_UNUSED(module), PyObject *argument) {
    PyObject *tuple = PySequence_Tuple(argument);
    if (tuple == NULL) {
        return NULL;
    }
    FutureObject **futures = futures_of(tuple);
    Py_ssize_t ready = futures != NULL ? binding_wait_any(futures, PyTuple_GET_SIZE(tuple)) : -1;
    free(futures);
    Py_DECREF(tuple);
    return ready >= 0 ? PyLong_FromSsize_t(ready) : NULL;
}

static PyMethodDef module_methods[] = {
    {"configure", BINDING_METHOD(configure), METH_VARARGS | METH_KEYWORDS,
     "Sets the classes and callables of Python that this module needs."},
    {"configure_attempts", BINDING_METHOD(binding_configure_attempts), METH_VARARGS | METH_KEYWORDS,
     "Sets the class of transactions, and what transact() leaves to Python."},
    {"transact", BINDING_METHOD(binding_transact), METH_FASTCALL,
     "transact(function, finder, index, args, kwargs): runs a transactional function, whose transaction is "
     "the "
     "argument at an index, else one that the finder finds."},
    {"begin_call", BINDING_METHOD(binding_begin_call), METH_FASTCALL,
     "The same for an async def function: returns what is to be awaited."},
    {"find_main_thread", find_main_thread, METH_NOARGS,
     "Finds out, soon, which thread handles signals: at first and after a fork."},
    {"set_callback_thread", set_callback_thread, METH_O, "Sets the thread that runs callbacks, 0 for none."},
    {"invalidate", invalidate, METH_NOARGS, "Makes every handle and future dead: after a fork, or at exit."},
    {"key_bytes", key_bytes, METH_O, "Returns the bytes of a key, or raises TypeError."},
    {"value_bytes", value_bytes, METH_O, "Returns the bytes of a value, or raises TypeError."},
    {"transactional_call", BINDING_METHOD(binding_transactional_call), METH_FASTCALL,
     "Returns what makes one attempt of an async def function when it is awaited."},
    {"set_observe", binding_set_observe, METH_O,
     "Sets what makes the Counts of new transactions; None for nobody."},
    {"wait_any", wait_any, METH_O,
     "Blocks this thread until one of the futures is ready; returns its index."},
    {NULL, NULL, 0, NULL},
};

static int add_types(PyObject *module) {
    static const struct {
        const char *name;
        PyTypeObject *type;
    } types[] = {{"FutureBase", &binding_future_type},       {"BytesFutureBase", &binding_bytes_future_type},
                 {"ValueBase", &binding_value_type},         {"ListFutureBase", &binding_list_future_type},
                 {"DatabaseHandle", &binding_database_type}, {"TransactionHandle", &binding_transaction_type},
                 {"ReadBase", &binding_read_type},           {"WriteBase", &binding_write_type},
                 {"SourceBase", &binding_source_type},       {"RunBase", &binding_run_type},
                 {"KeyValue", &binding_keyvalue_type},       {"RowIterator", &binding_row_iterator_type},
                 {"RowList", &binding_row_list_type},        {"Mailbox", &binding_mailbox_type},
                 {"Versions", &binding_versions_type},       {"Counts", &binding_counts_type}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (PyType_Ready(types[i].type) != 0 ||
            PyModule_AddObjectRef(module, types[i].name, (PyObject *)types[i].type) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_kinds(PyObject *module) {
    static const struct {
        const char *name;
        int kind;
    } kinds[] = {{"VOID", BINDING_VOID},    {"INT64", BINDING_INT64},     {"UINT64", BINDING_UINT64},
                 {"KEY", BINDING_KEY},      {"VALUE", BINDING_VALUE},     {"ROWS", BINDING_ROWS},
                 {"KEYS", BINDING_KEYS},    {"STRINGS", BINDING_STRINGS}, {"RANGES", BINDING_RANGES},
                 {"UNSEEN", BINDING_UNSEEN}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (PyModule_AddIntConstant(module, kinds[i].name, kinds[i].kind) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The classes above, the client libraries with their one API version and their one network thread:
 * all of it belongs to the process, so one interpreter has it, the first that asks, for good. */
static int claim_for_this_interpreter(void) {
    static int64_t owner = -1;
    int64_t own = PyInterpreterState_GetID(PyInterpreterState_Get());
    if (owner != -1 && owner != own) {
        binding_raise(
            PyExc_ImportError,
            "fdb is used, or was used, by another interpreter of this process, and a process has one "
            "network thread for a client library: import fdb in one interpreter only");
        return -1;
    }
    owner = own;
    return own == -1 ? -1 : 0;
}

static int module_exec(PyObject *module) {
    if (claim_for_this_interpreter() != 0 || binding_keyvalue_ready() != 0 || binding_awaiting_ready() != 0 ||
        binding_calls_ready() != 0 || add_types(module) != 0) {
        return -1;
    }
    return add_kinds(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fdb._native.extension",
    .m_doc = "The most used operations as single calls.",
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit_extension(void) { return PyModuleDef_Init(&module_definition); }
