#!/usr/bin/python3
"""Says what is wrong with the addresses of a cluster at rest.

usage: invariants.py --kubeconfig FILE      prints one line for each thing that is wrong; exit code 1 if any

Rules: no address on two machines or held by two claims of one pool; no claim of a machine that is gone; no
IPAddress without its claim; no served machine without CAPE-IP's finalizer; what a claim records of its owner
is true; a device has the address of its claim.
"""

import argparse
import re
import sys

from kube import Client, key_of
from players import OUR_FINALIZER, is_deleting

READ = ("Machine", "ElfMachine", "IPClaim", "IPAddress")
OWNER_LABEL = "cluster.x-k8s.io/ip-owner-name"
CLUSTER_LABEL = "cluster.x-k8s.io/cluster-name"
RECORD = "cape-ip.cluster.x-k8s.io/"
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def show(obj):
    return "/".join(key_of(obj))


def owner_of(claim):
    """Namespace, name and device index of the machine a claim is for, as it says itself; or None."""
    annotations = claim["metadata"].get("annotations", {})
    values = [annotations.get(RECORD + key) for key in ("owner-namespace", "owner-name", "device-index")]
    return (values[0], values[1], int(values[2])) if None not in values else None


def pool_of(claim):
    pool = claim["spec"]["pool"]
    return pool.get("namespace") or key_of(claim)[0], pool.get("name")


def devices_of(machine):
    return machine["spec"].get("network", {}).get("devices", [])


class Checker:
    """Looks at all objects, by kind as `read` gives them, and collects what is wrong in `problems`."""

    def __init__(self, read):
        self.machines = {key_of(m): m for m in read("ElfMachine")}
        self.capi_machines = {key_of(m): m for m in read("Machine")}
        self.claims = {key_of(c): c for c in read("IPClaim")}
        self.addresses = {key_of(a): a for a in read("IPAddress")}
        self.problems = []

    def check(self):
        self._check_addresses_of_machines()
        self._check_addresses_of_claims()
        self._check_addresses()
        for claim in self.claims.values():
            if not is_deleting(claim):
                self._check_claim(claim)
        self._check_one_claim_per_device()
        self._check_finalizers()
        return self.problems

    def _say(self, text):
        self.problems.append(text)

    def _address_of(self, claim):
        reference = claim.get("status", {}).get("address")
        if not reference:
            return None
        return self.addresses.get((reference.get("namespace") or key_of(claim)[0], reference["name"]))

    def _claim_on(self, key, index):
        return next((c for c in self.claims.values() if owner_of(c) == (*key, index)), None)

    def _check_addresses_of_machines(self):
        holders = {}
        for key, machine in self.machines.items():
            for index, device in enumerate(devices_of(machine)):
                claim = self._claim_on(key, index)
                if device.get("networkType") != "IPV4" or claim is None:
                    continue
                for text in device.get("ipAddrs", []):
                    holders.setdefault((pool_of(claim), text), set()).add(f"{show(machine)}[{index}]")
        for (pool, text), who in holders.items():
            if len(who) > 1:
                self._say(f"{text} of pool {'/'.join(pool)} is on {' and '.join(sorted(who))}")

    def _check_addresses_of_claims(self):
        holders = {}
        for claim in self.claims.values():
            reference = claim.get("status", {}).get("address")
            if reference and not is_deleting(claim):
                key = (reference.get("namespace") or key_of(claim)[0], reference["name"])
                holders.setdefault(key, []).append(show(claim))
        for key, who in holders.items():
            if len(who) > 1:
                self._say(f"IPAddress {'/'.join(key)} is held by the claims {' and '.join(sorted(who))}")

    def _check_addresses(self):
        seen = {}
        for address in self.addresses.values():
            if is_deleting(address):
                continue
            pool = address["spec"]["pool"].get("namespace"), address["spec"]["pool"].get("name")
            twin = seen.setdefault((pool, address["spec"]["address"]), address)
            if twin is not address:
                self._say(f"IPAddresses {show(twin)} and {show(address)} are one address of one pool")
            name = address["spec"]["claim"].get("name")
            if (key_of(address)[0], name) not in self.claims:
                self._say(f"IPAddress {show(address)}: its claim {name} is not there")

    def _check_claim(self, claim):
        owner = owner_of(claim)
        if owner is None:
            if OWNER_LABEL in claim["metadata"].get("labels", {}):
                self._say(f"claim {show(claim)} has an owner label and no full owner record")
            return
        machine = self.machines.get(owner[:2])
        if machine is None:
            self._say(f"claim {show(claim)} is of the machine {owner[0]}/{owner[1]}, which is gone")
            return
        self._check_record(claim, owner, machine)
        self._check_device(claim, owner, machine)

    def _check_record(self, claim, owner, machine):
        metadata, uid = claim["metadata"], machine["metadata"]["uid"]
        labels = metadata.get("labels", {})
        if metadata["annotations"].get(RECORD + "owner-uid") != uid:
            self._say(f"claim {show(claim)} records another uid than that of {show(machine)}")
        label = f"{owner[0]}-{owner[1]}"
        if LABEL_VALUE.fullmatch(label) and labels.get(OWNER_LABEL) != label:
            self._say(f"claim {show(claim)}: owner label {labels.get(OWNER_LABEL)}, not {label}")
        cluster = self._cluster_of(machine)
        if cluster and labels.get(CLUSTER_LABEL) != cluster:
            self._say(f"claim {show(claim)}: cluster label {labels.get(CLUSTER_LABEL)}, not {cluster}")
        owners = [o["uid"] for o in metadata.get("ownerReferences", []) if o["kind"] == "ElfMachine"]
        wanted = [uid] if key_of(claim)[0] == owner[0] else []
        if owners != wanted:
            self._say(f"claim {show(claim)}: owned by the ElfMachines {owners}, not {wanted}")

    def _cluster_of(self, machine):
        for owner in machine["metadata"].get("ownerReferences", []):
            capi = self.capi_machines.get((key_of(machine)[0], owner["name"]))
            if owner["kind"] == "Machine" and capi:
                return capi["metadata"].get("labels", {}).get(CLUSTER_LABEL)
        return None

    def _check_device(self, claim, owner, machine):
        address, devices = self._address_of(claim), devices_of(machine)
        texts = devices[owner[2]].get("ipAddrs", []) if owner[2] < len(devices) else []
        if address and texts and texts[0] != address["spec"]["address"]:
            self._say(f"{show(machine)}[{owner[2]}] has {texts[0]}, its claim {show(claim)} "
                      f"has {address['spec']['address']}")

    def _check_one_claim_per_device(self):
        claims = {}
        for claim in self.claims.values():
            if owner_of(claim) and not is_deleting(claim):
                claims.setdefault(owner_of(claim), []).append(show(claim))
        for owner, names in claims.items():
            if len(names) > 1:
                self._say(f"device {owner[2]} of {owner[0]}/{owner[1]} has the claims {' and '.join(sorted(names))}")

    def _check_finalizers(self):
        owners = {owner_of(c)[:2] for c in self.claims.values() if owner_of(c) and not is_deleting(c)}
        for key in owners & self.machines.keys():
            if OUR_FINALIZER not in self.machines[key]["metadata"].get("finalizers", []):
                self._say(f"{'/'.join(key)} has claims and lacks CAPE-IP's finalizer")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kubeconfig", required=True)
    client = Client(parser.parse_args().kubeconfig)
    read = {kind: client.list(kind) for kind in READ}
    problems = Checker(lambda kind: read[kind]).check()
    for problem in problems:
        print(problem)
    print(f"{len(read['ElfMachine'])} machines, {len(read['IPClaim'])} claims, {len(read['IPAddress'])} addresses: "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
