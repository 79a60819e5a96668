"""The others in the play: CAPE and M3IPAM as a manager of CAPE-IP sees them (the contract's pages 1, 3, 6, 7).

Each looks at the world whenever it changes and does what is due, in a thread of its own. `pause` stops
that; `step` then does one round by hand.
"""

import contextlib
import http.client
import ipaddress
import threading
import time

from kube import ApiError, is_race, key_of

CAPE_FINALIZER = "elfmachine.infrastructure.cluster.x-k8s.io"
OUR_FINALIZER = "elfmachinestaticip.infrastructure.cluster.x-k8s.io"
POOL_FINALIZER = "ippool.ipam.metal3.io"
CLAIM_FINALIZER = "ipclaim.ipam.metal3.io"
ADDRESS_FINALIZER = "ipaddress.ipam.metal3.io"

EXHAUSTED = "Exhausted IP Pools"


def finalizers(obj):
    return obj["metadata"].get("finalizers", [])


def is_deleting(obj):
    return "deletionTimestamp" in obj["metadata"]


class Player(threading.Thread):
    """Calls step() whenever the world has changed."""

    def __init__(self, world):
        super().__init__(name=type(self).__name__, daemon=True)
        self.world = world
        self._acting = threading.Lock()
        self._is_paused = False
        self._is_stopping = False

    def pause(self):
        """Does nothing more by itself once this has returned."""
        with self._acting:
            self._is_paused = True

    def resume(self):
        self._is_paused = False
        self._wake()

    def stop(self):
        self._is_stopping = True
        self._wake()
        self.join()

    def run(self):
        while not self._is_stopping:
            with self._acting:
                if not self._is_paused:
                    self._try_step()
            with self.world.changed:
                self.world.changed.wait(0.2)

    def step(self):
        raise NotImplementedError

    def _try_step(self):
        with contextlib.suppress(OSError, http.client.HTTPException):  # the server restarts: again
            try:
                self.step()
            except ApiError as error:
                if error.status < 500 and error.status != 429:  # 429: "storage is (re)initializing"
                    raise

    def _wake(self):
        with self.world.changed:
            self.world.changed.notify_all()

    def set_finalizers(self, kind, obj, wanted):
        """Replaces the finalizers unless the object has changed meanwhile; then the next round does it."""
        try:
            return self.world.update(kind, obj, {"metadata": {"finalizers": wanted or None}})
        except ApiError as error:
            if not is_race(error):
                raise
            return None


class Cape(Player):
    """Puts CAPE's finalizer on ElfMachines; takes it off a deleted one when its VM is gone."""

    def __init__(self, world, replaces_finalizers=False):
        super().__init__(world)
        self.replaces_finalizers = replaces_finalizers  # as before CAPE 1.3
        self.keeps_vms = False  # the VMs of deleted machines are not gone yet
        self.ignores = set()  # names of machines that CAPE has not looked at yet

    def step(self):
        for machine in self.world.all("ElfMachine"):
            has_ours = CAPE_FINALIZER in finalizers(machine)
            if is_deleting(machine):
                if has_ours and not self.keeps_vms:
                    self.let_go(machine)
            elif not has_ours and machine["metadata"]["name"] not in self.ignores:
                self.take_on(machine)

    def take_on(self, machine):
        if not any(owner["kind"] == "Machine" for owner in machine["metadata"].get("ownerReferences", [])):
            return
        if self.replaces_finalizers:
            with contextlib.suppress(ApiError):
                self.world.patch("ElfMachine", machine, {"metadata": {"finalizers": [CAPE_FINALIZER]}})
        else:
            self.set_finalizers("ElfMachine", machine, finalizers(machine) + [CAPE_FINALIZER])

    def let_go(self, machine):
        self.set_finalizers("ElfMachine", machine, [f for f in finalizers(machine) if f != CAPE_FINALIZER])


class Metal3Ipam(Player):
    """Serves IPClaims from IPPools as M3IPAM does, or as a test wants it to."""

    def __init__(self, world):
        super().__init__(world)
        self.leaves = lambda claim: False  # claims that are not looked at for now
        self.alters = {}  # claim name -> fields of the IPAddress' spec that are other than they should be

    def step(self):
        claims = sorted(self.world.all("IPClaim"), key=lambda c: (c["metadata"]["creationTimestamp"], key_of(c)))
        claims = [claim for claim in claims if not self.leaves(claim)]
        for claim in claims:
            if is_deleting(claim):
                self.release(claim)
        for claim in claims:
            if not is_deleting(claim) and self._is_unanswered(claim):
                self.serve(claim)
        for pool in self.world.all("IPPool"):
            self._keep_pool(pool)

    def serve(self, claim):
        """Answers a claim: an IPAddress, or M3IPAM's refusal. A refused claim is never looked at again."""
        pool = self._pool_of(claim)
        if pool is None or is_deleting(pool):
            return
        if CLAIM_FINALIZER not in finalizers(claim):
            claim = self.set_finalizers("IPClaim", claim, finalizers(claim) + [CLAIM_FINALIZER])
            if claim is None:
                return
        address = self._held_for(claim) or self._free_address(pool, claim)
        if address is None:
            self._answer(claim, {"errorMessage": EXHAUSTED})
            return
        obj = self._create_address(pool, claim, address)
        if obj:
            self._answer(claim, {"address": {"name": obj["metadata"]["name"], "namespace": key_of(obj)[0]},
                                 "errorMessage": None})

    def refuse(self, claim, text):
        """Answers a claim with an error of the test's choice."""
        self._answer(claim, {"errorMessage": text})

    def release(self, claim):
        """Gives the address of a deleted claim back, unless others still hold the claim."""
        if any(finalizer != CLAIM_FINALIZER for finalizer in finalizers(claim)):
            return
        for address in self.world.all("IPAddress"):
            if key_of(address)[0] == key_of(claim)[0] and address["spec"]["claim"]["name"] == key_of(claim)[1]:
                self.remove_address(address)
        if CLAIM_FINALIZER in finalizers(claim):
            self.set_finalizers("IPClaim", claim, [])

    def remove_address(self, address):
        self.world.delete("IPAddress", address)
        kept = [f for f in finalizers(address) if f != ADDRESS_FINALIZER]
        try:
            self.world.patch("IPAddress", address, {"metadata": {"finalizers": kept or None}})
        except ApiError as error:
            if error.status != 404:  # gone is fine; the claim lets go only of an address that is
                raise

    def _is_unanswered(self, claim):
        status = claim.get("status", {})
        return not status.get("address") and not status.get("errorMessage")

    def _answer(self, claim, status):
        with contextlib.suppress(ApiError):  # deleted meanwhile
            self.world.patch("IPClaim", claim, {"status": status}, "status")

    def _pool_of(self, claim):
        reference = claim["spec"]["pool"]
        return self.world.find("IPPool", reference.get("namespace") or key_of(claim)[0], reference.get("name"))

    def _addresses_of(self, pool):
        return [a for a in self.world.all("IPAddress")
                if (a["spec"]["pool"].get("namespace"), a["spec"]["pool"].get("name")) == key_of(pool)]

    def _held_for(self, claim):
        """The address that an earlier round gave this claim without getting to say so."""
        for address in self.world.all("IPAddress"):
            if key_of(address)[0] == key_of(claim)[0] and address["spec"]["claim"]["name"] == key_of(claim)[1]:
                return address["spec"]["address"] if not is_deleting(address) else None
        return None

    def _free_address(self, pool, claim):
        wanted = pool["spec"].get("preAllocations", {})
        if key_of(claim)[1] in wanted:
            return wanted[key_of(claim)[1]]
        used = {a["spec"]["address"] for a in self._addresses_of(pool)} | set(wanted.values())
        return next((text for text in addresses_of(pool) if text not in used), None)

    def _create_address(self, pool, claim, text):
        namespace = key_of(pool)[0]
        spec = {"address": text, **entry_of(pool, text),
                "pool": {"name": key_of(pool)[1], "namespace": namespace},
                "claim": {"name": key_of(claim)[1], "namespace": key_of(claim)[0]}}
        spec.update(self.alters.get(key_of(claim)[1], {}))
        name = f"{pool['spec']['namePrefix']}-{text.replace('.', '-').replace(':', '-')}".rstrip("-")
        metadata = {"name": name, "namespace": namespace, "labels": claim["metadata"].get("labels", {}),
                    "finalizers": [ADDRESS_FINALIZER], "ownerReferences": [reference_to(pool, "IPPool"),
                                                                          reference_to(claim, "IPClaim")]}
        try:
            return self.world.create("IPAddress", {"metadata": metadata, "spec": without_none(spec)})
        except ApiError as error:
            if error.status != 409:
                raise
            return self._own_address(namespace, name, claim)

    def _own_address(self, namespace, name, claim):
        """The IPAddress of that name if it was made for this claim."""
        address = self.world.find("IPAddress", namespace, name)
        is_own = address and not is_deleting(address) and address["spec"]["claim"]["name"] == key_of(claim)[1]
        return address if is_own else None

    def _keep_pool(self, pool):
        addresses = self._addresses_of(pool)
        has_ours = POOL_FINALIZER in finalizers(pool)
        if is_deleting(pool):
            if has_ours and not addresses:
                self.set_finalizers("IPPool", pool, [f for f in finalizers(pool) if f != POOL_FINALIZER])
            return
        if not has_ours:
            self.set_finalizers("IPPool", pool, finalizers(pool) + [POOL_FINALIZER])
            return
        indexes = {a["spec"]["claim"]["name"]: a["spec"]["address"] for a in addresses}
        known = pool.get("status", {}).get("indexes", {})
        if indexes != known:
            change = {**{name: None for name in known}, **indexes}
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            with contextlib.suppress(ApiError):
                self.world.patch("IPPool", pool, {"status": {"indexes": change, "lastUpdated": now}}, "status")


def reference_to(obj, kind):
    group = "ipam.metal3.io/v1alpha1"
    return {"apiVersion": group, "kind": kind, "name": key_of(obj)[1], "uid": obj["metadata"]["uid"]}


def without_none(fields):
    return {key: value for key, value in fields.items() if value is not None}


def addresses_of(pool):
    """All addresses of a pool's ranges, in order (no more than a test needs)."""
    for entry in pool["spec"].get("pools", []):
        subnet = ipaddress.ip_network(entry["subnet"]) if "subnet" in entry else None
        first = int(ipaddress.ip_address(entry["start"])) if "start" in entry else int(subnet[1])
        last = int(ipaddress.ip_address(entry["end"])) if "end" in entry else (
            int(subnet[-1]) if subnet else first + 65535)
        for number in range(first, last + 1):
            if subnet is None or ipaddress.ip_address(number) in subnet:
                yield str(ipaddress.ip_address(number))


def entry_of(pool, text):
    """Prefix, gateway and DNS servers of an address: its entry's, else the pool's."""
    fields = {key: pool["spec"].get(key) for key in ("prefix", "gateway", "dnsServers")}
    for entry in pool["spec"].get("pools", []):
        if text in addresses_of({"spec": {"pools": [entry]}}):
            fields.update({key: entry[key] for key in fields if key in entry})
            break
    return fields
