"""The public surface: every documented name is there, in source, with a docstring."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import fdb
import fdb.embedded
import fdb.impl
import fdb.layers
import fdb.telemetry
import fdb.testing

PUBLIC = (
    "LATEST_API_VERSION AsyncDatabase AsyncTenant ClientLibrary Collector ConflictRangeType Database "
    "DirectoryLayer DirectorySubspace ErrorCode FDBError FDBRange Future FutureInt64 FutureKeyArray FutureKeyValueArray "
    "FutureStringArray FutureUInt64 FutureVoid Key KeySelector KeyValue Policy Retry StreamingMode Subspace "
    "Tenant Transaction TransactionEvent TransactionRead Value Watch __version__ api_version browse directory "
    "get_api_version init is_api_version_selected observe open options predicates shell strinc transactional"
    " AsyncScan AsyncSession AsyncSessionTenant Page Ping Progress Scan Session SessionTenant Status"
)
IMPL = (
    "Database Transaction TransactionRead Tenant Future FutureVoid FutureInt64 FutureUInt64 "
    "FutureKeyValueArray FutureKeyArray FutureStringArray FutureString FormerFuture FDBRange Value Key "
    "KeyValue KeySelector FDBError StreamingMode ConflictRangeType Cluster transactional strinc open "
    "init create_cluster options predicates"
)
READS = "get get_key get_range get_range_startswith get_read_version get_estimated_range_size_bytes get_range_split_points db"
WRITES = (
    "set clear clear_range clear_range_startswith add bit_and bit_or bit_xor append_if_fits max min "
    "set_versionstamped_key set_versionstamped_value byte_min byte_max compare_and_clear and or xor bit_add"
)
OTHERS = (
    "snapshot options watch add_read_conflict_range add_read_conflict_key add_write_conflict_range "
    "add_write_conflict_key commit on_error reset cancel set_read_version get_committed_version "
    "get_approximate_size get_versionstamp"
)
SOURCE = (
    "get get_key get_range get_range_startswith set clear clear_range clear_range_startswith "
    "get_and_watch set_and_watch clear_and_watch create_transaction add bit_and bit_or bit_xor max min "
    "close __enter__ __exit__ run attempts transaction defaults "
    "scan count copy clear_in_batches write_in_batches"
)


def test_the_names_of_the_module() -> None:
    assert {*fdb.__all__} == set(PUBLIC.split())
    for name in fdb.__all__:
        assert hasattr(fdb, name), name


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (fdb.impl, IMPL),
        (fdb.TransactionRead, READS.replace(" db", "")),
        (fdb.Transaction, f"{READS.replace(' db', '')} {WRITES} {OTHERS}"),
        (fdb.Database, f"{SOURCE} options observers open_tenant get_client_status"),
        (fdb.Tenant, f"{SOURCE} get_id list_blobbified_ranges"),
        (fdb.AsyncDatabase, f"{SOURCE} __aenter__ options observers open_tenant get_client_status"),
        (fdb.AsyncTenant, f"{SOURCE} __aenter__ get_id list_blobbified_ranges"),
        (
            fdb.Future,
            "wait is_ready block_until_ready on_ready cancel wait_for_any done result exception cancelled",
        ),
        (fdb.Value, "present value as_foundationdb_key as_foundationdb_value"),
        (fdb.StreamingMode, "want_all iterator exact small medium large serial"),
        (fdb.predicates, "is_retryable is_maybe_committed is_retryable_not_committed"),
        (
            fdb.embedded,
            "CheckReport CompactReport FileInfo Problem backup check compact drop includedir info libdir library_path save "
            "set_latency unique",
        ),
        (fdb.telemetry, "LoggingExporter OpenTelemetryExporter"),
        (
            fdb.testing,
            # One line for each module.
            "Clock clock "
            "Shards shards "
            "DatabaseTestCase Faults faults temporary_database temporary_directory temporary_subspace "
            "Difference Finding RetryUnsafe assert_retry_safe "
            "NotSerializable Outcome Stuck assert_serializable "
            "AtomicWrite Attempt ConflictExplanation RecordedTransaction TransactionLog record",
        ),
        (
            fdb.layers,
            # One line for each module.
            "AsyncBlobReader AsyncBlobWriter Blob BlobReader BlobVersion BlobWriter Counter "
            "Appended AsyncSubscription StatusEvent Stream StreamEvent StreamTrimmedError Subscription "
            "AsyncQueueWorker Hold ItemLostError Lease LeaseGrant LeaseHeldError LeaseHolder LeaseLostError PriorityQueue Queue "
            "QueueCounts QueueItem QueueWorker "
            "Index IndexEntry IndexNotReady NotUnique Record Records",
        ),
        (fdb.FDBRange, "to_frame to_list __iter__ __aiter__ iterate pages"),
        (fdb.Scan, "to_frame __iter__ pages page continuation close __enter__ __exit__"),
        (fdb.Page, "to_frame"),
        (fdb.AsyncScan, "to_frame __aiter__ pages page continuation aclose __aenter__ __aexit__"),
        (
            fdb.KeySelector,
            "last_less_than last_less_or_equal first_greater_than first_greater_or_equal",
        ),
    ],
)
def test_documented_names(owner: object, names: str) -> None:
    missing = [name for name in names.split() if not hasattr(owner, name)]
    assert missing == []


def test_parameters_of_the_documented_methods() -> None:
    expected = {
        fdb.Transaction.get_range: ["begin", "end", "limit", "reverse", "streaming_mode"],
        fdb.Transaction.get_range_startswith: ["prefix", "limit", "reverse", "streaming_mode"],
        fdb.Transaction.get_estimated_range_size_bytes: ["begin_key", "end_key"],
        fdb.Transaction.get_range_split_points: ["begin_key", "end_key", "chunk_size"],
        fdb.Transaction.on_error: ["error"],
        fdb.Transaction.add: ["key", "param"],
        fdb.Database.get_key: ["key_selector"],
        fdb.Database.open_tenant: ["name"],
        fdb.Tenant.list_blobbified_ranges: ["begin", "end", "limit"],
        fdb.open: ["cluster_file", "event_model", "defaults"],
        fdb.KeySelector.__init__: ["key", "or_equal", "offset"],
    }
    for function, names in expected.items():
        parameters = [name for name in inspect.signature(function).parameters if name != "self"]
        assert parameters == names, function


def test_streaming_modes_have_their_numbers() -> None:
    modes = fdb.StreamingMode
    assert (modes.want_all, modes.iterator, modes.exact) == (-2, -1, 0)
    assert (modes.small, modes.medium, modes.large, modes.serial) == (1, 2, 3, 4)


def test_every_public_class_and_method_has_a_docstring() -> None:
    for owner in (
        fdb.Database,
        fdb.Tenant,
        fdb.AsyncDatabase,
        fdb.AsyncTenant,
        fdb.Transaction,
        fdb.TransactionRead,
        fdb.Future,
        fdb.FDBRange,
        fdb.KeySelector,
        fdb.ClientLibrary,
        fdb.FDBError,
    ):
        assert owner.__doc__
        for name, member in inspect.getmembers(owner):
            if not name.startswith("_") and callable(member):
                assert member.__doc__, f"{owner.__name__}.{name}"


def test_importing_loads_no_event_loop() -> None:
    code = "import sys, fdb; print([m for m in ('asyncio', 'gevent') if m in sys.modules])"
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert outcome.stdout == "[]\n"


def test_the_engine_is_there_without_an_import_of_its_own() -> None:
    code = "import fdb; print(fdb.embedded.unique()[:7], callable(fdb.embedded.drop))"
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert outcome.stdout == "memory: True\n"


def test_dir_lists_what_a_user_wants() -> None:
    modules = {
        *("apiversion", "directory_impl", "embedded", "fdboptions", "impl", "layers"),
        *("locality", "subspace_impl", "telemetry", "tenant_management", "testing", "tuple"),
    }
    assert {*dir(fdb)} == {*fdb.__all__} | modules
    for name in dir(fdb):
        assert getattr(fdb, name) is not None


def test_importing_leaves_the_names_of_errors_for_their_first_use() -> None:
    code = "import sys, fdb; print([m for m in sys.modules if 'error_codes' in m], fdb.ErrorCode(1020))"
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert outcome.stdout.startswith("[] ")
