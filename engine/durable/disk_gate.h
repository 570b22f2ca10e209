// What a file passes before it uses the disk: where a fault on demand can stand in the way.
//
// Thread-safety: every member may be called from any thread, without a lock of this folder.
#pragma once

namespace fdb::durable {

class DiskGate {
 public:
  // Before a group of commits is written, before the disk is waited for, before leaves are loaded. Each may block, and throw the
  // FileError that the disk would end in.
  virtual void before_write() {}
  virtual void before_sync() {}
  virtual void before_load() {}

 protected:
  ~DiskGate() = default;
};

}  // namespace fdb::durable
