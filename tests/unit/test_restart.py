"""What a reload takes up, and what waits for a restart (server/restart.py)."""

from __future__ import annotations

from pathlib import Path

from wireboot.config.load import parse
from wireboot.config.model import Configuration
from wireboot.server.restart import as_it_can_run, keys_for_restart

SUBNET = '[[dhcp4.subnets]]\nnetwork = "10.77.0.0/24"\npools = ["10.77.0.100-10.77.0.200"]\n'
GROUP = '[pxe.discovery]\nmulticast = true\ngroup = "239.255.1.1"\n'
MTFTP_FILE = '[[mtftp.files]]\nfile = "pxelinux.0"\ngroup = "239.255.77.1"\n'


def configuration(text: str = "") -> Configuration:
    return parse(text.encode(), Path("wireboot.toml")).config


def test_what_machines_boot_and_lend_is_taken_up() -> None:
    running = configuration('[dhcp4]\nmode = "server"\n' + SUBNET)
    new = configuration(
        '[dhcp4]\nmode = "server"\n' + SUBNET.replace("200", "210") + '[boot]\ndefault_profile = "ignore"'
    )
    assert as_it_can_run(new, running) == new
    assert keys_for_restart(new, running) == []


def test_another_mode_leaves_the_addresses_as_they_were() -> None:
    """Or a proxy's fallback would lend a server's whole pools, and a server none."""
    server = configuration('[dhcp4]\nmode = "server"\n' + SUBNET)
    proxy = configuration()
    for new, running in ((server, proxy), (proxy, server)):
        assert as_it_can_run(new, running).dhcp4 == running.dhcp4
        assert keys_for_restart(new, running) == ["dhcp4.mode"]


def test_a_group_that_no_socket_joined_is_not_told_after_the_second_reload_either() -> None:
    running, new = configuration(), configuration(GROUP)
    for _reload in range(2):
        assert keys_for_restart(new, running) == ["pxe"]
        running = as_it_can_run(new, running)
        assert not running.pxe.discovery.multicast


def test_multicast_files_change_while_their_port_stays() -> None:
    running = configuration(MTFTP_FILE)
    other_group = configuration(MTFTP_FILE.replace("77.1", "77.2"))
    assert as_it_can_run(other_group, running).mtftp == other_group.mtftp
    none_left = configuration()
    assert as_it_can_run(none_left, running).mtftp == running.mtftp
    assert keys_for_restart(none_left, running) == ["mtftp"]
