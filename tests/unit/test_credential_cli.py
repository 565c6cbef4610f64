"""`wireboot credential`: from new keys to a file that is proven authentic, and every way in which it is not."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509 import load_pem_x509_certificate

from tests.support.credentials import NOW, YEAR, authority, ec_key, leaf
from wireboot.cli.main import main
from wireboot.credentials import cms, manifest
from wireboot.credentials.certificates import credential_type_of, key_digest
from wireboot.credentials.keys import certificate_pem, key_pem

PAST = (NOW - 20 * YEAR, NOW - 10 * YEAR)
Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture
def credential(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["wireboot", "credential", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def keys(credential: Run, tmp_path: Path) -> Path:
    assert credential("keygen", tmp_path / "keys")[0] == 0
    return tmp_path / "keys"


@pytest.fixture
def boot_file(tmp_path: Path) -> Path:
    (tmp_path / "boot" / "debian").mkdir(parents=True)
    file = tmp_path / "boot" / "debian" / "grubx64.efi"
    file.write_bytes(b"a boot program")
    return file


def signing(keys: Path) -> tuple[str | Path, ...]:
    return ("--key", keys / "signer.key", "--certificate", keys / "signer.pem")


def content_of(file: Path) -> manifest.Manifest:
    embedded = cms.read(file.read_bytes()).content
    assert embedded is not None
    return manifest.decode(embedded)


# keygen


def test_keygen_makes_two_keys_and_two_certificates_and_tells_the_type(credential: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "keys"
    exit_code, out, err = credential("keygen", folder)

    assert (exit_code, err) == (0, "")
    assert {file.name for file in folder.iterdir()} == {"anchor.key", "anchor.pem", "signer.key", "signer.pem"}
    assert all(str(file) in out for file in folder.iterdir())
    anchor = load_pem_x509_certificate((folder / "anchor.pem").read_bytes())
    assert f"credential type 0x{credential_type_of(anchor):08x}" in out


def test_private_keys_are_their_owners_alone(keys: Path) -> None:
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in keys.iterdir()}
    assert modes == {"anchor.key": 0o600, "signer.key": 0o600, "anchor.pem": 0o644, "signer.pem": 0o644}


@pytest.mark.parametrize("name", ["anchor.key", "anchor.pem", "signer.key", "signer.pem"])
def test_keygen_overwrites_nothing_unless_told_to(credential: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")

    exit_code, out, err = credential("keygen", tmp_path)

    assert (exit_code, out) == (1, "")
    assert f"{tmp_path / name} is there already" in err
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"
    assert credential("keygen", tmp_path, "--force")[0] == 0
    assert (tmp_path / name).read_text() != "precious"


def test_a_new_signer_can_be_made_with_the_anchor_that_is_there(credential: Run, keys: Path, boot_file: Path) -> None:
    before = {file.name: file.read_bytes() for file in keys.iterdir()}
    assert credential("keygen", keys, "--signer-only")[0] == 1
    assert credential("keygen", keys, "--signer-only", "--force")[0] == 0
    after = {file.name: file.read_bytes() for file in keys.iterdir()}

    assert {name for name in before if before[name] != after[name]} == {"signer.key", "signer.pem"}
    _, out, _ = credential("sign", boot_file, *signing(keys))
    assert credential("verify", boot_file, "--credential", out.strip(), "--trust", keys / "anchor.pem")[0] == 0


@pytest.mark.parametrize("kind", ["rsa-3072", "ed25519"])
def test_other_kinds_of_keys_serve_too(credential: Run, tmp_path: Path, boot_file: Path, kind: str) -> None:
    keys = tmp_path / kind
    assert credential("keygen", keys, "--algorithm", kind)[0] == 0
    _, out, _ = credential("sign", boot_file, *signing(keys))
    assert credential("verify", boot_file, "--credential", out.strip(), "--trust", keys / "anchor.pem")[0] == 0


def test_keygen_says_where_it_cannot_write(credential: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    exit_code, _, err = credential("keygen", tmp_path / "file" / "keys")
    assert exit_code == 1
    assert "error: cannot make the folder" in err


# sign


def test_sign_writes_a_manifest_beside_the_file_and_says_where(credential: Run, keys: Path, boot_file: Path) -> None:
    exit_code, out, err = credential("sign", boot_file, *signing(keys))

    target = boot_file.with_name("grubx64.efi.manifest.p7m")
    assert (exit_code, out, err) == (0, f"{target}\n", "")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    signed = content_of(target)
    assert (signed.server_type, signed.files) == (0, (manifest.describe_file("grubx64.efi", b"a boot program"),))
    assert {file.name for file in boot_file.parent.iterdir()} == {"grubx64.efi", "grubx64.efi.manifest.p7m"}


def test_sign_binds_what_it_is_told(credential: Run, keys: Path, boot_file: Path, tmp_path: Path) -> None:
    kernel = boot_file.with_name("linux")
    kernel.write_bytes(b"kernel")
    options = "--type 32769 --layer 0 --layer 1 --serial 5 --not-before 2020-01-01 --not-after 2090-01-01T12:00:00Z"
    target = tmp_path / "out.p7m"

    ran = credential(
        "sign", boot_file, kernel, *signing(keys), "--boot-dir", tmp_path / "boot", "--out", target, *options.split()
    )

    assert ran == (0, f"{target}\n", "")
    signed = content_of(target)
    assert (signed.server_type, signed.serial) == (0x8001, 5)
    assert [(file.name, file.layer) for file in signed.files] == [("debian/grubx64.efi", 0), ("debian/linux", 1)]
    assert (signed.not_before.isoformat(), signed.not_after.isoformat()) == (
        "2020-01-01T00:00:00+00:00",
        "2090-01-01T12:00:00+00:00",
    )


def test_names_can_be_given(credential: Run, keys: Path, boot_file: Path) -> None:
    _, out, _ = credential("sign", boot_file, *signing(keys), "--name", "boot/x")
    assert [file.name for file in content_of(Path(out.strip())).files] == ["boot/x"]


def test_sign_replaces_an_older_credential(credential: Run, keys: Path, boot_file: Path) -> None:
    for content in (b"first", b"second"):
        boot_file.write_bytes(content)
        _, out, _ = credential("sign", boot_file, *signing(keys))
        assert credential("verify", boot_file, "--credential", out.strip(), "--trust", keys / "anchor.pem")[0] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--name a --name b", "2 names for 1 files"),
        ("--name ../x", "not the plain path"),
        ("--name /x", "not the plain path"),
        ("--layer 0 --layer 1", "2 layers for 1 files"),
        ("--not-before 2030-01-01 --not-after 2029-01-01", "ends before it begins"),
        ("--boot-dir /proc", "not all files are inside /proc"),
        ("--detached --name x", "--detached binds the bytes of one file"),
        ("--detached --serial 0", "--detached binds the bytes of one file"),
        ("--key nowhere", "cannot read the key nowhere: No such file"),
        ("--certificate nowhere", "cannot read the certificate nowhere: No such file"),
        ("--layer 32768", "layer"),
    ],
)
def test_what_cannot_be_signed_ends_with_2(
    credential: Run, keys: Path, boot_file: Path, options: str, words: str
) -> None:
    exit_code, out, err = credential("sign", boot_file, *signing(keys), *options.split())

    error, hint = err.splitlines()
    assert (exit_code, out) == (2, "")
    assert error.startswith("error: ")
    assert words in error
    assert hint.startswith("hint: ")
    assert [file.name for file in boot_file.parent.iterdir()] == ["grubx64.efi"]


def test_keys_that_cannot_sign_end_with_2(credential: Run, keys: Path, boot_file: Path, tmp_path: Path) -> None:
    locked = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "locked.key").write_bytes(locked)
    for key, words in (
        (tmp_path / "locked.key", "is encrypted"),
        (keys / "anchor.key", "does not belong to the certificate"),
        (keys / "signer.pem", "holds no private key"),
    ):
        exit_code, _, err = credential("sign", boot_file, "--key", key, "--certificate", keys / "signer.pem")
        assert exit_code == 2
        assert words in err


def test_an_expired_signer_or_anchor_makes_nothing(credential: Run, boot_file: Path, tmp_path: Path) -> None:
    anchor = authority("old", valid=PAST)
    for name, made in (("anchor", anchor), ("signer", leaf(anchor, valid=PAST))):
        (tmp_path / f"{name}.key").write_bytes(key_pem(made.key))
        (tmp_path / f"{name}.pem").write_bytes(certificate_pem(made.certificate))

    for arguments in (("sign", boot_file, *signing(tmp_path)), ("keygen", tmp_path, "--signer-only", "--force")):
        exit_code, out, err = credential(*arguments)
        assert (exit_code, out) == (1, "")
        assert "expired at" in err


# verify


@pytest.fixture
def signed(credential: Run, keys: Path, boot_file: Path) -> tuple[str | Path, ...]:
    """The arguments of a `verify` that succeeds."""
    _, out, _ = credential("sign", boot_file, *signing(keys))
    return ("verify", boot_file, "--credential", out.strip(), "--trust", keys / "anchor.pem")


def test_verify_says_on_whose_word(credential: Run, signed: tuple[str | Path, ...], keys: Path) -> None:
    exit_code, out, err = credential(*signed, "--json")

    document = json.loads(out)
    signer = load_pem_x509_certificate((keys / "signer.pem").read_bytes())
    assert (exit_code, err) == (0, "")
    assert (document["authentic"], document["error"]) == (True, None)
    assert (document["profile"], document["clock"], document["signer"]) == ("manifest", "strict", "CN=wireboot signer")
    assert document["signer_key_sha256"] == key_digest(signer).hex()
    exit_code, out, _ = credential(*signed)
    assert exit_code == 0
    assert "is authentic" in out


def test_verify_says_what_a_bare_signature_does_not_bind(credential: Run, keys: Path, boot_file: Path) -> None:
    _, out, _ = credential("sign", boot_file, "--detached", *signing(keys))
    assert out == f"{boot_file}.p7s\n"
    exit_code, out, _ = credential(
        "verify", boot_file, "--credential", f"{boot_file}.p7s", "--trust", keys / "anchor.pem"
    )
    assert exit_code == 0
    assert "serial: not bound" in out


def test_verify_refuses_with_1_and_says_why(credential: Run, signed: tuple[str | Path, ...], boot_file: Path) -> None:
    boot_file.write_bytes(b"A boot program")

    exit_code, out, err = credential(*signed)
    assert (exit_code, out) == (1, "")
    assert "error: PXE-E22: the SHA-256 of 'grubx64.efi' is not the one in the manifest" in err

    exit_code, out, err = credential(*signed, "--json")
    document = json.loads(out)
    assert (exit_code, err, document["authentic"]) == (1, "", False)
    assert document["error"]["code"] == "PXE-E22"


@pytest.mark.parametrize(
    ("options", "exit_code", "words"),
    [
        ("--layer 1", 1, "layer 1 was asked for"),
        ("--type 5", 1, "type 5 was asked for"),
        ("--name other", 1, "does not name 'other'"),
        ("--serial-min 9999999999", 1, "outdated"),
        (f"--pin {'00' * 32}", 1, "pinned"),
        ("--purpose 1.3.6.1.5.5.7.3.4", 1, "extended key usage"),
        ("--clock floor --floor 2199-01-01", 1, "expired"),
        ("--pin 00", 2, "no SHA-256"),
        ("--pin zz", 2, "no SHA-256"),
        ("--purpose x", 2, "no object identifier"),
        ("--clock sometimes", 2, "sometimes"),
        ("--credential nowhere", 2, "cannot read nowhere"),
        ("--trust nowhere", 2, "cannot read the certificate nowhere"),
    ],
)
def test_verify_asks_for_what_it_is_told(
    credential: Run, signed: tuple[str | Path, ...], options: str, exit_code: int, words: str
) -> None:
    ended, out, err = credential(*signed, *options.split())
    assert (ended, out) == (exit_code, "")
    assert words in err


@pytest.mark.parametrize("options", ["--clock floor", "--clock ignore", "--name grubx64.efi"])
def test_verify_can_be_asked_for_less(credential: Run, signed: tuple[str | Path, ...], options: str) -> None:
    assert credential(*signed, *options.split())[0] == 0


def test_what_is_no_anchor_ends_with_2(credential: Run, signed: tuple[str | Path, ...], keys: Path) -> None:
    for file, words in (("signer.pem", "is no anchor to trust"), ("anchor.key", "holds no certificate")):
        exit_code, _, err = credential(*signed[:-1], keys / file)
        assert exit_code == 2
        assert words in err


def test_a_broken_credential_is_no_traceback(credential: Run, signed: tuple[str | Path, ...], boot_file: Path) -> None:
    boot_file.with_name("grubx64.efi.manifest.p7m").write_bytes(b"\x30\x03\x02\x01\x00")
    exit_code, _, err = credential(*signed)
    assert exit_code == 1
    assert err.startswith("error: PXE-E21: ")
