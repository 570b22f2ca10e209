// Options of the library as a whole: checks of their values, and the FDB_NETWORK_OPTION_* environment variables.
//
// Not thread-safe; the network owns it under its lock.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/common.h"
#include "runtime/buggify.h"
#include "runtime/options.h"

namespace fdb {

class NetworkOptions {
 public:
  // Checks and remembers one option; the result is that of fdb_network_set_option.
  Error set(int option, const uint8_t* value, int length, bool after_setup);

  // Applies the environment variables once. 2022 if one of them cannot be applied, now and at every later call.
  Error load_environment(bool after_setup);

  // What fdb_setup_network says about the choice of clients: 2123 if the local one is disabled and there is no other.
  Error check_clients() const;

  // What the options client_buggify_* lead to.
  Buggify& buggify() { return buggify_; }

  // Whether databases go through the layer that can choose between several client libraries.
  bool has_multi_version_layer() const {
    return !multi_version_disabled_ && (client_bypass_disabled_ || !external_clients_.empty());
  }

 private:
  Error apply(int option, const OptionValue& value);
  void apply_buggify(int option, int64_t number);
  Error apply_multi_version(int option, const OptionValue& value);
  Error apply_environment_value(int option, bool is_number, Slice text, bool after_setup);

  bool environment_loaded_ = false;
  Error environment_error_ = 0;
  std::map<int, std::set<Bytes>> from_environment_;  // values already applied
  bool local_client_disabled_ = false;
  bool client_bypass_disabled_ = false;
  bool multi_version_disabled_ = false;
  std::set<Bytes> external_clients_;
  Buggify buggify_;
};

// The values in one environment variable: separated by ':', a backslash escapes the separator and itself.
std::vector<Bytes> split_environment_values(Slice text);

}  // namespace fdb
