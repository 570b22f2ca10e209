/* Results: what a ready future holds, as Python objects.  See fast.h. */
#include "fast.h"

#include <structmember.h>

/* ---- KeyValue ---- */

typedef struct {
	PyObject_HEAD
	PyObject *key;
	PyObject *value;
} KeyValueObject;

/*
 * The rows of a read hold bytes alone, so the collector is not told of them.  It is told of a row
 * once that has been given anything else.
 */
static void track_unless_bytes(KeyValueObject *self, PyObject *part) {
	if (part != NULL && !PyBytes_CheckExact(part) && !PyObject_GC_IsTracked((PyObject *)self)) {
		PyObject_GC_Track(self);
	}
}

/*
 * Rows come and go by the thousand: the memory of the last to go is kept for the next.  Not where a
 * sanitizer is to see every use of a dropped row.
 */
#if defined(__SANITIZE_ADDRESS__)
enum { SPARE_ROWS = 0 };
#else
enum { SPARE_ROWS = 1024 };
#endif
static KeyValueObject *spare_rows[SPARE_ROWS + 1];
static int spare_row_count;

static KeyValueObject *allocate_row(void) {
	if (spare_row_count == 0) {
		return PyObject_GC_New(KeyValueObject, &fast_keyvalue_type);
	}
	KeyValueObject *row = spare_rows[--spare_row_count];
	return (KeyValueObject *)PyObject_Init((PyObject *)row, &fast_keyvalue_type);
}

/* For a row that the collector does not know (any more). */
static void free_row(KeyValueObject *row) {
	if (Py_IS_TYPE(row, &fast_keyvalue_type) && spare_row_count < SPARE_ROWS) {
		spare_rows[spare_row_count++] = row;
	} else {
		Py_TYPE(row)->tp_free((PyObject *)row);
	}
}

PyObject *fast_keyvalue_new(PyObject *key, PyObject *value) {
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

/* Takes references to both parts, since what follows may run Python, which may replace them.  0 with
 * AttributeError set when one was deleted. */
static int hold_parts(KeyValueObject *self, PyObject **key, PyObject **value) {
	if (self->key == NULL || self->value == NULL) {
		PyErr_Format(PyExc_AttributeError, "the %s of this %.200s was deleted",
		             self->key == NULL ? "key" : "value", Py_TYPE(self)->tp_name);
		return 0;
	}
	Py_INCREF(self->key);
	*key = self->key;
	Py_INCREF(self->value);
	*value = self->value;
	return 1;
}

static PyObject *keyvalue_repr(KeyValueObject *self) {
	PyObject *key, *value, *text = NULL;
	int entered = Py_ReprEnter((PyObject *)self);
	if (entered != 0) {
		return entered < 0 ? NULL : PyUnicode_FromString("...");
	}
	if (hold_parts(self, &key, &value)) {
		text = PyUnicode_FromFormat("%R: %R", key, value);
		Py_DECREF(key);
		Py_DECREF(value);
	}
	Py_ReprLeave((PyObject *)self);
	return text;
}

static PyObject *keyvalue_iter(KeyValueObject *self) {
	PyObject *key, *value;
	if (!hold_parts(self, &key, &value)) {
		return NULL;
	}
	PyObject *pair = PyTuple_Pack(2, key, value);
	Py_DECREF(key);
	Py_DECREF(value);
	PyObject *iterator = pair != NULL ? PyObject_GetIter(pair) : NULL;
	Py_XDECREF(pair);
	return iterator;
}

static PyObject *keyvalue_reduce(KeyValueObject *self, PyObject *Py_UNUSED(ignored)) {
	PyObject *key, *value;
	return hold_parts(self, &key, &value) ? Py_BuildValue("(O(NN))", Py_TYPE(self), key, value) : NULL;
}

static PyMethodDef keyvalue_methods[] = {
    {"__reduce__", (PyCFunction)keyvalue_reduce, METH_NOARGS, "For copying and pickling."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef keyvalue_members[] = {
    {"key", T_OBJECT_EX, offsetof(KeyValueObject, key), 0, "The key, bytes."},
    {"value", T_OBJECT_EX, offsetof(KeyValueObject, value), 0, "The value, bytes."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject fast_keyvalue_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fdb.KeyValue",
    .tp_doc = "KeyValue(key, value)\n--\n\n"
              "One row of a range read; `key, value = row` unpacks it.  Changing it changes nothing else.",
    .tp_basicsize = sizeof(KeyValueObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = keyvalue_new,
    .tp_dealloc = (destructor)keyvalue_dealloc,
    .tp_traverse = (traverseproc)keyvalue_traverse,
    .tp_clear = (inquiry)keyvalue_clear,
    .tp_free = PyObject_GC_Del,
    .tp_setattro = (setattrofunc)keyvalue_setattro,
    .tp_repr = (reprfunc)keyvalue_repr,
    .tp_iter = (getiterfunc)keyvalue_iter,
    .tp_methods = keyvalue_methods,
    .tp_members = keyvalue_members,
};

/* ---- reading ---- */

static PyObject *bytes_from(const uint8_t *data, int length) {
	return PyBytes_FromStringAndSize(length > 0 ? (const char *)data : NULL, length);
}

/*
 * A list to be filled.  Making its elements may run the collector and with it finalizers, which must
 * not come across a list with holes: the collector learns of it in finish_list.
 */
static PyObject *begin_list(int count) {
	PyObject *list = PyList_New(count);
	if (list != NULL) {
		PyObject_GC_UnTrack(list);
	}
	return list;
}

static PyObject *finish_list(PyObject *list) {
	if (list != NULL) {
		PyObject_GC_Track(list);
	}
	return list;
}

/* The form of FutureKeyValueArray: (list of KeyValue, count, more); steals the list. */
static PyObject *batch(PyObject *rows, int count, int more) {
	return rows != NULL ? Py_BuildValue("(NiO)", rows, count, more ? Py_True : Py_False) : NULL;
}

/* FDBKeyValue is packed to 4 bytes: members are read one by one, never by reference. */
static PyObject *read_rows(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_keyvalue_array, NULL);
	const FDBKeyValue *rows;
	int count;
	fdb_bool_t more;
	if ((*error = get(future, &rows, &count, &more)) != 0) {
		return NULL;
	}
	PyObject *list = begin_list(count);
	for (int i = 0; list != NULL && i < count; i++) {
		PyObject *row = fast_keyvalue_new(bytes_from(rows[i].key, rows[i].key_length),
		                                  bytes_from(rows[i].value, rows[i].value_length));
		if (row == NULL) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, i, row);
	}
	return batch(finish_list(list), count, more);
}

static PyObject *read_ranges(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_keyrange_array, NULL);
	const FDBKeyRange *ranges;
	int count;
	if ((*error = get(future, &ranges, &count)) != 0) {
		return NULL;
	}
	PyObject *list = begin_list(count);
	for (int i = 0; list != NULL && i < count; i++) {
		PyObject *row = fast_keyvalue_new(bytes_from(ranges[i].begin_key, ranges[i].begin_key_length),
		                                  bytes_from(ranges[i].end_key, ranges[i].end_key_length));
		if (row == NULL) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, i, row);
	}
	return batch(finish_list(list), count, 0);
}

static PyObject *read_keys(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_key_array, NULL);
	const FDBKey *keys;
	int count;
	if ((*error = get(future, &keys, &count)) != 0) {
		return NULL;
	}
	PyObject *list = begin_list(count);
	for (int i = 0; list != NULL && i < count; i++) {
		PyObject *key = bytes_from(keys[i].key, keys[i].key_length);
		if (key == NULL) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, i, key);
	}
	return finish_list(list);
}

static PyObject *read_strings(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_string_array, NULL);
	const char **strings;
	int count;
	if ((*error = get(future, &strings, &count)) != 0) {
		return NULL;
	}
	PyObject *list = begin_list(count);
	for (int i = 0; list != NULL && i < count; i++) {
		PyObject *string = PyBytes_FromString(strings[i]);
		if (string == NULL) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, i, string);
	}
	return finish_list(list);
}

static PyObject *read_value(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_value, NULL);
	fdb_bool_t present;
	const uint8_t *data;
	int length;
	if ((*error = get(future, &present, &data, &length)) != 0) {
		return NULL;
	}
	if (!present) {
		Py_RETURN_NONE;
	}
	return bytes_from(data, length);
}

static PyObject *read_key(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_key, NULL);
	const uint8_t *data;
	int length;
	*error = get(future, &data, &length);
	return *error == 0 ? bytes_from(data, length) : NULL;
}

static PyObject *read_int64(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_int64, NULL);
	int64_t number;
	*error = get(future, &number);
	return *error == 0 ? PyLong_FromLongLong(number) : NULL;
}

static PyObject *read_uint64(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_uint64, NULL);
	uint64_t number;
	*error = get(future, &number);
	return *error == 0 ? PyLong_FromUnsignedLongLong(number) : NULL;
}

static PyObject *read_nothing(shim_library *library, FDBFuture *future, fdb_error_t *error) {
	FAST_BIND(get, library, fdb_future_get_error, NULL);
	*error = get(future);
	if (*error != 0) {
		return NULL;
	}
	Py_RETURN_NONE;
}

PyObject *fast_read_result(shim_library *library, FDBFuture *future, int kind, fdb_error_t *error) {
	*error = 0;
	switch (kind) {
	case FAST_INT64:
		return read_int64(library, future, error);
	case FAST_UINT64:
		return read_uint64(library, future, error);
	case FAST_KEY:
		return read_key(library, future, error);
	case FAST_VALUE:
		return read_value(library, future, error);
	case FAST_ROWS:
		return read_rows(library, future, error);
	case FAST_KEYS:
		return read_keys(library, future, error);
	case FAST_STRINGS:
		return read_strings(library, future, error);
	case FAST_RANGES:
		return read_ranges(library, future, error);
	default:
		return read_nothing(library, future, error);
	}
}
