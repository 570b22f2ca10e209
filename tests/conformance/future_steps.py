"""The steps of a trace that start something in one step and look at it in a later one."""

import gc
import time

from trace_state import TraceState


class FutureSteps(TraceState):
    """Watches, futures and versions that are remembered, under the names w and f."""

    def op_watch(self, args):
        self.watches[args["w"]] = self.transactions[args["tr"]].watch(self.key(args))

    def op_watch_state(self, args):
        """'fired', 'waiting', or the error the watch ended with; waits up to `wait` seconds for an end."""
        watch = self.watches[args["w"]]
        end = time.monotonic() + args["wait"]
        while not watch.is_ready() and time.monotonic() < end:
            time.sleep(0.01)
        if not watch.is_ready():
            return "waiting"
        watch.wait()
        return "fired"

    def op_watch_cancel(self, args):
        self.watches[args["w"]].cancel()

    def op_start(self, args):
        """Starts `do` and keeps its future under the name f."""
        tr, do = self.transactions[args["tr"]], args["do"]
        if do == "get":
            started = self.reader(args).get(self.key(args)), self.show_optional
        elif do == "get_key":
            started = self.reader(args).get_key(self.selector(args, "s")), self.show_key
        elif do == "on_error":
            started = tr.on_error(args["code"]), self.show_nothing
        elif do == "versionstamp":
            started = tr.get_versionstamp(), self.show_length
        elif do == "read_version":
            started = tr.get_read_version(), self.show_positive
        elif do == "approximate_size":
            started = tr.get_approximate_size(), self.show_number
        else:
            started = tr.commit(), self.show_nothing
        self.futures[args["f"]] = started

    def op_start_range(self, args):
        """A range read whose first batch is requested now and whose rows are taken by finish_range."""
        self.futures[args["f"]] = self.reader(args).get_range(
            self.selector(args, "b"), self.selector(args, "e"), limit=args.get("limit", 0)
        )

    def op_finish_range(self, args):
        return self.pairs(self.futures[args["f"]].to_list())

    def op_finish(self, args):
        """The answer of a started future, or "pending" when it is not ready within `wait` seconds."""
        future, show = self.futures[args["f"]]
        end = time.monotonic() + args.get("wait", 5)
        while not future.is_ready() and time.monotonic() < end:
            time.sleep(0.005)
        return show(future.wait()) if future.is_ready() else "pending"

    def op_future_cancel(self, args):
        self.futures[args["f"]][0].cancel()

    def op_destroy(self, args):
        """Drops the transaction object, and with it the C transaction."""
        del self.transactions[args["tr"]]
        gc.collect()

    def op_relative_read_version(self, args):
        """set_read_version to the read version of another transaction plus `add`."""
        version = self.transactions[args["from"]].get_read_version().wait()
        self.transactions[args["tr"]].set_read_version(version + args["add"])

    def op_same_read_version(self, args):
        """Whether two transactions have the same read version."""
        versions = [self.transactions[args[n]].get_read_version().wait() for n in ("tr", "as")]
        return versions[0] == versions[1]

    def op_remember_read_version(self, args):
        self.futures[args["f"]] = self.transactions[args["tr"]].get_read_version().wait()

    def op_read_version_kept(self, args):
        """Whether the read version is still the one that was remembered under f."""
        return self.transactions[args["tr"]].get_read_version().wait() == self.futures[args["f"]]

    def op_commit_after_read(self, args):
        """Whether the committed version of `tr` lies above the read version remembered under f."""
        return self.transactions[args["tr"]].get_committed_version() > self.futures[args["f"]]

    def op_committed_is(self, args):
        """Compares the committed version with a number, e.g. -1."""
        return self.transactions[args["tr"]].get_committed_version() == args["number"]
