/* Transactions: their operations, each a single call from Python. See binding.h. */
#include "binding/binding.h"

#include <structmember.h>

/* ---- reads ---- */

/* Checks the number of arguments and that the transaction may be used. */
static int check_call(HandleObject *self, const char *name, Py_ssize_t given, Py_ssize_t wanted) {
    if (given != wanted) {
        binding_raise(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, wanted, given);
        return -1;
    }
    return binding_check_handle(self);
}

PyObject *binding_transaction_get(HandleObject *self, PyObject *argument, int snapshot) {
    binding_bytes key;
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type get = BINDING_FUNCTION(self->library, fdb_transaction_get);
    if (get == NULL || binding_get_key(argument, &key) != 0) {
        return NULL;
    }
    FDBFuture *future = get(self->pointer, key.data, key.length, snapshot);
    PyObject *value = binding_future_new(binding_classes.value, self, future, BINDING_VALUE, BINDING_READ);
    if (self->counts != NULL) {
        binding_count_read(self, &key, value);
    }
    binding_release(&key);
    return value;
}

static PyObject *transaction_get(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    if (check_call(self, "get", count, 2) != 0) {
        return NULL;
    }
    return binding_transaction_get(self, args[0], args[1] == Py_True);
}

static PyObject *transaction_get_key(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    binding_bytes key;
    int offset;
    if (check_call(self, "get_key", count, 4) != 0) {
        return NULL;
    }
    __auto_type get_key = BINDING_FUNCTION(self->library, fdb_transaction_get_key);
    if (get_key == NULL) {
        return NULL;
    }
    int or_equal = PyObject_IsTrue(args[1]);
    if (or_equal < 0 || binding_get_int(args[2], &offset) != 0 || binding_get_key(args[0], &key) != 0) {
        return NULL;
    }
    FDBFuture *future = get_key(self->pointer, key.data, key.length, or_equal, offset, args[3] == Py_True);
    PyObject *found = binding_future_new(binding_classes.key, self, future, BINDING_KEY, BINDING_READ);
    if (self->counts != NULL) {
        binding_count_read(self, &key, found);
    }
    binding_release(&key);
    return found;
}

/* A key selector given as three arguments. */
typedef struct {
    binding_bytes key;
    int or_equal;
    int offset;
} selector;

static int get_selector(PyObject *const *args, selector *out) {
    out->or_equal = PyObject_IsTrue(args[1]);
    if (out->or_equal < 0 || binding_get_int(args[2], &out->offset) != 0) {
        return -1;
    }
    return binding_get_key(args[0], &out->key);
}

/* Arguments: two selectors of three, limit, mode, iteration, snapshot, reverse. */
static PyObject *transaction_get_range(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    selector from, to;
    int limit, mode, iteration;
    if (check_call(self, "get_range", count, 11) != 0) {
        return NULL;
    }
    __auto_type get_range = BINDING_FUNCTION(self->library, fdb_transaction_get_range);
    if (get_range == NULL) {
        return NULL;
    }
    int reverse = PyObject_IsTrue(args[10]);
    if (reverse < 0 || binding_get_int(args[6], &limit) != 0 || binding_get_int(args[7], &mode) != 0 ||
        binding_get_int(args[8], &iteration) != 0 || get_selector(args, &from) != 0) {
        return NULL;
    }
    if (get_selector(args + 3, &to) != 0) {
        binding_release(&from.key);
        return NULL;
    }
    int snapshot = args[9] == Py_True;
    /* An exact read has no limit of bytes, so it may take long enough to let others run. */
    int may_be_long = mode == 0 && (limit > 1000 || limit < 0);
    PyThreadState *released = may_be_long ? PyEval_SaveThread() : NULL;
    FDBFuture *future =
        get_range(self->pointer, from.key.data, from.key.length, from.or_equal, from.offset, to.key.data,
                  to.key.length, to.or_equal, to.offset, limit, 0, mode, iteration, snapshot, reverse);
    if (released != NULL) {
        PyEval_RestoreThread(released);
    }
    /* Not taken before it is used: most of a range read's cost is making the rows. */
    PyObject *rows =
        binding_future_new(binding_classes.rows, self, future, BINDING_ROWS, BINDING_KEEP_TRANSACTION);
    if (self->counts != NULL) {
        binding_count_read(self, &from.key, rows);
    }
    binding_release(&from.key);
    binding_release(&to.key);
    return rows;
}

static PyObject *transaction_get_read_version(HandleObject *self, PyObject *Py_UNUSED(ignored)) {
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type get_read_version = BINDING_FUNCTION(self->library, fdb_transaction_get_read_version);
    if (get_read_version == NULL) {
        return NULL;
    }
    PyObject *future = binding_future_new(binding_classes.int64, self, get_read_version(self->pointer),
                                          BINDING_INT64, BINDING_READ);
    FutureObject *version = (FutureObject *)future;
    if (version == NULL || self->is_version_given) {
        /* there is nothing to learn */
    } else if (version->state == BINDING_PENDING) {
        version->teaches = BINDING_READ_VERSION;
    } else if (version->state == BINDING_RESULT) {
        binding_learn(self, PyLong_AsLongLong(version->result));
    }
    if (self->counts != NULL) {
        binding_count_version(self);
    }
    return future;
}

static PyObject *transaction_watch(HandleObject *self, PyObject *argument) {
    binding_bytes key;
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type watch = BINDING_FUNCTION(self->library, fdb_transaction_watch);
    if (watch == NULL || binding_get_key(argument, &key) != 0) {
        return NULL;
    }
    FDBFuture *future = watch(self->pointer, key.data, key.length);
    if (self->counts != NULL) {
        binding_count_write(self, 0, 0);
    }
    binding_release(&key);
    return binding_future_new(binding_classes.watch, self, future, BINDING_VOID, BINDING_PLAIN);
}

/* ---- writes: they only buffer, so they keep the GIL ---- */

/* Two arguments at once: -1 with an exception set, and neither to be released. */
static inline int get_two_keys(PyObject *const *args, binding_bytes *first, binding_bytes *last) {
    if (binding_get_key(args[0], first) != 0) {
        return -1;
    }
    if (binding_get_key(args[1], last) != 0) {
        binding_release(first);
        return -1;
    }
    return 0;
}

static inline int get_key_and_value(PyObject *first, PyObject *second, binding_bytes *key,
                                    binding_bytes *value) {
    if (binding_get_key(first, key) != 0) {
        return -1;
    }
    if (binding_get_value(second, value) != 0) {
        binding_release(key);
        return -1;
    }
    return 0;
}

PyObject *binding_transaction_set(HandleObject *self, PyObject *first, PyObject *second) {
    binding_bytes key, value;
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type set = BINDING_FUNCTION(self->library, fdb_transaction_set);
    if (set == NULL || get_key_and_value(first, second, &key, &value) != 0) {
        return NULL;
    }
    set(self->pointer, key.data, key.length, value.data, value.length);
    if (self->counts != NULL) {
        binding_count_write(self, 1, (Py_ssize_t)key.length + value.length);
    }
    binding_release(&key);
    binding_release(&value);
    Py_RETURN_NONE;
}

static PyObject *transaction_set(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    if (check_call(self, "set", count, 2) != 0) {
        return NULL;
    }
    return binding_transaction_set(self, args[0], args[1]);
}

static PyObject *transaction_clear(HandleObject *self, PyObject *argument) {
    binding_bytes key;
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type clear = BINDING_FUNCTION(self->library, fdb_transaction_clear);
    if (clear == NULL || binding_get_key(argument, &key) != 0) {
        return NULL;
    }
    clear(self->pointer, key.data, key.length);
    if (self->counts != NULL) {
        binding_count_write(self, 1, key.length);
    }
    binding_release(&key);
    Py_RETURN_NONE;
}

static PyObject *transaction_clear_range(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    binding_bytes first, last;
    if (check_call(self, "clear_range", count, 2) != 0) {
        return NULL;
    }
    __auto_type clear_range = BINDING_FUNCTION(self->library, fdb_transaction_clear_range);
    if (clear_range == NULL || get_two_keys(args, &first, &last) != 0) {
        return NULL;
    }
    clear_range(self->pointer, first.data, first.length, last.data, last.length);
    if (self->counts != NULL) {
        binding_count_write(self, 1, (Py_ssize_t)first.length + last.length);
    }
    binding_release(&first);
    binding_release(&last);
    Py_RETURN_NONE;
}

static PyObject *transaction_atomic_op(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    binding_bytes key, operand;
    int code;
    if (check_call(self, "atomic_op", count, 3) != 0) {
        return NULL;
    }
    __auto_type atomic_op = BINDING_FUNCTION(self->library, fdb_transaction_atomic_op);
    if (atomic_op == NULL || binding_get_int(args[0], &code) != 0 ||
        get_key_and_value(args[1], args[2], &key, &operand) != 0) {
        return NULL;
    }
    atomic_op(self->pointer, key.data, key.length, operand.data, operand.length, code);
    if (self->counts != NULL) {
        binding_count_write(self, 1, (Py_ssize_t)key.length + operand.length);
    }
    binding_release(&key);
    binding_release(&operand);
    Py_RETURN_NONE;
}

static PyObject *transaction_add_conflict_range(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    binding_bytes first, last;
    int type;
    if (check_call(self, "add_conflict_range", count, 3) != 0) {
        return NULL;
    }
    __auto_type add = BINDING_FUNCTION(self->library, fdb_transaction_add_conflict_range);
    if (add == NULL || binding_get_int(args[2], &type) != 0 || get_two_keys(args, &first, &last) != 0) {
        return NULL;
    }
    fdb_error_t error = add(self->pointer, first.data, first.length, last.data, last.length, type);
    if (self->counts != NULL) {
        binding_count_write(self, 0, 0);
    }
    binding_release(&first);
    binding_release(&last);
    if (error != 0) {
        return binding_raise_code(error);
    }
    Py_RETURN_NONE;
}

/* Two arguments: a code, and a value or None, which is not the same as an empty one. */
static PyObject *transaction_set_option(HandleObject *self, PyObject *const *args, Py_ssize_t count) {
    binding_bytes value = {NULL, NULL, 0};
    int code;
    if (check_call(self, "set_option", count, 2) != 0) {
        return NULL;
    }
    __auto_type set_option = BINDING_FUNCTION(self->library, fdb_transaction_set_option);
    if (set_option == NULL || binding_get_int(args[0], &code) != 0 ||
        (args[1] != Py_None && binding_get_value(args[1], &value) != 0)) {
        return NULL;
    }
    fdb_error_t error = set_option(self->pointer, (FDBTransactionOption)code, value.data, value.length);
    Py_XDECREF(value.owner);
    if (error != 0) {
        return binding_raise_code(error);
    }
    Py_RETURN_NONE;
}

/* ---- life cycle ---- */

/* The future of a commit; NULL with the exception set. */
static FDBFuture *begin_commit(HandleObject *self) {
    FDBFuture *future;
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type commit = BINDING_FUNCTION(self->library, fdb_transaction_commit);
    if (commit == NULL) {
        return NULL;
    }
    if (self->counts != NULL) {
        binding_count_begins(self, 0);
    }
    Py_BEGIN_ALLOW_THREADS;
    future = commit(self->pointer);
    Py_END_ALLOW_THREADS;
    if (future == NULL) {
        PyErr_NoMemory();
    }
    return future;
}

static PyObject *wrap_commit(HandleObject *self, FDBFuture *future) {
    PyObject *outcome = binding_future_new(binding_classes.nothing, self, future, BINDING_VOID,
                                           BINDING_KEEP_TRANSACTION | BINDING_COMMIT);
    if (outcome != NULL) {
        ((FutureObject *)outcome)->teaches = BINDING_COMMITTED_VERSION;
    }
    if (self->counts != NULL) {
        binding_count_staged(self, outcome, BINDING_COMMITTING);
    }
    return outcome;
}

static PyObject *transaction_commit(HandleObject *self, PyObject *Py_UNUSED(ignored)) {
    FDBFuture *future = begin_commit(self);
    return future != NULL ? wrap_commit(self, future) : NULL;
}

int binding_commit(HandleObject *self, PyObject **pending) {
    *pending = NULL;
    __auto_type is_ready = BINDING_FUNCTION(self->library, fdb_future_is_ready);
    __auto_type get_error = BINDING_FUNCTION(self->library, fdb_future_get_error);
    FDBFuture *future = is_ready != NULL && get_error != NULL ? begin_commit(self) : NULL;
    if (future == NULL) {
        return -1;
    }
    if (!is_ready(future)) {
        *pending = wrap_commit(self, future);
        return *pending != NULL ? 0 : -1;
    }
    fdb_error_t error = get_error(future);
    SHIM_FUNCTION(self->library, fdb_future_destroy)(future);
    if (error == 0) {
        binding_learn_commit(self);
    }
    if (self->counts != NULL) {
        binding_count_committed(self, error);
    }
    if (error != 0) {
        binding_raise_commit_code(error, self);
        return -1;
    }
    return 0;
}

static PyObject *transaction_on_error(HandleObject *self, PyObject *argument) {
    int code;
    if (binding_check_handle(self) != 0 || binding_get_int(argument, &code) != 0) {
        return NULL;
    }
    __auto_type on_error = BINDING_FUNCTION(self->library, fdb_transaction_on_error);
    if (on_error == NULL) {
        return NULL;
    }
    if (self->counts != NULL) {
        binding_count_begins(self, code);
    }
    self->is_version_given = 0; /* the next attempt asks for its own */
    PyObject *outcome = binding_future_new(binding_classes.nothing, self, on_error(self->pointer, code),
                                           BINDING_VOID, BINDING_KEEP_TRANSACTION);
    if (self->counts != NULL) {
        binding_count_staged(self, outcome, BINDING_BACKING_OFF);
    }
    return outcome;
}

static PyObject *transaction_reset(HandleObject *self, PyObject *Py_UNUSED(ignored)) {
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type reset = BINDING_FUNCTION(self->library, fdb_transaction_reset);
    if (reset == NULL) {
        return NULL;
    }
    reset(self->pointer);
    self->is_version_given = 0;
    if (self->counts != NULL) {
        binding_count_ended(self, "dropped");
    }
    Py_RETURN_NONE;
}

static PyObject *transaction_cancel(HandleObject *self, PyObject *Py_UNUSED(ignored)) {
    if (binding_check_handle(self) != 0) {
        return NULL;
    }
    __auto_type cancel = BINDING_FUNCTION(self->library, fdb_transaction_cancel);
    if (cancel == NULL) {
        return NULL;
    }
    cancel(self->pointer);
    if (self->counts != NULL) {
        binding_count_ended(self, "cancelled");
    }
    Py_RETURN_NONE;
}

/* ---- type ---- */

static void transaction_dealloc(HandleObject *self) {
    if (self->counts != NULL) {
        binding_count_gone(self);
    }
    if (self->pointer != NULL && self->generation == binding_generation) {
        SHIM_FUNCTION(self->library, fdb_transaction_destroy)(self->pointer);
    }
    Py_CLEAR(self->model);
    Py_CLEAR(self->versions);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef transaction_methods[] = {
    {"call", BINDING_METHOD(binding_handle_call), METH_FASTCALL, binding_handle_call_doc},
    {"get", BINDING_METHOD(transaction_get), METH_FASTCALL, "get(key, snapshot) -> Value"},
    {"get_key", BINDING_METHOD(transaction_get_key), METH_FASTCALL,
     "get_key(key, or_equal, offset, snapshot) -> Key"},
    {"get_range", BINDING_METHOD(transaction_get_range), METH_FASTCALL,
     "get_range(two selectors of three, limit, mode, iteration, snapshot, reverse) -> FutureKeyValueArray"},
    {"get_read_version", (PyCFunction)transaction_get_read_version, METH_NOARGS, "-> FutureInt64"},
    {"watch", (PyCFunction)transaction_watch, METH_O, "watch(key) -> FutureVoid"},
    {"set", BINDING_METHOD(transaction_set), METH_FASTCALL, "set(key, value)"},
    {"clear", (PyCFunction)transaction_clear, METH_O, "clear(key)"},
    {"clear_range", BINDING_METHOD(transaction_clear_range), METH_FASTCALL, "clear_range(begin, end)"},
    {"atomic_op", BINDING_METHOD(transaction_atomic_op), METH_FASTCALL, "atomic_op(code, key, operand)"},
    {"add_conflict_range", BINDING_METHOD(transaction_add_conflict_range), METH_FASTCALL,
     "add_conflict_range(begin, end, type)"},
    {"set_option", BINDING_METHOD(transaction_set_option), METH_FASTCALL, "set_option(code, value or None)"},
    {"commit", (PyCFunction)transaction_commit, METH_NOARGS, "-> FutureVoid"},
    {"on_error", (PyCFunction)transaction_on_error, METH_O, "on_error(code) -> FutureVoid"},
    {"reset", (PyCFunction)transaction_reset, METH_NOARGS, "reset()"},
    {"cancel", (PyCFunction)transaction_cancel, METH_NOARGS, "cancel()"},
    {"note_failure", (PyCFunction)binding_count_failed, METH_O,
     "Has the observers know what has ended the transaction: the class of an exception, or the code of an "
     "FDBError."},
    {"note_success", (PyCFunction)binding_count_succeeded, METH_NOARGS,
     "The same of an end without a commit, after which there is nothing to do."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef transaction_members[] = {
    {"is_version_given", T_BOOL, offsetof(HandleObject, is_version_given), 0,
     "Whether the program has set the read version, which shows nothing then."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject binding_transaction_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.TransactionHandle",
    .tp_doc = "Owns a transaction of the library; made by DatabaseHandle.create_transaction.",
    .tp_basicsize = sizeof(HandleObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)transaction_dealloc,
    .tp_methods = transaction_methods,
    .tp_members = transaction_members,
    .tp_getset = binding_handle_properties,
};
