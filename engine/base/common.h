// Basic vocabulary of the engine: byte strings, versions, error codes, intrusive references.
//
// Thread-safety: everything here is either immutable or, for RefCounted, safe from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fdb {

using Bytes = std::string;       // owned bytes
using Slice = std::string_view;  // borrowed bytes; compares as unsigned bytes
using Version = int64_t;
using Error = int;  // an fdb_error_t; 0 is success

constexpr Version kInvalidVersion = -1;
constexpr Version kVersionsPerSecond = 1'000'000;
constexpr Version kReadWindow = 5 * kVersionsPerSecond;

// The codes the engine itself produces or tests for; names as in errors.tsv.
namespace err {
constexpr Error kSuccess = 0;
constexpr Error kOperationFailed = 1000;
constexpr Error kTransactionTooOld = 1007;
constexpr Error kFutureVersion = 1009;
constexpr Error kNotCommitted = 1020;
constexpr Error kCommitUnknownResult = 1021;
constexpr Error kTransactionCancelled = 1025;
constexpr Error kTransactionTimedOut = 1031;
constexpr Error kTooManyWatches = 1032;
constexpr Error kWatchesDisabled = 1034;
constexpr Error kAccessedUnreadable = 1036;
constexpr Error kProcessBehind = 1037;
constexpr Error kDatabaseLocked = 1038;
constexpr Error kClusterVersionChanged = 1039;
constexpr Error kProxyMemoryLimit = 1042;
constexpr Error kBatchTransactionThrottled = 1051;
constexpr Error kGrvProxyMemoryLimit = 1078;
constexpr Error kBrokenPromise = 1100;
constexpr Error kOperationCancelled = 1101;
constexpr Error kFutureReleased = 1102;
constexpr Error kTagThrottled = 1213;
constexpr Error kClientInvalidOperation = 2000;
constexpr Error kKeyOutsideLegalRange = 2004;
constexpr Error kInvertedRange = 2005;
constexpr Error kInvalidOptionValue = 2006;
constexpr Error kInvalidOption = 2007;
constexpr Error kNetworkNotSetup = 2008;
constexpr Error kNetworkAlreadySetup = 2009;
constexpr Error kReadVersionAlreadySet = 2010;
constexpr Error kVersionInvalid = 2011;
constexpr Error kRangeLimitsInvalid = 2012;
constexpr Error kInvalidDatabaseName = 2013;
constexpr Error kFutureNotSet = 2015;
constexpr Error kFutureNotError = 2016;
constexpr Error kUsedDuringCommit = 2017;
constexpr Error kInvalidMutationType = 2018;
constexpr Error kTransactionInvalidVersion = 2020;
constexpr Error kNoCommitVersion = 2021;
constexpr Error kEnvironmentVariableNetworkOptionFailed = 2022;
constexpr Error kTransactionReadOnly = 2023;
constexpr Error kNetworkCannotBeRestarted = 2025;
constexpr Error kBlockedFromNetworkThread = 2026;
constexpr Error kInvalidConfigDbRange = 2027;
constexpr Error kMapperBadIndex = 2030;
constexpr Error kMapperBadRangeDescriptor = 2032;
constexpr Error kQuickGetKeyValuesHasMore = 2033;
constexpr Error kBlobGranuleNoRyw = 2036;
constexpr Error kBlobGranuleNotMaterialized = 2037;
constexpr Error kGetMappedKeyValuesReadsOwnWrites = 2039;
constexpr Error kKeyNotTuple = 2041;
constexpr Error kValueNotTuple = 2042;
constexpr Error kMapperNotTuple = 2043;
constexpr Error kTransactionTooLarge = 2101;
constexpr Error kKeyTooLarge = 2102;
constexpr Error kValueTooLarge = 2103;
constexpr Error kConnectionStringInvalid = 2104;
constexpr Error kUnsupportedOperation = 2108;
constexpr Error kTooManyTags = 2109;
constexpr Error kTagTooLong = 2110;
constexpr Error kSpecialKeysCrossModuleRead = 2112;
constexpr Error kSpecialKeysNoModuleFound = 2113;
constexpr Error kSpecialKeysWriteDisabled = 2114;
constexpr Error kSpecialKeysNoWriteModuleFound = 2115;
constexpr Error kSpecialKeysCrossModuleClear = 2116;
constexpr Error kSpecialKeysApiFailure = 2117;
constexpr Error kNoExternalClientProvided = 2123;
constexpr Error kTenantNameRequired = 2130;
constexpr Error kTenantNotFound = 2131;
constexpr Error kTenantAlreadyExists = 2132;
constexpr Error kTenantNotEmpty = 2133;
constexpr Error kInvalidTenantName = 2134;
constexpr Error kTenantsDisabled = 2136;
constexpr Error kIllegalTenantAccess = 2138;
constexpr Error kInvalidTenantConfiguration = 2140;
constexpr Error kClusterNoCapacity = 2141;
constexpr Error kApiVersionUnset = 2200;
constexpr Error kApiVersionAlreadySet = 2201;
constexpr Error kApiVersionInvalid = 2202;
constexpr Error kApiVersionNotSupported = 2203;
constexpr Error kApiFunctionMissing = 2204;
constexpr Error kExactModeWithoutLimits = 2210;
constexpr Error kSnapshotDirectoryInvalid = 2505;
constexpr Error kSnapshotUidInvalid = 2509;
constexpr Error kPlatformError = 1500;  // here: no memory
constexpr Error kIoError = 1510;
constexpr Error kFileNotWritable = 1514;
constexpr Error kFileCorrupt = 1522;
constexpr Error kLockFileFailure = 1529;
constexpr Error kIncompatibleSoftwareVersion = 1220;
constexpr Error kNoClusterFileFound = 1515;
constexpr Error kFileNotFound = 1511;
constexpr Error kFileNotReadable = 1513;
constexpr Error kUnknownError = 4000;
constexpr Error kInternalError = 4100;
}  // namespace err

// Error as an exception, inside the engine only: the exports turn it back into a code.
struct EngineError {
  Error code;
};

// k followed by a zero byte: the key right after k.
inline Bytes key_after(Slice key) {
  Bytes next;
  next.reserve(key.size() + 1);
  next.append(key);
  next.push_back('\0');
  return next;
}

// Whether `after` is `key` followed by a zero byte.
inline bool is_key_after(Slice after, Slice key) {
  return after.size() == key.size() + 1 && after.back() == '\0' && after.substr(0, key.size()) == key;
}

template <class T>
class RefCounted {
 public:
  void add_ref() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  // For holders of a plain pointer that may be on its way out: false once the last reference is gone.
  bool try_add_ref() const noexcept {
    int count = references_.load(std::memory_order_relaxed);
    while (count > 0) {
      if (references_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  // Whether nobody but the caller refers to it, who can then only be joined by holders of a plain pointer.
  bool has_one_reference() const noexcept { return references_.load(std::memory_order_acquire) == 1; }
  void release() const noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete static_cast<const T*>(this);
  }

 protected:
  RefCounted() = default;
  ~RefCounted() = default;

 private:
  mutable std::atomic<int> references_{1};  // born owned by its creator
};

// Owning pointer to a RefCounted object. Ref::adopt takes over a reference, Ref(T*) adds one.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) {
    if (object_) object_->add_ref();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  T* detach() { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>::adopt(new T(std::forward<Args>(args)...));
}

}  // namespace fdb
