"""Kinds that are not there when the manager starts."""

import pytest

from control_plane import read_crds


@pytest.mark.crd_sets("cape-1.3.0")
def test_a_crd_that_comes_later(lab):
    """M3IPAM's CRDs are installed after the manager has started: it begins to work by itself."""
    crds = [crd for crd in read_crds(lab.plane.set_name) if crd["spec"]["group"] == "ipam.metal3.io"]
    lab.plane.unload(crds)
    lab.cluster()
    lab.template(labels={"cluster.x-k8s.io/ip-pool-name": "pool"})
    lab.new_manager().wait_logged("ipam.metal3.io|ippools|IPPool")
    machine = lab.machine()
    lab.plane.load(crds)
    lab.pool()
    lab.until_served(machine)
