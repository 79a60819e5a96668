"""Connections that break, servers that refuse, others who write at the same time, and kill -9."""

import threading

import pytest

from lab import device
from proxy import Cut, FaultProxy

GONE = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version"}
UNAVAILABLE = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "ServiceUnavailable",
               "code": 503, "message": "not now"}


@pytest.fixture
def proxy(lab):
    proxy = FaultProxy(lab.plane, lab.folder)
    yield proxy
    proxy.stop()


def is_address_patch(request):
    return request.method == "PATCH" and "/elfmachines/" in request.path and "ipAddrs" in str(request.body)


class Once:
    """Does something before the first request that fits, and nothing afterwards."""

    def __init__(self, fits, action):
        self.fits, self.action, self.is_done = fits, action, False

    def __call__(self, request):
        if self.is_done or not self.fits(request):
            return None
        self.is_done = True
        return self.action()


@pytest.mark.every_crd_set
def test_another_writer_on_the_same_device(lab, proxy):
    """Between the manager's read and its write a user changes other fields of the same device: none is lost."""
    lab.by_name()
    machine = lab.machine(devices=[device(), device(vlan="two")])
    change = [device(vlan="changed", macAddr="52:54:00:00:00:01"), device(vlan="two", macAddr="52:54:00:00:00:02")]
    proxy.on_request = Once(is_address_patch, lambda: machine.set_devices(change) and None)
    lab.manager(kubeconfig=proxy.kubeconfig)
    lab.until_served(machine)
    assert proxy.on_request.is_done
    assert [(d["vlan"], d["macAddr"]) for d in machine.devices] == [
        ("changed", "52:54:00:00:00:01"), ("two", "52:54:00:00:00:02")]
    assert len(set(machine.addresses)) == 2


def test_devices_change_places_under_the_write(lab, proxy):
    """Between read and write the device list is turned round: no device has two addresses or another's."""
    lab.by_name()
    machine = lab.machine(devices=[device(vlan="one"), {"networkType": "NONE", "vlan": "two"}])
    turned = [{"networkType": "NONE", "vlan": "two"}, device(vlan="one")]
    proxy.on_request = Once(is_address_patch, lambda: machine.set_devices(turned) and None)
    lab.manager(kubeconfig=proxy.kubeconfig)
    lab.until_served(machine)
    assert "ipAddrs" not in machine.devices[0] and machine.devices[1]["ipAddrs"]


def test_an_address_set_by_hand_under_the_write(lab, proxy):
    """Between read and write a user gives the device an address: the user's stays."""
    lab.by_name()
    machine = lab.machine()
    by_hand = [device(ipAddrs=["10.1.0.77"], netmask="255.255.0.0")]
    proxy.on_request = Once(is_address_patch, lambda: machine.set_devices(by_hand) and None)
    lab.manager(kubeconfig=proxy.kubeconfig)
    lab.until_served(machine)
    lab.others_go_on()
    assert machine.devices == by_hand
    machine.delete()  # the claim it made meanwhile must not stay for ever
    lab.until_gone(machine)
    lab.until(lambda: not [c for c in lab.world.all("IPClaim") if c["metadata"]["namespace"] == lab.namespace],
              "its claim is gone")


def test_another_finalizer_under_the_write(lab, proxy):
    """Between read and write somebody adds a finalizer: it stays, beside ours."""
    lab.by_name()
    machine = lab.machine()

    def add_finalizer():
        machine.patch({"metadata": {"finalizers": [*machine.finalizers, "example.com/other"]}})

    proxy.on_request = Once(lambda r: r.method == "PATCH" and "/elfmachines/" in r.path, add_finalizer)
    lab.manager(kubeconfig=proxy.kubeconfig)
    lab.until_served(machine)
    assert "example.com/other" in machine.finalizers
    machine.patch({"metadata": {"finalizers": [f for f in machine.finalizers if f != "example.com/other"]}})


def test_watches_are_cut(lab, proxy):
    """Every connection ends, again and again: what happened meanwhile is seen."""
    lab.by_name()
    lab.manager(kubeconfig=proxy.kubeconfig)
    machines = []
    for number in range(5):
        machines.append(lab.machine(f"m{number}"))
        proxy.cut_all()
        lab.until_served(machines[-1])
        machines[-1].delete()
        proxy.cut_all()
        lab.until_gone(machines[-1])
    lab.until_nothing_is_left()


def is_watch(request):
    return "watch=" in request.path and "sendInitialEvents" not in request.path


@pytest.mark.parametrize("answer", [(410, GONE), (200, {"type": "ERROR", "object": GONE})], ids=["status", "event"])
def test_resource_version_too_old(lab, proxy, answer):
    """Every watch is told once that its version is too old: lists again and goes on."""
    lab.by_name()
    lab.manager(kubeconfig=proxy.kubeconfig)
    lab.until_served(lab.machine("m1"))
    told = set()

    def tell_once(request):
        what = request.path.split("?")[0]
        if is_watch(request) and what not in told:
            told.add(what)
            return answer
        return None

    proxy.on_request = tell_once
    proxy.cut_all()
    machine = lab.machine("m2")
    lab.until_served(machine)
    assert any("elfmachines" in what for what in told)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_writes_are_refused_for_a_while(lab, proxy, status):
    """The first three writes are refused: they are tried again, and nothing is done twice."""
    lab.by_name()
    busy = {**UNAVAILABLE, "code": status}
    proxy.on_request = lambda request: (status, busy) if 0 < request.number <= 3 else None
    lab.manager(kubeconfig=proxy.kubeconfig)
    machine = lab.machine()
    lab.until_served(machine)
    machine.delete()
    lab.until_gone(machine)
    lab.until_nothing_is_left()


def test_answers_are_lost(lab, proxy):
    """Every other write is done, and its answer never comes back."""
    lab.by_name()

    def lose(request):
        if request.number % 2:
            raise Cut

    proxy.on_answer = lose
    lab.manager(kubeconfig=proxy.kubeconfig)
    machines = [lab.machine(f"m{number}") for number in range(3)]
    lab.until_served(*machines)
    for machine in machines:
        machine.delete()
    lab.until_gone(*machines)
    lab.until_nothing_is_left()


def test_api_server_restarts(lab):
    """The API server dies between claim and address, and again between deletion and release."""
    lab.by_name()
    lab.metal3.pause()
    manager = lab.manager()
    machines = [lab.machine(f"m{number}") for number in range(3)]
    for machine in machines:
        lab.until_claimed(machine)
    lab.plane.restart()
    lab.metal3.resume()
    lab.until_served(*machines)
    for machine in machines:
        machine.delete()
    lab.plane.restart()
    lab.until_gone(*machines)
    lab.until_nothing_is_left()
    assert manager.is_running


class Killer:
    """Kills the manager with -9 at its n-th write: before the server sees it, or after it was done."""

    def __init__(self, lab, proxy, moment, number):
        self.lab, self.proxy = lab, proxy
        self.number = proxy.writes + number
        self.has_fired, self.is_armed, self.striking = False, True, threading.Lock()
        self.manager = lab.manager(kubeconfig=proxy.kubeconfig)
        setattr(proxy, moment, self.strike)

    def strike(self, request):
        with self.striking:
            if request.number == self.number and self.is_armed:
                self.has_fired = True
                self.manager.kill()
        if self.is_armed and self.has_fired and not self.manager.is_running:
            raise Cut

    def until(self, condition, what):
        """Waits for the condition, with a new manager as soon as the first one is dead."""
        def looked_at():
            self.revive()
            return condition()
        self.lab.until(looked_at, what)

    def revive(self):
        if self.has_fired and not self.manager.is_running:
            self.manager = self.lab.new_manager(kubeconfig=self.proxy.kubeconfig)

    def finish(self):
        """The last write may have been the one; then its successor finds everything done. An Event that is
        still to be written is none of the scenario's."""
        with self.striking:  # a strike that has begun has ended
            self.is_armed = False
        self.revive()
        self.manager.wait_ready().stop()


@pytest.mark.parametrize("moment", ["on_request", "on_answer"], ids=["before", "after"])
def test_killed_at_every_write(lab, proxy, moment):
    """A machine with two devices comes and goes, once for each write with a kill -9 there: never a leak."""
    lab.by_name(end="10.1.0.12")
    number, killer = 0, None
    while killer is None or killer.has_fired:
        number += 1
        killer = Killer(lab, proxy, moment, number)
        machine = lab.machine(f"m{number}", devices=[device(), device()])
        killer.until(lambda m=machine: m.is_served, f"{machine} is served, killed at write {number}")
        assert not lab.problems()
        machine.delete()
        killer.until(lambda m=machine: not m.exists, f"{machine} is gone, killed at write {number}")
        killer.until(lambda: not lab.world.all("IPAddress"), f"nothing is left, killed at write {number}")
        killer.finish()
    assert number > 7, "finalizer, two claims, machine, two deletions, finalizer"
