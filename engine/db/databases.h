// The databases of one library by name, and how a cluster string leads to one of them.
//
// Thread-safety: every member may be called from any thread, but start_over().
#pragma once

#include "db/database.h"
#include "db/embedded_name.h"
#include "db/opening_settings.h"

namespace fdb {

class Databases {
 public:
  explicit Databases(Network& network);
  ~Databases();
  Databases(const Databases&) = delete;
  Databases& operator=(const Databases&) = delete;

  // Never fails: trouble with the string becomes the deferred error of everything done with the database.
  Ref<Database> open(const char* cluster_file_path);
  Ref<Database> open_connection_string(const char* connection_string);
  // Forgets the name; handles that are open go on with the orphaned data.
  bool drop(const Bytes& name);
  // Closes all files, whoever has handles: at the end of the network, after which nobody gets an answer.
  void close_files() noexcept;
  // In the child of a fork(): no name is known. The parent's databases stay where they are, since no lock of them may be
  // touched.
  void start_over();

 private:
  struct Names;

  // The database `memory:name`, made at its first use, and with these settings then.
  Ref<Keyspace> memory(const EmbeddedName& name, const OpeningSettings& settings);
  Ref<Database> open_embedded(Slice text, const Bytes& opened_path);

  Network& network_;
  Names* names_;
};

}  // namespace fdb
