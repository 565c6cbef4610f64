"""What a configuration says of menus, multicast, credentials, quirks and the proxy's fallback, checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.test_config_check import HOST, told
from wireboot.boot.loaders import FoundLoaders
from wireboot.config.model import Credential

PROFILE = '[[profiles]]\nname = "rescue"\nboot_program = { "x86-bios" = "pxelinux.0" }\n'
CHOICE = '[[profiles]]\nname = "choice"\nmenu = "main"\n'


def menu(*entries: str, more: str = "") -> str:
    """The menu is on line 1, its name on 2, the entries from line 4 (3 without `more`) on."""
    tables = "".join(f"[[menus.entries]]\n{entry}\n" for entry in entries)
    return f'[[menus]]\nname = "main"\n{more}{tables}' + PROFILE + CHOICE


def test_a_menu_of_a_profile_a_server_and_the_disk_is_in_order() -> None:
    entries = (
        'text = "Rescue"\nprofile = "rescue"',
        'text = "Windows"\nservers = ["10.77.0.9"]\ntype = 1\nfile = "wdsnbp.com"',
        'text = "Disk"\nlocal = true',
    )
    assert told(menu(*entries)) == []


@pytest.mark.parametrize(
    ("entry", "line", "what"),
    [
        ('text = "x"', 4, 'menu entry "x" leads nowhere'),
        ('text = "x"\nlocal = true\nprofile = "rescue"', 4, 'menu entry "x" leads to profile and local'),
        ('text = "x"\nprofile = "rescu"', 5, 'there is no profile "rescu"'),
        ('text = "x"\nprofile = "choice"', 5, 'menu entry "x" leads to profile "choice", which is a menu itself'),
        (
            'text = "x"\nservers = ["224.0.1.2"]\ntype = 1',
            5,
            'menu entry "x" names a Boot Server that is no single host',
        ),
        ('text = "x"\nlocal = true\ntype = 3', 6, "the local disk has type 0, and takes no other"),
        (
            'text = "x"\nlocal = true\nfile = "a.0"',
            6,
            'menu entry "x" names a file on another server, and no server',
        ),
    ],
)
def test_each_entry_leads_to_one_place(entry: str, line: int, what: str) -> None:
    assert told(menu(entry)) == [(line, "error", what)]


def test_types_differ_within_a_menu() -> None:
    twice = 'text = "a"\nprofile = "rescue"\ntype = 40000'
    assert told(menu(twice, twice)) == [(10, "error", "type 40000 stands in this menu already, on line 6")]


def test_a_menu_has_entries_and_a_name_of_its_own() -> None:
    text = '[[menus]]\nname = "main"\n[[menus]]\nname = "main"\n[[menus.entries]]\ntext = "a"\nlocal = true\n'
    assert told(text) == [
        (2, "error", 'menu "main" has no entries'),
        (4, "error", 'there is a menu "main" already, on line 2'),
    ]


def test_a_profile_is_a_menu_that_exists_or_boots_something() -> None:
    text = '[[profiles]]\nname = "a"\nmenu = "mein"\nboot_program = { "x86-bios" = "pxelinux.0" }\n'
    assert told(text) == [
        (3, "error", 'profile "a" is a menu, and has a boot program or kernel beside it'),
        (3, "error", 'there is no menu "mein"'),
    ]


def test_a_menu_too_long_for_firmware_is_told() -> None:
    entries = [f'text = "An operating system, number {number}"\nprofile = "rescue"' for number in range(9)]
    ((line, severity, what),) = told(menu(*entries))
    assert (line, severity) == (3, "warning")
    assert "and firmware takes 255" in what
    assert told(menu(*entries, more='style = "ipxe"\n')) == []


def test_a_text_that_no_screen_shows_whole_is_told() -> None:
    text = "x" * 71
    for style in ("pxe", "ipxe"):
        assert told(menu(f'text = "{text}"\nprofile = "rescue"', more=f'style = "{style}"\n')) == [
            (5, "warning", f'menu entry "{text}" has 71 letters: it is cut to 70')
        ]


def test_other_boot_servers_have_a_type_of_their_own() -> None:
    assert told(menu('text = "x"\nservers = ["10.77.0.9"]')) == [
        (5, "warning", 'menu entry "x" leads to other Boot Servers and does not say by which type')
    ]


def test_an_entry_that_a_loader_cannot_follow_is_told() -> None:
    entry = 'text = "x"\nservers = ["10.77.0.9"]\ntype = 1'
    assert told(menu(entry, more='style = "ipxe"\n')) == [
        (6, "warning", 'menu entry "x" is not shown: iPXE cannot ask a Boot Server what to load')
    ]
    assert told(menu(entry + '\nfile = "wdsnbp.com"', more='style = "ipxe"\n')) == []


def test_a_menu_of_other_servers_is_something_to_boot() -> None:
    text = menu('text = "x"\nservers = ["10.77.0.9"]\ntype = 1').replace(PROFILE, "")
    assert told(text, replace(HOST, loaders=FoundLoaders({}))) == []


def test_a_menu_by_grub_beside_another_dhcp_server_is_noted() -> None:
    """GRUB before 2.12 looks for the menu on the server that the DHCPACK names."""
    entry = 'text = "x"\nprofile = "rescue"'
    ((line, severity, what),) = told(menu(entry, more='style = "grub"\n'))
    assert (line, severity) == (3, "note")
    assert what.startswith("GRUB older than 2.12")


def test_a_boot_program_in_layers_needs_each_of_them() -> None:
    text = '[[profiles]]\nname = "a"\nboot_program = { "x86-bios" = ["pxelinux.0", "more.1"] }\n'
    assert told(text) == [(3, "error", "boot program more.1 is not in /srv/boot")]


MTFTP_FILE = '[[mtftp.files]]\nfile = "pxelinux.0"\ngroup = "239.255.77.1"\n'


def test_a_multicast_group_carries_one_file() -> None:
    assert told(MTFTP_FILE) == []
    assert told(MTFTP_FILE * 2) == [
        (5, "error", "pxelinux.0 has a group already, on line 2"),
        (6, "error", "group 239.255.77.1 is in use already; a group carries one file"),
    ]
    other_spelling = '[[mtftp.files]]\nfile = "./pxelinux.0"\ngroup = "239.255.77.2"\n'
    assert (5, "error", "./pxelinux.0 has a group already, on line 2") in told(MTFTP_FILE + other_spelling)
    assert told(MTFTP_FILE.replace("239.255.77.1", "224.0.1.2"))[0][1:] == (
        "error",
        "group 224.0.1.2 is in use already; a group carries one file",
    )


def test_mtftp_ports_lie_apart() -> None:
    text = "[mtftp]\nserver_port = 69\nclient_port = 69\n" + MTFTP_FILE
    assert told(text) == [
        (2, "error", "MTFTP server port 69 is taken by TFTP"),
        (3, "error", "MTFTP clients and server have the same port"),
    ]


def test_an_mtftp_file_is_there_and_small_enough() -> None:
    assert told(MTFTP_FILE.replace("pxelinux.0", "absent"))[0] == (2, "error", "absent is not in /srv/boot")
    large = replace(HOST, boot_file_size=lambda _: 65535 * 512)
    assert told(MTFTP_FILE, large) == [
        (2, "error", "pxelinux.0 has 33553920 bytes, and MTFTP cannot count beyond 33553920")
    ]


def test_multicast_ranges_lie_apart() -> None:
    text = '[tftp]\nmulticast_groups = "239.255.77.0/24"\n' + MTFTP_FILE
    assert told(text) == [(2, "error", "multicast_groups has 239.255.77.1 in it, which carries something else")]


def test_a_credential_that_does_not_vouch_is_told() -> None:
    def fault(credential: Credential) -> str | None:
        return "it is of another file" if credential.file is None else None

    text = '[[credentials]]\nboot_file = "pxelinux.0"\ntrust = "anchor.pem"\n'
    assert told(text, replace(HOST, credential_fault=fault)) == [
        (2, "warning", "the credential of pxelinux.0 is not offered: it is of another file")
    ]
    assert told(text + 'file = "x.p7m"\n', replace(HOST, credential_fault=fault)) == []


FALLBACK = '[dhcp4.proxy_fallback]\nnetwork = "10.77.0.0/24"\n'


def test_a_fallback_has_a_pool_in_its_network() -> None:
    assert told(FALLBACK + 'pools = ["10.77.0.240-10.77.0.247"]\n') == []
    assert told(FALLBACK) == [(2, "error", "proxy_fallback has no pools to lend from")]
    ((line, severity, what),) = told(FALLBACK + 'pools = ["10.78.0.2"]\n')
    assert (line, severity, what) == (3, "error", "pool 10.78.0.2-10.78.0.2 is not inside subnet 10.77.0.0/24")
    assert told(FALLBACK + 'pools = ["10.77.0.240"]\nlease_time_s = 9\n') == [
        (4, "warning", "lease_time_s = 9: clients renew every 4.5 seconds")
    ]


def test_a_fallback_is_for_a_proxy() -> None:
    told_in_server_mode = told(
        '[dhcp4]\nmode = "server"\n[[dhcp4.subnets]]\nnetwork = "10.77.0.0/24"\npools = ["10.77.0.9"]\n'
        + FALLBACK
        + 'pools = ["10.77.0.240"]\n'
    )
    assert (6, "note", 'proxy_fallback has no effect in mode "server"') in told_in_server_mode


QUIRK = '[[quirks]]\nname = "x"\neffects = ["split-offer-ignored"]\n'


def test_a_quirk_that_lends_an_address_needs_some() -> None:
    assert told(QUIRK) == [(3, "note", 'quirk "x": split-offer-ignored does nothing without addresses to lend')]
    assert told(QUIRK + FALLBACK + 'pools = ["10.77.0.240"]\n') == []


def test_a_quirk_is_for_pxe_clients() -> None:
    text = QUIRK.replace("split-offer-ignored", "name-without-nul")
    what = 'quirk "x" fits nobody: the vendor class of a PXE client begins with PXEClient'
    assert told(text + 'vendor_class = "HTTPClient"\n') == [(4, "warning", what)]
    assert told(text + 'vendor_class = "PXE"\n') == told(text + 'vendor_class = "PXEClient:Arch:00007"\n') == []
