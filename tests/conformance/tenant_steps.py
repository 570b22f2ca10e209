"""The steps of a trace that make, list, use and delete tenants."""

import json

from trace_state import TraceState, unhex


class TenantSteps(TraceState):
    """Tenants are named by `tenant`."""

    def op_tenant_list(self, args):
        """Names of the tenants in [b, e), at most `limit`, with the member names of their JSON."""
        from fdb import tenant_management

        rows = tenant_management.list_tenants(
            self.db, unhex(args["b"]), unhex(args["e"]), args["limit"]
        )
        return [[bytes(kv.key).hex(), sorted(json.loads(bytes(kv.value)))] for kv in rows.to_list()]

    def op_tenant_tr(self, args):
        """Creates or deletes inside an open transaction; shows at its commit."""
        from fdb import tenant_management

        call = (
            tenant_management.create_tenant
            if args["do"] == "create"
            else tenant_management.delete_tenant
        )
        call(self.transactions[args["tr"]], unhex(args["tenant"]))

    def op_tenant_id(self, args):
        """Whether the id is a positive number."""
        return self.db.open_tenant(unhex(args["tenant"])).get_id().wait() > 0

    def op_tenant_get(self, args):
        return self.show_value(self.db.open_tenant(unhex(args["tenant"]))[self.key(args)])

    def op_tenant_set(self, args):
        self.db.open_tenant(unhex(args["tenant"]))[self.key(args)] = unhex(args["v"])

    def op_tenant_clear(self, args):
        """Empties the tenant."""
        del self.db.open_tenant(unhex(args["tenant"]))[b"":b"\xff"]

    def op_tenant_raw(self, args):
        """What a transaction without tenant sees under the tenant's 8-byte prefix, shown without it."""
        number = self.db.open_tenant(unhex(args["tenant"])).get_id().wait()
        tr = self.db.create_transaction()
        tr.options.set_raw_access()
        start = number.to_bytes(8, "big")
        rows = tr.get_range(start, start + b"\xff" * 20).to_list()
        return [[self.show(kv.key[8:]), self.show_value(kv.value)] for kv in rows]

    def op_tenant(self, args):
        from fdb import tenant_management

        if args["do"] == "create":
            tenant_management.create_tenant(self.db, unhex(args["tenant"]))
        else:
            tenant_management.delete_tenant(self.db, unhex(args["tenant"]))
