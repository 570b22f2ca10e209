/* Counts: what a transaction does, for those who observe it (fdb/_observing/). See binding.h.
 *
 * Nobody observing, a handle has no counts, and all that is done here costs a comparison with NULL. Who observes gives
 * the handle of a new transaction an object of a subclass of Counts, whose method `ended` is called when an attempt or the
 * transaction has ended.
 *
 * Invariants:
 *  1. An attempt is told of once, by the first of what can end it; what arrives for it later counts for nothing.
 *  2. Nothing is waited for that a program without observers would not wait for, but for a size and a version that the
 *     library has already and hands over by its network thread.
 *  3. What `ended` raises is no exception of the program. */
#include "binding/binding.h"

#include <structmember.h>
#include <time.h>

PyObject *binding_observe;

/* Times are in nanoseconds, of a clock that only goes forward. */
typedef struct {
    PyObject_HEAD
    long long reads;
    long long keys_read;
    long long bytes_read;
    long long keys_written;
    long long bytes_written;
    long long read_version;   /* -1: none is known */
    long long commit_version; /* -1: none */
    long long size;           /* of the commit, by the library's own estimate; -1: not known */
    long long began;   /* when the attempt began; 0 before the first operation of one that follows another */
    long long elapsed; /* of the attempt that has ended */
    long long waiting; /* while anything was waited for that was read */
    long long committing;  /* from the call of commit until its outcome was seen */
    long long backing_off; /* the same of on_error */
    PyObject *conflicts;   /* rows that tell the conflicting ranges, if the program has read them; or NULL */
    long long operations;
    long long waiting_since;
    long long stage_since;
    FDBFuture *asked_version;
    FDBFuture *asked_size;
    int waits;         /* how many waits there are now */
    int follows;       /* whether it is another attempt of the same transaction */
    fdb_error_t error; /* that the commit failed with, or on_error was called with */
    unsigned char life;
} CountsObject;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* ---- asking the library ---- */

static void forget(HandleObject *handle, FDBFuture **asked) {
    FDBFuture *future = *asked;
    *asked = NULL;
    if (future != NULL && handle->generation == binding_generation) {
        SHIM_FUNCTION(handle->library, fdb_future_destroy)(future);
    }
}

/* Takes what was asked for, if it is there. After a commit it is on its way, and a thread may wait for that moment. An
 * old library may lack any of the functions: then nothing is known. */
static void take_number(HandleObject *handle, FDBFuture **asked, long long *number, int may_wait) {
    FDBFuture *future = *asked;
    if (future == NULL || handle->generation != binding_generation) {
        return;
    }
    *asked = NULL; /* other threads may come here meanwhile */
    __auto_type wait = SHIM_FUNCTION(handle->library, fdb_future_block_until_ready);
    __auto_type is_ready = SHIM_FUNCTION(handle->library, fdb_future_is_ready);
    __auto_type get = SHIM_FUNCTION(handle->library, fdb_future_get_int64);
    if (may_wait && handle->model == NULL && wait != NULL) {
        Py_BEGIN_ALLOW_THREADS;
        wait(future);
        Py_END_ALLOW_THREADS;
    }
    int64_t found;
    if (is_ready != NULL && get != NULL && is_ready(future) && get(future, &found) == 0) {
        *number = found;
    }
    SHIM_FUNCTION(handle->library, fdb_future_destroy)(future);
}

/* The read that was begun has asked for the version already, and the library asks once; unless the transaction has read
 * nothing but what it wrote. */
static void ask_version(HandleObject *handle, CountsObject *counts) {
    __auto_type ask = SHIM_FUNCTION(handle->library, fdb_transaction_get_read_version);
    if (counts->asked_version == NULL && counts->read_version < 0 && ask != NULL && handle->pointer != NULL) {
        counts->asked_version = ask(handle->pointer);
    }
}

static void ask_size(HandleObject *handle, CountsObject *counts) {
    __auto_type ask = SHIM_FUNCTION(handle->library, fdb_transaction_get_approximate_size);
    if (counts->asked_size == NULL && ask != NULL && handle->pointer != NULL) {
        counts->asked_size = ask(handle->pointer);
    }
}

/* ---- telling ---- */

/* Has the attempt begin of which an operation is the first. */
static void note_operation(CountsObject *counts) {
    if (counts->operations++ == 0 && counts->began == 0) {
        counts->began = now();
    }
}

static void begin_anew(CountsObject *counts, long long began, int follows) {
    counts->follows = follows;
    counts->reads = counts->keys_read = counts->bytes_read = 0;
    counts->keys_written = counts->bytes_written = 0;
    counts->read_version = counts->commit_version = counts->size = -1;
    counts->waiting = counts->committing = counts->backing_off = 0;
    counts->operations = 0;
    counts->waiting_since = counts->waits > 0 ? now() : 0;
    counts->began = began;
    counts->error = 0;
    Py_CLEAR(counts->conflicts);
}

/* Has the program, and not an observer, get the Ctrl-C that came just now; reports any other exception. */
static void ignore_exception(PyObject *where) {
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_Clear();
        PyErr_SetInterrupt();
    } else {
        PyErr_WriteUnraisable(where);
    }
}

/* Tells that the attempt has ended; `refusal` is the error that on_error failed with, `kind` the class of another
 * exception. */
static void tell(HandleObject *handle, const char *how, fdb_error_t refusal, PyObject *kind) {
    CountsObject *counts = (CountsObject *)handle->counts;
    int is_committed = strcmp(how, "committed") == 0, is_retried = strcmp(how, "retried") == 0;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    Py_INCREF(counts);
    counts->life++;
    take_number(handle, &counts->asked_version, &counts->read_version, is_committed);
    take_number(handle, &counts->asked_size, &counts->size, is_committed);
    long long time = now();
    counts->elapsed = counts->began != 0 ? time - counts->began : 0;
    if (counts->waits > 0) {
        counts->waiting += time - counts->waiting_since;
    }
    PyObject *done = PyObject_CallMethod((PyObject *)counts, "ended", "siiO", how, (int)counts->error,
                                         (int)refusal, kind != NULL ? kind : Py_None);
    if (done == NULL) {
        ignore_exception((PyObject *)counts);
    }
    Py_XDECREF(done);
    begin_anew(counts, is_retried ? now() : 0, is_retried);
    Py_DECREF(counts);
    PyErr_Restore(type, value, traceback);
}

static int has_begun(CountsObject *counts) {
    return counts->operations > 0 || counts->error != 0 || counts->follows;
}

/* ---- operations ---- */

static void add_result(CountsObject *counts, FutureObject *future) {
    PyObject *result = future->result;
    if (future->kind == BINDING_ROWS) {
        PyObject *rows = PyTuple_GET_ITEM(result, 0);
        counts->keys_read += PyList_GET_SIZE(rows);
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++) {
            counts->bytes_read += binding_keyvalue_size(PyList_GET_ITEM(rows, i));
        }
    } else if (future->kind == BINDING_VALUE || future->kind == BINDING_KEY) {
        counts->keys_read++;
        counts->bytes_read += PyBytes_Check(result) ? PyBytes_GET_SIZE(result) : 0;
    }
}

static int begins_with(const binding_bytes *key, const char *prefix, size_t length) {
    return (size_t)key->length >= length && memcmp(key->data, prefix, length) == 0;
}

void binding_count_read(HandleObject *handle, const binding_bytes *key, PyObject *made) {
    static const char conflicts[] = "\xff\xff/transaction/conflicting_keys/";
    CountsObject *counts = (CountsObject *)handle->counts;
    FutureObject *future = (FutureObject *)made;
    if (future == NULL) {
        return;
    }
    future->life = counts->life;
    if (future->kind == BINDING_ROWS && begins_with(key, conflicts, sizeof(conflicts) - 1)) {
        future->stage = BINDING_CONFLICTS;
        return;
    }
    note_operation(counts);
    counts->reads++;
    if (!begins_with(key, "\xff\xff", 2)) { /* what is read there needs no version */
        ask_version(handle, counts);
    }
    if (future->state == BINDING_RESULT) {
        add_result(counts, future);
    }
}

void binding_count_version(HandleObject *handle) {
    CountsObject *counts = (CountsObject *)handle->counts;
    note_operation(counts);
    ask_version(handle, counts);
}

void binding_count_write(HandleObject *handle, int keys, Py_ssize_t bytes) {
    CountsObject *counts = (CountsObject *)handle->counts;
    note_operation(counts);
    counts->keys_written += keys;
    counts->bytes_written += bytes;
}

/* ---- waiting ---- */

PyObject *binding_count_wait(FutureObject *future) {
    HandleObject *owner = (HandleObject *)future->owner;
    if (owner == NULL || owner->counts == NULL || future->stage != BINDING_NO_STAGE) {
        return NULL;
    }
    CountsObject *counts = (CountsObject *)owner->counts;
    if (counts->waits++ == 0) {
        counts->waiting_since = now();
    }
    Py_INCREF(counts);
    return (PyObject *)counts;
}

void binding_count_waited(PyObject *waited) {
    CountsObject *counts = (CountsObject *)waited;
    if (counts != NULL) {
        if (--counts->waits == 0) {
            counts->waiting += now() - counts->waiting_since;
        }
        Py_DECREF(counts);
    }
}

/* ---- stages ---- */

void binding_count_begins(HandleObject *handle, fdb_error_t error) {
    CountsObject *counts = (CountsObject *)handle->counts;
    if (error == 0) {
        note_operation(counts);
    } else {
        counts->error = error;
    }
    ask_size(handle, counts);
    counts->stage_since = now();
}

void binding_count_staged(HandleObject *handle, PyObject *future, int stage) {
    if (future != NULL) {
        ((FutureObject *)future)->stage = (unsigned char)stage;
        ((FutureObject *)future)->life = ((CountsObject *)handle->counts)->life;
    }
}

void binding_count_committed(HandleObject *handle, fdb_error_t error) {
    CountsObject *counts = (CountsObject *)handle->counts;
    counts->committing += now() - counts->stage_since;
    counts->error = error;
    if (error == 0) {
        __auto_type get_version = SHIM_FUNCTION(handle->library, fdb_transaction_get_committed_version);
        int64_t version;
        if (get_version != NULL && get_version(handle->pointer, &version) == 0) {
            counts->commit_version = version;
        }
        tell(handle, "committed", 0, NULL);
    }
}

static void backed_off(HandleObject *handle, fdb_error_t refusal) {
    CountsObject *counts = (CountsObject *)handle->counts;
    counts->backing_off += now() - counts->stage_since;
    tell(handle, refusal == 0 ? "retried" : "failed", refusal, NULL);
}

static void stage_ended(HandleObject *handle, FutureObject *future, fdb_error_t error) {
    unsigned char stage = future->stage;
    future->stage = BINDING_NO_STAGE;
    if (stage == BINDING_CONFLICTS) {
        if (future->state == BINDING_RESULT) {
            CountsObject *counts = (CountsObject *)handle->counts;
            binding_store(&counts->conflicts, PyTuple_GET_ITEM(future->result, 0));
        }
        return;
    }
    if (future->life != ((CountsObject *)handle->counts)->life) {
        return;
    }
    if (stage == BINDING_COMMITTING) {
        binding_count_committed(handle, error);
    } else if (stage == BINDING_BACKING_OFF) {
        backed_off(handle, error);
    }
}

void binding_count_taken(HandleObject *handle, FutureObject *future) {
    CountsObject *counts = (CountsObject *)handle->counts;
    if (future->stage != BINDING_NO_STAGE) {
        stage_ended(handle, future, future->state == BINDING_ERROR ? future->error : 0);
    } else if (future->state == BINDING_RESULT && future->life == counts->life) {
        add_result(counts, future);
    }
}

void binding_count_dropped(FutureObject *future) {
    HandleObject *handle = (HandleObject *)future->owner;
    if (handle == NULL || handle->counts == NULL || future->generation != binding_generation) {
        return;
    }
    fdb_error_t error = 1101; /* operation_cancelled */
    __auto_type is_ready = SHIM_FUNCTION(future->library, fdb_future_is_ready);
    __auto_type get_error = SHIM_FUNCTION(future->library, fdb_future_get_error);
    if (is_ready != NULL && get_error != NULL && is_ready(future->pointer)) {
        error = get_error(future->pointer);
    }
    stage_ended(handle, future, error);
}

/* ---- ends ---- */

void binding_count_ended(HandleObject *handle, const char *how) {
    CountsObject *counts = (CountsObject *)handle->counts;
    if (has_begun(counts)) {
        tell(handle, how, 0, NULL);
    }
}

static void fail(HandleObject *handle, PyObject *kind) {
    CountsObject *counts = (CountsObject *)handle->counts;
    if (has_begun(counts) || counts->began != 0) {
        Py_INCREF(kind);
        tell(handle, "failed", 0, kind);
        Py_DECREF(kind);
    }
}

void binding_count_raised(ViewObject *transaction) {
    PyObject *handle = transaction->handle, *kind = PyErr_Occurred();
    if (handle == NULL || !PyObject_TypeCheck(handle, &binding_transaction_type) || kind == NULL ||
        ((HandleObject *)handle)->counts == NULL ||
        PyErr_GivenExceptionMatches(kind, binding_classes.error)) {
        return;
    }
    Py_INCREF(handle);
    fail((HandleObject *)handle, kind);
    Py_DECREF(handle);
}

PyObject *binding_count_failed(HandleObject *handle, PyObject *why) {
    CountsObject *counts = (CountsObject *)handle->counts;
    if (counts == NULL) {
        Py_RETURN_NONE;
    }
    if (!PyLong_Check(why)) {
        fail(handle, why);
        Py_RETURN_NONE;
    }
    int code = (int)PyLong_AsLong(why);
    if (code == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (has_begun(counts) || counts->began != 0) {
        counts->error = code;
        tell(handle, "failed", 0, NULL);
    }
    Py_RETURN_NONE;
}

PyObject *binding_count_succeeded(HandleObject *handle, PyObject *Py_UNUSED(ignored)) {
    if (handle->counts != NULL) {
        tell(handle, "read", 0, NULL);
    }
    Py_RETURN_NONE;
}

void binding_count_gone(HandleObject *handle) {
    CountsObject *counts = (CountsObject *)handle->counts;
    if (handle->generation == binding_generation && has_begun(counts)) {
        tell(handle, "dropped", 0, NULL);
    }
    forget(handle, &counts->asked_version);
    forget(handle, &counts->asked_size);
    Py_CLEAR(handle->counts);
}

/* ---- beginning ---- */

void binding_count_from(HandleObject *handle, PyObject *source) {
    PyObject *observe = binding_observe;
    Py_INCREF(observe);
    PyObject *made = PyObject_CallOneArg(observe, source);
    if (made == NULL) {
        ignore_exception(observe);
    } else if (PyObject_TypeCheck(made, &binding_counts_type)) {
        begin_anew((CountsObject *)made, now(), 0);
        Py_INCREF(made);
        Py_XSETREF(handle->counts, made);
    }
    Py_XDECREF(made);
    Py_DECREF(observe);
}

PyObject *binding_set_observe(PyObject *Py_UNUSED(module), PyObject *observe) {
    Py_XINCREF(observe != Py_None ? observe : NULL);
    Py_XSETREF(binding_observe, observe != Py_None ? observe : NULL);
    Py_RETURN_NONE;
}

/* ---- type ---- */

static void counts_dealloc(CountsObject *self) {
    Py_CLEAR(self->conflicts);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

#define NUMBER(name, doc) {#name, T_LONGLONG, offsetof(CountsObject, name), READONLY, doc}
static PyMemberDef counts_members[] = {
    NUMBER(reads, "How many reads were begun."),
    NUMBER(keys_read, "How many keys their results have told of."),
    NUMBER(bytes_read, "The length of those results."),
    NUMBER(keys_written, "How many keys were written, a range being one."),
    NUMBER(bytes_written, "The length of what was written."),
    NUMBER(read_version, "-1 if none is known."),
    NUMBER(commit_version, "-1 if nothing was written."),
    NUMBER(size, "The approximate size of the commit; -1 if it is not known."),
    NUMBER(elapsed, "How long the attempt took, in nanoseconds, as all that follow."),
    NUMBER(waiting, "While something was waited for that was read."),
    NUMBER(committing, "While the commit was on its way."),
    NUMBER(backing_off, "While on_error was."),
    {"conflicts", T_OBJECT, offsetof(CountsObject, conflicts), READONLY,
     "The rows that tell the conflicting ranges, if the program has read them."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject binding_counts_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.Counts",
    .tp_doc = "Counts what a transaction does; a subclass has a method ended(how, code, refusal, kind).",
    .tp_basicsize = sizeof(CountsObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)counts_dealloc,
    .tp_members = counts_members,
};
