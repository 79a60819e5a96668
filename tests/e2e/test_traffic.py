"""What the manager asks of the API server, counted in the server's own request log."""

import collections

READS = ("get", "list")


def writes(lab, since):
    """How often what was written, as (verb, resource) -> count."""
    return collections.Counter((r["verb"], r["objectRef"]["resource"]) for r in lab.plane.requests(since)
                               if r["verb"] not in ("get", "list", "watch"))


def served_one_after_the_other(lab, count, release, first=0):
    """Machines that come, and go if asked, each when the one before is finished."""
    for number in range(first, first + count):
        machine = lab.machine(f"m{number}")
        lab.until_served(machine)
        lab.until_event(machine, "IPAllocated")
        if release:
            uid = machine.obj["metadata"]["uid"]
            machine.delete()
            lab.until_gone(machine)
            lab.until_nothing_is_left()
            lab.until(lambda: any(e["reason"] == "IPReleased" and e["involvedObject"].get("uid") == uid
                                  for e in lab.world.all("Event")), "an Event IPReleased")


def test_writes_of_one_machine(lab):
    """Finalizer, claim, machine; besides them one Event."""
    lab.by_name()
    lab.manager()
    start = lab.plane.position()
    served_one_after_the_other(lab, 3, release=False)
    got = writes(lab, start)
    events = sum(count for (_, resource), count in got.items() if resource == "events")
    assert events <= 3, got
    assert {what: n for what, n in got.items() if what[1] != "events"} == {
        ("create", "ipclaims"): 3, ("patch", "elfmachines"): 6}, got


def test_writes_of_a_release(lab):
    """Claim deletion and finalizer; besides them one Event."""
    lab.by_name()
    lab.manager()
    start = lab.plane.position()
    served_one_after_the_other(lab, 3, release=True)
    got = writes(lab, start)
    events = sum(count for (_, resource), count in got.items() if resource == "events")
    assert events <= 6, got
    assert {what: n for what, n in got.items() if what[1] != "events"} == {
        ("create", "ipclaims"): 3, ("patch", "elfmachines"): 9, ("delete", "ipclaims"): 3}, got


def test_no_reads_beyond_the_watches(lab):
    """Once it is ready the manager gets and lists nothing: the watches tell it all."""
    lab.by_name()
    lab.manager()
    served_one_after_the_other(lab, 1, release=True)
    start = lab.plane.position()
    served_one_after_the_other(lab, 3, release=True, first=1)
    reads = [(r["verb"], r["requestURI"]) for r in lab.plane.requests(start) if r["verb"] in READS]
    assert reads == []


def test_no_write_is_refused(lab):
    """Twenty machines at once, come and gone: no conflict, no second try."""
    lab.by_name(end="10.1.0.60")
    lab.manager()
    start = lab.plane.position()
    machines = [lab.machine(f"m{number}") for number in range(20)]
    lab.until_served(*machines)
    for machine in machines:
        machine.delete()
    lab.until_gone(*machines)
    lab.until_nothing_is_left()
    refused = [(r["verb"], r["requestURI"], r["responseStatus"].get("code")) for r in lab.plane.requests(start)
               if r["responseStatus"].get("code", 0) >= 400]
    assert len(refused) <= 4, refused  # a finalizer that CAPE or M3IPAM changes at the same moment


def test_a_restart_writes_nothing(lab):
    """A manager that finds everything served leaves it as it is."""
    lab.by_name()
    manager = lab.manager()
    lab.until_served(lab.machine("m1"), lab.machine("m2"))
    lab.others_go_on()
    manager.stop()
    start = lab.plane.position()
    lab.manager()
    lab.others_go_on()
    touched = [r["requestURI"] for r in lab.plane.requests(start)
               if r["verb"] in ("create", "patch", "delete", "update") and f"/{lab.namespace}/" in r["requestURI"]]
    assert touched == []
