"""Whose claim is it? (contract, page 5)"""

import pytest

from lab import POOL_NAME, device
from players import EXHAUSTED, is_deleting


def claim_of_go_manager(lab, name, namespace=None, pool="pool"):
    """A claim as the Go manager makes it: the right name, no owner record."""
    namespace = namespace or lab.namespace
    reference = {"apiVersion": "ipam.metal3.io/v1alpha1", "kind": "IPPool", "name": pool, "namespace": namespace}
    return lab.world.create("IPClaim", {"metadata": {"name": name, "namespace": namespace},
                                        "spec": {"pool": reference}})


@pytest.mark.every_crd_set
def test_refused_claim_is_retried_when_an_address_comes_free(lab):
    """Full pool: the Event has the IPAM's text. When a machine goes, the oldest waiting one is served."""
    lab.by_name(start="10.1.0.10", end="10.1.0.10")
    lab.manager()
    first = lab.machine("m1")
    lab.until_served(first)
    waiting = lab.machine("m2")
    assert lab.until_event(waiting, "IPClaimFailed", EXHAUSTED)["type"] == "Warning"
    first.delete()
    lab.until_gone(first)
    lab.until_served(waiting)
    assert waiting.addresses == ["10.1.0.10"]


def test_refused_claims_are_retried_when_the_pool_grows(lab):
    """Two machines find the pool full; it grows by two addresses: both are served, without anything else."""
    pool = lab.by_name(start="10.1.0.10", end="10.1.0.10")
    lab.manager()
    lab.until_served(lab.machine("m0"))
    waiting = [lab.machine("m1"), lab.machine("m2")]
    for machine in waiting:
        lab.until_event(machine, "IPClaimFailed", EXHAUSTED)
    lab.world.patch("IPPool", pool, {"spec": {"pools": [{"start": "10.1.0.10", "end": "10.1.0.12"}]}})
    lab.until_served(*waiting)


def test_the_oldest_waiting_machine_comes_first(lab):
    """Three wait for one address: the oldest gets it, and the others make no claims that must fail again."""
    lab.by_name(start="10.1.0.10", end="10.1.0.10")
    lab.manager()
    holder = lab.machine("z0")
    lab.until_served(holder)
    waiting = []
    for name in ("z1", "b2", "a3"):  # by name they would come in another order
        waiting.append(lab.machine(name))
        lab.until_event(waiting[-1], "IPClaimFailed", EXHAUSTED)
        lab.until_older(waiting[-1].obj)
    holder.delete()
    lab.until(lambda: any(machine.addresses for machine in waiting), "one of the waiting machines is served")
    assert [machine.addresses for machine in waiting] == [["10.1.0.10"], [], []]


def test_other_pools_go_on_beside_a_full_one(lab):
    """A machine that waits for a full pool holds nobody else up."""
    lab.by_name(start="10.1.0.10", end="10.1.0.10")
    lab.manager()
    lab.until_served(lab.machine("m1"))
    waiting = lab.machine("m2")
    lab.until_event(waiting, "IPClaimFailed")
    lab.others_go_on()


def test_claim_being_deleted_is_not_used(lab):
    """A claim of the right name with an address, but going: the machine waits and makes its own."""
    lab.by_name()
    name = f"{lab.namespace}-m1-0"
    old = claim_of_go_manager(lab, name)
    lab.until(lambda: lab.world.find("IPClaim", lab.namespace, name).get("status", {}).get("address"),
              "the old claim is answered")
    lab.metal3.leaves = lambda claim: claim["metadata"]["name"] == name
    lab.world.delete("IPClaim", old)
    lab.manager()
    machine = lab.machine()
    lab.others_go_on()
    assert machine.addresses == []
    lab.metal3.leaves = lambda claim: False
    lab.until_served(machine)
    assert machine.claims[0]["metadata"]["uid"] != old["metadata"]["uid"]


def test_claim_deleted_under_way(lab):
    """Somebody deletes the claim before it is answered: a new one is made."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine()
    first = lab.until_claimed(machine)[0]
    lab.world.delete("IPClaim", first)
    lab.until(lambda: machine.claims and machine.claims[0]["metadata"]["uid"] != first["metadata"]["uid"],
              "there is a new claim")
    lab.metal3.resume()
    lab.until_served(machine)


def test_two_machines_whose_names_give_the_same_claim_name(lab):
    """x-a/b and x/a-b: both get addresses of their own; the second has a suffix in its claim's name."""
    pools = f"{lab.namespace}-pools"
    lab.pool(namespace=pools)
    machines = []
    lab.manager()
    for namespace, name in ((f"{lab.namespace}-a", "b"), (lab.namespace, "a-b")):
        lab.cluster(namespace=namespace)
        lab.template(namespace=namespace, labels={POOL_NAME: "pool", "cluster.x-k8s.io/ip-pool-namespace": pools})
        machines.append(lab.machine(name, namespace=namespace))
        lab.until_served(machines[-1])
    assert machines[0].addresses == ["10.1.0.10"]
    assert machines[1].addresses == ["10.1.0.11"]
    names = [machine.claims[0]["metadata"]["name"] for machine in machines]
    assert names[0] == f"{lab.namespace}-a-b-0"
    assert names[1] != names[0] and names[1].startswith(f"{lab.namespace}-a-b-0")
    machines[1].delete()
    lab.until_gone(machines[1])
    assert machines[0].claims


def test_long_names(lab):
    """A machine with the longest name there is, and two that differ only at the end."""
    lab.by_name()
    lab.manager()
    machines = [lab.machine("m" * 252 + last) for last in "ab"]
    lab.until_served(*machines)
    names = [machine.claims[0]["metadata"]["name"] for machine in machines]
    assert names[0] != names[1] and all(len(name) <= 253 for name in names)
    for machine in machines:
        machine.delete()
    lab.until_gone(*machines)
    lab.until_nothing_is_left()


def test_name_that_is_no_label_value(lab):
    """An owner whose <namespace>-<name> is too long for a label: the annotations tell."""
    lab.by_name()
    lab.manager()
    machine = lab.machine("m" * 80)
    lab.until_served(machine)
    assert "cluster.x-k8s.io/ip-owner-name" not in machine.claims[0]["metadata"]["labels"]


@pytest.mark.every_crd_set
def test_claim_of_the_go_manager_is_adopted(lab):
    """A claim of the right name without a record is taken over, and gets the record."""
    lab.by_name()
    old = claim_of_go_manager(lab, f"{lab.namespace}-m1-0")
    lab.until(lambda: lab.world.all("IPAddress"), "the Go manager's claim has an address")
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    assert machine.addresses == ["10.1.0.10"]
    claim, = lab.until_claimed(machine)
    assert claim["metadata"]["uid"] == old["metadata"]["uid"]


def test_machine_half_served_by_the_go_manager(lab):
    """The first device has its address and a claim without a record, the second one only a claim."""
    lab.by_name()
    claims = [claim_of_go_manager(lab, f"{lab.namespace}-m1-{index}") for index in range(2)]
    lab.until(lambda: len(lab.world.all("IPAddress")) == 2, "both claims have addresses")
    lab.cape.ignores.add("m1")
    first, second = (address_of(lab, claim) for claim in claims)
    served = device(ipAddrs=[first], netmask="255.255.255.0", routes=[{"gateway": "10.1.0.1"}])
    machine = lab.machine(devices=[served, device()])
    machine.patch({"metadata": {"finalizers": ["elfmachine.infrastructure.cluster.x-k8s.io",
                                               "elfmachinestaticip.infrastructure.cluster.x-k8s.io"]}})
    lab.manager()
    lab.until_served(machine)
    assert machine.addresses == [first, second]
    assert machine.devices[0] == served
    machine.delete()
    lab.cape.ignores.clear()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def address_of(lab, claim):
    name = claim["metadata"]["name"]
    return next(a["spec"]["address"] for a in lab.world.all("IPAddress") if a["spec"]["claim"]["name"] == name)


def test_the_claims_own_pool_stays_the_machines_pool(lab):
    """The template is changed while the claim is under way: the address comes from the claim's pool."""
    lab.by_name()
    lab.pool("new", start="10.2.0.10", end="10.2.0.20")
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine()
    lab.until_claimed(machine)
    template = lab.world.find("ElfMachineTemplate", lab.namespace, "template")
    lab.world.patch("ElfMachineTemplate", template, {"metadata": {"labels": {POOL_NAME: "new"}}})
    lab.metal3.resume()
    lab.until_served(machine)
    assert machine.addresses == ["10.1.0.10"]
    later = lab.machine("m2")
    lab.until_served(later)
    assert later.addresses == ["10.2.0.10"]


def test_record_is_renewed_after_a_move(lab):
    """clusterctl move gives the machine a new uid: the claim of the same namespace and name is its own."""
    lab.by_name()
    manager = lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    claim, before = machine.claims[0], machine.obj
    manager.stop()
    lab.cape.pause()
    machine.patch({"metadata": {"finalizers": None}})
    machine.delete()
    lab.until_gone(machine)
    lab.cape.resume()
    owner = lab.world.find("Machine", lab.namespace, "m1")
    lab.elf_machine("m1", owner, devices=before["spec"]["network"]["devices"])
    lab.manager()
    lab.until_served(machine)
    uid = machine.obj["metadata"]["uid"]
    lab.until(lambda: machine.claims[0]["metadata"]["annotations"]["cape-ip.cluster.x-k8s.io/owner-uid"] == uid,
              "the claim records the new uid")
    assert machine.claims[0]["metadata"]["uid"] == claim["metadata"]["uid"]
    assert not is_deleting(machine.claims[0])
