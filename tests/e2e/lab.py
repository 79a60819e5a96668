"""What a test works with: a cluster of its own on the control plane, the other players, and managers."""

import contextlib
import datetime
import itertools
import json

import invariants
from kube import ApiError, DEADLINE_S, key_of
from manager import Manager
from players import Cape, Metal3Ipam, OUR_FINALIZER, finalizers, without_none

CLUSTER_LABEL = "cluster.x-k8s.io/cluster-name"
POOL_NAME = "cluster.x-k8s.io/ip-pool-name"
POOL_NAMESPACE = "cluster.x-k8s.io/ip-pool-namespace"
POOL_GROUP = "cluster.x-k8s.io/ip-pool-group"
NETWORK_NAME = "cluster.x-k8s.io/network-name"
DEFAULT_POOL = "ippool.cluster.x-k8s.io/is-default"
CLONED_FROM = "cluster.x-k8s.io/cloned-from-name"
PAUSED = "cluster.x-k8s.io/paused"
WATCH_FILTER = "cluster.x-k8s.io/watch-filter"

LEASE = ("default", "cape-ip-controller-manager-runtime")

# What a test leaves behind is taken away in this order.
CLEANED = ("ElfMachine", "IPClaim", "IPAddress", "IPPool", "ElfMachineTemplate", "Machine", "Cluster")

_numbers = itertools.count(1)


def device(**fields):
    """A network device that wants a static address."""
    return {"networkType": "IPV4", "vlan": "vlan-1", **fields}


class Elf:
    """An ElfMachine by name; what is read from it is what it is at that moment."""

    def __init__(self, world, namespace, name):
        self.world, self.namespace, self.name = world, namespace, name

    def __repr__(self):
        return f"{self.namespace}/{self.name}"

    @property
    def key(self):
        return self.namespace, self.name

    @property
    def obj(self):
        return self.world.find("ElfMachine", *self.key)

    @property
    def exists(self):
        return self.obj is not None

    @property
    def devices(self):
        return invariants.devices_of(self.obj)

    @property
    def addresses(self):
        """The addresses of all devices, in order; a device without one gives none."""
        return [text for fields in self.devices for text in fields.get("ipAddrs", [])]

    @property
    def finalizers(self):
        return finalizers(self.obj) if self.obj else []

    @property
    def is_served(self):
        """Every static device has an address, and our finalizer is there."""
        wanting = [d for d in self.devices if d["networkType"] == "IPV4" and not d.get("ipAddrs")]
        return not wanting and OUR_FINALIZER in self.finalizers

    @property
    def claims(self):
        """The claims that record this machine as their owner, by device index."""
        owned = [c for c in self.world.all("IPClaim") if (invariants.owner_of(c) or ())[:2] == self.key]
        return sorted(owned, key=lambda claim: invariants.owner_of(claim)[2])

    def events(self, reason=None):
        """The Events about this machine, with this reason if one is given."""
        return [e for e in self.world.all("Event")
                if e["involvedObject"].get("kind") == "ElfMachine" and self.obj is not None
                and e["involvedObject"].get("uid") == self.obj["metadata"]["uid"]
                and reason in (None, e["reason"])]

    def patch(self, change, subresource=""):
        return self.world.patch("ElfMachine", self.obj, change, subresource)

    def set_devices(self, devices):
        """Replaces the device list as a user does who has read it just now."""
        return self.world.update("ElfMachine", self.obj, {"spec": {"network": {"devices": devices}}})

    def delete(self):
        self.world.delete("ElfMachine", self.obj)


class Lab:
    """One test's part of the control plane. `namespace` is its own; cleaned up at the end."""

    def __init__(self, plane, folder):
        self.plane, self.folder = plane, folder
        self.world, self.client, self.kubeconfig = plane.world, plane.client, plane.kubeconfig
        self.namespace = f"t{next(_numbers)}"
        self.cape = Cape(self.world, replaces_finalizers=plane.set_name == "cape-0.3.6")
        self.metal3 = Metal3Ipam(self.world)
        self.managers = []
        self.log_position = plane.position()
        self.ensure_namespace(self.namespace)
        self.cape.start()
        self.metal3.start()

    # ---- what CAPI and the user make ------------------------------------------------------------

    def ensure_namespace(self, name):
        if not self.world.find("Namespace", "", name):
            self.world.create("Namespace", {"metadata": {"name": name}})

    def cluster(self, name="c1", namespace=None, annotations=None, **spec):
        namespace = namespace or self.namespace
        self.ensure_namespace(namespace)
        spec = spec or {"clusterNetwork": {"serviceDomain": "cluster.local"}}
        metadata = {"name": name, "namespace": namespace, "annotations": annotations or {}}
        return self.world.create("Cluster", {"metadata": metadata, "spec": spec})

    def template(self, name="template", namespace=None, labels=None):
        spec = {"template": {"spec": {"template": "image", "network": {"devices": [device()]}}}}
        metadata = {"name": name, "namespace": namespace or self.namespace, "labels": labels or {}}
        return self.world.create("ElfMachineTemplate", {"metadata": metadata, "spec": spec})

    def pool(self, name="pool", namespace=None, labels=None, start="10.1.0.10", end="10.1.0.20", **spec):
        gateway = f"{start.rpartition('.')[0]}.1"
        spec = without_none({"namePrefix": name, "prefix": 24, "gateway": gateway,
                             "pools": [{"start": start, "end": end}], **spec})
        namespace = namespace or self.namespace
        self.ensure_namespace(namespace)
        metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
        return self.world.create("IPPool", {"metadata": metadata, "spec": spec})

    def machine(self, name="m1", devices=None, cluster="c1", template="template", namespace=None, labels=None,
                annotations=None, network=None, **spec):
        """A Machine and its ElfMachine, as CAPI makes them from a template."""
        namespace = namespace or self.namespace
        owner = self.capi_machine(name, cluster, namespace)
        return self.elf_machine(name, owner, devices, cluster, template, namespace, labels, annotations, network,
                                **spec)

    def capi_machine(self, name, cluster="c1", namespace=None):
        metadata = {"name": name, "namespace": namespace or self.namespace, "labels": {CLUSTER_LABEL: cluster}}
        infrastructure = {"kind": "ElfMachine", "name": name}
        if self.client.kinds["Machine"].version == "v1beta1":
            infrastructure["apiVersion"] = "infrastructure.cluster.x-k8s.io/v1beta1"
        else:
            infrastructure["apiGroup"] = "infrastructure.cluster.x-k8s.io"
        spec = {"clusterName": cluster, "bootstrap": {"dataSecretName": name}, "infrastructureRef": infrastructure}
        return self.world.create("Machine", {"metadata": metadata, "spec": spec})

    def elf_machine(self, name, owner=None, devices=None, cluster="c1", template="template", namespace=None,
                    labels=None, annotations=None, network=None, **spec):
        metadata = {"name": name, "namespace": namespace or self.namespace,
                    "labels": {CLUSTER_LABEL: cluster, **(labels or {})},
                    "annotations": {**({CLONED_FROM: template} if template else {}), **(annotations or {})},
                    "ownerReferences": [self.owner_reference(owner)] if owner else []}
        network = {"devices": [device()] if devices is None else devices, **(network or {})}
        self.world.create("ElfMachine", {"metadata": metadata,
                                         "spec": {"template": "image", "network": network, **spec}})
        return Elf(self.world, *key_of({"metadata": metadata}))

    def owner_reference(self, machine):
        kind = self.client.kinds["Machine"]
        return {"apiVersion": kind.api_version, "kind": "Machine", "controller": True, "blockOwnerDeletion": True,
                "name": key_of(machine)[1], "uid": machine["metadata"]["uid"]}

    def by_name(self, **pool):
        """A cluster whose template names a pool: where most tests begin."""
        self.cluster()
        self.template(labels={POOL_NAME: "pool"})
        return self.pool(**pool)

    # ---- the manager ----------------------------------------------------------------------------

    def new_manager(self, *flags, kubeconfig=None, **options):
        """Starts a manager; kubeconfig="" gives it no such flag."""
        kubeconfig = self.kubeconfig if kubeconfig is None else kubeconfig
        manager = Manager(kubeconfig, self.folder, *flags, **options)
        self.managers.append(manager)
        return manager.start()

    def manager(self, *flags, **options):
        """Starts a manager and waits until it is ready."""
        return self.new_manager(*flags, **options).wait_ready()

    # ---- waiting --------------------------------------------------------------------------------

    def until(self, condition, what, timeout_s=DEADLINE_S):
        try:
            return self.world.until(condition, what, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.describe()}") from None

    def until_served(self, *machines):
        for machine in machines:
            self.until(lambda m=machine: m.is_served, f"{machine} is served")

    def until_gone(self, *machines):
        for machine in machines:
            self.until(lambda m=machine: not m.exists, f"{machine} is gone")

    def until_event(self, machine, reason, text=""):
        """The first Event of that reason on the machine whose message contains the text."""
        def found():
            return next((e for e in machine.events(reason) if text in e["message"]), None)
        return self.until(found, f"an Event {reason} on {machine} with '{text}'")

    def until_claimed(self, machine, count=1):
        return self.until(lambda: len(machine.claims) == count and machine.claims, f"{machine} has {count} claims")

    def until_older(self, obj):
        """Waits until what is made next is younger than this: creation times have seconds only."""
        created = datetime.datetime.fromisoformat(obj["metadata"]["creationTimestamp"])
        self.until(lambda: datetime.datetime.now(datetime.timezone.utc) - created > datetime.timedelta(seconds=1),
                   "a second has passed")

    def until_nothing_is_left(self):
        """All claims and addresses have gone back, but those of the machines that only went on beside."""
        def left():
            return [obj for kind in ("IPClaim", "IPAddress") for obj in self.world.all(kind)
                    if not obj["metadata"]["namespace"].startswith(f"{self.namespace}-other")]
        self.until(lambda: not left(), "the last claim and address are gone")

    def others_go_on(self):
        """Another machine with a cluster and pool of its own gets its address. What the manager has been told
        before this began, it has had the time to act on when this returns."""
        number = next(_numbers)
        namespace = f"{self.namespace}-other{number}"
        self.cluster(namespace=namespace)
        self.template(namespace=namespace, labels={POOL_NAME: "pool"})
        net = f"10.{90 + number // 250}.{number % 250}"  # all machines are on the same network
        self.pool(namespace=namespace, start=f"{net}.10", end=f"{net}.20")
        machine = self.machine("bystander", namespace=namespace)
        self.until_served(machine)
        return machine

    def describe(self):
        """The state of the play, for a failed test."""
        lines = []
        for machine in self.world.all("ElfMachine"):
            devices = json.dumps(invariants.devices_of(machine))
            lines.append(f"ElfMachine {'/'.join(key_of(machine))} finalizers={finalizers(machine)} "
                         f"deleting={'deletionTimestamp' in machine['metadata']} {devices[:300]}")
        for kind in ("IPPool", "IPClaim", "IPAddress"):
            lines += [f"{kind} {'/'.join(key_of(obj))} finalizers={finalizers(obj)} "
                      f"{json.dumps(obj['spec'])[:200]} {json.dumps(obj.get('status', {}))[:200]}"
                      for obj in self.world.all(kind)]
        for event in self.world.all("Event"):
            if event["metadata"]["namespace"].startswith(self.namespace):
                lines.append(f"Event {event['involvedObject'].get('name')} {event['reason']}: {event['message']}")
        return "\n".join(lines[:60])

    # ---- the end --------------------------------------------------------------------------------

    def problems(self):
        return invariants.Checker(self.world.all).check()

    def settle(self):
        """Every test ends with this: nothing is wrong once everything has come to rest."""
        try:
            self.world.until(lambda: not self.problems(), "nothing is wrong with the objects")
        except AssertionError:
            raise AssertionError("\n".join(["the invariants do not hold:", *self.problems()])) from None

    def stop_managers(self):
        for manager in self.managers:
            manager.stop()

    def clean_up(self):
        for manager in self.managers:
            if manager.is_running:
                manager.kill()
        self.cape.stop()
        self.metal3.stop()
        for lease in self.world.all("Lease"):
            if key_of(lease) == LEASE:
                self._remove("Lease", lease)
        for kind in CLEANED:
            for obj in self.world.all(kind):
                self._remove(kind, obj)
        for kind in CLEANED:
            self.world.until(lambda kind=kind: not self.world.all(kind), f"all of {kind} is gone")

    def _remove(self, kind, obj):
        with contextlib.suppress(ApiError):
            if finalizers(obj):
                self.client.patch(kind, *key_of(obj), {"metadata": {"finalizers": None}})
            self.client.delete(kind, *key_of(obj))
