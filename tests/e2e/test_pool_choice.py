"""Which pool a machine gets its address from (contract, page 4), beginning with the seed's three samples."""

import pytest

from lab import DEFAULT_POOL, NETWORK_NAME, POOL_GROUP, POOL_NAME, POOL_NAMESPACE, device

SEED_RANGE = {"start": "10.255.160.10", "end": "10.255.160.20", "prefix": 16, "gateway": "10.255.0.1"}
FROM_POOLS = ("cape-1.7.5", "cape-1.8.1")  # the versions whose devices have addressesFromPools


def seed_pool(lab, **changes):
    return lab.pool(**{"name": "ip-pool-1", "namespace": "default", "prefix": 16, "gateway": "10.255.0.1",
                       "pools": [SEED_RANGE], **changes})


def assert_seed_address(machine):
    got = machine.devices[0]
    assert got["ipAddrs"] == ["10.255.160.10"]
    assert got["netmask"] == "255.255.0.0"
    assert got["routes"] == [{"gateway": "10.255.0.1"}]


@pytest.mark.every_crd_set
def test_seed_sample_by_name(lab):
    """Two templates name the pool; a machine of each gets an address of it."""
    seed_pool(lab)
    lab.cluster()
    for role in ("control-plane", "worker"):
        lab.template(f"elfk8s8-{role}", labels={POOL_NAME: "ip-pool-1", POOL_NAMESPACE: "default"})
    lab.manager()
    first = lab.machine("elfk8s8-control-plane-1", template="elfk8s8-control-plane")
    lab.until_served(first)
    second = lab.machine("elfk8s8-worker-1", template="elfk8s8-worker")
    lab.until_served(second)
    assert_seed_address(first)
    assert second.addresses == ["10.255.160.11"]


@pytest.mark.every_crd_set
def test_seed_sample_by_labels(lab):
    """The template names a group and a network; the pool with both labels serves."""
    labels = {POOL_GROUP: "ip-pool-group-1", NETWORK_NAME: "vm-network"}
    seed_pool(lab, labels=labels)
    lab.cluster()
    lab.template(labels={**labels, POOL_NAMESPACE: "default"})
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert_seed_address(machine)


@pytest.mark.every_crd_set
def test_seed_sample_default_pool(lab):
    """A template that says nothing of pools: the default pool of cape-system serves."""
    seed_pool(lab, namespace="cape-system", labels={DEFAULT_POOL: "true"}, namePrefix="ip-pool-default")
    lab.cluster()
    lab.template()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert_seed_address(machine)
    assert lab.world.find("IPAddress", "cape-system", "ip-pool-default-10-255-160-10")


def test_name_without_namespace_is_looked_for_beside_the_cluster_first(lab):
    """Pools of one name beside the cluster and in default: the one beside the cluster serves."""
    lab.by_name()
    lab.pool(namespace="default", start="10.2.0.10", end="10.2.0.20")
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert machine.addresses == ["10.1.0.10"]


def test_name_falls_back_to_the_namespace_default(lab):
    """The named pool is in default only. No ownerReference points across namespaces."""
    lab.cluster()
    lab.template(labels={POOL_NAME: "pool"})
    lab.pool(namespace="default")
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert machine.claims[0]["metadata"]["namespace"] == "default"
    assert "ownerReferences" not in machine.claims[0]["metadata"]


def test_pool_in_another_namespace_by_label(lab):
    """ip-pool-namespace names a third namespace; the claim is made there."""
    lab.cluster()
    elsewhere = f"{lab.namespace}-pools"
    lab.pool(namespace=elsewhere)
    lab.template(labels={POOL_NAME: "pool", POOL_NAMESPACE: elsewhere})
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    claim = machine.claims[0]["metadata"]
    assert (claim["namespace"], claim["name"]) == (elsewhere, f"{lab.namespace}-m1-0")
    assert "ownerReferences" not in claim


def test_an_unknown_name_never_falls_through_to_a_default_pool(lab):
    """The named pool is not there: an Event says which, and it serves as soon as it appears."""
    lab.cluster()
    lab.template(labels={POOL_NAME: "later"})
    lab.pool("default-pool", labels={DEFAULT_POOL: "true"})
    lab.manager()
    machine = lab.machine()
    lab.until_event(machine, "IPPoolNotFound", "later")
    assert machine.addresses == []
    lab.pool("later", start="10.3.0.10", end="10.3.0.20")
    lab.until_served(machine)
    assert machine.addresses == ["10.3.0.10"]


@pytest.mark.parametrize("wanted", [(POOL_GROUP,), (NETWORK_NAME,), (POOL_GROUP, NETWORK_NAME)],
                         ids=["group", "network", "both"])
def test_all_labels_that_are_given_must_match(lab, wanted):
    """A pool with one right and one wrong label serves only where the right one alone is asked for."""
    labels = {POOL_GROUP: "g", NETWORK_NAME: "n"}
    lab.cluster()
    lab.template(labels={label: labels[label] for label in wanted})
    half = {label: labels[label] if label in wanted[:1] else "other" for label in labels}
    lab.pool("a-half", labels=half, start="10.4.0.10", end="10.4.0.20")
    lab.pool("b-full", labels=labels, start="10.5.0.10", end="10.5.0.20")
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert machine.addresses == (["10.5.0.10"] if len(wanted) == 2 else ["10.4.0.10"])


def test_labelled_pool_where_the_go_manager_wants_it(lab):
    """Labels on a pool in default that is also marked as a default pool: found, after the documented place."""
    labels = {POOL_GROUP: "g"}
    lab.cluster()
    lab.template(labels=labels)
    lab.pool(namespace="default", labels={**labels, DEFAULT_POOL: "true"})
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert machine.claims[0]["metadata"]["namespace"] == "default"


@pytest.mark.parametrize("missing", [0, 1, 2], ids=["cluster-namespace", "cape-system", "default"])
def test_order_of_default_pools(lab, missing):
    """Default pools are looked for in the cluster's namespace, then in cape-system, then in default."""
    lab.cluster()
    lab.template()
    for number, namespace in list(enumerate([lab.namespace, "cape-system", "default"]))[missing:]:
        lab.pool("any", namespace=namespace, labels={DEFAULT_POOL: "true"},
                 start=f"10.{number}.0.10", end=f"10.{number}.0.20")
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert machine.addresses == [f"10.{missing}.0.10"]


def test_the_oldest_pool_with_a_free_address_serves(lab):
    """Two pools fit: the older one serves until it is full, then the other."""
    labels = {POOL_GROUP: "g"}
    lab.cluster()
    lab.template(labels=labels)
    older = lab.pool("b-older", labels=labels, start="10.6.0.10", end="10.6.0.10")
    lab.until_older(older)
    lab.pool("a-younger", labels=labels, start="10.7.0.10", end="10.7.0.20")
    lab.manager()
    first = lab.machine("m1")
    lab.until_served(first)
    assert first.addresses == ["10.6.0.10"]
    lab.until(lambda: lab.world.find("IPPool", lab.namespace, "b-older").get("status", {}).get("indexes"),
              "the pool's status shows the address as used")
    second = lab.machine("m2")
    lab.until_served(second)
    assert second.addresses == ["10.7.0.10"]


def test_a_pool_being_deleted_is_not_chosen(lab):
    """The older of two pools is being deleted: the younger serves."""
    labels = {POOL_GROUP: "g"}
    lab.cluster()
    lab.template(labels=labels)
    lab.metal3.pause()
    older = lab.world.create("IPPool", {
        "metadata": {"name": "going", "namespace": lab.namespace, "labels": labels, "finalizers": ["test/keep"]},
        "spec": {"namePrefix": "going", "prefix": 24, "pools": [{"start": "10.8.0.10", "end": "10.8.0.20"}]}})
    lab.world.delete("IPPool", older)
    lab.pool("staying", labels=labels, start="10.9.0.10", end="10.9.0.20")
    lab.metal3.resume()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert machine.addresses == ["10.9.0.10"]


@pytest.mark.crd_sets(*FROM_POOLS)
def test_the_device_names_its_pool(lab):
    """addressesFromPools comes before the template's labels; without group and kind it means IPPool too."""
    lab.by_name()
    lab.pool("own", start="10.10.0.10", end="10.10.0.20")
    lab.pool("shared", namespace="default", start="10.11.0.10", end="10.11.0.20")
    lab.manager()
    named = {"apiGroup": "ipam.metal3.io", "kind": "IPPool"}
    machine = lab.machine(devices=[
        device(addressesFromPools=[{**named, "name": "own"}]),
        device(addressesFromPools=[{**named, "name": "shared"}]),
        device(addressesFromPools=[{"apiGroup": "", "kind": "", "name": "own"}]),
        device()])
    lab.until_served(machine)
    assert machine.addresses == ["10.10.0.10", "10.11.0.10", "10.10.0.11", "10.1.0.10"]


@pytest.mark.crd_sets(*FROM_POOLS)
def test_an_unsupported_pool_kind_is_said_and_never_replaced(lab):
    """A device that asks for another provider gets a Warning and no address of the template's pool."""
    lab.by_name()
    lab.manager()
    foreign = {"apiGroup": "ipam.example.com", "kind": "FooPool", "name": "pool"}
    machine = lab.machine(devices=[device(addressesFromPools=[foreign])])
    event = lab.until_event(machine, "UnsupportedIPPool", "FooPool")
    assert event["type"] == "Warning"
    lab.others_go_on()
    assert machine.addresses == [] and machine.claims == []
