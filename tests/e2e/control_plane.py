"""One etcd and kube-apiserver with the CRDs of one set of versions."""

import contextlib
import copy
import glob
import json
import os
import pathlib
import subprocess

import yaml

import kube

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "hack" / "control-plane"

# Versions that were in use together; the last one is CAPI's future, where v1beta1 is served no more.
CRD_SETS = {
    "cape-0.3.6": ("cape-v0.3.6", "capi-v1.2.12", "m3ipam-v1.1.3"),
    "cape-1.3.0": ("cape-v1.3.0", "capi-v1.10.6", "m3ipam-v1.13.2"),
    "cape-1.7.5": ("cape-v1.7.5-fd.1", "capi-v1.10.6", "m3ipam-v1.13.2"),
    "cape-1.8.1": ("cape-v1.8.1", "capi-v1.14.0", "m3ipam-v1.13.2"),
    "capi-v1beta2": ("cape-v1.8.1", "capi-v1.14.0", "m3ipam-v1.13.2"),
}
NEWEST = "cape-1.8.1"
OLDEST = "cape-0.3.6"

MIRRORED = ("Namespace", "Event", "Lease", "Cluster", "Machine", "ElfMachine", "ElfMachineTemplate",
            "IPPool", "IPClaim", "IPAddress")


def crd_folder():
    """Where the CRDs are: CAPE_IP_CRDS, the folder beside the checkout, or the project's own."""
    candidates = [os.environ.get("CAPE_IP_CRDS"), ROOT.parent / "shared" / "crds", ROOT / "tests" / "crds"]
    for candidate in candidates:
        if candidate and pathlib.Path(candidate).is_dir():
            return pathlib.Path(candidate)
    raise FileNotFoundError("no CRDs of CAPE, CAPI and M3IPAM: name their folder by CAPE_IP_CRDS")


def read_crds(set_name):
    """The CRDs of a set, without what needs a webhook."""
    crds = []
    for folder in CRD_SETS[set_name]:
        files = sorted(glob.glob(str(crd_folder() / folder / "*.yaml")))
        if not files:
            raise FileNotFoundError(f"no CRDs in {crd_folder() / folder}")
        for file in files:
            with open(file, encoding="utf-8") as text:
                crds.append(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    for crd in crds:
        crd["spec"]["conversion"] = {"strategy": "None"}
        crd.pop("status", None)
        if set_name == "capi-v1beta2" and crd["spec"]["group"] == "cluster.x-k8s.io":
            for version in crd["spec"]["versions"]:
                version["served"] = version["name"] == "v1beta2"
    return crds


def kinds_of(crds):
    """Where the tests find each kind with these CRDs: v1beta1 of CAPI as long as it is served."""
    kinds = copy.copy(kube.KINDS)
    for crd in crds:
        kind, spec = crd["spec"]["names"]["kind"], crd["spec"]
        if spec["group"] != "cluster.x-k8s.io":
            continue
        served = [version["name"] for version in spec["versions"] if version["served"]]
        kinds[kind] = kinds[kind]._replace(version="v1beta1" if "v1beta1" in served else "v1beta2")
    return kinds


def is_established(crd):
    conditions = crd.get("status", {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


class ControlPlane:
    """Starts with the CRDs of a set loaded and `world` following all objects."""

    def __init__(self, set_name, folder):
        self.set_name = set_name
        self.folder = folder
        self.kubeconfig = str(folder / "kubeconfig")
        self.audit_log = folder / "audit.log"
        self.client = None
        self.world = None

    def start(self):
        self._script("start")
        crds = read_crds(self.set_name)
        self.client = kube.Client(self.kubeconfig, kinds_of(crds))
        self.load(crds)
        self.world = kube.World(self.client, MIRRORED)
        self.world.start()
        self.world.create("Namespace", {"metadata": {"name": "cape-system"}})

    def restart(self):
        """Kills the API server in the middle of whatever it does and starts it again."""
        self._script("restart")

    def stop(self):
        if self.world:
            self.world.stop()
        self._script("stop")

    def load(self, crds):
        """Creates these CRDs and waits until all of their kinds are served."""
        for crd in crds:
            self.client.create("CustomResourceDefinition", crd)
        with self._crds() as world:
            world.until(lambda: all(map(is_established, world.all("CustomResourceDefinition"))), "CRDs established")
            for crd in crds:
                kind = crd["spec"]["names"]["kind"]
                if kind in self.client.kinds:
                    world.until(lambda kind=kind: self._is_served(kind), f"{kind} is served")

    def unload(self, crds):
        """Deletes these CRDs and waits until they are gone."""
        with self._crds() as world:
            for crd in crds:
                world.delete("CustomResourceDefinition", crd)
            names = {crd["metadata"]["name"] for crd in crds}
            world.until(lambda: names.isdisjoint(crd["metadata"]["name"] for crd in
                                                 world.all("CustomResourceDefinition")), "the CRDs are gone")

    def requests(self, since=0):
        """The requests of CAPE-IP that the server has finished or, if watches, begun, from a position on."""
        with open(self.audit_log, "rb") as log:
            log.seek(since)
            lines = log.read().split(b"\n")[:-1]
        entries = [json.loads(line) for line in lines if b"cape-ip-manager/" in line]
        return [e for e in entries if (e["stage"] == "ResponseStarted") == (e["verb"] == "watch")]

    def position(self):
        """The end of the request log, for requests()."""
        return self.audit_log.stat().st_size

    def _script(self, command):
        environment = {**os.environ, "CONTROL_PLANE_AUDIT": "on", "CONTROL_PLANE_FSYNC": "off"}
        subprocess.run([SCRIPT, command, self.folder], env=environment, check=True, timeout=1800)

    @contextlib.contextmanager
    def _crds(self):
        """A look at the CRDs as they are now."""
        world = kube.World(self.client, ["CustomResourceDefinition"])
        world.start()
        try:
            yield world
        finally:
            world.stop()

    def _is_served(self, kind):
        try:
            self.client.list(kind)
            return True
        except kube.ApiError as error:
            if error.status in (404, 429, 503):
                return False
            raise
