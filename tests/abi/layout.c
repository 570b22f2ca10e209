/*
 * Pins sizes, alignments and offsets of the ABI's structures on 64-bit targets, its enumerators
 * that programs hard-code, and the macros.  Compiling it is the test.
 */
#include <stddef.h>

#include <foundationdb/fdb_c.h>

#define SIZE(type, size, alignment)                                                                          \
    _Static_assert(sizeof(type) == (size), "size of " #type);                                                \
    _Static_assert(_Alignof(type) == (alignment), "alignment of " #type)
#define OFFSET(type, member, offset)                                                                         \
    _Static_assert(offsetof(type, member) == (offset), "offset of " #type "." #member)

SIZE(FDBKey, 12, 4);
OFFSET(FDBKey, key, 0);
OFFSET(FDBKey, key_length, 8);

SIZE(FDBKeyValue, 24, 4);
OFFSET(FDBKeyValue, key, 0);
OFFSET(FDBKeyValue, key_length, 8);
OFFSET(FDBKeyValue, value, 12);
OFFSET(FDBKeyValue, value_length, 20);

SIZE(FDBKeySelector, 20, 4);
OFFSET(FDBKeySelector, key, 0);
OFFSET(FDBKeySelector, orEqual, 12);
OFFSET(FDBKeySelector, offset, 16);

SIZE(FDBGetRangeReqAndResult, 56, 8);
OFFSET(FDBGetRangeReqAndResult, begin, 0);
OFFSET(FDBGetRangeReqAndResult, end, 20);
OFFSET(FDBGetRangeReqAndResult, data, 40);
OFFSET(FDBGetRangeReqAndResult, m_size, 48);
OFFSET(FDBGetRangeReqAndResult, m_capacity, 52);

SIZE(FDBMappedKeyValue, 112, 8);
OFFSET(FDBMappedKeyValue, key, 0);
OFFSET(FDBMappedKeyValue, value, 12);
OFFSET(FDBMappedKeyValue, getRange, 24);
OFFSET(FDBMappedKeyValue, buffer, 80);

SIZE(FDBKeyRange, 24, 4);
OFFSET(FDBKeyRange, begin_key, 0);
OFFSET(FDBKeyRange, begin_key_length, 8);
OFFSET(FDBKeyRange, end_key, 12);
OFFSET(FDBKeyRange, end_key_length, 20);

SIZE(FDBGranuleSummary, 56, 4);
OFFSET(FDBGranuleSummary, key_range, 0);
OFFSET(FDBGranuleSummary, snapshot_version, 24);
OFFSET(FDBGranuleSummary, snapshot_size, 32);
OFFSET(FDBGranuleSummary, delta_version, 40);
OFFSET(FDBGranuleSummary, delta_size, 48);

SIZE(FDBReadBlobGranuleContext, 40, 8);
OFFSET(FDBReadBlobGranuleContext, userContext, 0);
OFFSET(FDBReadBlobGranuleContext, start_load_f, 8);
OFFSET(FDBReadBlobGranuleContext, get_load_f, 16);
OFFSET(FDBReadBlobGranuleContext, free_load_f, 24);
OFFSET(FDBReadBlobGranuleContext, debugNoMaterialize, 32);
OFFSET(FDBReadBlobGranuleContext, granuleParallelism, 36);

SIZE(FDBBGTenantPrefix, 16, 4);
OFFSET(FDBBGTenantPrefix, present, 0);
OFFSET(FDBBGTenantPrefix, prefix, 4);

SIZE(FDBBGEncryptionKey, 40, 4);
OFFSET(FDBBGEncryptionKey, domain_id, 0);
OFFSET(FDBBGEncryptionKey, base_key_id, 8);
OFFSET(FDBBGEncryptionKey, base_kcv, 16);
OFFSET(FDBBGEncryptionKey, random_salt, 20);
OFFSET(FDBBGEncryptionKey, base_key, 28);

SIZE(FDBBGEncryptionCtx, 104, 4);
OFFSET(FDBBGEncryptionCtx, present, 0);
OFFSET(FDBBGEncryptionCtx, textKey, 4);
OFFSET(FDBBGEncryptionCtx, textKCV, 44);
OFFSET(FDBBGEncryptionCtx, headerKey, 48);
OFFSET(FDBBGEncryptionCtx, headerKCV, 88);
OFFSET(FDBBGEncryptionCtx, iv, 92);

SIZE(FDBBGFilePointer, 148, 4);
OFFSET(FDBBGFilePointer, filename_ptr, 0);
OFFSET(FDBBGFilePointer, filename_length, 8);
OFFSET(FDBBGFilePointer, file_offset, 12);
OFFSET(FDBBGFilePointer, file_length, 20);
OFFSET(FDBBGFilePointer, full_file_length, 28);
OFFSET(FDBBGFilePointer, file_version, 36);
OFFSET(FDBBGFilePointer, encryption_ctx, 44);

SIZE(FDBBGMutation, 36, 4);
OFFSET(FDBBGMutation, type, 0);
OFFSET(FDBBGMutation, version, 4);
OFFSET(FDBBGMutation, param1_ptr, 12);
OFFSET(FDBBGMutation, param1_length, 20);
OFFSET(FDBBGMutation, param2_ptr, 24);
OFFSET(FDBBGMutation, param2_length, 32);

SIZE(FDBBGFileDescription, 216, 4);
OFFSET(FDBBGFileDescription, key_range, 0);
OFFSET(FDBBGFileDescription, snapshot_present, 24);
OFFSET(FDBBGFileDescription, snapshot_file_pointer, 28);
OFFSET(FDBBGFileDescription, delta_file_count, 176);
OFFSET(FDBBGFileDescription, delta_files, 180);
OFFSET(FDBBGFileDescription, memory_mutation_count, 188);
OFFSET(FDBBGFileDescription, memory_mutations, 192);
OFFSET(FDBBGFileDescription, tenant_prefix, 200);

_Static_assert(sizeof(fdb_error_t) == 4 && sizeof(fdb_bool_t) == 4, "errors and booleans are int");
_Static_assert(sizeof(FDBStreamingMode) == sizeof(int), "enumerations travel as int");
_Static_assert(FDB_BG_MUTATION_TYPE_SET_VALUE == 0, "FDBBGMutationType");
_Static_assert(FDB_BG_MUTATION_TYPE_CLEAR_RANGE == 1, "FDBBGMutationType");
_Static_assert(FDB_STREAMING_MODE_WANT_ALL == -2, "FDBStreamingMode");
_Static_assert(FDB_ERROR_PREDICATE_RETRYABLE_NOT_COMMITTED == 50002, "FDBErrorPredicate");

static const int last_less_than[] = {FDB_KEYSEL_LAST_LESS_THAN(7, 8)};
static const int last_less_or_equal[] = {FDB_KEYSEL_LAST_LESS_OR_EQUAL(7, 8)};
static const int first_greater_than[] = {FDB_KEYSEL_FIRST_GREATER_THAN(7, 8)};
static const int first_greater_or_equal[] = {FDB_KEYSEL_FIRST_GREATER_OR_EQUAL(7, 8)};

static int differs(const int *selector, int or_equal, int offset) {
    return selector[0] != 7 || selector[1] != 8 || selector[2] != or_equal || selector[3] != offset;
}

/* Exit code 0: the selector macros expand to what they should. */
int main(void) {
    return differs(last_less_than, 0, 0) || differs(last_less_or_equal, 1, 0) ||
           differs(first_greater_than, 1, 1) || differs(first_greater_or_equal, 0, 1);
}
