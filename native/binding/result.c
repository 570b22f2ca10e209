/* Results: what a ready future holds, as Python objects. See binding.h. */
#include "binding/binding.h"

static PyObject *bytes_from(const uint8_t *data, int length) {
    return PyBytes_FromStringAndSize(length > 0 ? (const char *)data : NULL, length);
}

/* A list to be filled. Making its elements may run the collector and with it finalizers, which must
 * not come across a list with holes: the collector learns of it in finish_list. */
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
    BINDING_BIND(get, library, fdb_future_get_keyvalue_array, NULL);
    const FDBKeyValue *rows;
    int count;
    fdb_bool_t more;
    if ((*error = get(future, &rows, &count, &more)) != 0) {
        return NULL;
    }
    PyObject *list = begin_list(count);
    for (int i = 0; list != NULL && i < count; i++) {
        PyObject *row = binding_keyvalue_new(bytes_from(rows[i].key, rows[i].key_length),
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
    BINDING_BIND(get, library, fdb_future_get_keyrange_array, NULL);
    const FDBKeyRange *ranges;
    int count;
    if ((*error = get(future, &ranges, &count)) != 0) {
        return NULL;
    }
    PyObject *list = begin_list(count);
    for (int i = 0; list != NULL && i < count; i++) {
        PyObject *row = binding_keyvalue_new(bytes_from(ranges[i].begin_key, ranges[i].begin_key_length),
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
    BINDING_BIND(get, library, fdb_future_get_key_array, NULL);
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
    BINDING_BIND(get, library, fdb_future_get_string_array, NULL);
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
    BINDING_BIND(get, library, fdb_future_get_value, NULL);
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
    BINDING_BIND(get, library, fdb_future_get_key, NULL);
    const uint8_t *data;
    int length;
    *error = get(future, &data, &length);
    return *error == 0 ? bytes_from(data, length) : NULL;
}

static PyObject *read_int64(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    BINDING_BIND(get, library, fdb_future_get_int64, NULL);
    int64_t number;
    *error = get(future, &number);
    return *error == 0 ? PyLong_FromLongLong(number) : NULL;
}

static PyObject *read_uint64(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    BINDING_BIND(get, library, fdb_future_get_uint64, NULL);
    uint64_t number;
    *error = get(future, &number);
    return *error == 0 ? PyLong_FromUnsignedLongLong(number) : NULL;
}

static PyObject *read_nothing(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    BINDING_BIND(get, library, fdb_future_get_error, NULL);
    *error = get(future);
    if (*error != 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *binding_read_result(shim_library *library, FDBFuture *future, int kind, fdb_error_t *error) {
    *error = 0;
    switch (kind) {
    case BINDING_INT64:
        return read_int64(library, future, error);
    case BINDING_UINT64:
        return read_uint64(library, future, error);
    case BINDING_KEY:
        return read_key(library, future, error);
    case BINDING_VALUE:
        return read_value(library, future, error);
    case BINDING_ROWS:
        return read_rows(library, future, error);
    case BINDING_KEYS:
        return read_keys(library, future, error);
    case BINDING_STRINGS:
        return read_strings(library, future, error);
    case BINDING_RANGES:
        return read_ranges(library, future, error);
    default:
        return read_nothing(library, future, error);
    }
}
