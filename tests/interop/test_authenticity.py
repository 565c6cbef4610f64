"""Step 8 for real: keys and credentials by the command, offered by the server, tested by the client."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.test_boot_client import ALL_STEPS, MENU, client_on, configuration, expect_booted
from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.boot_client import boot_client
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.server import start_wireboot
from tests.support.requirements import LAB, require


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[tuple[Network, Segment]]:
    require(*LAB)
    with Network(tmp_path) as network:
        yield network, network.segment("lan")


@pytest.fixture
def boot_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "boot"
    folder.mkdir()
    for number, name in enumerate(("nbp.0", "nbp.efi", "other.0")):
        (folder / name).write_bytes(bytes([number]) * 40_000)
    return folder


def credential(host: Host, *arguments: str | Path) -> None:
    host.run(sys.executable, "-m", "wireboot", "credential", *arguments)


def sign(host: Host, keys: Path, boot_dir: Path, file: str, *options: str | Path) -> None:
    by = ("--key", keys / "signer.key", "--certificate", keys / "signer.pem", "--boot-dir", boot_dir)
    credential(host, "sign", boot_dir / file, *by, *options)


def entry(keys: Path, boot_file: str) -> str:
    return f'[[credentials]]\nboot_file = "{boot_file}"\ntrust = "{keys / "anchor.pem"}"\n'


@pytest.mark.parametrize("firmware", ["wireboot", "intel-rom"])
def test_a_signed_boot_file_from_a_menu_is_authentic(
    lan: tuple[Network, Segment], boot_dir: Path, tmp_path: Path, firmware: str
) -> None:
    """PXE 2.1 §2.1 step 8: "wireboot" asks for the credential after the download, "intel-rom" before it."""
    network, segment = lan
    server, client = network.host("server").join(segment, LAN.at(SERVER)), client_on(network, segment)
    keys = tmp_path / "keys"
    credential(server, "keygen", keys)
    sign(server, keys, boot_dir, "other.0", "--profile", "other")
    log = start_wireboot(server, configuration(server, boot_dir, "server", MENU, entry(keys, "other.0")))
    boot = boot_client(client, "--as", firmware, "--menu-item", "1", "--trust", keys / "anchor.pem")
    expect_booted(boot, boot_dir / "other.0", SERVER)
    assert boot.document["authentic"] is True
    told = [event["step"] for event in log.events() if event["event"] == "boot_step"]
    assert told == ALL_STEPS[:8]


def test_a_signed_boot_file_named_in_the_offer_is_authentic(
    lan: tuple[Network, Segment], boot_dir: Path, tmp_path: Path
) -> None:
    network, segment = lan
    server, client = network.host("server").join(segment, LAN.at(SERVER)), client_on(network, segment)
    keys = tmp_path / "keys"
    credential(server, "keygen", keys)
    sign(server, keys, boot_dir, "nbp.0")
    start_wireboot(server, configuration(server, boot_dir, "server", entry(keys, "nbp.0")))
    boot = boot_client(client, "--trust", keys / "anchor.pem")
    expect_booted(boot, boot_dir / "nbp.0", SERVER)
    assert boot.document["authentic"] is True


@pytest.mark.parametrize(
    ("case", "code"), [("changed", "PXE-E22"), ("not intact", "PXE-E21"), ("another anchor", "PXE-E7A")]
)
def test_what_is_not_vouched_for_does_not_boot(
    lan: tuple[Network, Segment], boot_dir: Path, tmp_path: Path, case: str, code: str
) -> None:
    """Fails closed, and keeps nothing."""
    network, segment = lan
    server, client = network.host("server").join(segment, LAN.at(SERVER)), client_on(network, segment)
    keys, others = tmp_path / "keys", tmp_path / "others"
    credential(server, "keygen", keys)
    credential(server, "keygen", others)
    sign(server, keys, boot_dir, "nbp.0")
    start_wireboot(server, configuration(server, boot_dir, "server", entry(keys, "nbp.0")))
    # After the server has looked at them: what it would have noticed it would not have offered.
    if case == "changed":
        (boot_dir / "nbp.0").write_bytes(bytes(40_000)[:-1] + b"!")
    elif case == "not intact":
        (boot_dir / "nbp.0.manifest.p7m").write_bytes(b"not a credential")
    anchor = (others if case == "another anchor" else keys) / "anchor.pem"
    boot = boot_client(client, "--trust", anchor, "--save", tmp_path / "kept")
    assert (boot.exit_code, boot.error_code, boot.document["sha256"]) == (1, code, None)
    assert not (tmp_path / "kept").exists()


def test_a_server_without_credentials_is_refused(lan: tuple[Network, Segment], boot_dir: Path, tmp_path: Path) -> None:
    """PXE-E7A: no secure server."""
    network, segment = lan
    server, client = network.host("server").join(segment, LAN.at(SERVER)), client_on(network, segment)
    credential(server, "keygen", tmp_path / "keys")
    start_wireboot(server, configuration(server, boot_dir, "server"))
    boot = boot_client(client, "--trust", tmp_path / "keys" / "anchor.pem")
    assert (boot.exit_code, boot.error_code) == (1, "PXE-E7A")
