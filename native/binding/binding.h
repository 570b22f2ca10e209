/*
 * fdb._native.extension: the operations that a program does most, as single calls from Python.
 *
 * It shares the function tables of shim.h with the cffi module; addresses of libraries and objects
 * travel between the two as integers.
 *
 * Thread-safety: everything here runs with the GIL held, apart from commit, unlimited exact range
 * reads and waits, which release it. The library is called with the GIL held only where it
 * merely buffers, or answers without waiting for another thread.
 *
 * Invariants:
 *  1. A future owns its FDBFuture until the result was taken; taking destroys it at once.
 *     No pointer into it, and no reference that others may drop, is used after anything that can
 *     run Python (up to 3.11 making an object can: the collector runs finalizers) without looking again.
 *  2. A ready future is never given a callback: no lock, no queue, no allocation for waiting.
 *  3. What is closed during a call that has its address lives until that call has returned.
 *  4. Objects made before a fork are dead in the child: using one raises, dropping one does nothing.
 *  5. What can fail returns a new reference or NULL, or an int that is -1, and has then set an exception.
 */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>

#include "shim/shim.h"

/* ---- module state: one interpreter of the process has the module ---- */

/* What configure() has set. */
typedef struct {
    PyObject *error;            /* fdb.FDBError */
    PyObject *unusable;         /* callable: (kind of object) -> exception for a fork or an exit */
    PyObject *missing_function; /* callable: (library address, name) -> exception */
    PyTypeObject *value;
    PyTypeObject *key;
    PyTypeObject *nothing;
    PyTypeObject *int64;
    PyTypeObject *rows;
    PyTypeObject *watch;
    PyTypeObject *transaction; /* fdb.Transaction */
    PyTypeObject *run;         /* of asynchronous functions: see fdb/_attempts.py */
} binding_class_table;

extern binding_class_table binding_classes;
extern int binding_generation;                /* moves on at fork and at exit */
extern unsigned long binding_main_thread;     /* the thread that handles signals; 0: any may be it */
extern unsigned long binding_callback_thread; /* the thread that runs on_ready callbacks, or 0 */

/* For entries of method tables. */
#define BINDING_METHOD(function) ((PyCFunction)(void (*)(void))(function))

/* Replaces a reference by one to `object`. */
static inline void binding_store(PyObject **place, PyObject *object) {
    Py_INCREF(object);
    Py_XSETREF(*place, object);
}

/* ---- exceptions: all but those of Python's own functions are raised here; each returns NULL ---- */

/* An exception of Python with a text, which names the argument that is wrong. */
PyObject *binding_raise(PyObject *type, const char *format, ...);

/* fdb.FDBError. */
PyObject *binding_raise_code(fdb_error_t code);

/* For a function that the library does not have. */
PyObject *binding_raise_missing(shim_library *library, const char *name);

/* For an object from before a fork, or that is used at exit; `what` says which kind of object. */
PyObject *binding_raise_unusable(const char *what);

/* ---- functions of the library ---- */

/* As shim_find, but with the exception set where the library has none. */
static inline void *binding_find(shim_library *library, size_t offset, const char *name) {
    void *function = shim_find(library, offset, name);
    if (function == NULL) {
        binding_raise_missing(library, name);
    }
    return function;
}

/* The function `name` of the library with its own type; NULL with the exception set if it has none. */
#define BINDING_FUNCTION(library, name)                                                                      \
    ((__typeof__((library)->functions.name))binding_find((library), offsetof(shim_functions, name), #name))

/* ---- arguments ---- */

/* A byte string taken from an argument; `owner` keeps the bytes alive. */
typedef struct {
    PyObject *owner;
    const uint8_t *data;
    int length;
} binding_bytes;

/* Convert a key or a value: bytes, or an object with the as_foundationdb_... method. -1 with an
 * exception set when it is neither. Release afterwards. */
int binding_convert_key(PyObject *argument, binding_bytes *bytes);
int binding_convert_value(PyObject *argument, binding_bytes *bytes);

/* 1 for plain bytes that need no conversion. */
static inline int binding_is_plain(PyObject *argument, binding_bytes *bytes) {
    if (!PyBytes_CheckExact(argument) || PyBytes_GET_SIZE(argument) > INT_MAX) {
        return 0;
    }
    Py_INCREF(argument);
    bytes->owner = argument;
    bytes->data = (const uint8_t *)PyBytes_AS_STRING(argument);
    bytes->length = (int)PyBytes_GET_SIZE(argument);
    return 1;
}

static inline int binding_get_key(PyObject *argument, binding_bytes *bytes) {
    return binding_is_plain(argument, bytes) ? 0 : binding_convert_key(argument, bytes);
}

static inline int binding_get_value(PyObject *argument, binding_bytes *bytes) {
    return binding_is_plain(argument, bytes) ? 0 : binding_convert_value(argument, bytes);
}
static inline void binding_release(binding_bytes *bytes) { Py_DECREF(bytes->owner); }

/* Finds the arguments of a call some of which are named; all are needed. Borrowed references in `out`, or -1. */
int binding_bind(const char *function, const char *const *parameters, Py_ssize_t wanted,
                 PyObject *const *args, Py_ssize_t given, PyObject *names, PyObject **out);

/* Converts a C int; -1 with an exception set when it does not fit. */
int binding_get_int(PyObject *argument, int *number);

/* ---- handles ---- */

/* A database, tenant or transaction of the library. */
typedef struct {
    PyObject_HEAD
    shim_library *library; /* lives for ever */
    void *pointer;         /* NULL once closed */
    void *closed_pointer;  /* what the last of `users` has to destroy */
    int users;             /* calls that have got the address */
    PyObject *model;       /* event model of what is made from it; NULL for threads */
    PyObject *versions;    /* what learns of those that are committed and read */
    PyObject *counts;      /* of a transaction that is observed; else NULL */
    int generation;
    int is_tenant;
    char
        is_version_given; /* of a transaction: set_read_version was called, so its read version shows nothing */
    int must_await; /* as the model says: in a running loop futures are to be awaited before they are used */
} HandleObject;

extern PyTypeObject binding_database_type;
extern PyTypeObject binding_transaction_type;

/* Says why a handle cannot be used; returns -1. */
int binding_refuse_handle(HandleObject *handle);

/* -1 with an exception set when the handle is closed or from before a fork. */
static inline int binding_check_handle(HandleObject *handle) {
    int usable = handle->pointer != NULL && handle->generation == binding_generation;
    return usable ? 0 : binding_refuse_handle(handle);
}

/* Whether the futures of an event model must be awaited; -1 with an exception set. */
int binding_wants_await(PyObject *model);

/* A new transaction of the database or tenant. */
PyObject *binding_create_transaction(HandleObject *handle);

/* ---- versions ---- */

extern PyTypeObject binding_versions_type;

/* Those of a database. */
PyObject *binding_versions_new(void);

/* Has the database of a transaction learn of a version that was committed or read; never goes back. */
void binding_learn(HandleObject *transaction, int64_t version);

/* The same of the version of its last commit, which has succeeded. */
void binding_learn_commit(HandleObject *transaction);

/* ---- handles: their operations ---- */

/* Operations of a TransactionHandle. */
PyObject *binding_transaction_get(HandleObject *handle, PyObject *key, int snapshot);
PyObject *binding_transaction_set(HandleObject *handle, PyObject *key, PyObject *value);

/* The method `call` and the property `model` of all handles. */
PyObject *binding_handle_call(HandleObject *self, PyObject *const *args, Py_ssize_t count);
extern const char binding_handle_call_doc[];
extern PyGetSetDef binding_handle_properties[];

enum { BINDING_TOO_LARGE = 2101 };

/* Raises fdb.FDBError for a commit, with its size where it was too large. */
PyObject *binding_raise_commit_code(fdb_error_t code, HandleObject *transaction);

/* Commits: 0 when that succeeded, -1 with the error raised; 0 and a future where it will turn out later. */
int binding_commit(HandleObject *transaction, PyObject **pending);

/* ---- futures ---- */

enum {
    BINDING_VOID,
    BINDING_INT64,
    BINDING_UINT64,
    BINDING_KEY,
    BINDING_VALUE,
    BINDING_ROWS,
    BINDING_KEYS,
    BINDING_STRINGS,
    BINDING_RANGES
};
enum { BINDING_PENDING, BINDING_RESULT, BINDING_ERROR };

/* What an asynchronous program still owes to a future; nothing in the models that block. A program that
 * uses a future because it happens to be ready works with a fast database and fails with a slow one, so
 * that use is refused in a running loop until the future was awaited, or given to a callback. */
enum {
    BINDING_UNAWAITED = 1, /* await it: nothing else may use the result */
    BINDING_UNSEEN = 2,    /* is_ready() or done() has not been true yet */
    BINDING_UNHEARD = 4,   /* a commit that nobody began to wait for: dropping it is a mistake */
};

typedef struct {
    PyObject_HEAD
    shim_library *library;
    FDBFuture *pointer;  /* until the result is taken */
    shim_signal *signal; /* once somebody had to wait */
    PyObject *result;    /* with the error BINDING_TOO_LARGE the transaction, if that is known */
    PyObject *model;
    PyObject *owner; /* the transaction of an operation that is on its way */
    /* The call of a transactional function that has to end first, see fdb/_attempts.py, or who is told how it ended, see
     * fdb/testing/_actions.py. */
    PyObject *run;
    PyObject *weak_references;
    int generation;
    int readers; /* who is making objects of what `pointer` holds */
    fdb_error_t error;
    unsigned char kind;
    unsigned char state;
    unsigned char owed;
    unsigned char teaches; /* which version is learnt of from the result */
    unsigned char stage;   /* of an observed transaction, see counts.c: which one ends with the future, */
    unsigned char life;    /* and the attempt that it belongs to */
} FutureObject;

enum { BINDING_NO_VERSION, BINDING_COMMITTED_VERSION, BINDING_READ_VERSION };

extern PyTypeObject binding_future_type;
extern PyTypeObject binding_bytes_future_type;
extern PyTypeObject binding_value_type;
extern PyTypeObject binding_list_future_type;

/* What binding_future_new does beside wrapping. A transaction that is destroyed fails its pending
 * operations with 1025, so their futures keep it alive; watches, which outlive it, do not. */
enum {
    BINDING_PLAIN = 0,
    BINDING_TAKE_IF_READY = 1,
    BINDING_KEEP_TRANSACTION = 2,
    BINDING_READ = 3,
    BINDING_COMMIT = 4
};

/* Wraps a future, which it owns from now on. */
PyObject *binding_future_new(PyTypeObject *type, HandleObject *handle, FDBFuture *pointer, int kind,
                             int flags);

/* Takes the result of a ready future: -1 only when out of memory. */
int binding_future_take(FutureObject *future);

/* Waits as the event model does: a new reference to the result, or NULL with an exception set. */
PyObject *binding_future_resolve(FutureObject *future);

/* 1 when the result or error is there, -1 with an exception set. */
int binding_future_is_ready(FutureObject *future);

/* Blocks this thread until one of the futures is ready; its index, or -1 with an exception set. */
Py_ssize_t binding_wait_any(FutureObject **futures, Py_ssize_t count);

/* Has `token` put into the queue once the future is ready: 1, or 0 if it is ready already, or -1 with an
 * exception set. */
int binding_subscribe(FutureObject *future, shim_queue *queue, intptr_t token);

/* Asks the run of the future, if there is one, whether it may be waited for: 0, or -1 with an exception set. */
int binding_check_run(FutureObject *future);

/* Reads the result of a ready future: a new reference, or NULL with *error set, or NULL with an
 * exception set. */
PyObject *binding_read_result(shim_library *library, FDBFuture *future, int kind, fdb_error_t *error);

/* ---- awaiting: iterators that a loop drives ---- */

/* One `await` of a future; nothing is waited for before it is sent to. */
PyObject *binding_await(FutureObject *future);
extern PyAsyncMethods binding_future_as_async;

int binding_awaiting_ready(void); /* completes its type; -1 with an exception set */

/* As PyIter_Send, but raises an exception in what is awaited: that of the 1 to 3 arguments of a throw(). Where
 * `awaited` is NULL or cannot be thrown at, it is raised here. */
PySendResult binding_throw(PyObject *awaited, PyObject *const *args, Py_ssize_t count, PyObject **result);

/* Closes what is awaited: 0, or -1 with an exception set. */
int binding_close(PyObject *awaited);

/* What __next__, send() and throw() return for an outcome; takes over the result. */
PyObject *binding_next(PySendResult outcome, PyObject *result);

/* ---- calls of asynchronous transactional functions ---- */

extern PyTypeObject binding_run_type;
extern PyTypeObject binding_call_type;

int binding_calls_ready(void); /* completes the types; -1 with an exception set */

/* transactional_call(transaction, function, args, kwargs, again): what makes one attempt when it is awaited. The
 * coroutine `again`, if it is not None, goes on from an FDBError, with the same arguments, the error and the seconds since
 * the begin. */
PyObject *binding_transactional_call(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* ---- what a program has of databases and transactions ---- */

/* TransactionRead and Transaction. */
typedef struct {
    PyObject_HEAD
    PyObject *handle;
    PyObject *library;
    PyObject *db;
    PyObject *snapshot; /* the view without conflicts, once it was asked for */
    PyObject *attempt;  /* of a transactional function, as fdb/_attempts.py has it, once it was asked for */
    PyObject *attributes;
    PyObject *weak_references;
    unsigned long strand; /* the thread that runs the function, while */
    char is_running;      /* it is running */
    char is_snapshot;
} ViewObject;

extern PyTypeObject binding_read_type;
extern PyTypeObject binding_write_type;
extern PyTypeObject binding_source_type;

/* A Transaction; steals the handle, and is NULL with an exception set if that is NULL. */
PyObject *binding_view_new(PyObject *handle, PyObject *library, PyObject *db);

/* ---- fdb.transactional ---- */

/* What configure_attempts() has set. */
typedef struct {
    PyObject *commit;      /* the method of transactions that databases make */
    PyObject *commit_name; /* "commit" */
    PyObject *create_name; /* "create_transaction" */
    PyObject *run;         /* callable: the loop for all other transactions */
    PyObject *refused; /* callable: (transaction, error, failed, last, elapsed) -> what to raise, or None */
    PyObject *refuse_unfinished; /* callable: raises for a generator or coroutine that a function returned */
    PyObject *begin; /* callable: makes the call of an asynchronous function with any other transaction */
    PyObject *again; /* coroutine function: goes on with such a call after the first error */
} binding_attempt_table;

extern binding_attempt_table binding_attempts;

/* Seconds of a clock that only goes forward, for telling how long a call has taken. */
double binding_clock(void);

/* Calls a function with a tuple and a dictionary. */
PyObject *binding_call(PyObject *function, PyObject *arguments, PyObject *keywords);

/* Takes the arguments of the two below: which one makes the transaction (borrowed, NULL if none does) and where it
 * stands. 0, or -1 with an exception set. */
int binding_parse_call(const char *name, PyObject *const *args, Py_ssize_t count, PyObject **source,
                       Py_ssize_t *index);

/* The arguments with a transaction in the place of what has made it. */
PyObject *binding_with_transaction(PyObject *arguments, Py_ssize_t index, PyObject *transaction);

/* Whether binding_commit is all of its commit: no tracer and no method of the program has a part in it. */
int binding_commits_plainly(ViewObject *transaction);

/* For the module's table of methods. */
PyObject *binding_transact(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *binding_begin_call(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *binding_configure_attempts(PyObject *module, PyObject *args, PyObject *kwargs);

/* ---- counts: what observed transactions do, see counts.c ---- */

extern PyTypeObject binding_counts_type;

/* callable: (database or tenant) -> the Counts of a new transaction, or None; NULL while nobody observes any. */
extern PyObject *binding_observe;
PyObject *binding_set_observe(PyObject *module, PyObject *observe);

enum { BINDING_NO_STAGE, BINDING_COMMITTING, BINDING_BACKING_OFF, BINDING_CONFLICTS };

/* Gives the handle of a new transaction its counts, if somebody observes `source`; not to be called while nobody
 * observes at all. None of these changes the exception that is set; handles and futures are those with counts. */
void binding_count_from(HandleObject *handle, PyObject *source);
/* A read of `key`, or of a range that begins there; a future that is NULL stands for one that could not be begun. */
void binding_count_read(HandleObject *handle, const binding_bytes *key, PyObject *future);
void binding_count_version(HandleObject *handle); /* the program asks for it */
void binding_count_write(HandleObject *handle, int keys, Py_ssize_t bytes);
void binding_count_begins(HandleObject *handle, fdb_error_t error); /* commit, or on_error with an error */
void binding_count_staged(HandleObject *handle, PyObject *future, int stage);
void binding_count_committed(HandleObject *handle, fdb_error_t error);
void binding_count_taken(HandleObject *handle, FutureObject *future);
void binding_count_dropped(FutureObject *future); /* of a stage, before anybody has seen its end */
void binding_count_ended(HandleObject *handle, const char *how);
/* Methods, of any handle. */
PyObject *binding_count_failed(HandleObject *handle, PyObject *why);
PyObject *binding_count_succeeded(HandleObject *handle, PyObject *ignored);
/* The exception that is set has ended a transaction; an FDBError has not, which is the business of on_error. */
void binding_count_raised(ViewObject *transaction);
void binding_count_gone(HandleObject *handle); /* before the transaction is destroyed */

/* Begins and ends to wait for a future: what the second takes over is NULL where nobody counts. */
PyObject *binding_count_wait(FutureObject *future);
void binding_count_waited(PyObject *waited);

/* ---- rows, mailboxes ---- */

extern PyTypeObject binding_keyvalue_type;
extern PyTypeObject binding_row_iterator_type;
extern PyTypeObject binding_row_list_type;
extern PyTypeObject binding_mailbox_type;

int binding_keyvalue_ready(void); /* completes the type; -1 with an exception set */
PyObject *binding_keyvalue_new(PyObject *key, PyObject *value); /* steals both */
Py_ssize_t binding_keyvalue_size(PyObject *row);                /* of its bytes */

/* The queue of a mailbox, or NULL with an exception set when it is closed or no mailbox. */
shim_queue *binding_mailbox_queue(PyObject *mailbox);
