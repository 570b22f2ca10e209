#include "durable/file_error.h"

#include <new>

#include "durable/sqlite_api.h"

namespace fdb::durable {

Error code_of_result(int result) {
  switch (result & 0xff) {
    case sqlite::kBusy:
    case sqlite::kLocked: return err::kLockFileFailure;
    case sqlite::kPerm:
    case sqlite::kReadonly:
    case sqlite::kCantOpen: return err::kFileNotWritable;
    case sqlite::kCorrupt:
    case sqlite::kNotADatabase: return err::kFileCorrupt;
    default: return err::kIoError;
  }
}

void throw_corrupt(Slice path, Slice what) {
  Bytes text(path);
  text.append(" ").append(what);
  text += "; fdb.embedded.check() says more. Go on with a copy of the file from before";
  throw FileError(err::kFileCorrupt, std::move(text));
}

void throw_result(int result, Slice path, Slice doing, Slice detail) {
  if ((result & 0xff) == sqlite::kNoMemory || result == sqlite::kIoErrorNoMemory) throw std::bad_alloc();
  Bytes message(sqlite_api().errstr(result));
  if (!detail.empty() && detail != message) message.append(": ").append(detail);
  const Error code = code_of_result(result);
  if (code == err::kFileCorrupt) throw_corrupt(path, "is damaged, or no database (" + message + ")");
  Bytes text = "cannot ";
  text.append(doing).append(" ").append(path).append(": ");
  switch (result & 0xff) {
    case sqlite::kFull: text += "the disk is full; make space and try again"; break;
    case sqlite::kBusy:
    case sqlite::kLocked: text += "another program has it open; close it there"; break;
    case sqlite::kPerm:
    case sqlite::kReadonly:
    case sqlite::kCantOpen:
      text += message + "; file and directory have to be writable, or open it with ?mode=ro to read it only";
      break;
    default: text += message;
  }
  FileError error(code, std::move(text));
  error.may_be_done = (result & 0xff) == sqlite::kIoError;
  throw error;
}

}  // namespace fdb::durable
