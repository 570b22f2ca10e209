/* Mailbox: where tokens of ready futures arrive, for event loops and the dispatcher. See binding.h. */
#include "binding/binding.h"

enum { MOST_TOKENS = 256 };

typedef struct {
    PyObject_HEAD
    shim_queue *queue; /* NULL once closed */
    int generation;
} MailboxObject;

/* -1 with an exception set when the mailbox is closed or from before a fork. */
static int check_mailbox(MailboxObject *self) {
    if (self->queue == NULL || self->generation != binding_generation) {
        binding_raise(PyExc_ValueError, "the mailbox is closed");
        return -1;
    }
    return 0;
}

shim_queue *binding_mailbox_queue(PyObject *mailbox) {
    if (!PyObject_TypeCheck(mailbox, &binding_mailbox_type)) {
        binding_raise(PyExc_TypeError, "expected a Mailbox");
        return NULL;
    }
    MailboxObject *self = (MailboxObject *)mailbox;
    return check_mailbox(self) == 0 ? self->queue : NULL;
}

static PyObject *mailbox_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":Mailbox", names)) {
        return NULL;
    }
    MailboxObject *self = (MailboxObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->generation = binding_generation;
    self->queue = shim_queue_create();
    if (self->queue == NULL) {
        Py_DECREF(self);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return (PyObject *)self;
}

static PyObject *mailbox_close(MailboxObject *self, PyObject *Py_UNUSED(ignored)) {
    /* After a fork another thread of the parent may have held the mutex: leave it alone. */
    if (self->queue != NULL && self->generation == binding_generation) {
        shim_queue_close(self->queue);
    }
    self->queue = NULL;
    Py_RETURN_NONE;
}

static void mailbox_dealloc(MailboxObject *self) {
    mailbox_close(self, NULL);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *mailbox_fileno(MailboxObject *self, PyObject *Py_UNUSED(ignored)) {
    return check_mailbox(self) == 0 ? PyLong_FromLong(shim_queue_descriptor(self->queue)) : NULL;
}

static PyObject *mailbox_push(MailboxObject *self, PyObject *argument) {
    Py_ssize_t token = PyLong_AsSsize_t(argument);
    if (token == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (check_mailbox(self) != 0) {
        return NULL;
    }
    if (shim_queue_push(self->queue, token) != 0) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

static PyObject *list_of_tokens(const shim_subscription *taken, size_t count) {
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (Py_ssize_t i = 0; list != NULL && taken != NULL; i++, taken = taken->next) {
        PyObject *token = PyLong_FromSsize_t(taken->token);
        if (token == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, token);
    }
    return list;
}

static PyObject *mailbox_take(MailboxObject *self, PyObject *Py_UNUSED(ignored)) {
    size_t count;
    if (check_mailbox(self) != 0) {
        return NULL;
    }
    shim_queue *queue = self->queue; /* what was taken keeps it, should a finalizer close the mailbox */
    shim_subscription *taken = shim_queue_detach(queue, MOST_TOKENS, &count);
    PyObject *list = list_of_tokens(taken, count);
    if (list == NULL) {
        shim_queue_attach(queue, taken); /* nobody must wait for a token that was lost */
    } else {
        shim_queue_dispose(queue, taken);
    }
    return list;
}

static PyObject *mailbox_wait(MailboxObject *self, PyObject *Py_UNUSED(ignored)) {
    int outcome;
    if (check_mailbox(self) != 0) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    outcome = shim_queue_wait(self->queue);
    Py_END_ALLOW_THREADS;
    if (outcome == SHIM_INTERRUPTED && PyErr_CheckSignals() != 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef mailbox_methods[] = {
    {"fileno", (PyCFunction)mailbox_fileno, METH_NOARGS, "The descriptor, readable while there are tokens."},
    {"push", (PyCFunction)mailbox_push, METH_O, "Adds a token, from any thread."},
    {"take", (PyCFunction)mailbox_take, METH_NOARGS, "Returns the oldest tokens, at most 256, as a list."},
    {"wait", (PyCFunction)mailbox_wait, METH_NOARGS,
     "Blocks until there may be tokens.  Only for a mailbox that nobody closes meanwhile."},
    {"close", (PyCFunction)mailbox_close, METH_NOARGS, "Frees the descriptor; later tokens are dropped."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject binding_mailbox_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fdb._native.extension.Mailbox",
    .tp_doc = "Mailbox()\n--\n\nA queue of integers filled by ready futures, with a descriptor to watch.",
    .tp_basicsize = sizeof(MailboxObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = mailbox_new,
    .tp_dealloc = (destructor)mailbox_dealloc,
    .tp_methods = mailbox_methods,
};
