"""docs/benchmarks.md from the figures of a run."""

import os
import pathlib
import platform
import re
import subprocess
from typing import NamedTuple

import sections
import stage


class Target(NamedTuple):
    """A figure of a run beside what it must not exceed."""

    name: str
    unit: str
    limit: float
    value: float

    @property
    def is_met(self):
        return self.value <= self.limit


def targets(figures):
    single, rounds = figures["single"]["figures"], figures["rounds"]["figures"]
    memory = {figure["machines"]: figure for figure in figures["memory"]["figures"]}
    cpu_s = sections.median_of(rounds, "ours", "allocate_cpu_s") + sections.median_of(rounds, "ours", "release_cpu_s")
    return [
        Target("one machine, idle cluster: ElfMachine to claim, p50", "ms", 15, single["machine_to_claim_p50_ms"]),
        Target("one machine, idle cluster: claim's status to address, p50", "ms", 20,
               single["status_to_address_p50_ms"]),
        Target("1,000 at once, allocating, in times of the bare writes", "x", 1.2,
               sections.median_ratio(rounds, "allocate_ms")),
        Target("1,000 at once, releasing, in times of the bare writes", "x", 1.2,
               sections.median_ratio(rounds, "release_ms")),
        Target("CPU time for allocating and releasing 1,000", "s", 1.5, cpu_s),
        Target("idle, resident", "MiB", 14, memory[0]["resident"]),
        Target("idle, anonymous", "MiB", 2.5, memory[0]["anonymous"]),
        Target("3,200 machines, anonymous", "MiB", 10, memory[3200]["anonymous"]),
    ]


def missed(figures):
    return [f"{t.name}: {t.value:.2f} {t.unit}, at most {t.limit:g} {t.unit} wanted"
            for t in targets(figures) if not t.is_met]


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=stage.ROOT).stdout.strip()


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    versions = re.search(r"KUBERNETES=(\S+) ETCD=(\S+)", (stage.ROOT / "hack" / "control-plane").read_text())
    libraries = ", ".join(f"{name} {output_of('pkg-config', '--modversion', name)}"
                          for name in ("libcurl", "libuv", "yyjson"))
    return table(["what", "which"], [
        ["machine", f"{os.cpu_count()} CPUs ({cpu[1].strip() if cpu else platform.machine()}), {memory_gb:.0f} GiB; "
                    "everything runs on it: etcd, kube-apiserver, the load, the claim server, the manager"],
        ["system", f"{system[1] if system else platform.system()}, Linux {platform.release()}, "
                   f"{output_of('cc', '--version').splitlines()[0]}, {libraries}"],
        ["control plane", f"kube-apiserver {versions[1]}, etcd {versions[2]} with fsync; "
                          f"CRDs {', '.join(stage.control_plane.CRD_SETS[stage.control_plane.NEWEST])}"],
    ])


def section_table(figures):
    return table(["section", "measured (UTC)", "version", "load average before", "minutes"],
                 [[name.replace("_", " "), section["measured"], f"`{section['version']}`", section["load"],
                   section["minutes"]] for name, section in figures.items()])


def ms(value):
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"


def mib(value):
    return f"{value:.1f}"


def target_table(figures):
    rows = [[t.name, f"≤ {t.limit:g} {t.unit}", f"{t.value:.2f} {t.unit}", "yes" if t.is_met else "**no**"]
            for t in targets(figures)]
    return table(["figure", "wanted", "measured", "met"], rows)


def single_table(figures):
    legs = [("ElfMachine seen → claim seen (finalizer, claim)", "machine_to_claim"),
            ("claim seen → its `status.address` seen (the claim server)", "claim_to_status"),
            ("`status.address` seen → address on the ElfMachine seen", "status_to_address"),
            ("create sent → address seen", "create_to_address")]
    return table(["leg", "p50", "p99"],
                 [[name, ms(figures[f"{key}_p50_ms"]), ms(figures[f"{key}_p99_ms"])] for name, key in legs])


def burst_table(figures):
    return table(["burst of", "p50", "p99", "all served after", "CPU time"],
                 [[f["count"], ms(f["address_p50_ms"]), ms(f["address_p99_ms"]), ms(f["all_ms"]), f"{f['cpu_s']:.2f} s"]
                  for f in figures])


def round_table(figures):
    whats = ("allocate_ms", "release_ms")
    rows = [[number + 1, *(cell for what in whats for cell in
                           (*(ms(f[who][what]) for who in ("bare", "bare-16", "ours")), f"{sections.ratio(f, what):.2f}")),
             f"{f['ours']['allocate_cpu_s']:.2f} + {f['ours']['release_cpu_s']:.2f} s", f["load"]]
            for number, f in enumerate(figures)]
    rows.append(["**median**", *(cell for what in whats for cell in
                                 (*(ms(sections.median_of(figures, who, what)) for who in ("bare", "bare-16", "ours")),
                                  f"**{sections.median_ratio(figures, what):.2f}**")),
                 f"{sections.median_of(figures, 'ours', 'allocate_cpu_s'):.2f} + "
                 f"{sections.median_of(figures, 'ours', 'release_cpu_s'):.2f} s", ""])
    return table(["round", "allocate: bare", "bare, 16", "manager", "ratio", "release: bare", "bare, 16", "manager",
                  "ratio", "manager's CPU time", "load"], rows)


def request_table(figures):
    count = figures["count"]
    rows = [[when, f"`{what}`", f"{number / count:.2f}", refused]
            for when in ("allocate", "release") for what, (number, refused) in sorted(figures[when].items())]
    return table(["when", "request", "per machine", "refused, of all"], rows)


def memory_table(figures):
    return table(["machines", "resident", "anonymous", "highest resident so far"],
                 [[f["machines"], mib(f["resident"]), mib(f["anonymous"]), mib(f["peak"])]
                  for f in figures if "resident" in f])


def growth_table(figures):
    return table(["cycles", "resident", "anonymous", "CPU time since the start"],
                 [[f["cycles"], mib(f["resident"]), mib(f["anonymous"]), f"{f['cpu_s']:.1f} s"] for f in figures])


GO_MANAGER = table(
    ["burst of", "limits", "p50", "p99", "all served after", "resident (anonymous): manager, M3IPAM",
     "CPU time: manager, M3IPAM"], [
        ["idle", "", "", "", "", "66 MB (10.6), 49 MB (11)", ""],
        [20, "default", "3.2 s", "3.3 s", "3.3 s", "72 MB (16), 52 MB (14)", ""],
        [100, "default", "5.6 s", "25.9 s", "26.5 s", "74 MB (18), 55 MB (17)", "1.1 s, 1.0 s"],
        [300, "default", "36.1 s", "55.5 s", "57.5 s", "81 MB (25), 62 MB (24)", "3.6 s, 3.8 s"],
        [300, "raised", "23.9 s", "24.3 s", "25.5 s", "81 MB (24), 57 MB (20)", "2.5 s, 2.8 s"],
        [1000, "raised", "27.7 s", "48.1 s", "53.7 s", "98 MB (42), 70 MB (32)", "8.9 s, 12.3 s"],
        ["200 beside 3000", "raised", "23.6 s", "23.7 s", "24.9 s", "172 MB (100), 126 MB (86)", "30 s, 48 s"],
    ])

DOCUMENT = """# Benchmarks

Written by `make bench`; do not edit. `make bench CYCLES=20000` makes the section on growth as long as it is here, and
`tests/bench/run --only SECTION` measures one section anew.

{machine}
The load average is that of the moment before a section began. Where it is not well below 1, others were at work on the machine: times and
CPU times say little then, ratios within a round a little more; requests and memory are what they are.

{sections}
## Targets

{targets}
## The API server alone

Objects created per second over one HTTP/2 connection, by requests in flight: **{per_s_1:.0f}** one at a time, **{per_s_16:.0f}** with 16,
**{per_s_64:.0f}** with 64.

## One machine on an idle cluster

{single_count} machines, one after the other, each with CAPE's finalizer from the start; times as watches see them.

{single}
## Bursts

ElfMachines are created with 16 requests in flight; latency of each from sending its creation to its address being seen.

{bursts}
## Against the bare writes

1,000 machines in a paused Cluster, which is resumed: the time until the last has its address; then all deleted while the Cluster is
paused, which is resumed: the time until the last ElfMachine, claim and address are gone. *Bare* is what the API server takes for the same writes
(allocating: finalizer, claim, address, claim status, machine; releasing: claim, address, finalizer) from one client with the manager's own rule for
requests in flight, and with 16 in flight all the time, both with the same watches open; the ratio is to the faster of the two. The manager's
Events come on top, sent when nothing else waits.

{rounds}
## Requests of the manager

{request_count} machines with one device each, from the API server's audit log, Lease renewals left out.

{requests}
## Memory

In MiB, {rest_s} s after the last change; leader election on, `-v 0`. After 3,200 machines, one more was served in {one_more}.

{memory}
## Growth

Machines that come, get their address and go, each with a new name.

{growth}
## The Go manager with M3IPAM

Measured on another day on another machine (2 CPUs, kube-apiserver 1.36, M3IPAM v1.13.2), from the creation of an ElfMachine to the moment a watcher sees
its address. Limits: 20 requests a second by default, raised to 2,000.

{go}
Releasing: 300 machines at default limits 30 s; 1,000 at raised limits 29 s; 3,200 at raised limits 97 s. That API server took 380 creates a second one
at a time, 970 with 16 in flight, 670 with 64.
"""


def write(figures):
    bare, single = figures["bare_speed"]["figures"], figures["single"]["figures"]
    memory, requests = figures["memory"]["figures"], figures["requests"]["figures"]
    return DOCUMENT.format(
        machine=machine(), sections=section_table(figures), targets=target_table(figures),
        per_s_1=bare["per_s_1"], per_s_16=bare["per_s_16"], per_s_64=bare["per_s_64"],
        single_count=single["count"], single=single_table(single), bursts=burst_table(figures["bursts"]["figures"]),
        rounds=round_table(figures["rounds"]["figures"]), request_count=requests["count"],
        requests=request_table(requests), rest_s=sections.REST_S, memory=memory_table(memory),
        one_more=ms(next(f["one_more_ms"] for f in memory if "one_more_ms" in f)),
        growth=growth_table(figures["growth"]["figures"]), go=GO_MANAGER)
