"""What a machine boots, and which rule says so (boot/policy.py)."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dhcp import MAC, OTHER_MAC
from tests.support.inventory import with_menu
from wireboot.boot.inventory import Inventory, Machine, Menu, MenuEntry, MenuStyle, Profile
from wireboot.boot.loaders import FoundLoaders
from wireboot.boot.menus import entry_of_type, server_types
from wireboot.boot.policy import boot_item, decide
from wireboot.protocols.pxe.decision import BootCredential, BootFile, BootMenu, BootMenuItem, NoBootFile
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.tftp.mtftp import MtftpParameters

UUID_1 = UUID("77777777-0000-4000-8000-000000000001")
RESCUE = Profile("rescue", {"x86-bios": ("rescue.0", "rescue.1"), "x86_64-uefi": ("rescue.efi",)})
LAB = Profile("lab", {"x86_64-uefi": ("lab.efi",), "arch-13": ("lab.bin",)})
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
    chain = Inventory(
        {"chain": Profile("chain", {"x86-bios": ("undionly.kpxe",)})}, (), "chain", False, FoundLoaders({})
    )

    assert decide(client(0), chain) == BootFile("undionly.kpxe", "default profile", "chain")
    assert isinstance(decide(client(0, ipxe=True), chain), NoBootFile)


# Layers, multicast and credentials


@pytest.mark.parametrize(("layer", "name"), [(0, "rescue.0"), (1, "rescue.1")])
def test_a_boot_program_has_a_file_for_each_layer(layer: int, name: str) -> None:
    assert boot_item(client(0), 0, layer, inventory(default="rescue")) == BootFile(name, "default profile", "rescue")


def test_a_layer_beyond_the_last_is_not_there() -> None:
    decision = boot_item(client(0), 0, 2, inventory(default="rescue"))
    assert decision == NoBootFile("default profile: profile rescue has no layer 2 for x86-bios")
    assert isinstance(boot_item(client(0), 0, 1, inventory(loaders=("pxelinux.0", "ldlinux.c32"))), NoBootFile)


def test_without_a_menu_there_is_no_other_type_than_0() -> None:
    assert isinstance(boot_item(client(0), 1, 0, inventory(default="rescue")), NoBootFile)
    assert isinstance(boot_item(client(0), 0, 0, inventory(ignore_unknown=True)), NoBootFile)


def test_a_file_brings_what_is_known_of_it() -> None:
    """Where it is sent by multicast, and what vouches for it."""
    mtftp = MtftpParameters(IPv4Address("239.255.77.1"), 1760, 1759, 1, 2)
    credentials = (BootCredential(1, "rescue.0.p7s"),)
    known = with_menu(default_profile="rescue", mtftp={"rescue.0": mtftp}, credentials={"rescue.0": credentials})

    assert decide(client(0), known) == BootFile("rescue.0", "default profile", "rescue", mtftp, credentials)
    assert decide(client(7), known) == BootFile("rescue.efi", "default profile", "rescue")


def test_what_is_known_of_a_file_is_known_however_its_name_is_written() -> None:
    mtftp = MtftpParameters(IPv4Address("239.255.77.1"), 1760, 1759, 1, 2)
    spelled = Profile("spelled", {"x86-bios": ("./boot//rescue.0",)})
    known = Inventory({"spelled": spelled}, (), "spelled", False, FoundLoaders({}), mtftp={"boot/rescue.0": mtftp})
    decision = decide(client(0), known)
    assert isinstance(decision, BootFile)
    assert decision.mtftp == mtftp


# Menus


def test_a_profile_may_be_a_menu() -> None:
    decision = decide(client(0), with_menu())
    assert isinstance(decision, BootMenu)
    assert (decision.name, decision.rule, decision.timeout_s) == ("main", "default profile, menu main", 10)
    rescue, _install, _memtest, windows, local = decision.items
    assert rescue.text == "Rescue system"
    assert windows == BootMenuItem(1, "Windows", (IPv4Address("10.77.0.9"),))
    assert local == BootMenuItem(0, "Local disk")


def test_the_entry_chosen_names_its_profiles_program() -> None:
    menu = decide(client(0), with_menu())
    assert isinstance(menu, BootMenu)
    decision = boot_item(client(0), menu.items[0].server_type, 1, with_menu())
    assert decision == BootFile("rescue.1", 'default profile, menu main, "Rescue system"', "rescue")


@pytest.mark.parametrize(
    ("style", "loaders", "ipxe", "file"),
    [
        ("auto", (), True, "boot/ipxe/52-54-00-77-00-10.ipxe"),
        ("auto", ("snponly.efi", "grubx64.efi"), False, None),
        ("pxe", ("snponly.efi", "grubx64.efi"), True, None),
        ("ipxe", (), True, "boot/ipxe/52-54-00-77-00-10.ipxe"),
        ("ipxe", ("snponly.efi", "grubx64.efi"), False, "snponly.efi"),
        ("ipxe", ("grubx64.efi",), False, None),
        ("grub", ("snponly.efi", "grubx64.efi"), False, "grubx64.efi"),
        ("grub", ("shimx64.efi", "grubx64.efi"), False, "shimx64.efi"),
        ("grub", ("grubx64.efi",), True, "grubx64.efi"),
        ("grub", ("snponly.efi",), False, None),
    ],
)
def test_the_style_says_who_shows_a_menu(
    style: MenuStyle, loaders: tuple[str, ...], ipxe: bool, file: str | None
) -> None:
    """Firmware does where the loader that should is not here."""
    decision = decide(client(7, ipxe=ipxe), with_menu(style=style, loaders=loaders))
    assert (decision.name if isinstance(decision, BootFile) else None) == file
    assert isinstance(decision, BootMenu) is (file is None)


def test_the_loader_that_shows_a_menu_is_what_type_0_means() -> None:
    inventory = with_menu(style="grub", loaders=("grubx64.efi",))
    assert boot_item(client(7), 0, 0, inventory) == decide(client(7), inventory)
    assert isinstance(boot_item(client(7), 0, 1, inventory), NoBootFile)
    assert isinstance(boot_item(client(0), 0, 0, inventory), NoBootFile)


def test_a_machine_known_by_its_uuid_alone_is_told_a_script_by_that_name() -> None:
    """A TFTP request brings no UUID, and by its MAC the machine would not be known again."""
    inventory = with_menu(machines=(Machine("node-1", uuid=UUID_1, profile="choice"),), default_profile="rescue")
    decision = decide(client(7, ipxe=True), inventory)
    assert isinstance(decision, BootFile)
    assert decision.name == f"boot/ipxe/{UUID_1}.ipxe"


def test_a_menu_inside_a_menu_is_nothing_to_boot() -> None:
    inventory = with_menu(MenuEntry("Again", profile="choice", server_type=40000))
    assert isinstance(decide(client(7), inventory), NoBootFile)
    assert isinstance(boot_item(client(7), 40000, 0, inventory), NoBootFile)


# The numbers of entries


def test_a_number_is_the_same_on_every_server() -> None:
    """A changed one would make machines boot by older menus what nobody chose."""
    menu = Menu("main", "F8", 10, (MenuEntry("Rescue", profile="rescue"), MenuEntry("Local", local=True)))
    assert server_types(menu) == (57750, 0)


names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=40, unique=True)


@given(names, st.randoms(use_true_random=False), st.integers(1, 65535))
def test_a_number_follows_the_profile_and_not_the_place(profiles: list[str], random: Random, given_type: int) -> None:
    entries = [MenuEntry(name, profile=name) for name in profiles]
    entries.append(MenuEntry("with a number of its own", profile="given", server_type=given_type))
    shuffled = list(entries)
    random.shuffle(shuffled)
    one, other = (Menu("main", "F8", 10, tuple(each)) for each in (entries, shuffled))

    numbers = server_types(one)
    assert len(set(numbers)) == len(numbers)
    assert all(32768 <= number <= 65534 for number in numbers[:-1])
    assert numbers[-1] == given_type
    for number, entry in zip(numbers, entries, strict=True):
        assert entry_of_type(one, number) == entry_of_type(other, number) == entry


def test_two_names_that_collide_get_two_numbers_whatever_their_order() -> None:
    """These two have the same hash."""
    first, second = _colliding_names()
    entries = (MenuEntry("a", profile=first), MenuEntry("b", profile=second))
    forwards = dict(zip((first, second), server_types(Menu("m", "F8", 0, entries)), strict=True))
    backwards = dict(zip((second, first), server_types(Menu("m", "F8", 0, entries[::-1])), strict=True))
    assert forwards == backwards
    assert len(set(forwards.values())) == 2


def _colliding_names() -> tuple[str, str]:
    seen: dict[int, str] = {}
    for number in range(5000):
        name = f"profile-{number}"
        (server_type,) = server_types(Menu("m", "F8", 0, (MenuEntry("x", profile=name),)))
        if server_type in seen:
            return seen[server_type], name
        seen[server_type] = name
    raise AssertionError("no two names collide")
