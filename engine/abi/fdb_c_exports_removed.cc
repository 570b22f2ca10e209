// C exports: functions that later header versions do not have. They work below the header version that removed them; at
// or above it they answer 2204, where the vendor's library aborts.
#include <cstring>

#include "abi/exports_support.h"
#include "abi/legacy.h"
#include "db/database.h"

// The header lets nobody call these at the newest version.
#undef fdb_future_get_version
#undef fdb_future_is_error
#undef fdb_transaction_get_range_selector
#undef fdb_create_cluster
#undef fdb_future_get_cluster
#undef fdb_cluster_destroy
#undef fdb_cluster_set_option
#undef fdb_cluster_create_database
#undef fdb_future_get_database

using namespace fdb;

namespace {

constexpr int kClustersRemoved = 610;
constexpr int kGetVersionRemoved = 620;
constexpr int kIsErrorRemoved = 23;
constexpr int kRangeSelectorRemoved = 14;

// What stood between a cluster file and its database.
struct Cluster : RefCounted<Cluster> {
  explicit Cluster(Bytes cluster_file) : path(std::move(cluster_file)) {}
  const Bytes path;
};

Cluster* cluster_from(FDBCluster* handle) { return reinterpret_cast<Cluster*>(handle); }

bool removed_since(int version) { return dispatch_version() >= version; }

// A future that keeps the object alive; its getters hand out further references.
template <class Object>
Ref<Future> holder_of(Ref<Object> object) {
  Object* const pointer = object.detach();
  return Future::ready(std::shared_ptr<void>(pointer, [](Object* held) { held->release(); }));
}

template <class Object>
Error new_reference(FDBFuture* future, Object** out) {
  std::shared_ptr<void>* holder;
  if (Error error = typed_value(future, &holder)) return error;
  *out = static_cast<Object*>(holder->get());
  (*out)->add_ref();
  return 0;
}

}  // namespace

extern "C" {

DLLEXPORT fdb_error_t fdb_future_get_version(FDBFuture* f, int64_t* out_version) {
  if (removed_since(kGetVersionRemoved)) return err::kApiFunctionMissing;
  return guard_error([&] { return get_scalar(f, out_version); });
}

DLLEXPORT fdb_bool_t fdb_future_is_error(FDBFuture* f) {
  if (removed_since(kIsErrorRemoved)) return 0;
  const fdb_error_t error = current::future_get_error(f);
  return error != 0 && error != err::kFutureNotSet;
}

DLLEXPORT FDBFuture* fdb_transaction_get_range_selector(FDBTransaction* tr, uint8_t const* begin_key_name,
                                                        int begin_key_name_length, fdb_bool_t begin_or_equal, int begin_offset,
                                                        uint8_t const* end_key_name, int end_key_name_length,
                                                        fdb_bool_t end_or_equal, int end_offset, int limit) {
  if (removed_since(kRangeSelectorRemoved)) return Future::failed(err::kApiFunctionMissing).detach()->handle();
  return before_14::transaction_get_range(tr, {begin_key_name, begin_key_name_length, begin_or_equal, begin_offset},
                                          {end_key_name, end_key_name_length, end_or_equal, end_offset}, limit);
}

DLLEXPORT FDBFuture* fdb_create_cluster(const char* cluster_file_path) {
  return guard_future([&] {
    if (removed_since(kClustersRemoved)) return Future::failed(err::kApiFunctionMissing);
    return holder_of(make_ref<Cluster>(Bytes(cluster_file_path ? cluster_file_path : "")));
  });
}

DLLEXPORT fdb_error_t fdb_future_get_cluster(FDBFuture* f, FDBCluster** out_cluster) {
  if (removed_since(kClustersRemoved)) return err::kApiFunctionMissing;
  return guard_error([&] {
    Cluster* cluster;
    if (Error error = new_reference(f, &cluster)) return error;
    *out_cluster = reinterpret_cast<FDBCluster*>(cluster);
    return Error(0);
  });
}

DLLEXPORT void fdb_cluster_destroy(FDBCluster* c) {
  if (!removed_since(kClustersRemoved)) cluster_from(c)->release();
}

DLLEXPORT fdb_error_t fdb_cluster_set_option(FDBCluster*, int, uint8_t const*, int) {
  return removed_since(kClustersRemoved) ? err::kApiFunctionMissing : 0;
}

DLLEXPORT FDBFuture* fdb_cluster_create_database(FDBCluster* c, uint8_t const* db_name, int db_name_length) {
  return guard_future([&] {
    if (removed_since(kClustersRemoved)) return Future::failed(err::kApiFunctionMissing);
    // The comparison is that of the vendor's library: "D" and the empty name pass too.
    const size_t length = db_name_length > 0 ? static_cast<size_t>(db_name_length) : 0;
    const auto* name = length ? reinterpret_cast<const char*>(db_name) : "";
    if (std::strncmp(name, "DB", length) != 0) return Future::failed(err::kInvalidDatabaseName);
    if (!Library::of_process().network().is_set_up()) return Future::failed(err::kNetworkNotSetup);
    return holder_of(Library::of_process().databases().open(cluster_from(c)->path.c_str()));
  });
}

DLLEXPORT fdb_error_t fdb_future_get_database(FDBFuture* f, FDBDatabase** out_database) {
  if (removed_since(kClustersRemoved)) return err::kApiFunctionMissing;
  return guard_error([&] {
    Database* database;
    if (Error error = new_reference(f, &database)) return error;
    *out_database = database->handle();
    return Error(0);
  });
}

}  // extern "C"
