/* Iterating over the rows of a range: batch after batch, without a frame of Python for a row. See binding.h. */
#include "binding/binding.h"

typedef struct {
    PyObject_HEAD
    PyObject *rows;   /* the list of the batch that is given out */
    PyObject *future; /* of the next batch; without it and `rows` the iterator is at its end */
    PyObject *start;  /* callable: () -> `after`, for what has more than one batch */
    PyObject *after;  /* callable: (rows, more) -> the future of what follows, or None */
    Py_ssize_t index; /* of the next row */
    int more;         /* whether the library said that others follow `rows` */
    int is_running;   /* waiting, or asking for a batch */
} RowIteratorObject;

static PyObject *row_iterator_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"future", "start", NULL};
    PyObject *future, *start;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:RowIterator", names, &future, &start)) {
        return NULL;
    }
    RowIteratorObject *self = (RowIteratorObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->future = Py_NewRef(future);
        self->start = Py_NewRef(start);
    }
    return (PyObject *)self;
}

static int row_iterator_traverse(RowIteratorObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->rows);
    Py_VISIT(self->future);
    Py_VISIT(self->start);
    Py_VISIT(self->after);
    return 0;
}

static int row_iterator_clear(RowIteratorObject *self) {
    Py_CLEAR(self->rows);
    Py_CLEAR(self->future);
    Py_CLEAR(self->start);
    Py_CLEAR(self->after);
    return 0;
}

static void row_iterator_dealloc(RowIteratorObject *self) {
    PyObject_GC_UnTrack(self);
    row_iterator_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* The result of a future of rows, (list, count, more). */
static PyObject *wait_for(PyObject *future) {
    if (Py_IS_TYPE(future, binding_classes.rows)) {
        return binding_future_resolve((FutureObject *)future);
    }
    return PyObject_CallMethod(future, "wait", NULL);
}

/* Waits for the next batch: 1, 0 at the end, -1 with an exception set, after which there is nothing more. */
static int next_batch(RowIteratorObject *self) {
    PyObject *future = self->future;
    if (future == NULL) {
        return 0;
    }
    self->future = NULL;
    PyObject *batch = wait_for(future);
    Py_DECREF(future);
    if (batch == NULL) {
        return -1;
    }
    if (!PyTuple_Check(batch) || PyTuple_GET_SIZE(batch) != 3 || !PyList_Check(PyTuple_GET_ITEM(batch, 0))) {
        binding_raise(PyExc_TypeError, "a batch of rows is (list, count, more)");
        Py_DECREF(batch);
        return -1;
    }
    self->more = PyObject_IsTrue(PyTuple_GET_ITEM(batch, 2));
    if (self->more < 0) {
        Py_DECREF(batch);
        return -1;
    }
    int has_rows = PyList_GET_SIZE(PyTuple_GET_ITEM(batch, 0)) > 0;
    if (has_rows) {
        self->index = 0;
        Py_XSETREF(self->rows, Py_NewRef(PyTuple_GET_ITEM(batch, 0)));
    }
    Py_DECREF(batch);
    return has_rows;
}

/* The future of what follows a batch, None if nothing does. */
static PyObject *request_after(RowIteratorObject *self, PyObject *rows) {
    if (!self->more) {
        Py_RETURN_NONE;
    }
    if (self->after == NULL) {
        self->after = PyObject_CallNoArgs(self->start);
        if (self->after == NULL) {
            return NULL;
        }
    }
    return PyObject_CallFunctionObjArgs(self->after, rows, Py_True, NULL);
}

/* Asks for the batch after this one, before the last row of this one is given out. */
static PyObject *last_row(RowIteratorObject *self) {
    PyObject *rows = self->rows;
    PyObject *row = Py_NewRef(PyList_GET_ITEM(rows, self->index));
    self->rows = NULL;
    PyObject *future = request_after(self, rows);
    Py_DECREF(rows);
    if (future == NULL) {
        Py_DECREF(row);
        return NULL;
    }
    if (future == Py_None) {
        Py_DECREF(future);
    } else {
        Py_XSETREF(self->future, future);
    }
    return row;
}

/* The rest of row_iterator_next: what may run Python. */
static PyObject *next_slowly(RowIteratorObject *self) {
    int found = self->rows != NULL ? 1 : next_batch(self);
    if (found <= 0) {
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(self->rows);
    if (self->index >= count) { /* a program that has got hold of the list has made it shorter */
        Py_CLEAR(self->rows);
        return NULL;
    }
    if (self->index + 1 == count) {
        return last_row(self);
    }
    return Py_NewRef(PyList_GET_ITEM(self->rows, self->index++));
}

static PyObject *row_iterator_next(RowIteratorObject *self) {
    if (self->rows != NULL && self->index + 1 < PyList_GET_SIZE(self->rows)) {
        return Py_NewRef(PyList_GET_ITEM(self->rows, self->index++));
    }
    if (self->is_running) {
        return binding_raise(PyExc_ValueError, "these rows are being iterated over by another thread");
    }
    self->is_running = 1;
    PyObject *row = next_slowly(self);
    self->is_running = 0;
    return row;
}

PyTypeObject binding_row_iterator_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.RowIterator",
    .tp_doc = "RowIterator(future, start)\n--\n\nGives out the rows of a batch; where there are more, "
              "start() gives the "
              "callable that returns a future of what follows a batch.",
    .tp_basicsize = sizeof(RowIteratorObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = row_iterator_new,
    .tp_dealloc = (destructor)row_iterator_dealloc,
    .tp_traverse = (traverseproc)row_iterator_traverse,
    .tp_clear = (inquiry)row_iterator_clear,
    .tp_free = PyObject_GC_Del,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)row_iterator_next,
};
