"""Giving addresses: what is written on a machine, and when (contract, page 3)."""

import pytest

from lab import POOL_NAME, device
from players import CAPE_FINALIZER, OUR_FINALIZER

OWN_SERVERS = ("cape-1.7.5", "cape-1.8.1")  # the versions whose devices have nameservers of their own
NO_OWN_SERVERS = ("cape-0.3.6", "cape-1.3.0")


@pytest.mark.every_crd_set
def test_all_devices_are_settled_in_one_go(lab):
    """Static devices get addresses, others are left alone; one patch writes them all."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    dhcp = {"networkType": "IPV4_DHCP", "vlan": "vlan-2"}
    machine = lab.machine(devices=[device(), dhcp, device(vlan="vlan-3"), {"networkType": "NONE"}])
    claims = lab.until_claimed(machine, 2)
    assert [c["metadata"]["name"] for c in claims] == [f"{lab.namespace}-m1-0", f"{lab.namespace}-m1-2"]
    lab.metal3.resume()
    lab.until_served(machine)
    assert len(machine.addresses) == 2
    assert machine.devices[1] == dhcp
    assert machine.devices[3] == {"networkType": "NONE"}
    assert machine.devices[2]["vlan"] == "vlan-3"


@pytest.mark.every_crd_set
def test_claim_and_its_owner_record(lab):
    """The claim's name, pool, labels, annotations and owner are those the contract names."""
    pool = lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    claim, uid = machine.claims[0], machine.obj["metadata"]["uid"]
    assert claim["metadata"]["name"] == f"{lab.namespace}-m1-0"
    assert claim["metadata"]["labels"]["cluster.x-k8s.io/ip-owner-name"] == f"{lab.namespace}-m1"
    assert claim["metadata"]["labels"]["cluster.x-k8s.io/cluster-name"] == "c1"
    record = {k.split("/")[1]: v for k, v in claim["metadata"]["annotations"].items() if k.startswith("cape-ip.")}
    assert record == {"owner-namespace": lab.namespace, "owner-name": "m1", "owner-uid": uid, "device-index": "0"}
    owner, = claim["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("ElfMachine", "m1", uid)
    reference = claim["spec"]["pool"]
    assert (reference["name"], reference["namespace"]) == ("pool", lab.namespace)
    assert reference.get("uid", pool["metadata"]["uid"]) == pool["metadata"]["uid"]


@pytest.mark.crd_sets(*OWN_SERVERS)
def test_nameservers_go_on_the_device(lab):
    """Where devices have nameservers, the address' DNS servers go there and not on the machine."""
    lab.by_name(dnsServers=["10.1.0.2", "10.1.0.3"])
    lab.manager()
    machine = lab.machine(network={"nameservers": ["9.9.9.9"]})
    lab.until_served(machine)
    assert machine.devices[0]["nameservers"] == ["10.1.0.2", "10.1.0.3"]
    assert machine.obj["spec"]["network"]["nameservers"] == ["9.9.9.9"]


@pytest.mark.crd_sets(*NO_OWN_SERVERS)
def test_nameservers_go_on_the_machine_where_devices_have_none(lab):
    """The machine's own first, no duplicates, at most three."""
    lab.by_name(dnsServers=["9.9.9.9", "10.1.0.2", "10.1.0.3"])
    lab.manager()
    machine = lab.machine(network={"nameservers": ["9.9.9.9"]})
    lab.until_served(machine)
    lab.until(lambda: len(machine.obj["spec"]["network"].get("nameservers", [])) == 3, "three nameservers")
    assert machine.obj["spec"]["network"]["nameservers"] == ["9.9.9.9", "10.1.0.2", "10.1.0.3"]


@pytest.mark.crd_sets(*NO_OWN_SERVERS)
def test_no_more_than_three_nameservers(lab):
    """Two devices of pools with different DNS servers: the machine has three, its own first."""
    lab.by_name(dnsServers=["10.1.0.2", "10.1.0.3", "10.1.0.4"])
    lab.manager()
    machine = lab.machine(devices=[device(), device()], network={"nameservers": ["9.9.9.9", "8.8.8.8"]})
    lab.until_served(machine)
    lab.others_go_on()
    assert machine.obj["spec"]["network"]["nameservers"] == ["9.9.9.9", "8.8.8.8", "10.1.0.2"]


@pytest.mark.every_crd_set
def test_user_fields_of_the_device_are_kept(lab):
    """macAddr, vlan and defaultRoute stay as the user wrote them."""
    lab.by_name()
    lab.manager()
    machine = lab.machine(devices=[device(macAddr="52:54:00:12:34:56", vlan="mine", defaultRoute=True)])
    before = dict(machine.devices[0])
    lab.until_served(machine)
    after = machine.devices[0]
    assert {key: after.get(key) for key in before} == before
    assert (after["netmask"], after["routes"]) == ("255.255.255.0", [{"gateway": "10.1.0.1"}])


def test_without_a_gateway_routes_are_left_alone(lab):
    """The pool names no gateway: the device's routes stay."""
    lab.by_name(gateway=None)
    lab.manager()
    route = {"gateway": "10.1.0.7", "network": "10.0.0.0", "netmask": "255.0.0.0"}
    with_route = lab.machine("m1", devices=[device(routes=[route])])
    without = lab.machine("m2")
    lab.until_served(with_route, without)
    assert with_route.devices[0]["routes"] == [route]
    assert "routes" not in without.devices[0]


def test_an_address_set_by_hand_is_not_touched(lab):
    """A device that has ipAddrs is the user's; the other one is served."""
    lab.by_name()
    lab.manager()
    by_hand = device(ipAddrs=["192.0.2.7"], netmask="255.255.0.0")
    machine = lab.machine(devices=[by_hand, device()])
    lab.until_served(machine)
    assert machine.devices[0] == by_hand
    assert machine.addresses == ["192.0.2.7", "10.1.0.10"]
    assert [c["metadata"]["name"] for c in machine.claims] == [f"{lab.namespace}-m1-1"]


def test_nothing_is_done_without_static_devices(lab):
    """No IPV4 device: no finalizer of ours, no claim."""
    lab.by_name()
    lab.manager()
    machine = lab.machine(devices=[{"networkType": "IPV4_DHCP"}, {"networkType": "NONE"}])
    empty = lab.machine("m2", devices=[])
    lab.others_go_on()
    assert machine.finalizers == [CAPE_FINALIZER] and machine.claims == []
    assert empty.finalizers == [CAPE_FINALIZER]


@pytest.mark.every_crd_set
def test_our_finalizer_comes_after_capes(lab):
    """Before CAPE has put its finalizer on, nothing is done; then ours goes on, before the claim."""
    lab.by_name()
    lab.cape.ignores.add("m1")
    lab.manager()
    machine = lab.machine()
    lab.others_go_on()
    assert machine.finalizers == [] and machine.claims == []
    lab.cape.ignores.clear()
    lab.until_served(machine)
    assert machine.finalizers == [CAPE_FINALIZER, OUR_FINALIZER]


@pytest.mark.crd_sets("cape-0.3.6")
def test_a_finalizer_that_old_cape_dropped_is_put_back(lab):
    """Old CAPE replaces the whole finalizer list: ours comes back and the machine is served."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine()
    lab.until_claimed(machine)
    machine.patch({"metadata": {"finalizers": [CAPE_FINALIZER]}})
    lab.until(lambda: OUR_FINALIZER in machine.finalizers, "our finalizer is back")
    lab.metal3.resume()
    lab.until_served(machine)


def test_waits_for_the_owner_machine(lab):
    """An ElfMachine without its Machine waits; it is served when the owner is set."""
    lab.by_name()
    lab.manager()
    machine = lab.elf_machine("m1")
    machine.patch({"metadata": {"finalizers": [CAPE_FINALIZER]}})
    lab.others_go_on()
    assert machine.claims == [] and machine.finalizers == [CAPE_FINALIZER]
    owner = lab.capi_machine("m1")
    machine.patch({"metadata": {"ownerReferences": [lab.owner_reference(owner)]}})
    lab.until_served(machine)


@pytest.mark.every_crd_set
def test_waits_for_the_cluster(lab):
    """The Cluster comes last."""
    lab.template(labels={POOL_NAME: "pool"})
    lab.pool()
    lab.manager()
    machine = lab.machine()
    lab.others_go_on()
    assert machine.claims == []
    lab.cluster()
    lab.until_served(machine)


def test_the_cluster_label_may_come_later(lab):
    """A Machine without its cluster label waits for it."""
    lab.by_name()
    owner = lab.capi_machine("m1")
    lab.world.patch("Machine", owner, {"metadata": {"labels": None}})
    lab.manager()
    machine = lab.elf_machine("m1", owner)
    lab.others_go_on()
    assert machine.claims == []
    lab.world.patch("Machine", owner, {"metadata": {"labels": {"cluster.x-k8s.io/cluster-name": "c1"}}})
    lab.until_served(machine)


@pytest.mark.parametrize("field", ["failureReason", "failureMessage"])
def test_a_failed_machine_is_left_alone(lab, field):
    """CAPE has given the machine up: nothing is claimed for it."""
    lab.by_name()
    machine = lab.machine()
    machine.patch({"status": {field: "CreateMachineError"}}, "status")
    lab.manager()
    lab.others_go_on()
    assert machine.claims == [] and machine.addresses == []
    machine.patch({"status": {field: None}}, "status")
    lab.until_served(machine)


def test_template_annotation_missing(lab):
    """Without cloned-from-name neither a named nor a default pool serves; a Warning says what is missing."""
    lab.by_name()
    lab.pool("any", labels={"ippool.cluster.x-k8s.io/is-default": "true"})
    lab.manager()
    machine = lab.machine(template=None)
    assert lab.until_event(machine, "TemplateNotFound", "cloned-from-name")["type"] == "Warning"
    lab.others_go_on()
    assert machine.claims == []
    machine.patch({"metadata": {"annotations": {"cluster.x-k8s.io/cloned-from-name": "template"}}})
    lab.until_served(machine)
    assert machine.addresses == ["10.1.0.10"]


def test_template_that_appears_later(lab):
    """The template is gone: a Warning names it, and the machine goes on when it appears."""
    lab.cluster()
    lab.pool()
    lab.manager()
    machine = lab.machine(template="missing")
    lab.until_event(machine, "TemplateNotFound", "missing")
    lab.template("missing", labels={POOL_NAME: "pool"})
    lab.until_served(machine)


def test_events_tell_of_address_and_wait(lab):
    """A served machine has IPAllocated with the address; one whose claim nobody answers, WaitingForIPAddress."""
    lab.by_name()
    lab.manager()
    served = lab.machine("m1")
    assert lab.until_event(served, "IPAllocated", "10.1.0.10")["type"] == "Normal"
    lab.metal3.pause()
    waiting = lab.machine("m2")
    event = lab.until_event(waiting, "WaitingForIPAddress")
    assert event["type"] == "Warning"
    assert event["source"].get("component") or event.get("reportingComponent")
    lab.metal3.resume()
    lab.until_served(waiting)


def test_machines_that_are_there_when_the_manager_starts(lab):
    """Twenty machines made before the start are all served."""
    lab.by_name(end="10.1.0.60")
    machines = [lab.machine(f"m{number}") for number in range(20)]
    lab.manager()
    lab.until_served(*machines)
    assert len({machine.addresses[0] for machine in machines}) == 20
