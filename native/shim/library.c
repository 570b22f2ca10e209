/* Libraries: loading by path, binding by name. See shim.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "shim/shim.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

shim_library *shim_open(const char *path, char *message, size_t message_size) {
    shim_library *library = calloc(1, sizeof(*library));
    if (library == NULL) {
        snprintf(message, message_size, "out of memory");
        return NULL;
    }
    /* RTLD_LOCAL: the symbols of one library must never satisfy those of another. Never closed:
     * its threads may still be inside it when the interpreter ends. */
    library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library->handle == NULL) {
        const char *reason = dlerror();
        snprintf(message, message_size, "%s", reason != NULL ? reason : "unknown reason");
        free(library);
        return NULL;
    }
    return library;
}

int shim_path(shim_library *library, char *path, size_t path_size) {
    Dl_info info;
    void *function = dlsym(library->handle, "fdb_get_error");
    if (function == NULL || dladdr(function, &info) == 0 || info.dli_fname == NULL) {
        return 0;
    }
    snprintf(path, path_size, "%s", info.dli_fname);
    return 1;
}

void *shim_bind_at(shim_library *library, size_t offset, const char *name) {
    void *function = dlsym(library->handle, name);
    if (function != NULL) {
        /* Threads that get here together store the same pointer. */
        void **place = (void **)((char *)&library->functions + offset);
        __atomic_store_n(place, function, __ATOMIC_RELAXED);
    }
    return function;
}

void *shim_bind(shim_library *library, const char *name) {
    static const struct {
        const char *name;
        size_t offset;
    } places[] = {
#define FDB_FUNCTION(result, name, parameters) {#name, offsetof(shim_functions, name)},
#include "generated/functions.h"
#undef FDB_FUNCTION
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(places[i].name, name) == 0) {
            return shim_bind_at(library, places[i].offset, name);
        }
    }
    return NULL;
}

fdb_error_t shim_run_network(shim_library *library) {
    sigset_t every_signal;
    sigfillset(&every_signal);
    pthread_sigmask(SIG_BLOCK, &every_signal, NULL);
    __auto_type run = SHIM_FUNCTION(library, fdb_run_network);
    return run != NULL ? run() : 2204 /* api_function_missing */;
}
