// What every exported function does around its one line of work: refuse calls before an API version is selected, convert
// arguments, and turn exceptions into error codes.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

#include "abi/library.h"
#include "base/fdb_headers.h"
#include "runtime/future.h"

#include <foundationdb/fdb_c_internal.h>

namespace fdb {

// A result of the synchronous C API. Everything that makes one needs blob workers, so there are only errors.
struct BlobResult {
  Error error;
};

// The error that stands for the exception being handled.
inline Error current_exception_code() noexcept {
  try {
    throw;
  } catch (const EngineError& error) {
    return error.code > 0 ? error.code : err::kInternalError;
  } catch (const std::bad_alloc&) {
    return err::kPlatformError;
  } catch (...) {
    return err::kUnknownError;
  }
}

inline bool version_selected() noexcept {
  try {
    return Library::of_process().network().api_version() != 0;
  } catch (...) {
    return false;  // not even the network's state was made
  }
}

// Also in a forked child, which must not touch what it inherited: see fork.h.
template <class Work>
Error guard_error(Work&& work) noexcept {
  if (!version_selected()) return err::kApiVersionUnset;
  try {
    return work();
  } catch (...) {
    return current_exception_code();
  }
}

template <class Work>
void guard_void(Work&& work) noexcept {
  if (!version_selected()) return;
  try {
    work();
  } catch (...) {
    // These functions end or free something. What they could not do is done when their object goes.
  }
}

inline FDBFuture* failed_future(Error error) noexcept {
  try {
    return Future::failed(error).detach()->handle();
  } catch (...) {
    return Future::failed_for_want_of_memory().detach()->handle();
  }
}

template <class Work>
FDBFuture* guard_future(Work&& work) noexcept {
  if (!version_selected()) return failed_future(err::kApiVersionUnset);
  try {
    return work().detach()->handle();
  } catch (...) {
    return failed_future(current_exception_code());
  }
}

inline Slice slice(const uint8_t* bytes, int length) {
  return length > 0 ? Slice(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length)) : Slice();
}

// A text for the program's buffer: zero-terminated, and cut off where it does not fit.
inline void copy_text(Slice from, char* text, int capacity) {
  if (!text || capacity <= 0) return;
  const size_t size = std::min(from.size(), static_cast<size_t>(capacity) - 1);
  std::copy_n(from.data(), size, text);
  text[size] = '\0';
}

// The number in an enumeration argument. C passes any int, but C++ may not load one that is out of the enumeration's range.
template <class Enumeration>
int number_of(const Enumeration& argument) {
  static_assert(sizeof(Enumeration) == sizeof(int));
  int number;
  std::memcpy(&number, &argument, sizeof number);
  return number;
}

inline const uint8_t* bytes_of(Slice slice) { return reinterpret_cast<const uint8_t*>(slice.data()); }

// The value of a future as the type that a getter wants; 2000 when the future holds another type.
template <class T>
Error typed_value(FDBFuture* future, T** out) {
  Result* result;
  if (Error error = Future::from(future)->value(&result)) return error;
  *out = std::get_if<T>(result);
  return *out ? 0 : err::kClientInvalidOperation;
}

// For getters of values that this engine never produces.
inline Error error_only(FDBFuture* future) {
  const Error error = Future::from(future)->get_error();
  return error ? error : err::kClientInvalidOperation;
}

// The elements of an array; `elements` is its member that holds them. Only arrays of rows say whether there are more.
template <class Array, class Elements, class Out>
Error get_array(FDBFuture* future, Elements Array::* elements, Out* out, int* out_count, fdb_bool_t* out_more = nullptr) {
  std::unique_ptr<Array>* result;
  if (Error error = typed_value(future, &result)) return error;
  Array& array = **result;
  *out = (array.*elements).data();
  *out_count = static_cast<int>((array.*elements).size());
  if constexpr (requires { array.more; }) {
    if (out_more) *out_more = array.more;
  }
  return 0;
}

template <class T>
Error get_scalar(FDBFuture* future, T* out) {
  T* value;
  if (Error error = typed_value(future, &value)) return error;
  *out = *value;
  return 0;
}

}  // namespace fdb
