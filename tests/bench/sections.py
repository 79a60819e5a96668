"""What is measured, section by section. Each has a control plane of its own and returns its figures."""

import collections
import os
import statistics
import time

import stage

REST_S = 12  # memory is looked at when the manager has given back what a burst needed
EVENTS_REST_S = 3


def load_average():
    return round(os.getloadavg()[0], 1)


def bare_speed(_):
    """Creates per second on a server that does nothing else."""
    with stage.plane("bare-speed") as plane:
        return stage.load(plane, "creates", "creates", 1000)


def single(_):
    """One machine at a time, nothing else going on."""
    with stage.plane("single") as plane, stage.Manager(plane), stage.claim_server(plane):
        return stage.load(plane, "single", "single", 100)


def bursts(_):
    """As users make machines: 16 requests in flight; every burst on a cluster without other machines."""
    figures = []
    for count in (1, 20, 300, 1000):
        with stage.plane(f"burst-{count}") as plane, stage.Manager(plane) as manager, stage.claim_server(plane):
            stage.load(plane, "burst", "warm", 1)
            before = manager.cpu_s()
            result = stage.load(plane, "burst", "burst", count)
            figures.append({**result, "cpu_s": manager.cpu_s() - before})
    return figures


def with_manager(plane, namespace, count):
    """Allocating and releasing so many machines that are all there at once."""
    with stage.Manager(plane) as manager, stage.claim_server(plane):
        stage.load(plane, "setup", namespace, count)
        before = manager.cpu_s()
        allocated = stage.load(plane, "go", namespace, count)
        time.sleep(EVENTS_REST_S)  # its Events are part of its work
        middle = manager.cpu_s()
        released = stage.load(plane, "release", namespace, count)
        time.sleep(EVENTS_REST_S)
        return {"allocate_ms": allocated["all_ms"], "release_ms": released["all_ms"],
                "p50_ms": allocated["address_p50_ms"], "p99_ms": allocated["address_p99_ms"],
                "allocate_cpu_s": middle - before, "release_cpu_s": manager.cpu_s() - middle}


def rounds(options):
    """The manager against the bare writes, one after the other, so that a slow moment of the machine meets both."""
    figures = []
    with stage.plane("rounds") as plane:
        with_manager(plane, "warm", 50)
        for number in range(options.rounds):
            turns = {"ours": lambda n=number: with_manager(plane, f"ours-{n}", 1000),
                     "bare": lambda n=number: stage.load(plane, "bare", f"bare-{n}", 1000),
                     "bare-16": lambda n=number: stage.load(plane, "bare-16", f"bare-16-{n}", 1000)}
            order = list(turns) if number % 2 == 0 else list(reversed(turns))
            figures.append({name: turns[name]() for name in order} | {"load": load_average()})
            print(f"  round {number + 1}: {figures[-1]}", flush=True)
    return figures


def median_of(figures, who, what):
    return statistics.median(figure[who][what] for figure in figures)


def ratio(figure, what):
    """To the faster of the two ways to write without a manager."""
    return figure["ours"][what] / min(figure["bare"][what], figure["bare-16"][what])


def median_ratio(figures, what):
    return statistics.median(ratio(figure, what) for figure in figures)


def requests(_):
    """Requests of the manager in the API server's own log: 300 machines that come and go."""
    count = 300
    with stage.plane("requests", has_audit=True) as plane, stage.Manager(plane), stage.claim_server(plane):
        start = plane.position()
        stage.load(plane, "burst", "requests", count)
        time.sleep(EVENTS_REST_S)
        middle = plane.position()
        stage.load(plane, "release", "requests", count)
        time.sleep(EVENTS_REST_S)
        all_requests, went = plane.requests(start), plane.requests(middle)
    came = all_requests[:len(all_requests) - len(went)]
    return {"count": count, "allocate": count_requests(came), "release": count_requests(went)}


def count_requests(entries):
    """"verb resource" -> [how many, how many of them refused]; without the Lease, which costs by time."""
    counted = collections.defaultdict(lambda: [0, 0])
    for entry in entries:
        resource = entry.get("objectRef", {}).get("resource", "")
        if resource == "leases":
            continue
        counts = counted[f"{entry['verb']} {resource}"]
        counts[0] += 1
        counts[1] += entry["responseStatus"].get("code", 0) >= 400
    return dict(counted)


def memory(_):
    """Idle, and with ever more machines in the cache, each time at rest."""
    figures = []
    with stage.plane("memory") as plane, stage.Manager(plane) as manager, stage.claim_server(plane):
        time.sleep(REST_S)
        figures.append({"machines": 0, **manager.memory()})
        for namespace, count in (("a", 300), ("b", 700), ("c", 2200)):
            stage.load(plane, "setup", namespace, count)
            stage.load(plane, "go", namespace, count)
            time.sleep(REST_S)
            machines = figures[-1]["machines"] + count
            figures.append({"machines": machines, **manager.memory()})
        figures.append({"machines": 3201, "one_more_ms": stage.load(plane, "burst", "d", 1)["address_p50_ms"]})
    return figures


def growth(options):
    """Machines that come and go, none with a name that was there before; memory at rest after each fifth of them."""
    figures = []
    with stage.plane("growth") as plane, stage.Manager(plane) as manager, stage.claim_server(plane):
        time.sleep(REST_S)
        figures.append({"cycles": 0, **manager.memory(), "cpu_s": manager.cpu_s()})
        part = max(options.cycles // 5 // 100 * 100, 100)
        for number in range(max(options.cycles // part, 1)):
            stage.load(plane, "cycles", f"cycles-{number}", part)
            time.sleep(REST_S)
            figures.append({"cycles": figures[-1]["cycles"] + part, **manager.memory(), "cpu_s": manager.cpu_s()})
            print(f"  {figures[-1]}", flush=True)
    return figures


ALL = {section.__name__: section for section in
       (bare_speed, single, bursts, rounds, requests, memory, growth)}
