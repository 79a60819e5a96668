"""Bad and unusual input: the machine that has it is told, all the others go on."""

import pytest

from kube import ApiError
from lab import POOL_NAME, device
from players import OUR_FINALIZER, is_deleting

BAD_ADDRESSES = {
    "not-ipv4": {"address": "fd00::10"},
    "prefix-0": {"prefix": 0},
    "prefix-33": {"prefix": 33},
    "gateway-outside": {"gateway": "192.0.2.1"},
    "gateway-not-ipv4": {"gateway": "fd00::1"},
}


@pytest.mark.parametrize("bad", BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
def test_bad_address(lab, bad):
    """The IPAddress cannot be used: a Warning says so; put right, the machine is served."""
    lab.by_name()
    lab.metal3.alters[f"{lab.namespace}-m1-0"] = bad
    lab.manager()
    machine = lab.machine()
    assert lab.until_event(machine, "IPAddressInvalid")["type"] == "Warning"
    lab.others_go_on()
    assert machine.addresses == []
    address = next(a for a in lab.world.all("IPAddress") if a["metadata"]["namespace"] == lab.namespace)
    right = {"address": "10.1.0.10", "prefix": 24, "gateway": "10.1.0.1"}
    lab.world.patch("IPAddress", address, {"spec": right})
    lab.until_served(machine)
    assert machine.addresses == ["10.1.0.10"]


def test_address_of_another_claim(lab):
    """The claim's status names an address that was given to another machine: it is not used."""
    lab.by_name()
    lab.manager()
    first = lab.machine("m1")
    lab.until_served(first)
    lab.metal3.pause()
    second = lab.machine("m2")
    claim = lab.until_claimed(second)[0]
    taken = first.claims[0]["status"]["address"]
    lab.world.patch("IPClaim", claim, {"status": {"address": taken}}, "status")
    lab.until(lambda: second.events("IPAddressInUse") or second.events("IPAddressInvalid"), "an Event tells")
    assert second.addresses == []
    lab.world.patch("IPClaim", second.claims[0], {"status": {"address": None}}, "status")
    lab.metal3.resume()
    lab.until_served(second)
    assert second.addresses == ["10.1.0.11"]


def test_address_that_is_not_there(lab):
    """The claim's status names an IPAddress that does not exist (yet)."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine()
    claim = lab.until_claimed(machine)[0]
    lab.world.patch("IPClaim", claim, {"status": {"address": {"name": "nowhere", "namespace": lab.namespace}}},
                    "status")
    lab.until(lambda: machine.events("WaitingForIPAddress") or machine.events("IPAddressInvalid"),
              "an Event tells")
    lab.world.patch("IPClaim", claim, {"status": {"address": None}}, "status")
    lab.metal3.resume()
    lab.until_served(machine)


def test_empty_references(lab):
    """A claim whose status.address is an empty object, and one that names no pool."""
    lab.by_name()
    lab.metal3.pause()
    lab.world.create("IPClaim", {"metadata": {"name": f"{lab.namespace}-m2-0", "namespace": lab.namespace},
                                 "spec": {"pool": {}}})
    lab.manager()
    first, second = lab.machine("m1"), lab.machine("m2")
    claim = lab.until_claimed(first)[0]
    lab.world.patch("IPClaim", claim, {"status": {"address": {}}}, "status")
    lab.metal3.resume()
    lab.others_go_on()
    assert second.addresses == []
    lab.until_served(first)


def test_pool_without_ranges(lab):
    """A pool that has nothing to give: the machine is told why, and served when it has."""
    pool = lab.by_name(pools=[])
    lab.manager()
    machine = lab.machine()
    lab.until(lambda: machine.events("IPPoolInvalid"), "an Event tells")
    lab.others_go_on()
    lab.world.patch("IPPool", pool, {"spec": {"pools": [{"start": "10.1.0.10", "end": "10.1.0.12"}]}})
    lab.until_served(machine)


def test_pool_with_bad_ranges(lab):
    """What M3IPAM's webhooks would refuse: start after end, start outside the subnet."""
    lab.by_name(pools=[{"start": "10.1.0.20", "end": "10.1.0.10"},
                       {"start": "10.2.0.20", "end": "10.2.0.30", "subnet": "10.3.0.0/24"}])
    lab.manager()
    machine = lab.machine()
    lab.until(lambda: machine.events("IPPoolInvalid"), "an Event tells")
    lab.others_go_on()
    assert machine.addresses == []


def test_device_removed_while_its_claim_is_under_way(lab):
    """The second device goes: the first is served, and in the end nothing is left of either."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine(devices=[device(vlan="one"), device(vlan="two")])
    lab.until_claimed(machine, 2)
    machine.patch({"spec": {"network": {"devices": [device(vlan="one")]}}})
    lab.metal3.resume()
    lab.until_served(machine)
    lab.others_go_on()
    assert [d["vlan"] for d in machine.devices] == ["one"] and len(machine.addresses) == 1
    machine.delete()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_all_static_devices_removed_while_claims_are_under_way(lab):
    """No static device is left when the machine is deleted: its claims are given back all the same."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine(devices=[device(), device()])
    lab.until_claimed(machine, 2)
    machine.patch({"spec": {"network": {"devices": [{"networkType": "IPV4_DHCP"}]}}})
    lab.metal3.resume()
    lab.others_go_on()
    assert machine.devices == [{"networkType": "IPV4_DHCP"}]
    machine.delete()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_device_added_in_front(lab):
    """A new device moves the others: every static device ends with an address of its own."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine(devices=[device(vlan="one")])
    lab.until_claimed(machine)
    machine.patch({"spec": {"network": {"devices": [device(vlan="zero"), device(vlan="one")]}}})
    lab.metal3.resume()
    lab.until_served(machine)
    assert [d["vlan"] for d in machine.devices] == ["zero", "one"]
    assert len(set(machine.addresses)) == 2


def test_device_that_becomes_dhcp(lab):
    """A device that wants no static address any more gets none."""
    lab.by_name()
    lab.metal3.pause()
    lab.manager()
    machine = lab.machine(devices=[device(), device()])
    lab.until_claimed(machine, 2)
    machine.patch({"spec": {"network": {"devices": [{"networkType": "IPV4_DHCP"}, device()]}}})
    lab.metal3.resume()
    lab.until_served(machine)
    assert machine.devices[0] == {"networkType": "IPV4_DHCP"}
    assert machine.devices[1]["ipAddrs"]


def test_a_hundred_devices(lab):
    """A machine with 100 static devices is served, beside one with a single device, and given back."""
    lab.by_name(end="10.1.0.200")
    lab.manager()
    machine = lab.machine(devices=[device(vlan=f"vlan-{number}") for number in range(100)])
    small = lab.machine("m2")
    lab.until_served(small, machine)
    assert len(set(machine.addresses)) == 100
    assert [d["vlan"] for d in machine.devices] == [f"vlan-{number}" for number in range(100)]
    machine.delete()
    lab.until_gone(machine)


def test_objects_as_large_as_they_come(lab):
    """Annotations up to what the API server takes, and a field of a megabyte beside them."""
    lab.by_name()
    lab.manager()
    machine = lab.machine(annotations={"example.com/large": "x" * 260_000}, providerID="y" * 1_000_000)
    lab.until_served(machine)
    assert len(machine.obj["spec"]["providerID"]) == 1_000_000
    lab.others_go_on()
    machine.delete()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_finalizer_stripped_by_force(lab):
    """Somebody strips our finalizer from a served machine: it comes back."""
    lab.by_name()
    lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    kept = [finalizer for finalizer in machine.finalizers if finalizer != OUR_FINALIZER]
    machine.patch({"metadata": {"finalizers": kept}})
    lab.until(lambda: OUR_FINALIZER in machine.finalizers, "our finalizer is back")


def test_machine_stripped_and_gone(lab):
    """A machine is gone past all finalizers: its claim is an orphan, and no other machine gets the address."""
    lab.by_name()
    manager = lab.manager()
    machine = lab.machine()
    lab.until_served(machine)
    claim = machine.claims[0]
    manager.stop()
    lab.cape.pause()
    machine.patch({"metadata": {"finalizers": None}})
    machine.delete()
    lab.until_gone(machine)
    lab.cape.resume()
    lab.manager()
    other = lab.machine("m2")
    lab.until_served(other)
    assert other.addresses == ["10.1.0.11"] or is_deleting_or_gone(lab, claim)
    with_claim = lab.world.find("IPClaim", lab.namespace, claim["metadata"]["name"])
    if with_claim:
        lab.world.delete("IPClaim", with_claim)  # as the grace period would, later


def is_deleting_or_gone(lab, claim):
    now = lab.world.find("IPClaim", lab.namespace, claim["metadata"]["name"])
    return now is None or is_deleting(now)


def test_a_bad_machine_does_not_stop_the_start(lab):
    """Machines with every kind of trouble are there before the manager starts; the good ones are served."""
    lab.by_name()
    lab.machine("no-template", template=None)
    lab.machine("unknown-template", template="nowhere")
    lab.machine("no-cluster", cluster="nowhere")
    lab.elf_machine("no-owner")
    lab.machine("bad-type", devices=[{"networkType": "TOKEN_RING"}])
    lab.template("no-pool", labels={POOL_NAME: "nowhere"})
    lab.machine("unknown-pool", template="no-pool")
    good = lab.machine("good")
    lab.manager()
    lab.until_served(good)


def test_the_api_server_takes_no_larger_annotations(lab):
    """Why the test above stops at 256 KiB of annotations: the API server refuses more."""
    with pytest.raises(ApiError) as refusal:
        lab.machine(annotations={"example.com/large": "x" * 1_000_000})
    assert refusal.value.status == 422
