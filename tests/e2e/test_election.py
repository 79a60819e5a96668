"""Two managers at once: the Lease decides which one works."""

from lab import LEASE

LONG = ("--leader-elect-lease-duration=600s", "--leader-elect-renew-deadline=500s", "--leader-elect-retry-period=1s")
SHORT = ("--leader-elect-lease-duration=3s", "--leader-elect-renew-deadline=2s", "--leader-elect-retry-period=500ms")


def lease(lab):
    return lab.world.find("Lease", *LEASE)


def holder(lab):
    return lease(lab)["spec"].get("holderIdentity") if lease(lab) else None


def two_managers(lab, *flags):
    """The one that holds the Lease, and the one that stands by."""
    lab.by_name()
    first = lab.new_manager(*flags, leader_elect=True)
    lab.until(lambda: holder(lab), "the first manager holds the lease")
    second = lab.new_manager(*flags, leader_elect=True)
    first.wait_ready()
    return first, second


def test_one_works(lab):
    """The first holds the Lease, in client-go's form, and goes on holding it when the second comes."""
    two_managers(lab, *LONG)
    first_holder = holder(lab)
    lab.until_served(lab.machine())
    spec = lease(lab)["spec"]
    assert spec["holderIdentity"] == first_holder
    assert spec["leaseDurationSeconds"] == 600
    assert spec["acquireTime"] and spec["renewTime"] and spec.get("leaseTransitions", 0) >= 0


def test_orderly_stop_hands_over(lab):
    """SIGTERM gives the Lease up: the other one does not wait for its 600 seconds to pass."""
    first, _ = two_managers(lab, *LONG)
    before = holder(lab)
    lab.until_served(lab.machine("m1"))
    first.stop()
    lab.until(lambda: holder(lab) not in (None, "", before), "the second manager holds the lease")
    lab.until_served(lab.machine("m2"))


def test_kill_hands_over_when_the_lease_runs_out(lab):
    """kill -9: the other one takes over once the lease has run out."""
    first, _ = two_managers(lab, *SHORT)
    before = holder(lab)
    lab.until_served(lab.machine("m1"))
    first.kill()
    machine = lab.machine("m2")
    lab.until(lambda: holder(lab) not in (None, "", before), "the second manager holds the lease")
    lab.until_served(machine)


def test_who_loses_the_lease_ends(lab):
    """Somebody else has taken the Lease: the manager writes nothing more and ends with an error."""
    lab.by_name()
    manager = lab.new_manager(*SHORT, leader_elect=True)
    lab.until(lambda: holder(lab), "the manager holds the lease")
    lab.until_served(lab.machine("m1"))
    renewed = lease(lab)["spec"]["renewTime"].replace(renew_year(lab), "2099")
    lab.world.patch("Lease", lease(lab), {"spec": {"holderIdentity": "thief", "leaseDurationSeconds": 600,
                                                   "renewTime": renewed}})
    assert manager.wait_exit() != 0
    assert holder(lab) == "thief"
    machine = lab.machine("m2")
    lab.managers.remove(manager)
    lab.world.delete("Lease", lease(lab))
    lab.manager()
    lab.until_served(machine)


def renew_year(lab):
    return lease(lab)["spec"]["renewTime"][:4]


def test_standby_does_not_write(lab):
    """While another one holds the Lease nothing at all is written."""
    lab.by_name()
    now = "2099-01-01T00:00:00.000000Z"
    lab.world.create("Lease", {"metadata": {"namespace": LEASE[0], "name": LEASE[1]},
                               "spec": {"holderIdentity": "other", "leaseDurationSeconds": 600,
                                        "acquireTime": now, "renewTime": now, "leaseTransitions": 3}})
    lab.new_manager(*LONG, leader_elect=True)
    lab.manager("--namespace=elsewhere")  # so that something can be waited for
    machine = lab.machine()
    lab.until(lambda: len(watched(lab)) >= 7, "the standby keeps its caches warm")
    assert machine.claims == [] and holder(lab) == "other"
    writes = [r for r in lab.plane.requests(lab.log_position) if r["verb"] not in ("get", "list", "watch")]
    assert writes == []


def watched(lab):
    """The resources of all namespaces that are watched since the test began."""
    requests = lab.plane.requests(lab.log_position)
    return {r["objectRef"]["resource"] for r in requests
            if r["verb"] in ("watch", "list") and "objectRef" in r and "namespace" not in r["objectRef"]}


def test_lease_of_the_go_manager_is_taken_over(lab):
    """A Lease that ran out long ago is taken; its transitions are counted on."""
    lab.by_name()
    then = "2020-01-01T00:00:00.000000Z"
    lab.world.create("Lease", {"metadata": {"namespace": LEASE[0], "name": LEASE[1]},
                               "spec": {"holderIdentity": "old", "leaseDurationSeconds": 1, "acquireTime": then,
                                        "renewTime": then, "leaseTransitions": 3}})
    lab.new_manager(*SHORT, leader_elect=True)
    machine = lab.machine()
    lab.until_served(machine)
    assert lease(lab)["spec"]["leaseTransitions"] == 4
