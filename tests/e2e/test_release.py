"""Giving addresses back (contract, page 6)."""

import pytest

from lab import POOL_NAME, device
from players import CAPE_FINALIZER, OUR_FINALIZER, is_deleting


@pytest.mark.every_crd_set
def test_release(lab):
    """The VM is gone: the claim and the address go back, the machine goes, an Event tells."""
    lab.by_name()
    lab.manager()
    machine = lab.machine(devices=[device(), device()])
    lab.until_served(machine)
    uid = machine.obj["metadata"]["uid"]
    machine.delete()
    lab.until_gone(machine)
    lab.until_nothing_is_left()
    lab.until(lambda: any(e["reason"] == "IPReleased" and e["involvedObject"].get("uid") == uid
                          for e in lab.world.all("Event")), "an Event IPReleased")
    again = lab.machine("m2")
    lab.until_served(again)
    assert again.addresses == ["10.1.0.10"]


@pytest.mark.every_crd_set
def test_waits_for_capes_finalizer(lab):
    """As long as CAPE's finalizer is there the VM may use the address: the claim stays."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    lab.cape.keeps_vms = True
    machine.delete()
    lab.others_go_on()
    assert not is_deleting(machine.claims[0])
    assert machine.finalizers == [CAPE_FINALIZER, OUR_FINALIZER]
    lab.cape.keeps_vms = False
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_other_finalizers_are_left_alone(lab):
    """Somebody else's finalizer stays; ours goes when the claims are given back."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    machine.patch({"metadata": {"finalizers": ["example.com/first", *machine.finalizers, "example.com/last"]}})
    machine.delete()
    lab.until(lambda: machine.finalizers == ["example.com/first", "example.com/last"], "only the others' are left")
    lab.until_nothing_is_left()
    machine.patch({"metadata": {"finalizers": None}})
    lab.until_gone(machine)


def test_without_static_devices_only_the_finalizer_goes(lab):
    """A machine being deleted that has our finalizer and no IPV4 device is let go at once."""
    lab.by_name()
    lab.manager()
    lab.cape.keeps_vms = True
    machine = lab.machine(devices=[{"networkType": "NONE"}])
    lab.until(lambda: machine.finalizers == [CAPE_FINALIZER], "CAPE's finalizer is on")
    machine.patch({"metadata": {"finalizers": [CAPE_FINALIZER, OUR_FINALIZER]}})
    machine.delete()
    lab.until(lambda: machine.finalizers == [CAPE_FINALIZER], "our finalizer is off")


def test_before_it_was_served(lab):
    """Deleted while the claim is unanswered: the claim goes too."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine()
    lab.until_claimed(machine)
    machine.delete()
    lab.metal3.resume()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def take_template(lab):
    lab.world.delete("ElfMachineTemplate", lab.world.find("ElfMachineTemplate", lab.namespace, "template"))


def relabel_template(lab):
    template = lab.world.find("ElfMachineTemplate", lab.namespace, "template")
    lab.world.patch("ElfMachineTemplate", template, {"metadata": {"labels": {POOL_NAME: "another"}}})


def take_pool(lab):
    pool = lab.world.find("IPPool", lab.namespace, "pool")
    lab.world.delete("IPPool", pool)


def take_pool_by_force(lab):
    lab.metal3.pause()
    pool = lab.world.find("IPPool", lab.namespace, "pool")
    lab.world.patch("IPPool", pool, {"metadata": {"finalizers": None}})
    lab.world.delete("IPPool", pool)
    lab.until(lambda: not lab.world.find("IPPool", lab.namespace, "pool"), "the pool is gone")
    lab.metal3.resume()


def take_annotation(lab):
    machine = lab.world.find("ElfMachine", lab.namespace, "m1")
    lab.world.patch("ElfMachine", machine, {"metadata": {"annotations": None}})


@pytest.mark.parametrize("change", [take_template, relabel_template, take_pool, take_pool_by_force, take_annotation])
def test_whatever_became_of_template_and_pool(lab, change):
    """The claims that the machine owns are deleted wherever they are, whatever the template says now."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    change(lab)
    machine.delete()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_after_a_restart_without_template(lab):
    """The manager that made the claim is gone, and so is the template: the next one finds the claim."""
    lab.by_name()
    lab.manager().stop()
    manager = lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    manager.stop()
    take_template(lab)
    machine.delete()
    lab.manager()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_paused_cluster_is_left_alone(lab):
    """A machine of a paused cluster keeps its claim until the cluster goes on."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    cluster = lab.world.find("Cluster", lab.namespace, "c1")
    lab.world.patch("Cluster", cluster, {"spec": {"paused": True}})
    machine.delete()
    lab.others_go_on()
    assert machine.claims and not is_deleting(machine.claims[0])
    lab.world.patch("Cluster", cluster, {"spec": {"paused": False}})
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_paused_cluster_that_is_gone(lab):
    """The Cluster was paused and is deleted: its machines are let go."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    cluster = lab.world.find("Cluster", lab.namespace, "c1")
    lab.world.patch("Cluster", cluster, {"spec": {"paused": True}})
    machine.delete()
    lab.others_go_on()
    lab.world.delete("Cluster", cluster)
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_without_cluster_and_machine(lab):
    """Cluster and Machine are gone before the ElfMachine: it is let go all the same."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    lab.world.delete("Machine", lab.world.find("Machine", lab.namespace, "m1"))
    lab.world.delete("Cluster", lab.world.find("Cluster", lab.namespace, "c1"))
    machine.delete()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_claim_that_others_hold_does_not_keep_the_machine(lab):
    """A claim marked for deletion that somebody's finalizer holds: the machine goes."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    claim = lab.world.patch("IPClaim", machine.claims[0], {"metadata": {
        "finalizers": ["ipclaim.ipam.metal3.io", "example.com/in-use"]}})
    machine.delete()
    lab.until_gone(machine)
    assert is_deleting(lab.world.find("IPClaim", *(claim["metadata"][k] for k in ("namespace", "name"))))
    lab.world.patch("IPClaim", claim, {"metadata": {"finalizers": ["ipclaim.ipam.metal3.io"]}})
    lab.until_nothing_is_left()


def test_many_at_once(lab):
    """Forty machines go at once and leave nothing."""
    lab.by_name(end="10.1.0.60")
    lab.manager()
    machines = [lab.machine(f"m{number}") for number in range(40)]
    lab.until_served(*machines)
    for machine in machines:
        machine.delete()
    lab.until_gone(*machines)
    lab.until_nothing_is_left()
