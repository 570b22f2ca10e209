/* KeyValue: the rows of a range read. See binding.h. */
#include "binding/binding.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    PyObject *key;
    PyObject *value;
} KeyValueObject;

/* The rows of a read hold bytes alone, so the collector is not told of them. It is told of a row
 * once that has been given anything else. */
static void track_unless_bytes(KeyValueObject *self, PyObject *part) {
    if (part != NULL && !PyBytes_CheckExact(part) && !PyObject_GC_IsTracked((PyObject *)self)) {
        PyObject_GC_Track(self);
    }
}

/* Rows come and go by the thousand: the memory of the last to go is kept for the next. Not where a
 * sanitizer is to see every use of a dropped row. */
#if defined(__SANITIZE_ADDRESS__)
enum { SPARE_ROWS = 0 };
#else
enum { SPARE_ROWS = 1024 };
#endif
static KeyValueObject *spare_rows[SPARE_ROWS + 1];
static int spare_row_count;

static KeyValueObject *allocate_row(void) {
    if (spare_row_count == 0) {
        return PyObject_GC_New(KeyValueObject, &binding_keyvalue_type);
    }
    KeyValueObject *row = spare_rows[--spare_row_count];
    return (KeyValueObject *)PyObject_Init((PyObject *)row, &binding_keyvalue_type);
}

/* For a row that the collector does not know (any more). */
static void free_row(KeyValueObject *row) {
    if (Py_IS_TYPE(row, &binding_keyvalue_type) && spare_row_count < SPARE_ROWS) {
        spare_rows[spare_row_count++] = row;
    } else {
        Py_TYPE(row)->tp_free((PyObject *)row);
    }
}

Py_ssize_t binding_keyvalue_size(PyObject *object) {
    if (!Py_IS_TYPE(object, &binding_keyvalue_type)) {
        return 0; /* a program has put it into the list */
    }
    KeyValueObject *row = (KeyValueObject *)object;
    Py_ssize_t key = row->key != NULL && PyBytes_Check(row->key) ? PyBytes_GET_SIZE(row->key) : 0;
    return key + (row->value != NULL && PyBytes_Check(row->value) ? PyBytes_GET_SIZE(row->value) : 0);
}

PyObject *binding_keyvalue_new(PyObject *key, PyObject *value) {
    KeyValueObject *row = NULL;
    if (key != NULL && value != NULL) {
        row = allocate_row();
    }
    if (row == NULL) {
        Py_XDECREF(key);
        Py_XDECREF(value);
        return NULL;
    }
    row->key = key;
    row->value = value;
    return (PyObject *)row;
}

static PyObject *keyvalue_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"key", "value", NULL};
    PyObject *key, *value;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:KeyValue", names, &key, &value)) {
        return NULL;
    }
    KeyValueObject *row = (KeyValueObject *)type->tp_alloc(type, 0);
    if (row != NULL) {
        Py_INCREF(key);
        row->key = key;
        Py_INCREF(value);
        row->value = value;
    }
    return (PyObject *)row;
}

static int keyvalue_traverse(KeyValueObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->key);
    Py_VISIT(self->value);
    return 0;
}

static int keyvalue_clear(KeyValueObject *self) {
    Py_CLEAR(self->key);
    Py_CLEAR(self->value);
    return 0;
}

static void keyvalue_dealloc(KeyValueObject *self) {
    if (!PyObject_GC_IsTracked((PyObject *)self)) {
        keyvalue_clear(self);
        free_row(self);
        return;
    }
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, keyvalue_dealloc) /* rows in rows in rows */
    keyvalue_clear(self);
    free_row(self);
    Py_TRASHCAN_END
}

static int keyvalue_setattro(KeyValueObject *self, PyObject *name, PyObject *value) {
    track_unless_bytes(self, value);
    return PyObject_GenericSetAttr((PyObject *)self, name, value);
}

/* For a row without one of its parts. */
static void refuse_deleted(KeyValueObject *self) {
    binding_raise(PyExc_AttributeError, "the %s of this %.200s was deleted",
                  self->key == NULL ? "key" : "value", Py_TYPE(self)->tp_name);
}

/* Takes references to both parts, since what follows may run Python, which may replace them. -1 with
 * AttributeError set when one was deleted. */
static int hold_parts(KeyValueObject *self, PyObject **key, PyObject **value) {
    if (self->key == NULL || self->value == NULL) {
        refuse_deleted(self);
        return -1;
    }
    Py_INCREF(self->key);
    *key = self->key;
    Py_INCREF(self->value);
    *value = self->value;
    return 0;
}

static PyObject *keyvalue_repr(KeyValueObject *self) {
    PyObject *key, *value, *text = NULL;
    int entered = Py_ReprEnter((PyObject *)self);
    if (entered != 0) {
        return entered < 0 ? NULL : PyUnicode_FromString("...");
    }
    if (hold_parts(self, &key, &value) == 0) {
        text = PyUnicode_FromFormat("%R: %R", key, value);
        Py_DECREF(key);
        Py_DECREF(value);
    }
    Py_ReprLeave((PyObject *)self);
    return text;
}

static PyObject *keyvalue_reduce(KeyValueObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *key, *value;
    return hold_parts(self, &key, &value) == 0 ? Py_BuildValue("(O(NN))", Py_TYPE(self), key, value) : NULL;
}

/* ---- as the pair of its parts ---- */

static PyObject *pair_of(KeyValueObject *self) {
    PyObject *key, *value;
    if (hold_parts(self, &key, &value) != 0) {
        return NULL;
    }
    PyObject *pair = PyTuple_Pack(2, key, value);
    Py_DECREF(key);
    Py_DECREF(value);
    return pair;
}

/* What `key, value = row` makes: the parts are those that the row had when it began. */
typedef struct {
    PyObject_HEAD
    PyObject *key; /* until it was given out */
    PyObject *value;
} PartsObject;

static PyTypeObject parts_type;
static PartsObject *spare_parts; /* one at a time is in use, as a rule */

static PyObject *keyvalue_iter(KeyValueObject *self) {
    PartsObject *parts = spare_parts;
    if (self->key == NULL || self->value == NULL) {
        refuse_deleted(self);
        return NULL;
    }
    if (parts != NULL) {
        spare_parts = NULL;
        PyObject_Init((PyObject *)parts, &parts_type);
    } else if ((parts = PyObject_GC_New(PartsObject, &parts_type)) == NULL) {
        return NULL;
    }
    Py_INCREF(self->key);
    parts->key = self->key;
    Py_INCREF(self->value);
    parts->value = self->value;
    if (PyObject_GC_IsTracked((PyObject *)self)) { /* as for the row: bytes alone are nothing to collect */
        PyObject_GC_Track(parts);
    }
    return (PyObject *)parts;
}

static PyObject *parts_next(PartsObject *self) {
    PyObject *part = self->key;
    self->key = NULL;
    if (part == NULL) {
        part = self->value;
        self->value = NULL;
    }
    return part;
}

static PyObject *parts_length_hint(PartsObject *self, PyObject *Py_UNUSED(ignored)) {
    return PyLong_FromLong((self->key != NULL) + (self->value != NULL));
}

static int parts_traverse(PartsObject *self, visitproc visit, void *arg) {
    Py_VISIT(self->key);
    Py_VISIT(self->value);
    return 0;
}

static int parts_clear(PartsObject *self) {
    Py_CLEAR(self->key);
    Py_CLEAR(self->value);
    return 0;
}

static void parts_dealloc(PartsObject *self) {
    PyObject_GC_UnTrack(self);
    parts_clear(self);
    if (spare_parts == NULL && SPARE_ROWS > 0) {
        spare_parts = self;
    } else {
        PyObject_GC_Del(self);
    }
}

static PyMethodDef parts_methods[] = {
    {"__length_hint__", (PyCFunction)parts_length_hint, METH_NOARGS, "How many parts are left."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject parts_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.KeyValueIterator",
    .tp_doc = "The key of a row, and then its value.",
    .tp_basicsize = sizeof(PartsObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)parts_dealloc,
    .tp_traverse = (traverseproc)parts_traverse,
    .tp_clear = (inquiry)parts_clear,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)parts_next,
    .tp_methods = parts_methods,
};

/* With another row or a tuple. */
static PyObject *keyvalue_richcompare(KeyValueObject *self, PyObject *other, int operation) {
    int is_row = PyObject_TypeCheck(other, &binding_keyvalue_type);
    if (!is_row && !PyTuple_Check(other)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    PyObject *result = NULL;
    PyObject *mine = pair_of(self);
    PyObject *theirs = mine == NULL ? NULL : is_row ? pair_of((KeyValueObject *)other) : Py_NewRef(other);
    if (theirs != NULL) {
        result = PyObject_RichCompare(mine, theirs, operation);
    }
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return result;
}

static Py_hash_t keyvalue_hash(KeyValueObject *self) {
    Py_hash_t hash = -1;
    PyObject *pair = pair_of(self);
    if (pair != NULL && Py_EnterRecursiveCall(" while hashing a row") == 0) {
        hash = PyObject_Hash(pair);
        Py_LeaveRecursiveCall();
    }
    Py_XDECREF(pair);
    return hash;
}

static Py_ssize_t keyvalue_length(KeyValueObject *Py_UNUSED(self)) { return 2; }

static PyObject *keyvalue_item(KeyValueObject *self, Py_ssize_t index) {
    PyObject *pair = pair_of(self);
    PyObject *item = pair != NULL ? PySequence_GetItem(pair, index) : NULL;
    Py_XDECREF(pair);
    return item;
}

static PyObject *keyvalue_subscript(KeyValueObject *self, PyObject *index) {
    PyObject *pair = pair_of(self);
    PyObject *item = pair != NULL ? PyObject_GetItem(pair, index) : NULL;
    Py_XDECREF(pair);
    return item;
}

static PyObject *call_on_pair(KeyValueObject *self, const char *method, PyObject *args) {
    PyObject *pair = pair_of(self);
    PyObject *function = pair != NULL ? PyObject_GetAttrString(pair, method) : NULL;
    PyObject *result = function != NULL ? PyObject_CallObject(function, args) : NULL;
    Py_XDECREF(function);
    Py_XDECREF(pair);
    return result;
}

static PyObject *keyvalue_index(KeyValueObject *self, PyObject *args) {
    return call_on_pair(self, "index", args);
}

static PyObject *keyvalue_count(KeyValueObject *self, PyObject *args) {
    return call_on_pair(self, "count", args);
}

/* ---- in notebooks ---- */

/* What draws a row is Python; no reference to it is kept. */
static PyObject *notebook_function(const char *name) {
    PyObject *module = PyImport_ImportModule("fdb._notebooks");
    PyObject *function = module != NULL ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return function;
}

static PyObject *keyvalue_repr_html(KeyValueObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *function = notebook_function("repr_html");
    PyObject *html = function != NULL ? PyObject_CallFunctionObjArgs(function, self, NULL) : NULL;
    Py_XDECREF(function);
    return html;
}

static PyObject *keyvalue_repr_pretty(KeyValueObject *self, PyObject *args) {
    PyObject *printer, *cycle;
    if (!PyArg_ParseTuple(args, "OO:_repr_pretty_", &printer, &cycle)) {
        return NULL;
    }
    PyObject *function = notebook_function("repr_pretty");
    PyObject *none =
        function != NULL ? PyObject_CallFunctionObjArgs(function, self, printer, cycle, NULL) : NULL;
    Py_XDECREF(function);
    return none;
}

/* ---- type ---- */

static PyMethodDef keyvalue_methods[] = {
    {"__reduce__", (PyCFunction)keyvalue_reduce, METH_NOARGS, "For copying and pickling."},
    {"index", (PyCFunction)keyvalue_index, METH_VARARGS,
     "index($self, /, *args)\n--\n\nReturns the place of a part, as of the tuple of key and value."},
    {"count", (PyCFunction)keyvalue_count, METH_VARARGS,
     "count($self, /, *args)\n--\n\nReturns how often a part occurs, as of the tuple of key and value."},
    {"_repr_html_", (PyCFunction)keyvalue_repr_html, METH_NOARGS,
     "_repr_html_($self, /)\n--\n\nReturns the row as HTML, for notebooks."},
    {"_repr_pretty_", (PyCFunction)keyvalue_repr_pretty, METH_VARARGS,
     "_repr_pretty_($self, printer, cycle, /)\n--\n\nPrints the row as text, for IPython: key and value as "
     "they are "
     "typed."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef keyvalue_members[] = {
    {"key", T_OBJECT_EX, offsetof(KeyValueObject, key), 0, "The key, bytes."},
    {"value", T_OBJECT_EX, offsetof(KeyValueObject, value), 0, "The value, bytes."},
    {NULL, 0, 0, 0, NULL},
};

static PySequenceMethods keyvalue_as_sequence = {
    .sq_length = (lenfunc)keyvalue_length,
    .sq_item = (ssizeargfunc)keyvalue_item,
};

static PyMappingMethods keyvalue_as_mapping = {
    .mp_length = (lenfunc)keyvalue_length,
    .mp_subscript = (binaryfunc)keyvalue_subscript,
};

PyTypeObject binding_keyvalue_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb.KeyValue",
    .tp_doc = "KeyValue(key, value)\n--\n\n"
              "One row of a range read, a sequence of two: `key, value = row` unpacks it.  Rows compare and "
              "hash as the\n"
              "tuples of their parts, also with such tuples.  Changing a row changes nothing else.",
    .tp_basicsize = sizeof(KeyValueObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_SEQUENCE,
    .tp_new = keyvalue_new,
    .tp_dealloc = (destructor)keyvalue_dealloc,
    .tp_traverse = (traverseproc)keyvalue_traverse,
    .tp_clear = (inquiry)keyvalue_clear,
    .tp_free = PyObject_GC_Del,
    .tp_setattro = (setattrofunc)keyvalue_setattro,
    .tp_repr = (reprfunc)keyvalue_repr,
    .tp_richcompare = (richcmpfunc)keyvalue_richcompare,
    .tp_hash = (hashfunc)keyvalue_hash,
    .tp_as_sequence = &keyvalue_as_sequence,
    .tp_as_mapping = &keyvalue_as_mapping,
    .tp_iter = (getiterfunc)keyvalue_iter,
    .tp_methods = keyvalue_methods,
    .tp_members = keyvalue_members,
};

int binding_keyvalue_ready(void) {
    if (PyType_Ready(&parts_type) != 0 || PyType_Ready(&binding_keyvalue_type) != 0) {
        return -1;
    }
    /* For patterns such as `case fdb.KeyValue(key, value)`. */
    PyObject *names = Py_BuildValue("(ss)", "key", "value");
    int outcome =
        names != NULL ? PyDict_SetItemString(binding_keyvalue_type.tp_dict, "__match_args__", names) : -1;
    Py_XDECREF(names);
    PyType_Modified(&binding_keyvalue_type);
    return outcome;
}
