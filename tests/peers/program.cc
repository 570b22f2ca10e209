// A C++ program written for the vendor's client library, linked with -lfdb_c.
#define FDB_API_VERSION 740
#include <foundationdb/fdb_c.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Error : std::runtime_error {
    explicit Error(fdb_error_t code) : std::runtime_error(fdb_get_error(code)), code(code) {}
    fdb_error_t code;
};

void check(fdb_error_t error) {
    if (error) {
        throw Error(error);
    }
}

void require(bool holds, const char *what) {
    if (!holds) {
        throw std::runtime_error(std::string("not true: ") + what);
    }
}

const uint8_t *data(std::string_view text) { return reinterpret_cast<const uint8_t *>(text.data()); }

int size(std::string_view text) { return static_cast<int>(text.size()); }

struct FutureDeleter {
    void operator()(FDBFuture *future) const { fdb_future_destroy(future); }
};
using Future = std::unique_ptr<FDBFuture, FutureDeleter>;

// Waits by a callback instead of blocking in the library.
void wait(FDBFuture *future) {
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        bool ready = false;
    } state;
    check(fdb_future_set_callback(
        future,
        [](FDBFuture *, void *parameter) {
            auto *state = static_cast<State *>(parameter);
            std::lock_guard<std::mutex> lock(state->mutex);
            state->ready = true;
            state->changed.notify_one();
        },
        &state));
    std::unique_lock<std::mutex> lock(state.mutex);
    state.changed.wait(lock, [&] { return state.ready; });
}

class Transaction {
  public:
    explicit Transaction(FDBDatabase *db) { check(fdb_database_create_transaction(db, &tr_)); }
    ~Transaction() { fdb_transaction_destroy(tr_); }
    Transaction(const Transaction &) = delete;
    Transaction &operator=(const Transaction &) = delete;

    std::optional<std::string> get(std::string_view key) {
        Future read(fdb_transaction_get(tr_, data(key), size(key), 0));
        wait(read.get());
        fdb_bool_t present = 0;
        const uint8_t *value = nullptr;
        int length = 0;
        check(fdb_future_get_value(read.get(), &present, &value, &length));
        if (!present) {
            return std::nullopt;
        }
        return std::string(reinterpret_cast<const char *>(value), static_cast<size_t>(length));
    }

    void set(std::string_view key, std::string_view value) {
        fdb_transaction_set(tr_, data(key), size(key), data(value), size(value));
    }

    void add(std::string_view key, int64_t amount) {
        fdb_transaction_atomic_op(tr_, data(key), size(key), reinterpret_cast<uint8_t *>(&amount),
                                  sizeof(amount), FDB_MUTATION_TYPE_ADD);
    }

    void commit() { finish(fdb_transaction_commit(tr_)); }
    void on_error(fdb_error_t code) { finish(fdb_transaction_on_error(tr_, code)); }

  private:
    static void finish(FDBFuture *raw) {
        Future future(raw);
        wait(future.get());
        check(fdb_future_get_error(future.get()));
    }

    FDBTransaction *tr_ = nullptr;
};

template <class Work> void transact(FDBDatabase *db, Work work) {
    Transaction tr(db);
    for (;;) {
        try {
            work(tr);
            tr.commit();
            return;
        } catch (const Error &error) {
            tr.on_error(error.code);
        }
    }
}

void appending_threads(FDBDatabase *db) {
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; number++) {
        threads.emplace_back([db] {
            for (int turn = 0; turn < 50; turn++) {
                transact(db, [](Transaction &tr) {
                    tr.set("text", tr.get("text").value_or("") + "x");
                    tr.add("sum", 3);
                });
            }
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    transact(db, [](Transaction &tr) {
        require(tr.get("text").value_or("").size() == 200, "no append was lost");
        require(tr.get("sum").value_or("").at(0) == static_cast<char>(600 % 256), "the sum is 600");
        require(!tr.get("absent"), "nothing was stored there");
    });
}

} // namespace

int main(int argc, char **argv) {
    try {
        check(fdb_select_api_version(FDB_API_VERSION));
        check(fdb_setup_network());
        std::thread network([] { check(fdb_run_network()); });
        FDBDatabase *db = nullptr;
        check(fdb_create_database(argc > 1 ? argv[1] : "memory:cpp", &db));
        appending_threads(db);
        fdb_database_destroy(db);
        check(fdb_stop_network());
        network.join();
        std::cout << "C++: 200 appends by 4 threads\n";
        return 0;
    } catch (const std::exception &problem) {
        std::cerr << problem.what() << '\n';
        std::_Exit(1); // the network thread may still run
    }
}
