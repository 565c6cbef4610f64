"""Menus that loaders show: scripts for iPXE and configurations for GRUB, made for the machine that asks (boot/)."""

from __future__ import annotations

import shlex
from ipaddress import IPv4Address, IPv4Interface
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dhcp import ETH0, ETH1, MAC, SERVER
from tests.support.inventory import NoFiles, with_menu
from wireboot.boot.generated_files import GeneratedFiles, TextFile, own_address_for
from wireboot.boot.grub_config import grub_configuration
from wireboot.boot.inventory import Inventory, Machine, MenuEntry, MenuStyle
from wireboot.boot.ipxe_script import ipxe_script
from wireboot.boot.loader_menu import LINES_MAX, PLATFORMS, LoaderFileAt, LoaderMenu, LoaderMenuLine, loader_menu
from wireboot.boot.loader_names import Generated, GeneratedName, ipxe_script_name, parse_generated_name
from wireboot.boot.policy import GRUB, IPXE
from wireboot.endpoint import IPAddress, SocketAddress
from wireboot.protocols.tftp.files import FileRefused, OpenFile

PEER = SocketAddress(IPv4Address("10.77.0.150"), 2070)
UUID_1 = UUID("77777777-0000-4000-8000-000000000001")
SCRIPT = "boot/ipxe/52-54-00-77-00-10.ipxe"
CONFIGURATION = "grub/grub.cfg-01-52-54-00-77-00-10"
BIOS, X64 = PLATFORMS[0], PLATFORMS[2]


def a_line(text: str = "Rescue", file: str = "rescue.efi") -> LoaderMenuLine:
    return LoaderMenuLine(text, {X64: LoaderFileAt(SERVER, file)})


def a_menu(*lines: LoaderMenuLine, prompt: str = "Press F8", timeout_s: int = 10) -> LoaderMenu:
    return LoaderMenu(prompt, timeout_s, lines or (a_line(), LoaderMenuLine("Local disk", {})))


# Which lines a loader shows


def test_a_line_has_a_file_for_every_platform_that_can_load_it() -> None:
    rescue, *_ = loader_menu(with_menu().menus["main"], with_menu(), SERVER, IPXE).lines
    assert rescue.files == {BIOS: LoaderFileAt(SERVER, "rescue.0"), X64: LoaderFileAt(SERVER, "rescue.efi")}


def test_another_boot_server_is_a_line_where_its_file_is_known() -> None:
    """A loader cannot ask a Boot Server: it fetches the file from the first one."""
    servers = (IPv4Address("10.77.0.9"), IPv4Address("10.77.0.8"))
    inventory = with_menu(
        MenuEntry("Known", servers=servers, file="wdsnbp.com"),
        MenuEntry("Not known", servers=servers),
        MenuEntry("Local disk", local=True),
    )
    known, local = loader_menu(inventory.menus["main"], inventory, SERVER, IPXE).lines

    assert set(known.files.values()) == {LoaderFileAt(servers[0], "wdsnbp.com")}
    assert (local.text, local.files) == ("Local disk", {})


@pytest.mark.parametrize(("running", "loader"), [(IPXE, "snponly.efi"), (GRUB, "grubx64.efi")])
def test_a_loader_does_not_load_itself(running: tuple[()], loader: str) -> None:
    """It would show the same menu again."""
    inventory = with_menu(MenuEntry("Whatever is here", profile="memtest"), loaders=(loader,))
    lines = loader_menu(inventory.menus["main"], inventory, SERVER, running).lines
    assert [X64 in line.files for line in lines] == [False]
    others = loader_menu(inventory.menus["main"], inventory, SERVER, ()).lines
    assert others[0].files[X64].name == loader


def test_a_menu_of_any_length_makes_a_script_of_bounded_length() -> None:
    entries = [MenuEntry("x" * 1000, profile="rescue", server_type=number) for number in range(1, 200)]
    inventory = with_menu(*entries)
    menu = loader_menu(inventory.menus["main"], inventory, SERVER, IPXE)
    assert len(menu.lines) == LINES_MAX
    assert len(ipxe_script(menu)) < 64 * 1024
    assert len(grub_configuration(menu)) < 64 * 1024


# iPXE


def test_an_ipxe_script_in_full() -> None:
    files = {BIOS: LoaderFileAt(SERVER, "rescue.0"), X64: LoaderFileAt(SERVER, "rescue.efi")}
    assert ipxe_script(a_menu(LoaderMenuLine("Rescue", files), LoaderMenuLine("Local disk", {}))) == (
        "#!ipxe\n"
        ":menu\n"
        "menu -- Press F8\n"
        "item line1 Rescue\n"
        "item line2 Local disk\n"
        "choose --timeout 10000 chosen || exit 1\n"
        "goto ${chosen}\n"
        ":line1\n"
        "goto line1-${platform}-${buildarch} || goto failed\n"
        ":line1-pcbios-i386\n"
        ":line1-pcbios-x86_64\n"
        "chain tftp://10.77.0.1/rescue.0 || goto failed\n"
        ":line1-efi-x86_64\n"
        "chain tftp://10.77.0.1/rescue.efi || goto failed\n"
        ":line2\n"
        "exit 1\n"
        ":failed\n"
        "prompt --timeout 5000 This could not be loaded. Press a key for the menu ||\n"
        "goto menu\n"
    )


def test_ipxe_waits_as_long_as_the_menu_says() -> None:
    """PXE 2.1 table 2-1, tag 10: 0 takes the first line at once, 255 waits for ever."""
    assert "choose chosen ||" in ipxe_script(a_menu(timeout_s=255))
    at_once = ipxe_script(a_menu(timeout_s=0)).splitlines()
    assert at_once[1] == "goto line1"
    assert at_once.index("goto line1") < at_once.index(":menu")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Rescue && shell", "Rescue & shell"),
        ("a || b ||| c", "a | b | c"),
        ("${net0/mac}", "{net0/mac}"),
        ("$${x}", "{x}"),
        ("# comment", "comment"),
        ("C# 5 #6", "C# 5 6"),
        ("#", "-"),
        ("R&D | Test", "R&D | Test"),
        ("two\nlines", "two?lines"),
    ],
)
def test_a_text_is_no_ipxe_command(text: str, shown: str) -> None:
    """iPXE has no quoting: what would mean something is spelled differently."""
    assert f"item line1 {shown}\n" in ipxe_script(a_menu(a_line(text)))
    assert f"menu -- {shown}\n" in ipxe_script(a_menu(prompt=text))


def test_a_file_name_is_escaped_in_an_ipxe_address() -> None:
    """RFC 3986 §2.1."""
    script = ipxe_script(a_menu(a_line(file="a b/${x}#&&.efi")))
    assert "chain tftp://10.77.0.1/a%20b/%24%7Bx%7D%23%26%26.efi || goto failed\n" in script


printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=80)
spiteful = st.lists(st.sampled_from(["&&", "||", "&", "|", "#", "$", "{", "}", "'", "\\", '"', " ", ";", "x"])).map(
    "".join
)


@given(st.one_of(printable, spiteful), st.one_of(printable, spiteful))
def test_no_text_changes_what_an_ipxe_script_does(text: str, file: str) -> None:
    usual = ipxe_script(a_menu()).splitlines()
    script = ipxe_script(
        a_menu(a_line(text or "-", file), LoaderMenuLine(text or "-", {}), prompt=text or "-")
    ).splitlines()

    assert [line.split()[0] for line in script] == [line.split()[0] for line in usual]
    for line in script:
        words = line.split()
        if words[0] in ("item", "menu"):
            assert not {"&&", "||"} & set(words)
            assert not any(word.startswith("#") for word in words)
            assert "${" not in line
        if words[0] == "chain":
            assert words[2:] == ["||", "goto", "failed"]


# GRUB


def test_a_grub_configuration_in_full() -> None:
    files = {BIOS: LoaderFileAt(SERVER, "rescue.0"), X64: LoaderFileAt(SERVER, "rescue.efi")}
    assert grub_configuration(a_menu(LoaderMenuLine("Rescue", files), LoaderMenuLine("Local disk", {}))) == (
        "set default=0\n"
        "set timeout=10\n"
        "set timeout_style=menu\n"
        "menuentry 'Rescue' {\n"
        """  if [ "${grub_cpu}-${grub_platform}" = 'i386-pc' ]; then\n"""
        "    set net_default_server=10.77.0.1\n"
        "    set root='tftp,10.77.0.1'\n"
        "    pxechainloader '(tftp,10.77.0.1)/rescue.0'\n"
        """  elif [ "${grub_cpu}-${grub_platform}" = 'x86_64-efi' ]; then\n"""
        "    set net_default_server=10.77.0.1\n"
        "    set root='tftp,10.77.0.1'\n"
        "    chainloader '(tftp,10.77.0.1)/rescue.efi'\n"
        "  else\n"
        "    echo 'There is nothing here for this platform.'\n"
        "    sleep 5\n"
        "  fi\n"
        "}\n"
        "menuentry 'Local disk' {\n"
        "  exit 1\n"
        "}\n"
    )


@pytest.mark.parametrize(("timeout_s", "line"), [(0, "set timeout=0"), (30, "set timeout=30"), (255, "set timeout=-1")])
def test_grub_waits_as_long_as_the_menu_says(timeout_s: int, line: str) -> None:
    """PXE 2.1 table 2-1, tag 10: 0 takes the first line at once, 255 waits for ever."""
    assert line in grub_configuration(a_menu(timeout_s=timeout_s)).splitlines()


@given(st.one_of(printable, spiteful), st.one_of(printable, spiteful))
def test_no_text_changes_what_a_grub_configuration_does(text: str, file: str) -> None:
    """Its quoting is a shell's: read as one, every text is one word, and the word is the text."""
    configuration = grub_configuration(a_menu(a_line(text, file)))
    lines = configuration.splitlines()
    entry = next(line for line in lines if line.startswith("menuentry"))
    load = next(line for line in lines if line.lstrip().startswith("chainloader"))

    assert shlex.split(entry) == ["menuentry", text, "{"]
    assert shlex.split(load) == ["chainloader", f"(tftp,10.77.0.1)/{file.lstrip('/')}"]
    assert len(lines) == len(grub_configuration(a_menu(a_line())).splitlines())


# Names


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (SCRIPT, GeneratedName(Generated.IPXE_SCRIPT, MAC)),
        (
            SCRIPT.upper().replace("BOOT/IPXE", "boot/ipxe").replace("IPXE", "ipxe"),
            GeneratedName(Generated.IPXE_SCRIPT, MAC),
        ),
        (f"boot/ipxe/{UUID_1}.ipxe", GeneratedName(Generated.IPXE_SCRIPT, UUID_1)),
        (CONFIGURATION, GeneratedName(Generated.GRUB_CONFIGURATION, MAC)),
        ("grub/grub.cfg-01-52:54:00:77:00:10", GeneratedName(Generated.GRUB_CONFIGURATION, MAC)),
        ("grub.cfg-52-54-00-77-00-10", GeneratedName(Generated.GRUB_CONFIGURATION, MAC)),
        ("EFI/debian/grub.cfg-01-52-54-00-77-00-10", GeneratedName(Generated.GRUB_CONFIGURATION, MAC)),
        (f"grub/grub.cfg-{UUID(bytes=UUID_1.bytes_le)}", GeneratedName(Generated.GRUB_CONFIGURATION, UUID_1)),
        ("grub/grub.cfg", None),
        ("grub/grub.cfg-0A4D0096", None),
        ("boot/ipxe/52-54-00-77-00.ipxe", None),
        ("boot/ipxe/52-54-00-77-00-10.ipxe.bak", None),
        ("ipxe/52-54-00-77-00-10.ipxe", None),
    ],
)
def test_a_name_says_what_is_wanted_and_for_whom(name: str, meant: GeneratedName | None) -> None:
    assert parse_generated_name(name) == meant


@given(st.one_of(st.binary(min_size=6, max_size=6), st.uuids()))
def test_the_name_that_ipxe_is_told_means_its_machine(machine: bytes | UUID) -> None:
    assert parse_generated_name(ipxe_script_name(machine)) == GeneratedName(Generated.IPXE_SCRIPT, machine)


# Files


def files(inventory: Inventory, own: IPv4Address | None = SERVER) -> GeneratedFiles:
    def own_address(peer: IPAddress) -> IPv4Address | None:
        assert peer == PEER.host
        return own

    return GeneratedFiles(inventory, NoFiles(), own_address)


def content(file: OpenFile) -> bytes:
    return file.read(0, file.size_bytes)


def test_the_machine_that_asks_gets_its_script() -> None:
    file = files(with_menu()).open(SCRIPT, PEER)
    assert content(file).startswith(b"#!ipxe\n")
    assert b"chain tftp://10.77.0.1/rescue.efi" in content(file)
    assert (file.read(2, 4), file.read(file.size_bytes - 1, 10), file.read(file.size_bytes, 10)) == (
        b"ipxe",
        b"\n",
        b"",
    )
    file.close()


def test_a_machine_with_another_profile_is_not_given_the_menu() -> None:
    other = Machine("node-1", link_address=MAC, profile="rescue")
    with pytest.raises(FileRefused):
        files(with_menu(machines=(other,))).open(SCRIPT, PEER)


def test_a_machine_known_by_its_uuid_is_found_by_it() -> None:
    node = Machine("node-1", uuid=UUID_1, profile="choice")
    inventory = with_menu(machines=(node,), default_profile="rescue")
    assert content(files(inventory).open(f"boot/ipxe/{UUID_1}.ipxe", PEER))
    with pytest.raises(FileRefused):
        files(inventory).open(SCRIPT, PEER)


def test_grub_spells_a_uuid_as_option_97_does() -> None:
    """RFC 4578 §2.3: its first three fields are little-endian there, and GRUB prints the bytes as they come."""
    node = Machine("node-1", uuid=UUID("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"), profile="choice")
    inventory = with_menu(machines=(node,), default_profile="rescue", style="grub")
    assert content(files(inventory).open("grub/grub.cfg-3c2d1e0f-5a4b-7869-8796-a5b4c3d2e1f0", PEER))


def test_a_uuid_that_nobody_is_known_by_leads_on_to_the_mac() -> None:
    """Firmware: GRUB asks by UUID first, and takes what it gets."""
    node = Machine("node-1", link_address=MAC, profile="rescue")
    inventory = with_menu(machines=(node,), style="grub")
    with pytest.raises(FileRefused):
        files(inventory).open(f"grub/grub.cfg-{UUID_1}", PEER)


@pytest.mark.parametrize(
    ("style", "script", "configuration"),
    [("auto", True, False), ("ipxe", True, False), ("grub", False, True), ("pxe", False, False)],
)
def test_only_the_loader_that_shows_the_menu_is_given_it(style: MenuStyle, script: bool, configuration: bool) -> None:
    """A GRUB that was chosen from firmware's menu wants its own configuration, not the menu again."""
    for name, given_it in ((SCRIPT, script), (CONFIGURATION, configuration)):
        try:
            assert content(files(with_menu(style=style)).open(name, PEER))
            found = True
        except FileRefused:
            found = False
        assert found is given_it, name


@pytest.mark.parametrize("name", ["grub/grub.cfg", "grub.cfg", "EFI/debian/grub.cfg", "grub/x86_64-efi/grub.cfg"])
def test_a_grub_that_looks_for_one_configuration_is_led_to_its_own(name: str) -> None:
    """Firmware: Debian's signed GRUB asks for grub/grub.cfg and for nothing with a MAC in it."""
    assert content(files(with_menu(style="grub")).open(name, PEER)) == (
        b"configfile (tftp,10.77.0.1)/grub/grub.cfg-01-${net_default_mac}\n"
    )
    with pytest.raises(FileRefused):
        files(with_menu()).open(name, PEER)


def test_a_configuration_of_the_operators_own_comes_first() -> None:
    class OneFile:
        def open(self, name: str, peer: SocketAddress) -> OpenFile:
            del peer
            return TextFile(f"the operator's {name}")

    overlay = GeneratedFiles(with_menu(style="grub"), OneFile(), lambda _peer: SERVER)
    assert content(overlay.open("grub/grub.cfg", PEER)) == b"the operator's grub/grub.cfg"
    assert content(overlay.open(CONFIGURATION, PEER)).startswith(b"set default")


@pytest.mark.parametrize("name", ["pxelinux.0", "boot/ipxe/52-54-00-77-00-1g.ipxe"])
def test_other_names_are_for_the_boot_files(name: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        files(with_menu(style="ipxe")).open(name, PEER)
    assert refusal.value.reason == name


def test_without_an_address_of_our_own_nothing_is_generated() -> None:
    with pytest.raises(FileRefused):
        files(with_menu(), own=None).open(SCRIPT, PEER)


def test_the_address_is_the_one_in_the_machines_own_network() -> None:
    both = (ETH0, ETH1)
    assert own_address_for(IPv4Address("10.78.0.9"), both) == ETH1.ipv4[0].ip
    assert own_address_for(IPv4Address("10.77.0.9"), both) == ETH0.ipv4[0].ip
    assert own_address_for(IPv4Address("192.0.2.1"), both) == IPv4Interface("10.77.0.1/24").ip
    assert own_address_for(IPv4Address("192.0.2.1"), ()) is None
