// A skip list of boundaries. Each node carries the version of the segment that starts at it, and each of its links the
// newest version among the segments the link passes over. As versions only grow, an add makes the new version
// the newest of every link that passes over it, whatever was there.

#include "store/conflict_set.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "store/point_writes.h"

namespace fdb {

namespace {

constexpr int kMaxLevels = 16;  // with a quarter of the nodes on the next level: enough for 4^16 boundaries
constexpr Version kNever = std::numeric_limits<Version>::min();

// Boundaries that the sweep visits per add; an add makes at most two.
constexpr int kSweepPerAdd = 6;
constexpr int kSweepPerForget = 2;
// Nodes that are freed per add, of those that earlier adds have covered.
constexpr int kBuriedPerAdd = 256;
// A sweep starts with a search, so it has to be worth it.
constexpr int kSmallestSweep = 64;

struct Node;

struct Link {
  Node* next;
  Version newest;  // of the segments from the node to `next`
};

// Layout: Node | Link[levels] | key bytes.
struct Node {
  Version version;
  uint32_t key_size;
  int levels;

  Link* links() { return reinterpret_cast<Link*>(this + 1); }
  Slice key() { return Slice(reinterpret_cast<char*>(links() + levels), key_size); }
};

Node* make_node(Slice key, Version version, int levels) {
  const size_t size = sizeof(Node) + static_cast<size_t>(levels) * sizeof(Link) + key.size();
  Node* node = new (::operator new(size)) Node{version, static_cast<uint32_t>(key.size()), levels};
  for (int level = 0; level < levels; ++level) node->links()[level] = Link{nullptr, version};
  if (!key.empty()) std::memcpy(reinterpret_cast<char*>(node->links() + levels), key.data(), key.size());
  return node;
}

void free_node(Node* node) { ::operator delete(node); }

using NewNode = std::unique_ptr<Node, void (*)(Node*)>;  // until it is linked

}  // namespace

struct ConflictSet::Impl {
  // Per level the last node before some place.
  using Fingers = Node* [kMaxLevels];

  Impl() : head(make_node(Slice(), kNever, kMaxLevels)) {}
  ~Impl() {
    for (Node* list : {head, covered}) {
      for (Node* node = list; node != nullptr;) {
        Node* next = node->links()[0].next;
        free_node(node);
        node = next;
      }
    }
  }

  // The last nodes before `key`; with `inclusive`, before or at it. The head comes before every key.
  void find(Slice key, bool inclusive, Fingers& fingers) const {
    Node* node = head;
    Node* limit = nullptr;  // known to be behind the place
    for (int level = kMaxLevels - 1; level >= 0; --level) {
      for (;;) {
        Node* next = node->links()[level].next;
        if (next == nullptr || next == limit) break;
        const int order = next->key().compare(key);
        if (order > 0 || (order == 0 && !inclusive)) {
          limit = next;
          break;
        }
        node = next;
      }
      fingers[level] = node;
    }
  }

  int random_levels() {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    int levels = 1;
    for (uint64_t bits = random; levels < kMaxLevels && (bits & 3) == 0; bits >>= 2) ++levels;
    return levels;
  }

  // Newest version on `level` from `node` up to (not including) `stop`, from the links one level below.
  static Version newest_below(Node* node, Node* stop, int level) {
    Version newest = kNever;
    for (; node != stop; node = node->links()[level - 1].next) newest = std::max(newest, node->links()[level - 1].newest);
    return newest;
  }

  // Inserts a boundary behind the fingers and moves them to it.
  void insert(Node* node, Fingers& fingers) {
    for (int level = 0; level < node->levels; ++level) {
      Link& before = fingers[level]->links()[level];
      Link& link = node->links()[level];
      link.next = before.next;
      before.next = node;
      if (level > 0) {
        link.newest = newest_below(node, link.next, level);
        before.newest = newest_below(fingers[level], node, level);
      }
    }
    for (int level = 0; level < node->levels; ++level) fingers[level] = node;
    ++size;
  }

  // Removes the node right behind the fingers.
  void remove_next(Fingers& fingers) {
    Node* node = fingers[0]->links()[0].next;
    for (int level = 0; level < node->levels; ++level) {
      Link& before = fingers[level]->links()[level];
      if (level > 0) before.newest = std::max(before.newest, node->links()[level].newest);
      before.next = node->links()[level].next;
    }
    free_node(node);
    --size;
  }

  // Gives the segment at `node` the newest version; `fingers` point before it.
  void mark(Node* node, Version version, Fingers& fingers) {
    node->version = version;
    for (int level = 0; level < kMaxLevels; ++level) {
      Node* passing = level < node->levels ? node : fingers[level];
      passing->links()[level].newest = version;
    }
  }

  // Cuts out the nodes behind `fingers` up to `last`; a million of them take no longer than one, as bury() frees them.
  void cover(Fingers& fingers, Fingers& last) {
    if (last[0] == fingers[0]) return;
    Node* first = fingers[0]->links()[0].next;
    for (int level = 0; level < kMaxLevels; ++level) fingers[level]->links()[level].next = last[level]->links()[level].next;
    last[0]->links()[0].next = covered;
    covered = first;
  }

  void bury() {
    for (int i = 0; i < kBuriedPerAdd && covered != nullptr; ++i) {
      Node* node = covered;
      covered = node->links()[0].next;
      free_node(node);
      --size;
    }
  }

  void add(Slice begin, Slice end, Version version) {
    bury();
    Fingers fingers;
    find(begin, false, fingers);
    Node* first = fingers[0]->links()[0].next;
    if (first != nullptr && first->key() == begin) {
      // The hot case: the same range written again.
      Node* second = first->links()[0].next;
      if (second != nullptr && second->key() == end) return mark(first, version, fingers);
    }
    Fingers last;
    std::copy_n(fingers, kMaxLevels, last);
    if (first != nullptr && first->key() < end) find(end, false, last);
    const Version covering = last[0]->version;  // what the segment had in which `end` lies
    Node* next = last[0]->links()[0].next;
    // Everything that may fail comes before the first change.
    NewNode start(make_node(begin, version, random_levels()), free_node);
    NewNode stop(next != nullptr && next->key() == end ? nullptr : make_node(end, covering, random_levels()), free_node);
    cover(fingers, last);
    bury();
    // The links that pass over the removed nodes do not show what is newest there; insert() and mark() set all of these.
    Fingers before;
    std::copy_n(fingers, kMaxLevels, before);
    Node* node = start.release();
    insert(node, fingers);
    if (stop) insert(stop.release(), fingers);
    mark(node, version, before);
  }

  bool conflicts(Slice begin, Slice end, Version since) const {
    // Down to the segment that `begin` lies in.
    Node* node = head;
    for (int level = kMaxLevels - 1; level >= 0; --level) {
      Link* link = &node->links()[level];
      while (link->next != nullptr && link->next->key() <= begin) {
        node = link->next;
        link = &node->links()[level];
      }
      const bool passes_over_all = link->next == nullptr || link->next->key() >= end;
      if (passes_over_all && link->newest <= since) return false;
    }
    // And from there to `end`, over the longest links that do not pass it.
    for (int level = 0;;) {
      const Link& link = node->links()[level];
      if (link.next != nullptr && link.next->key() < end) {
        if (link.newest > since) return true;
        node = link.next;
        level = node->levels - 1;
      } else if (link.newest <= since) {
        return false;
      } else if (level == 0) {
        return true;
      } else {
        --level;
      }
    }
  }

  void forget(Version version) {
    if (size == 0) return;
    bury();  // single keys may be all that is still added
    credit += kSweepPerForget;
    if (credit < kSmallestSweep) return;
    Fingers fingers;
    find(sweep_position, true, fingers);
    for (; credit > 0; --credit) {
      Node* next = fingers[0]->links()[0].next;
      if (next == nullptr) {
        credit = 0;
        find(Slice(), false, fingers);
        break;
      }
      if (next->version <= version && fingers[0]->version <= version) {
        remove_next(fingers);
      } else {
        for (int level = 0; level < next->levels; ++level) fingers[level] = next;
      }
    }
    remember_place(fingers[0]->key());
  }

  // Where the next sweep goes on; from the start if there is no memory to remember it.
  void remember_place(Slice key) noexcept {
    try {
      sweep_position = key;
    } catch (const std::bad_alloc&) {
      sweep_position.clear();
    }
  }

  PointWrites points;
  Version newest_range = kNever;
  Node* head;               // the segment before the first boundary; never removed
  Node* covered = nullptr;  // removed by an add, but not freed; linked on the lowest level
  size_t size = 0;          // with those
  int credit = 0;
  Bytes sweep_position;
  uint64_t random = 0x9e3779b97f4a7c15;  // fixed, so that a simulation can be replayed
};

ConflictSet::ConflictSet() : impl_(new Impl) {}
ConflictSet::~ConflictSet() { delete impl_; }

void ConflictSet::add(Slice begin, Slice end, Version version) {
  if (begin >= end) return;
  if (is_key_after(end, begin)) return impl_->points.add(begin, version);
  impl_->credit += kSweepPerAdd;
  impl_->add(begin, end, version);
  impl_->newest_range = version;
}

bool ConflictSet::conflicts(Slice begin, Slice end, Version since) const {
  if (impl_->points.conflicts(begin, end, since)) return true;
  return impl_->newest_range > since && begin < end && impl_->conflicts(begin, end, since);
}

void ConflictSet::forget(Version version) noexcept {
  impl_->points.forget(version);
  impl_->forget(version);
}

size_t ConflictSet::size() const { return impl_->size + impl_->points.size(); }

}  // namespace fdb
