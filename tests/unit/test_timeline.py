"""The nine steps of a boot as the services' events show them (boot/timeline.py; PXE 2.1 §2.1)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from uuid import UUID

import pytest

from tests.support.dhcp import MAC, NOBODY, NOW, OTHER_MAC, OTHER_SERVER, SERVER, ip
from wireboot.boot import timeline as timeline_module
from wireboot.boot.timeline import STEP_NAMES, BootStep, Timeline
from wireboot.endpoint import DatagramDropped, Event, SocketAddress
from wireboot.leases.lease import Lease, LeaseState
from wireboot.protocols.dhcp4.events import LeaseGranted
from wireboot.protocols.pxe.decision import BootCredential, BootFile
from wireboot.protocols.pxe.events import BootFileNamed, BootNamer, CredentialNamed, MenuOffered, OtherServerChosen
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.tftp.events import TransferFinished, TransferStarted
from wireboot.protocols.tftp.options import TransferParameters

ADDRESS = ip(100)
FILE = "grubx64.efi"


def named(by: BootNamer, *, mac: bytes = MAC, address: IPv4Address = NOBODY, file: str = FILE) -> BootFileNamed:
    client = PxeClient(mac, (7,), UUID(int=1), None, (), False)
    return BootFileNamed(client, BootFile(file, "a rule"), SERVER, by, address)


def granted(mac: bytes = MAC, address: IPv4Address = ADDRESS) -> LeaseGranted:
    return LeaseGranted(Lease(address, b"\x01" + mac, mac, LeaseState.BOUND, NOW, NOW + 3600))


def started(file: str = FILE, address: IPv4Address = ADDRESS) -> TransferStarted:
    return TransferStarted(file, SocketAddress(address, 2070), "eth0", 1024, TransferParameters())


def finished(file: str = FILE, address: IPv4Address = ADDRESS) -> TransferFinished:
    return TransferFinished(file, SocketAddress(address, 2070), "eth0", 1024, 1024, 0.25, 0, True)


SERVER_MODE = (named("DHCPOFFER"), granted(), named("DHCPACK", address=ADDRESS), started(), finished())
PROXY_MODE = (named("ProxyDHCP offer"), OtherServerChosen(MAC, OTHER_SERVER, ADDRESS), started(), finished())
PROXY_MODE_4011 = (*PROXY_MODE[:2], named("Boot Server", address=ADDRESS), started(), finished())


def seen(timeline: Timeline, *events: Event) -> list[BootStep]:
    return [step for event in events for step in timeline.observe(event)]


def numbers(steps: list[BootStep]) -> list[int]:
    return [step.step for step in steps]


@pytest.mark.parametrize(
    "events", [SERVER_MODE, PROXY_MODE, PROXY_MODE_4011], ids=["server", "proxy", "proxy with 4011"]
)
def test_a_boot_has_nine_steps_in_order(events: tuple[Event, ...]) -> None:
    steps = seen(Timeline(), *events, started("linux/vmlinuz"))
    assert numbers(steps) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [step.name for step in steps] == list(STEP_NAMES.values())
    assert {step.link_address for step in steps} == {MAC}


def test_each_step_comes_with_the_event_that_shows_it() -> None:
    timeline = Timeline()
    assert [numbers(timeline.observe(event)) for event in SERVER_MODE] == [[1, 2], [3, 4], [5, 6], [], [7, 8]]
    timeline = Timeline()
    assert [numbers(timeline.observe(event)) for event in PROXY_MODE] == [[1, 2], [3, 4], [], [5, 6, 7, 8]]
    timeline = Timeline()
    assert [numbers(timeline.observe(event)) for event in PROXY_MODE_4011] == [[1, 2], [3, 4], [5, 6], [], [7, 8]]


def test_steps_say_who_and_what() -> None:
    steps = {step.step: step.detail for step in seen(Timeline(), *PROXY_MODE_4011)}
    assert (steps[1]["architecture"], steps[1]["uuid"]) == ("x86_64-uefi", str(UUID(int=1)))
    assert (steps[2]["boot_file"], steps[2]["rule"]) == (FILE, "a rule")
    assert (steps[3]["address"], steps[4]["dhcp_server"]) == (str(ADDRESS), str(OTHER_SERVER))
    assert (steps[7]["bytes"], steps[7]["seconds"]) == ("1024", "0.250")


def test_a_client_that_is_told_by_the_boot_server_alone_has_a_timeline_too() -> None:
    """Port 67 may be another program's."""
    assert numbers(seen(Timeline(), named("Boot Server", address=ADDRESS), finished())) == [5, 6, 7, 8]


def test_repeated_messages_add_nothing() -> None:
    repeated = [event for event in SERVER_MODE for _ in range(2)]
    assert numbers(seen(Timeline(), *repeated)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_other_files_are_not_the_boot_file() -> None:
    assert numbers(seen(Timeline(), *SERVER_MODE[:3], finished("other.efi"))) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("configured", "asked"), [("a.0", "/a.0"), ("/a.0", "/a.0"), ("/a.0", "a.0")])
def test_a_leading_slash_makes_no_other_file(configured: str, asked: str) -> None:
    events = (named("DHCPOFFER", file=configured), granted(), finished(asked))
    assert numbers(seen(Timeline(), *events))[-1] == 8


def test_a_discover_after_the_download_shows_the_program_running() -> None:
    """Such as iPXE, which asks for an address of its own."""
    timeline = Timeline()
    seen(timeline, *SERVER_MODE)
    assert numbers(seen(timeline, named("DHCPOFFER"))) == [9]


def test_a_discover_before_the_download_begins_anew() -> None:
    timeline = Timeline()
    seen(timeline, *SERVER_MODE[:3])
    assert numbers(seen(timeline, *SERVER_MODE)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_machines_have_timelines_of_their_own() -> None:
    timeline = Timeline()
    seen(timeline, *SERVER_MODE[:3], named("DHCPOFFER", mac=OTHER_MAC), granted(OTHER_MAC, ip(101)))
    assert {step.link_address for step in seen(timeline, finished(address=ip(101)))} == {OTHER_MAC}


def test_an_address_belongs_to_the_machine_that_got_it_last() -> None:
    timeline = Timeline()
    seen(timeline, *SERVER_MODE[:3], named("DHCPOFFER", mac=OTHER_MAC), granted(OTHER_MAC))
    assert {step.link_address for step in seen(timeline, finished())} == {OTHER_MAC}
    # The first one's new attempt must not take the address away with it.
    seen(timeline, named("DHCPOFFER"))
    assert numbers(seen(timeline, started("linux/vmlinuz"))) == [9]


@pytest.mark.parametrize(
    "event",
    [
        granted(),
        OtherServerChosen(MAC, OTHER_SERVER, ADDRESS),
        named("DHCPACK", address=ADDRESS),
        started(),
        finished(),
        DatagramDropped("dhcp4", "malformed header", SocketAddress(ADDRESS, 68), "eth0"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_of_machines_not_seen_booting_are_no_steps(event: Event) -> None:
    assert Timeline().observe(event) == []


def test_forgotten_machines_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_module, "ATTEMPTS_MAX", 2)
    timeline = Timeline()
    seen(timeline, *SERVER_MODE[:3])
    for number in range(5):
        mac = bytes([2, 0, 0, 0, 0, number])
        seen(timeline, named("DHCPOFFER", mac=mac), granted(mac, ip(110 + number)))

    assert seen(timeline, granted(), named("DHCPACK", address=ADDRESS), started(), finished()) == []
    assert numbers(seen(timeline, *SERVER_MODE)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_made_up_addresses_are_not_kept() -> None:
    """A hostile client may claim any ciaddr it likes: one machine has one address."""
    timeline = Timeline()
    for number in range(1, 200):
        seen(timeline, named("Boot Server", address=ip(number)))
    assert len(timeline._by_address) == 1


def test_a_second_boot_is_told_where_only_port_4011_is_ours() -> None:
    """A DHCP server on this host sends machines here, and nothing of theirs is heard before."""
    timeline = Timeline()
    boot = (named("Boot Server", address=ADDRESS), started(), finished(), started("linux/vmlinuz"))

    assert numbers(seen(timeline, *boot)) == [5, 6, 7, 8, 9]
    assert numbers(seen(timeline, *boot)) == [5, 6, 7, 8, 9]


def test_a_higher_layer_is_no_new_boot() -> None:
    """PXE 2.1 table 2-1, tag 71: the program of layer 0 asks for its next part."""
    timeline = Timeline()
    layer_1 = replace(named("Boot Server", address=ADDRESS, file="stage.1"), layer=1)
    steps = seen(timeline, named("Boot Server", address=ADDRESS), started(), finished(), layer_1, started("stage.1"))
    assert numbers(steps) == [5, 6, 7, 8, 9]


CREDENTIAL = "grubx64.efi.manifest.p7m"
CLIENT = PxeClient(MAC, (7,), UUID(int=1), None, (), False, "PXEClient")
MENU = MenuOffered(CLIENT, "main", "a rule", ("a", "b"), SERVER, "DHCPOFFER", NOBODY)
CREDENTIAL_NAMED = CredentialNamed(CLIENT, FILE, CREDENTIAL, 0x80000001, SERVER, ADDRESS)


def vouched_for() -> BootFileNamed:
    boot_file = BootFile(FILE, "a rule", credentials=(BootCredential(0x80000001, CREDENTIAL),))
    return BootFileNamed(CLIENT, boot_file, SERVER, "Boot Server", ADDRESS)


def test_a_boot_from_a_menu_has_nine_steps() -> None:
    events = (MENU, granted(), named("Boot Server", address=ADDRESS), started(), finished(), started("linux"))
    steps = seen(Timeline(), *events)
    assert numbers(steps) == list(range(1, 10))
    assert steps[1].detail["menu"] == "main"


@pytest.mark.parametrize("credential_first", [False, True])
def test_the_authenticity_test_is_a_step_in_either_order(credential_first: bool) -> None:
    """PXE 2.1 step 8: some clients ask for the credential before the boot file, others after it."""
    asked: list[Event] = (
        [vouched_for(), CREDENTIAL_NAMED] if not credential_first else [CREDENTIAL_NAMED, vouched_for()]
    )
    timeline = Timeline()
    steps = seen(timeline, MENU, granted(), *asked, started(), finished(), started(CREDENTIAL), finished(CREDENTIAL))
    assert numbers(steps) == list(range(1, 9))
    assert steps[-1].detail == {"credential": CREDENTIAL}
    assert numbers(seen(timeline, started("linux"))) == [9]


def test_a_credential_that_nobody_asked_for_is_told_with_the_next_step() -> None:
    timeline = Timeline()
    steps = seen(timeline, MENU, granted(), vouched_for(), started(), finished())
    assert numbers(steps) == list(range(1, 8))
    later = seen(timeline, started("linux"))
    assert numbers(later) == [8, 9]
    assert later[0].detail == {"skipped": "the client did not ask for the credential"}
