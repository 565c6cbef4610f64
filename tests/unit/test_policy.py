"""What a machine boots, and which rule says so (boot/policy.py)."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.support.dhcp import MAC, OTHER_MAC
from wireboot.boot.inventory import Inventory, Machine, Profile
from wireboot.boot.loaders import FoundLoaders
from wireboot.boot.policy import decide
from wireboot.protocols.pxe.boot_file import BootFile, NoBootFile
from wireboot.protocols.pxe.identity import PxeClient

UUID_1 = UUID("77777777-0000-4000-8000-000000000001")
RESCUE = Profile("rescue", {"x86-bios": "rescue.0", "x86_64-uefi": "rescue.efi"})
LAB = Profile("lab", {"x86_64-uefi": "lab.efi", "arch-13": "lab.bin"})
EMPTY = Profile("empty")
NODE = Machine("node-1", link_address=MAC, profile="lab")


def client(*architectures: int, link_address: bytes = MAC, uuid: UUID | None = UUID_1, ipxe: bool = False) -> PxeClient:
    return PxeClient(link_address, architectures or (7,), uuid, None, ("iPXE",) if ipxe else (), ipxe)


def inventory(
    *machines: Machine, default: str | None = None, ignore_unknown: bool = False, loaders: tuple[str, ...] = ()
) -> Inventory:
    profiles = {each.name: each for each in (RESCUE, LAB, EMPTY)}
    found = FoundLoaders({name: f"/usr/lib/{name}" for name in loaders})
    return Inventory(profiles, machines, default, ignore_unknown, found)


def test_a_machine_boots_its_own_profile() -> None:
    assert decide(client(), inventory(NODE, default="rescue")) == BootFile("lab.efi", "machine node-1", "lab")


def test_other_machines_boot_the_default_profile() -> None:
    decision = decide(client(link_address=OTHER_MAC), inventory(NODE, default="rescue"))
    assert decision == BootFile("rescue.efi", "default profile", "rescue")


def test_a_machine_without_a_profile_boots_the_default_one() -> None:
    decision = decide(client(), inventory(Machine("node-1", link_address=MAC), default="rescue"))
    assert decision == BootFile("rescue.efi", "default profile", "rescue")


def test_a_machine_is_known_by_its_uuid_too() -> None:
    decision = decide(client(), inventory(Machine("node-1", uuid=UUID_1, profile="lab"), default="rescue"))
    assert decision == BootFile("lab.efi", "machine node-1", "lab")


def test_a_mac_counts_before_a_uuid() -> None:
    """Boards that share a UUID exist."""
    twin = Machine("twin", uuid=UUID_1, profile="rescue")
    assert decide(client(), inventory(twin, NODE)) == BootFile("lab.efi", "machine node-1", "lab")


def test_a_client_without_a_uuid_is_not_a_machine_without_one() -> None:
    decision = decide(client(link_address=OTHER_MAC, uuid=None), inventory(NODE, default="rescue"))
    assert decision == BootFile("rescue.efi", "default profile", "rescue")


@pytest.mark.parametrize(
    ("machines", "rule"),
    [((), "unknown machines are ignored"), ((Machine("node-1", link_address=MAC),), "node-1 has no profile")],
)
def test_unknown_machines_may_be_ignored(machines: tuple[Machine, ...], rule: str) -> None:
    assert decide(client(), inventory(*machines, ignore_unknown=True)) == NoBootFile(rule)


def test_a_known_machine_boots_where_unknown_ones_are_ignored() -> None:
    assert decide(client(), inventory(NODE, ignore_unknown=True)) == BootFile("lab.efi", "machine node-1", "lab")


@pytest.mark.parametrize(
    ("architectures", "name"),
    [
        ((0,), "rescue.0"),
        ((7,), "rescue.efi"),
        ((9,), "rescue.efi"),  # x86-64 firmware that reads RFC 4578 literally
        ((16,), "rescue.efi"),  # HTTP boot runs the same programs
        ((11, 0), "rescue.0"),  # the second is better than none
        ((7, 0), "rescue.efi"),
    ],
)
def test_the_program_fits_the_architecture(architectures: tuple[int, ...], name: str) -> None:
    assert decide(client(*architectures), inventory(default="rescue")) == BootFile(name, "default profile", "rescue")


def test_architectures_without_a_name_are_configured_by_number() -> None:
    assert decide(client(13), inventory(NODE)) == BootFile("lab.bin", "machine node-1", "lab")


def test_a_loader_found_serves_where_the_profile_names_none() -> None:
    decision = decide(client(), inventory(default="empty", loaders=("grubx64.efi",)))
    assert decision == BootFile("grubx64.efi", "default profile, with a loader found", "empty")


def test_a_configured_program_counts_before_a_loader_found() -> None:
    decision = decide(client(), inventory(default="rescue", loaders=("grubx64.efi",)))
    assert decision == BootFile("rescue.efi", "default profile", "rescue")


def test_with_nothing_configured_the_loaders_serve() -> None:
    decision = decide(client(0), inventory(loaders=("pxelinux.0", "ldlinux.c32")))
    assert decision == BootFile("pxelinux.0", "loaders found, with a loader found", "loaders")


def test_ipxe_is_not_sent_ipxe() -> None:
    """It would load itself for ever."""
    loaders = ("undionly.kpxe", "pxelinux.0", "ldlinux.c32")
    only_ipxe = inventory(loaders=("undionly.kpxe",))

    assert decide(client(0), only_ipxe) == BootFile("undionly.kpxe", "loaders found, with a loader found", "loaders")
    assert isinstance(decide(client(0, ipxe=True), only_ipxe), NoBootFile)
    decision = decide(client(0, ipxe=True), inventory(loaders=loaders))
    assert isinstance(decision, BootFile)
    assert decision.name == "pxelinux.0"


def test_nothing_to_boot_says_which_rule_found_nothing() -> None:
    decision = decide(client(11), inventory(NODE))
    assert isinstance(decision, NoBootFile)
    assert decision.rule.startswith("machine node-1: no boot program for arm64-uefi")


def test_a_client_that_runs_ipxe_is_not_told_to_load_ipxe_though_the_profile_names_it() -> None:
    """It would load it for ever."""
    chain = Inventory({"chain": Profile("chain", {"x86-bios": "undionly.kpxe"})}, (), "chain", False, FoundLoaders({}))

    assert decide(client(0), chain) == BootFile("undionly.kpxe", "default profile", "chain")
    assert isinstance(decide(client(0, ipxe=True), chain), NoBootFile)
