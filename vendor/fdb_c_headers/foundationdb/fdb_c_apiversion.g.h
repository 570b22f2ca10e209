/* The newest API version that these headers describe. */
#ifndef FDB_C_APIVERSION_G_H
#define FDB_C_APIVERSION_G_H

#define FDB_LATEST_API_VERSION 740
#define FDB_LATEST_BINDINGS_API_VERSION 740

#endif
