/* A list whose classes in Python are indexed as fast as it is.  `list` has its `__getitem__` as a method, so that of a
 * class of Python it is looked up and called for every `rows[i]`; of this class it is a slot, which such a class takes over. */
#include "binding/binding.h"

static PyObject *row_list_subscript(PyObject *self, PyObject *index) {
    return PyList_Type.tp_as_mapping->mp_subscript(self, index);
}

static PyMappingMethods row_list_as_mapping = {
    .mp_subscript = row_list_subscript,
};

/* Nothing else is its own: what is not given here comes from the list. */
PyTypeObject binding_row_list_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.RowList",
    .tp_doc = "RowList(iterable=(), /)\n--\n\nA list that classes of Python are made of.",
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_base = &PyList_Type,
    .tp_as_mapping = &row_list_as_mapping,
};
