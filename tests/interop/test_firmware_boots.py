"""Real firmware, from power-on to a line printed by user space, served by `wireboot serve` in every arrangement of
PXE 2.1: combined, ProxyDHCP on its own host, ProxyDHCP on the DHCP server's host, and behind a relay.

The machines of one site boot at the same time; each rule below is then read off what happened there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from tests.interop.sites import SITES, Role, Site
from tests.support.lab.addresses import SERVER
from tests.support.lab.conversation import Conversation, Line
from tests.support.lab.machine import FIRMWARE, VirtualMachine
from tests.support.lab.namespace import LabError
from tests.support.lab.network import Network
from tests.support.lab.payload import USER_SPACE_REACHED, PayloadError, boot_dir
from tests.support.lab.process import NeverSeenError
from tests.support.lab.server import Event
from tests.support.requirements import VIRTUAL_MACHINE, cannot_run, require
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLASS_IDENTIFIER, CLIENT_MACHINE_ID, MessageType
from wireboot.wire.addresses import UNSPECIFIED

BOOT_WITHIN_S = 90.0
FIRST_ANSWER_WITHIN_S = 0.05


def every_boot(*roles: Role) -> list[object]:
    """A row for each machine of each site where wireboot has one of these roles."""
    return [
        pytest.param(site, firmware, id=f"{site.name}-{firmware}")
        for site in SITES
        if site.role in roles
        for firmware in site.firmware
    ]


@dataclass(frozen=True, slots=True)
class Boot:
    """One machine's attempt, and what wireboot and the recorder said at its site."""

    machine: VirtualMachine
    never_seen: NeverSeenError | None
    conversation: Conversation
    server_log: list[Event]
    server_exit_code: int
    frames_not_recorded: int

    def server_events(self, name: str) -> list[Event]:
        return [event for event in self.server_log if event["event"] == name]


Boots = Callable[[Site, str], Boot]


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Boots:
    require(*VIRTUAL_MACHINE, "dhcrelay")
    try:
        boot_dir()
    except PayloadError as failure:
        cannot_run(f"needs something to boot: {failure}")

    @cache
    def boots_at(site: Site) -> dict[str, Boot] | Exception:
        try:
            with Network(tmp_path_factory.mktemp(site.name)) as network:
                return boot_all(site, network)
        except (LabError, NeverSeenError) as failure:
            return failure  # remembered too: a site that cannot be set up is tried once, not by every test

    def boot(site: Site, firmware: str) -> Boot:
        outcome = boots_at(site)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome[firmware]

    return boot


def boot_all(site: Site, network: Network) -> dict[str, Boot]:
    clients, server = site.build(network)
    recording = clients.capture()
    machines = [VirtualMachine(clients, FIRMWARE[name], number) for number, name in enumerate(site.firmware)]
    for machine in machines:
        machine.power_on()
    outcomes = [(machine, never_seen_in(machine)) for machine in machines]
    exit_code = server.stop()
    lost = recording.end()
    return {
        machine.firmware.name: Boot(
            machine, never_seen, Conversation(recording.path, machine.mac), server.events(), exit_code, lost
        )
        for machine, never_seen in outcomes
    }


def never_seen_in(machine: VirtualMachine) -> NeverSeenError | None:
    try:
        machine.wait_for(USER_SPACE_REACHED, BOOT_WITHIN_S)
    except NeverSeenError as failure:
        return failure
    return None


def answers_of_wireboot(site: Site, boot: Boot) -> list[tuple[Line, Message]]:
    """Beside a DHCP server on the same host the server identifier is no help: ours has no address or is from 4011."""
    return [
        (line, line.said)
        for line in boot.conversation.dhcp_answers()
        if isinstance(line.said, Message)
        and str(line.server) == SERVER
        and (site.role is Role.DHCP_SERVER or line.source.port == 4011 or not int(line.said.yiaddr))
    ]


@pytest.mark.parametrize(("site", "firmware"), every_boot(*Role))
def test_a_machine_boots_from_power_on_to_user_space(boots: Boots, site: Site, firmware: str) -> None:
    boot = boots(site, firmware)
    if boot.never_seen is not None:
        raise NeverSeenError(f"{boot.never_seen}\n\nThe conversation:\n{boot.conversation}")


@pytest.mark.parametrize(("site", "firmware"), every_boot(*Role))
def test_the_machine_loads_what_its_architecture_is_given_and_all_that_asks_for(
    boots: Boots, site: Site, firmware: str
) -> None:
    files = [file.lstrip("/") for file in boots(site, firmware).conversation.files_asked_for()]

    assert files[0] == site.boot_program[FIRMWARE[firmware].architecture]
    assert files[-2:] == ["linux", "initrd.gz"]


@pytest.mark.parametrize(("site", "firmware"), every_boot(Role.DHCP_SERVER, Role.PROXY))
def test_the_first_discover_is_answered_within_50_ms(boots: Boots, site: Site, firmware: str) -> None:
    """No address check and nothing else is on the client's path to its first OFFER."""
    boot = boots(site, firmware)
    first_answer, message = answers_of_wireboot(site, boot)[0]
    discover = boot.conversation.first_dhcp(MessageType.DISCOVER)

    assert message.message_type == MessageType.OFFER
    assert first_answer.at_s - discover.at_s < FIRST_ANSWER_WITHIN_S, f"\n{boot.conversation}"


@pytest.mark.parametrize(("site", "firmware"), every_boot(*Role))
def test_every_answer_to_a_pxe_client_says_pxe_client_and_echoes_its_uuid(
    boots: Boots, site: Site, firmware: str
) -> None:
    """PXE 2.1, RFC 4578 §2.3."""
    boot = boots(site, firmware)
    answers = [message for _, message in answers_of_wireboot(site, boot)]

    assert answers
    assert {message.options.get(CLASS_IDENTIFIER) for message in answers} == {"PXEClient"}
    assert {message.options.get(CLIENT_MACHINE_ID) for message in answers} == {b"\0" + boot.machine.uuid.bytes_le}


@pytest.mark.parametrize(("site", "firmware"), every_boot(*Role))
def test_no_server_answers_but_those_of_the_site(boots: Boots, site: Site, firmware: str) -> None:
    """RFC 2131 §4.3.1: the server identifier is an address of the server's own that the client can reach."""
    assert {str(line.server) for line in boots(site, firmware).conversation.dhcp_answers()} == site.dhcp_servers


@pytest.mark.parametrize(("site", "firmware"), every_boot(Role.PROXY, Role.BOOT_SERVER))
def test_a_proxy_never_hands_out_an_address(boots: Boots, site: Site, firmware: str) -> None:
    boot = boots(site, firmware)
    for line, message in answers_of_wireboot(site, boot):
        assert line.source.port == 4011 or message.message_type == MessageType.OFFER
        assert message.yiaddr in (message.ciaddr, UNSPECIFIED), f"\n{boot.conversation}"


@pytest.mark.parametrize(("site", "firmware"), every_boot(*Role))
def test_the_server_tells_the_steps_of_the_boot_in_order(boots: Boots, site: Site, firmware: str) -> None:
    """PXE 2.1 §2.1. A Boot Server that another DHCP server sends machines to comes in at step 5."""
    boot = boots(site, firmware)
    steps = [event["step"] for event in boot.server_events("boot_step") if event["mac"] == boot.machine.mac]

    assert steps == list(range(5 if site.role is Role.BOOT_SERVER else 1, 10))


@pytest.mark.parametrize(("site", "firmware"), every_boot(*Role))
def test_the_server_drops_nothing_warns_of_nothing_unexpected_and_ends_cleanly(
    boots: Boots, site: Site, firmware: str
) -> None:
    boot = boots(site, firmware)
    (stopped,) = boot.server_events("stopped")

    assert stopped["dropped"] == {}
    warned = [event["event"] for event in boot.server_log if event["level"] not in ("info", "debug")]
    assert warned == list(site.warnings)
    assert boot.server_exit_code == 0


@pytest.mark.parametrize(("site", "firmware"), every_boot(*Role))
def test_the_capture_is_whole(boots: Boots, site: Site, firmware: str) -> None:
    """Or else nothing that the tests above read off it would be certain."""
    assert boots(site, firmware).frames_not_recorded == 0
