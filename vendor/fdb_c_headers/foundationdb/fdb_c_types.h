/*
 * Types of the FoundationDB C ABI.
 *
 * Sizes and offsets are part of the ABI; tests/abi/layout.c pins them.  Structures inside a
 * `pack(4)` region have alignment 4, so their pointers may be misaligned: copy a member out
 * before using it where the platform does not tolerate that.
 */
#ifndef FDB_C_TYPES_H
#define FDB_C_TYPES_H

#ifndef FDB_API_VERSION
#error FDB_API_VERSION must be defined before including fdb_c_types.h; include fdb_c.h instead
#endif

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque objects.  All are reference counted by the library; each has its own destroy function. */
typedef struct FDB_future FDBFuture;
typedef struct FDB_result FDBResult;
typedef struct FDB_database FDBDatabase;
typedef struct FDB_tenant FDBTenant;
typedef struct FDB_transaction FDBTransaction;

/* Clusters, below API version 610; their options are a placeholder. */
#if FDB_API_VERSION < 610 || defined(FDB_INCLUDE_LEGACY_TYPES)
typedef struct FDB_cluster FDBCluster;
typedef enum { FDB_CLUSTER_OPTION_DUMMY_DO_NOT_USE = -1 } FDBClusterOption;
#endif

/* 0 is success; every other value is a row of errors.tsv. */
typedef int fdb_error_t;

/* 0 is false, everything else is true. */
typedef int fdb_bool_t;

/* Called once, when `future` becomes ready, with the parameter given at registration. */
typedef void (*FDBCallback)(FDBFuture* future, void* callback_parameter);

#pragma pack(push, 4)

/* A byte string. */
typedef struct key {
	const uint8_t* key;
	int key_length;
} FDBKey;

/* One row.  The pointers became typed with API version 630. */
#if FDB_API_VERSION >= 630
typedef struct keyvalue {
	const uint8_t* key;
	int key_length;
	const uint8_t* value;
	int value_length;
} FDBKeyValue;
#else
typedef struct keyvalue {
	const void* key;
	int key_length;
	const void* value;
	int value_length;
} FDBKeyValue;
#endif

#pragma pack(pop)

/* A position in the key space: see the FDB_KEYSEL_* macros in fdb_c.h. */
typedef struct keyselector {
	FDBKey key;
	fdb_bool_t orEqual;
	int offset;
} FDBKeySelector;

/* A secondary range read of get_mapped_range: what was asked and the rows it gave. */
typedef struct getrangereqandresult {
	FDBKeySelector begin;
	FDBKeySelector end;
	FDBKeyValue* data;
	int m_size;
	int m_capacity;
} FDBGetRangeReqAndResult;

/* A primary row with the result of its secondary read.  `buffer` belongs to the library. */
typedef struct mappedkeyvalue {
	FDBKey key;
	FDBKey value;
	FDBGetRangeReqAndResult getRange;
	unsigned char buffer[32];
} FDBMappedKeyValue;

#pragma pack(push, 4)

/* The half-open interval [begin_key, end_key). */
typedef struct keyrange {
	const uint8_t* begin_key;
	int begin_key_length;
	const uint8_t* end_key;
	int end_key_length;
} FDBKeyRange;

/* Size and versions of one blob granule. */
typedef struct granulesummary {
	FDBKeyRange key_range;
	int64_t snapshot_version;
	int64_t snapshot_size;
	int64_t delta_version;
	int64_t delta_size;
} FDBGranuleSummary;

#pragma pack(pop)

/* How fdb_transaction_read_blob_granules loads files.  Passed by value: 40 bytes, naturally aligned. */
typedef struct readgranulecontext {
	/* Handed to the three functions below as `context`. */
	void* userContext;

	/* Starts loading a byte range of a file; returns an id for the two functions below. */
	int64_t (*start_load_f)(const char* filename,
	                        int filenameLength,
	                        int64_t offset,
	                        int64_t length,
	                        int64_t fullFileLength,
	                        void* context);

	/* Returns the loaded bytes, or NULL when loading failed.  May block. */
	uint8_t* (*get_load_f)(int64_t loadId, void* context);

	/* Releases the bytes of a load. */
	void (*free_load_f)(int64_t loadId, void* context);

	/* Non-zero: load the files but return error 2037 instead of rows (a test aid). */
	fdb_bool_t debugNoMaterialize;

	/* Number of granules to load at the same time. */
	int granuleParallelism;
} FDBReadBlobGranuleContext;

#pragma pack(push, 4)

/* The prefix that a tenant's keys have inside blob files. */
typedef struct bgtenantprefix {
	fdb_bool_t present;
	FDBKey prefix;
} FDBBGTenantPrefix;

/* One encryption key of a blob file. */
typedef struct encryptionkey {
	int64_t domain_id;
	uint64_t base_key_id;
	uint32_t base_kcv;
	uint64_t random_salt;
	FDBKey base_key;
} FDBBGEncryptionKey;

/* How a blob file is encrypted, if `present`. */
typedef struct encryptionctx {
	fdb_bool_t present;
	FDBBGEncryptionKey textKey;
	uint32_t textKCV;
	FDBBGEncryptionKey headerKey;
	uint32_t headerKCV;
	FDBKey iv;
} FDBBGEncryptionCtx;

/* Where a blob file is. */
typedef struct bgfilepointer {
	const uint8_t* filename_ptr;
	int filename_length;
	int64_t file_offset;
	int64_t file_length;
	int64_t full_file_length;
	int64_t file_version;
	FDBBGEncryptionCtx encryption_ctx;
} FDBBGFilePointer;

/* Kinds of FDBBGMutation. */
typedef enum {
	FDB_BG_MUTATION_TYPE_SET_VALUE = 0, /* param1 is the key, param2 the value */
	FDB_BG_MUTATION_TYPE_CLEAR_RANGE = 1 /* param1 is the begin key, param2 the end key */
} FDBBGMutationType;

/* One change in a delta file.  `type` is an FDBBGMutationType in one byte. */
typedef struct bgmutation {
	uint8_t type;
	int64_t version;
	const uint8_t* param1_ptr;
	int param1_length;
	const uint8_t* param2_ptr;
	int param2_length;
} FDBBGMutation;

/* The files and the changes in memory that make up one blob granule. */
typedef struct bgfiledescription {
	FDBKeyRange key_range;
	fdb_bool_t snapshot_present;
	FDBBGFilePointer snapshot_file_pointer;
	int delta_file_count;
	FDBBGFilePointer* delta_files;
	int memory_mutation_count;
	FDBBGMutation* memory_mutations;
	FDBBGTenantPrefix tenant_prefix;
} FDBBGFileDescription;

#pragma pack(pop)

#ifdef __cplusplus
}
#endif

#endif
