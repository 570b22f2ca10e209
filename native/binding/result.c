/* Results: what a ready future holds, as Python objects. See binding.h. */
#include "binding/binding.h"

static PyObject *bytes_from(const uint8_t *data, int length) {
    return PyBytes_FromStringAndSize(length > 0 ? (const char *)data : NULL, length);
}

/* Makes the object for the element at `index` of an array of the library. */
typedef PyObject *(*make_element)(const void *array, int index);

/* Makes a list of an array. That may run the collector and with it finalizers, which must not come
 * across a list with holes: the collector learns of it once it is full. */
static inline __attribute__((always_inline)) PyObject *list_from(const void *array, int count,
                                                                 make_element make) {
    PyObject *list = PyList_New(count);
    if (list == NULL) {
        return NULL;
    }
    PyObject_GC_UnTrack(list);
    for (int i = 0; i < count; i++) {
        PyObject *element = make(array, i);
        if (element == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, i, element);
    }
    PyObject_GC_Track(list);
    return list;
}

/* FDBKeyValue and its like are packed to 4 bytes: members are read one by one, never by reference. */
static PyObject *row_from(const void *array, int index) {
    const FDBKeyValue *row = (const FDBKeyValue *)array + index;
    return binding_keyvalue_new(bytes_from(row->key, row->key_length),
                                bytes_from(row->value, row->value_length));
}

static PyObject *range_from(const void *array, int index) {
    const FDBKeyRange *range = (const FDBKeyRange *)array + index;
    return binding_keyvalue_new(bytes_from(range->begin_key, range->begin_key_length),
                                bytes_from(range->end_key, range->end_key_length));
}

static PyObject *key_from(const void *array, int index) {
    const FDBKey *key = (const FDBKey *)array + index;
    return bytes_from(key->key, key->key_length);
}

static PyObject *string_from(const void *array, int index) {
    return PyBytes_FromString(((const char *const *)array)[index]);
}

/* The form of FutureKeyValueArray: (list of KeyValue, count, more); steals the list. */
static PyObject *batch(PyObject *rows, int count, int more) {
    return rows != NULL ? Py_BuildValue("(NiO)", rows, count, more ? Py_True : Py_False) : NULL;
}

/* ---- one function for each kind of result ---- */

static PyObject *read_rows(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    const FDBKeyValue *rows;
    int count;
    fdb_bool_t more;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_keyvalue_array);
    if (get == NULL || (*error = get(future, &rows, &count, &more)) != 0) {
        return NULL;
    }
    return batch(list_from(rows, count, row_from), count, more);
}

static PyObject *read_ranges(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    const FDBKeyRange *ranges;
    int count;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_keyrange_array);
    if (get == NULL || (*error = get(future, &ranges, &count)) != 0) {
        return NULL;
    }
    return batch(list_from(ranges, count, range_from), count, 0);
}

static PyObject *read_keys(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    const FDBKey *keys;
    int count;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_key_array);
    if (get == NULL || (*error = get(future, &keys, &count)) != 0) {
        return NULL;
    }
    return list_from(keys, count, key_from);
}

static PyObject *read_strings(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    const char **strings;
    int count;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_string_array);
    if (get == NULL || (*error = get(future, &strings, &count)) != 0) {
        return NULL;
    }
    return list_from(strings, count, string_from);
}

static PyObject *read_value(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    fdb_bool_t present;
    const uint8_t *data;
    int length;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_value);
    if (get == NULL || (*error = get(future, &present, &data, &length)) != 0) {
        return NULL;
    }
    if (!present) {
        Py_RETURN_NONE;
    }
    return bytes_from(data, length);
}

static PyObject *read_key(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    const uint8_t *data;
    int length;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_key);
    if (get == NULL || (*error = get(future, &data, &length)) != 0) {
        return NULL;
    }
    return bytes_from(data, length);
}

static PyObject *read_int64(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    int64_t number;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_int64);
    if (get == NULL || (*error = get(future, &number)) != 0) {
        return NULL;
    }
    return PyLong_FromLongLong(number);
}

static PyObject *read_uint64(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    uint64_t number;
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_uint64);
    if (get == NULL || (*error = get(future, &number)) != 0) {
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(number);
}

static PyObject *read_nothing(shim_library *library, FDBFuture *future, fdb_error_t *error) {
    __auto_type get = BINDING_FUNCTION(library, fdb_future_get_error);
    if (get == NULL || (*error = get(future)) != 0) {
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
