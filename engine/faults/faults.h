// What goes wrong in one database: which of its rules fire at which occasion.
//
// A rule counts its occasions, and whether it fires at one follows from the seed, the rule's place among the rules and that number
// alone: the same operations in the same order meet the same faults.
//
// Thread-safety: every member of Faults may be called from any thread; OneShotFaults has none.
// Invariants:
//  1. While nothing is asked for, nobody calls decide(): Latency::disturbed() says so.
//  2. Every rule counts every occasion that it applies to, also where another one fires.
//  3. The rules of client_buggify_* come behind the database's own, and end with that option or begin anew with it.
//  4. At one occasion one error fires at most: that of the first rule, where a transaction's own come before the database's.
#pragma once

#include <array>
#include <mutex>
#include <vector>

#include "faults/fault_rule.h"
#include "runtime/buggify.h"
#include "runtime/latency.h"

namespace fdb {

class OneShotFaults;

// What happens to one operation.
struct Fault {
  Error error = 0;           // 0: none
  FaultKind kind{};          // of the error
  bool is_applied = false;   // a commit takes effect all the same
  bool is_lost = false;      // a watch does not hear of its change
  int64_t delay_micros = 0;  // what happens comes later by so much
  int rows = 0;              // at most, in a batch; 0: any number
};

// One occasion for a fault.
class Occasion {
 public:
  explicit Occasion(Sites place) : site(place) {}
  virtual ~Occasion() = default;
  // Whether it has to do with a key in [begin, end).
  virtual bool touches(Slice, Slice) const { return false; }

  const Sites site;
};

// A read of [begin, end), or of the key `begin` if they are not in order.
class KeysOccasion : public Occasion {
 public:
  KeysOccasion(Sites place, Slice begin, Slice end) : Occasion(place), begin_(begin), end_(end) {}
  bool touches(Slice begin, Slice end) const override {
    return begin_ < end && (begin_ >= begin || (begin_ < end_ && begin < end_));
  }

 private:
  const Slice begin_;
  const Slice end_;
};

class Faults final : private BuggifyUser {
 public:
  // Counts in `latency` whether it is of interest. Both live longer.
  Faults(Latency& latency, Buggify& buggify);
  ~Faults();
  Faults(const Faults&) = delete;

  // From now on there are these rules, and nothing has been counted; but where they are those that there are, with more behind
  // them and the same seed, the counting goes on.
  void set(FaultSetting setting);
  // What happens at an occasion. `own` are those of the transaction, if it is one's.
  Fault decide(const Occasion& occasion, OneShotFaults* own = nullptr);

  // The rules and the seed in the form that is given to set() to have the same again.
  Bytes replay() const;
  // All that, and how often which rule has fired, in JSON.
  Bytes report() const;

 private:
  friend class OneShotFaults;

  struct Counted {
    FaultRule rule;
    int64_t occasions = 0;
    int64_t fired = 0;
  };

  // Where client_buggify_* may do something.
  static constexpr size_t kSections = 10;

  void buggify(const BuggifySetting& setting) noexcept override;
  void mix_locked() noexcept;
  int interest() const { return !rules_.empty() || active_ > 0; }
  uint64_t dice(uint64_t rule, int64_t occasion, uint64_t salt) const;
  bool fires(Counted& counted, uint64_t index, const Occasion& occasion) const;
  void apply(const FaultRule& rule, Sites at, uint64_t index, int64_t occasion, Fault* fault) const;
  void tell_once() const noexcept;
  void take_own(const Occasion& occasion, OneShotFaults* own, Fault* fault);
  bool extended_by(const std::vector<Counted>& rules, uint64_t seed) const;
  Bytes replay_locked() const;

  template <class Visitor>
  void for_each_rule(Visitor&& visit) {
    for (size_t index = 0; index < rules_.size(); ++index) visit(rules_[index], index);
    for (size_t index = 0; index < active_; ++index) visit(sections_[index], rules_.size() + index);
  }
  template <class Visitor>
  void for_each_rule(Visitor&& visit) const {
    const_cast<Faults*>(this)->for_each_rule([&](const Counted& counted, size_t index) { visit(counted, index); });
  }

  Latency& latency_;
  Buggify& buggify_;
  mutable std::mutex mutex_;
  std::optional<uint64_t> seed_;
  std::vector<Counted> rules_;
  BuggifySetting setting_;
  std::array<Counted, kSections> sections_;  // those that are active come first
  size_t active_ = 0;
  std::array<int64_t, kFaultKinds> one_shots_{};  // that have fired
  int64_t one_shot_number_ = 0;
};

// Faults that wait for the next operations of one transaction.
class OneShotFaults {
 public:
  OneShotFaults() = default;
  ~OneShotFaults() {
    clear();
    operation_ended();
  }
  OneShotFaults(const OneShotFaults&) = delete;

  // `faults` are those of the transaction's database, the same each time.
  void add(FaultRule rule, Faults& faults);
  // Takes back what was not used.
  void clear() noexcept;
  // The operation that has met some has its answer: until then Latency::disturbed() says that there is something about it.
  void operation_ended() noexcept {
    if (met_ != 0) let_go_of_met();
  }

 private:
  friend class Faults;

  void let_go_of_met() noexcept;

  Faults* faults_ = nullptr;
  std::vector<FaultRule> rules_;
  int met_ = 0;
};

}  // namespace fdb
