/* The newest API version that these headers describe, and what came with which. */
#ifndef FDB_C_APIVERSION_G_H
#define FDB_C_APIVERSION_G_H

#define FDB_LATEST_API_VERSION 740
#define FDB_LATEST_BINDINGS_API_VERSION 740

/* API versions from which on a feature is there. */
#define FDB_API_VERSION_CLIENT_TMP_DIR 720
#define FDB_API_VERSION_DISABLE_CLIENT_BYPASS 720
#define FDB_API_VERSION_TENANT_API_RELEASED 720

#endif
