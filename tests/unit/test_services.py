"""What a configuration amounts to (services/): what is offered, and what the decisions are made from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.dhcp import discover, pxe_options
from wireboot.boot.loaders import FoundLoaders
from wireboot.config.load import parse
from wireboot.config.model import Configuration
from wireboot.credentials.certificates import credential_type_of
from wireboot.credentials.keys import KeyKind, certificate_pem, make_anchor, make_signer
from wireboot.credentials.manifest import Manifest, describe_file, encode
from wireboot.credentials.sign import sign
from wireboot.protocols.pxe.decision import BootCredential
from wireboot.protocols.pxe.identity import identify
from wireboot.protocols.pxe.quirks import Effect, effect_for
from wireboot.services.credentials import credential_fault, offered_credentials
from wireboot.services.inventory import inventory
from wireboot.store.boot_files import BootFileStore

NOW = datetime.now(UTC)
ANCHOR = make_anchor("anchor", KeyKind.EC_P256, NOW, days=2)
SIGNER = make_signer("signer", KeyKind.EC_P256, ANCHOR, NOW, days=2)
TYPE = credential_type_of(ANCHOR.certificate)


def configuration(text: str, folder: Path = Path()) -> Configuration:
    return parse(text.encode(), folder / "wireboot.toml").config


def effect(text: str, architecture: int = 7) -> Effect:
    """Of the rows in `text`, for a client of this architecture."""
    client = identify(discover(options=pxe_options(architecture)))
    assert client is not None
    return effect_for(client, inventory(configuration(text), FoundLoaders({}), {}).quirks)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "anchor.pem").write_bytes(certificate_pem(ANCHOR.certificate))
    return tmp_path


def put(folder: Path, name: str, *, layer: int = 0) -> None:
    """A boot file, and beside it the credential of that file."""
    content = name.encode()
    manifest = Manifest(7, (describe_file(name, content, layer),), NOW, NOW + timedelta(days=1), serial=1)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    (folder / "credential.p7m").write_bytes(sign(encode(manifest), SIGNER, detached=False))


def entry(boot_file: str, file: str = 'file = "credential.p7m"') -> str:
    return f'[[credentials]]\nboot_file = "{boot_file}"\n{file}\ntrust = "anchor.pem"\n'


@pytest.mark.parametrize("spelling", ["debian/grubx64.efi", "debian//grubx64.efi", "./debian/grubx64.efi"])
def test_a_credential_is_found_however_its_boot_file_is_spelled(folder: Path, spelling: str) -> None:
    """boot/policy.py looks for it by the normalised name."""
    put(folder, "debian/grubx64.efi", layer=2)
    offered = offered_credentials(configuration(entry(spelling), folder), BootFileStore(folder))
    assert offered == {"debian/grubx64.efi": (BootCredential(TYPE, "credential.p7m", server_type=7, layer=2),)}


def test_a_credential_whose_name_fits_into_no_packet_is_not_offered(folder: Path) -> None:
    """RFC 2131 §2: `file` has 128 bytes; to name more would be a fault of ours, at a stranger's request."""
    name = "x" * 120
    put(folder, name)
    (folder / "credential.p7m").rename(folder / f"{name}.manifest.p7m")
    config, files = configuration(entry(name, file=""), folder), BootFileStore(folder)
    assert offered_credentials(config, files) == {}
    assert "longer than the 127 bytes" in (credential_fault(config.credentials[0], files) or "")


def test_a_credential_that_is_not_there_is_not_offered(folder: Path) -> None:
    put(folder, "a.0")
    config, files = configuration(entry("a.0", file=""), folder), BootFileStore(folder)
    assert offered_credentials(config, files) == {}
    assert credential_fault(config.credentials[0], files) == "a.0.manifest.p7m is not on offer"


def test_a_quirk_for_an_architecture_fits_every_number_of_it() -> None:
    """RFC 4578 erratum 4624: x86-64 firmware says 7 or 9; who names 9 alone means 9 alone."""
    row = '[[quirks]]\nname = "x"\neffects = ["name-without-nul"]\narchitectures = ["{}"]\n'
    x64 = row.format("x86_64-uefi")
    assert [effect(x64, number) for number in (7, 9)] == [Effect.NAME_WITHOUT_NUL] * 2
    assert effect(x64, 0) is Effect.NONE
    assert effect(row.format("arch-9"), 7) is Effect.NONE
    assert effect(row.format("arch-9"), 9) is Effect.NAME_WITHOUT_NUL


def test_a_quirk_without_effects_keeps_a_wider_one_off() -> None:
    none = '[[quirks]]\nname = "x"\neffects = []\narchitectures = ["x86_64-uefi"]\n'
    every = '[[quirks]]\nname = "y"\neffects = ["no-vendor-options", "name-without-nul"]\n'
    assert effect(none + every) is Effect.NONE
    assert effect(none + every, 0) == Effect.NO_VENDOR_OPTIONS | Effect.NAME_WITHOUT_NUL
