"""What the manager leaves alone: paused clusters and machines, other namespaces, other managers' machines."""

import pytest

from lab import PAUSED, WATCH_FILTER
from players import OUR_FINALIZER


@pytest.mark.every_crd_set
def test_paused_cluster(lab):
    """spec.paused: nothing is claimed; the machine is served when the cluster goes on."""
    lab.by_name()
    cluster = lab.world.find("Cluster", lab.namespace, "c1")
    lab.world.patch("Cluster", cluster, {"spec": {"paused": True}})
    lab.manager()
    machine = lab.machine()
    lab.others_go_on()
    assert machine.claims == [] and OUR_FINALIZER not in machine.finalizers
    lab.world.patch("Cluster", cluster, {"spec": {"paused": False}})
    lab.until_served(machine)


@pytest.mark.parametrize("value", ["true", "", "false"])
def test_annotated_cluster(lab, value):
    """The annotation pauses whatever its value."""
    lab.by_name()
    cluster = lab.world.find("Cluster", lab.namespace, "c1")
    lab.world.patch("Cluster", cluster, {"metadata": {"annotations": {PAUSED: value}}})
    lab.manager()
    machine = lab.machine()
    lab.others_go_on()
    assert machine.claims == []
    lab.world.patch("Cluster", cluster, {"metadata": {"annotations": {PAUSED: None}}})
    lab.until_served(machine)


def test_annotated_machine(lab):
    """One machine is paused, the other of the same cluster is served."""
    lab.by_name()
    lab.manager()
    paused = lab.machine("m1", annotations={PAUSED: "true"})
    lab.until_served(lab.machine("m2"))
    assert paused.claims == []
    paused.patch({"metadata": {"annotations": {PAUSED: None}}})
    lab.until_served(paused)


def test_pause_while_a_claim_is_under_way(lab):
    """A cluster paused after the claim was made: the address is written only when it goes on."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine()
    lab.until_claimed(machine)
    cluster = lab.world.find("Cluster", lab.namespace, "c1")
    lab.world.patch("Cluster", cluster, {"spec": {"paused": True}})
    lab.metal3.resume()
    lab.until(lambda: machine.claims[0].get("status", {}).get("address"), "the claim is answered")
    lab.others_go_on()
    assert machine.addresses == []
    lab.world.patch("Cluster", cluster, {"spec": {"paused": False}})
    lab.until_served(machine)


def test_watch_filter(lab):
    """With --watch-filter only machines with that label value are served."""
    lab.by_name()
    lab.manager("--watch-filter=mine")
    plain = lab.machine("m1")
    others = lab.machine("m2", labels={WATCH_FILTER: "yours"})
    mine = lab.machine("m3", labels={WATCH_FILTER: "mine"})
    lab.until_served(mine)
    assert plain.claims == [] and others.claims == []
    plain.patch({"metadata": {"labels": {WATCH_FILTER: "mine"}}})
    lab.until_served(plain)


def test_namespace(lab):
    """With --namespace only that namespace is looked at."""
    lab.by_name()
    lab.manager(f"--namespace={lab.namespace}")
    elsewhere = f"{lab.namespace}-elsewhere"
    lab.cluster(namespace=elsewhere)
    lab.template(namespace=elsewhere, labels={"cluster.x-k8s.io/ip-pool-name": "pool"})
    lab.pool(namespace=elsewhere)
    other = lab.machine("m1", namespace=elsewhere)
    mine = lab.machine("m2")
    lab.until_served(mine)
    assert other.claims == []
