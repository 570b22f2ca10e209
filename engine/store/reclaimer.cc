#include "store/reclaimer.h"

#include <condition_variable>
#include <mutex>
#include <new>

#include "base/fork.h"
#include "base/thread.h"
#include "store/leaf_page.h"
#include "store/store_node.h"

namespace fdb::store {

namespace {

struct State {
  std::mutex mutex;
  std::condition_variable wake;
  Node* queue = nullptr;  // linked by next_dead
  int64_t backlog = 0;    // estimated bytes below the queued nodes and those the thread works on
  bool running = false;
};

State& state();

int64_t weight(const Node* node) { return node->bytes + 64 * (node->keys + 1); }

// Frees one dead node; children that die with it are put in front of *list.
void bury(Node* node, Node** list) {
  if (node->is_page()) {
    Node* leaf = free_page(static_cast<Page*>(node));
    if (leaf == nullptr || leaf->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    leaf->next_dead = *list;
    *list = leaf;
    return;
  }
  if (!node->is_leaf()) {
    Child* children = node->children();
    for (int i = 0; i < node->count; ++i) __builtin_prefetch(children[i].node, 1);
    for (int i = 0; i < node->count; ++i) {
      Node* child = children[i].node;
      if (child->references.fetch_sub(1, std::memory_order_acq_rel) != 1) continue;
      child->next_dead = *list;
      *list = child;
    }
  }
  release_blobs(node);
  free_node(node);
}

void* run(void*) {
  State& shared = state();
  std::unique_lock lock(shared.mutex);
  for (;;) {
    shared.wake.wait(lock, [&] { return shared.queue != nullptr; });
    Node* node = shared.queue;
    shared.queue = node->next_dead;
    const int64_t done = weight(node);
    lock.unlock();
    node->next_dead = nullptr;
    for (Node* list = node; list != nullptr;) {
      Node* next = list;
      list = next->next_dead;
      bury(next, &list);
    }
    lock.lock();
    shared.backlog -= done;
  }
}

// Starts the detached thread; false if the system refuses.
bool start_thread() {
  Thread thread;
  const bool started = thread.try_to_start(run, nullptr);
  thread.detach();
  return started;
}

void before_fork() { state().mutex.lock(); }
void after_fork_in_parent() { state().mutex.unlock(); }
void after_fork_in_child() {
  State& shared = state();
  shared.running = false;
  // The condition variable may count a waiter that does not exist here.
  new (&shared.wake) std::condition_variable;
  shared.mutex.unlock();
}

// Made once and never destroyed: threads may outlive static destruction. Needs no memory: what is dropped when there is none
// gives some back.
State& state() {
  alignas(State) static unsigned char place[sizeof(State)];
  static State* const shared = new (place) State;
  static ForkHooks hooks{before_fork, after_fork_in_parent, after_fork_in_child};
  static const bool registered = [] {
    on_fork(&hooks);
    return true;
  }();
  static_cast<void>(registered);
  return *shared;
}

// Takes over the list; false if the caller has to free it.
bool hand_over(Node* list) {
  State& shared = state();
  std::lock_guard lock(shared.mutex);
  if (shared.backlog > kMaxBacklog) return false;
  if (!shared.running && !start_thread()) return false;
  shared.running = true;
  while (list != nullptr) {
    Node* next = list->next_dead;
    shared.backlog += weight(list);
    list->next_dead = shared.queue;
    shared.queue = list;
    list = next;
  }
  shared.wake.notify_one();
  return true;
}

}  // namespace

void release(Node* node) {
  if (node == nullptr || node->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  node->next_dead = nullptr;
  Node* list = node;
  int budget = kInlineBudget;
  while (list != nullptr) {
    if (budget-- == 0 && hand_over(list)) return;
    Node* next = list;
    list = next->next_dead;
    bury(next, &list);
  }
}

int64_t reclaimer_backlog() {
  State& shared = state();
  std::lock_guard lock(shared.mutex);
  return shared.backlog;
}

}  // namespace fdb::store
