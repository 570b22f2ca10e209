// Random uses of transactions: reads, writes, versions, options, commits and what ends them (abi_fuzz_test.cc).
//
// Thread-safety: any thread may call anything, each with a Random of its own.
#pragma once

#include "sim/abi_fuzz_futures.h"

namespace fdb::fuzz {

inline void read_range(Random& random, FDBTransaction* transaction) {
  const Bytes begin = random_key(random);
  const Bytes end = random_key(random);
  const Bytes mapper = random_mapper(random);
  const int begin_offset = random.one_in(2) ? random.below(2) : random_int(random);
  const int end_offset = random.one_in(2) ? random.below(2) : random_int(random);
  const int begin_equal = random.below(2);
  const int end_equal = random.below(2);
  const int limit = random_int(random);
  const int target_bytes = random_int(random);
  const auto mode = static_cast<FDBStreamingMode>(random.one_in(8) ? random_int(random) : random.below(7) - 2);
  const int iteration = random_int(random);
  const int snapshot = random.below(2);
  const int reverse = random.below(2);
  FDBFuture* const future =
      random.one_in(4)
          ? fdb_transaction_get_mapped_range(transaction, data(begin), size(begin), begin_equal, begin_offset, data(end),
                                             size(end), end_equal, end_offset, data(mapper), size(mapper), limit, target_bytes,
                                             mode, iteration, snapshot, reverse)
          : fdb_transaction_get_range(transaction, data(begin), size(begin), begin_equal, begin_offset, data(end), size(end),
                                      end_equal, end_offset, limit, target_bytes, mode, iteration, snapshot, reverse);
  adopt(random, future, true);
}

inline FDBFuture* start_read(Random& random, FDBTransaction* transaction) {
  const Bytes key = random_key(random);
  const Bytes end = random_key(random);
  const int offset = random_int(random);
  const int or_equal = random.below(2);
  switch (random.below(7)) {
    case 0:
    case 1: return fdb_transaction_get(transaction, data(key), size(key), random.below(2));
    case 2:
    case 3: return fdb_transaction_get_key(transaction, data(key), size(key), or_equal, offset, random.below(2));
    case 4: return fdb_transaction_get_addresses_for_key(transaction, data(key), size(key));
    case 5: return fdb_transaction_get_estimated_range_size_bytes(transaction, data(key), size(key), data(end), size(end));
    default:
      return fdb_transaction_get_range_split_points(transaction, data(key), size(key), data(end), size(end),
                                                    random_int64(random));
  }
}

inline void write(Random& random, FDBTransaction* transaction) {
  const Bytes key = random_key(random);
  const Bytes end = random_key(random);
  const Bytes value = random_value(random);
  const Bytes operand = random_operand(random);
  switch (random.below(8)) {
    case 0: fdb_transaction_clear(transaction, data(key), size(key)); break;
    case 1: fdb_transaction_clear_range(transaction, data(key), size(key), data(end), size(end)); break;
    case 2:
    case 3: {
      const auto operation = static_cast<FDBMutationType>(random.below(24));
      fdb_transaction_atomic_op(transaction, data(key), size(key), data(operand), size(operand), operation);
      break;
    }
    case 4: {
      const auto type = static_cast<FDBConflictRangeType>(random.below(3));
      note(fdb_transaction_add_conflict_range(transaction, data(key), size(key), data(end), size(end), type));
      break;
    }
    case 5: {
      const Bytes stamped = operand.size() < 4 ? operand + Bytes(14, '\0') : operand;
      fdb_transaction_atomic_op(transaction, data(stamped), size(stamped), data(value), size(value),
                                FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_KEY);
      break;
    }
    default: fdb_transaction_set(transaction, data(key), size(key), data(value), size(value)); break;
  }
}

inline void ask_version(Random& random, FDBTransaction* transaction) {
  int64_t version;
  switch (random.below(7)) {
    case 0: fdb_transaction_set_read_version(transaction, random_int64(random)); break;
    case 1: CHECK_EQ(fdb_transaction_get_committed_version(transaction, &version), 0); break;
    case 2: adopt(random, fdb_transaction_get_versionstamp(transaction), false); break;
    case 3: adopt(random, fdb_transaction_get_approximate_size(transaction), true); break;
    case 4: adopt(random, fdb_transaction_get_total_cost(transaction), true); break;
    case 5: adopt(random, fdb_transaction_get_tag_throttled_duration(transaction), true); break;
    default: adopt(random, fdb_transaction_get_read_version(transaction), true); break;
  }
}

inline void move_on(Random& random, FDBTransaction* transaction) {
  static const fdb_error_t errors[] = {0, 1007, 1009, 1020, 1021, 1038, 1100, 2000, -7, 40'000};
  switch (random.below(11)) {
    case 0:
    case 1: fdb_transaction_reset(transaction); break;
    case 2: fdb_transaction_cancel(transaction); break;
    case 3: adopt(random, fdb_transaction_on_error(transaction, random.of(errors)), false); break;
    case 4: {
      const OptionArgument option = random_option(random, "transaction");
      const auto code = static_cast<FDBTransactionOption>(option.code);
      note(fdb_transaction_set_option(transaction, code, option.value(), size(option.bytes)));
      break;
    }
    case 5: {
      const Bytes key = random_key(random);
      adopt(random, fdb_transaction_watch(transaction, data(key), size(key)), false);
      break;
    }
    case 6: {
      static constexpr const char* kFaults[] = {
          "not_committed",       "commit_unknown_result", "transaction_timed_out", "short_range",
          "slow_read:delay=1ms", "slow_commit:delay=1ms", "database_locked",       "",
          "not_committed:nth=1"};
      note(fdb_embedded_inject(transaction, kFaults[random.below(std::size(kFaults))]));
      break;
    }
    default: adopt(random, fdb_transaction_commit(transaction), true); break;
  }
}

inline void use_transaction(Random& random) {
  const auto transaction = world->transactions.pick(random);
  if (!transaction) return;
  // One bad call spoils all that follow on the same transaction.
  if (random.one_in(6)) fdb_transaction_reset(transaction->handle);
  const int kind = random.below(20);
  if (kind < 3) return read_range(random, transaction->handle);
  if (kind < 8) return adopt(random, start_read(random, transaction->handle), true);
  if (kind < 15) return write(random, transaction->handle);
  if (kind < 17) return ask_version(random, transaction->handle);
  move_on(random, transaction->handle);
}

}  // namespace fdb::fuzz
