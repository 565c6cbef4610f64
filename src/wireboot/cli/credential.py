"""`wireboot credential`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from wireboot.boot.menus import type_of_profile
from wireboot.cli.options import JsonOption
from wireboot.credentials import cms
from wireboot.credentials.certificates import credential_type_of, key_digest, name_of
from wireboot.credentials.clock import BUILD_TIME_FLOOR, Clock, ClockPolicy
from wireboot.credentials.files import PRIVATE, PUBLIC, already_there, write_whole
from wireboot.credentials.keys import BACKDATED, KeyKind, certificate_pem, key_pem, make_anchor, make_signer
from wireboot.credentials.manifest import MANIFEST_SUFFIX, Manifest, ManifestFile, describe_file, encode
from wireboot.credentials.sign import Signer, load_signer
from wireboot.credentials.sign import sign as sign_content
from wireboot.credentials.trust import TrustAnchors, TrustPolicy, Verified
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused

IMAGE_SUFFIX = ".p7s"

_TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]
_DAYS_MAX = 36500
_NAME_SIZE_MAX = 48
"""With what is added it stays within a common name's 64 (RFC 5280 appendix A.1)."""

BootDirOption = Annotated[
    Path | None,
    typer.Option("--boot-dir", metavar="DIR", help="Names count from this folder. Without it, a file's own name."),
]

app = typer.Typer(name="credential", help="Vouch for boot files, and test what vouches for them.")


ProfileOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The profile that a menu's entry leads to, instead of its --type."),
]


@app.callback()
def _group() -> None:
    """Vouch for boot files, and test what vouches for them."""


@app.command()
def keygen(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the four files go; made if absent.")],
    algorithm: Annotated[KeyKind, typer.Option(help="The kind of both keys.")] = KeyKind.EC_P256,
    name: Annotated[str, typer.Option(help="What the certificates are called.")] = "wireboot",
    anchor_days: Annotated[int, typer.Option(min=1, max=_DAYS_MAX, help="How long the anchor is valid.")] = 7300,
    signer_days: Annotated[int, typer.Option(min=1, max=_DAYS_MAX, help="How long the signer is valid.")] = 1095,
    signer_only: Annotated[
        bool, typer.Option("--signer-only", help="Make only a new signer, with the anchor that is in DIR.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Make an anchor, which clients are told to believe, and a signer, which it vouches for.

    Example: wireboot credential keygen /root/boot-keys
    """
    anchor_files, signer_files = _pair(folder, "anchor"), _pair(folder, "signer")
    to_write = signer_files if signer_only else (*anchor_files, *signer_files)
    if not force and (there := next((file for file in to_write if file.exists()), None)) is not None:
        raise already_there(there)
    if not 0 < len(name) <= _NAME_SIZE_MAX:
        raise _wrong_usage(f"the name has {len(name)} characters", f"1 to {_NAME_SIZE_MAX} are allowed")
    now = datetime.now(UTC)
    anchor = load_signer(*anchor_files) if signer_only else make_anchor(f"{name} anchor", algorithm, now, anchor_days)
    _require_unexpired(anchor.certificate, now)
    signer = make_signer(f"{name} signer", algorithm, anchor, now, signer_days)
    _make_folder(folder)
    if not signer_only:
        _write_pair(
            anchor_files, anchor, force, "keep offline; needed for the next signer only", "for clients: --trust"
        )
    _write_pair(signer_files, signer, force, "for `wireboot credential sign --key`", "for its --certificate")
    print(f"credential type {_type_text(anchor.certificate)}")


@app.command()
def sign(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Boot files, the one that PXE loads first.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The signer's private key.")],
    certificate: Annotated[
        Path, typer.Option(metavar="FILE", help="The signer's certificate, then any between it and the anchor.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"Default: the first FILE with {MANIFEST_SUFFIX} or {IMAGE_SUFFIX} added."),
    ] = None,
    detached: Annotated[
        bool, typer.Option("--detached", help="Sign the bytes of one file alone: no name, type, layer, time or serial.")
    ] = False,
    server_type: Annotated[
        int | None, typer.Option("--type", min=0, max=0xFFFF, help="The Boot Server type it is for. Default: 0.")
    ] = None,
    profile: ProfileOption = None,
    layer: Annotated[
        list[int] | None,
        typer.Option(
            min=0, max=0x7FFF, help="The layer of all files or, given for each FILE in turn, of each. Default: 0."
        ),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="As the server names the file; given for each FILE in turn, or not at all.")
    ] = None,
    boot_dir: BootDirOption = None,
    not_before: Annotated[
        datetime | None, typer.Option(formats=_TIME_FORMATS, help="In UTC. Default: a day ago.")
    ] = None,
    not_after: Annotated[
        datetime | None,
        typer.Option(formats=_TIME_FORMATS, help="In UTC. Default: the end of the signer's certificate."),
    ] = None,
    serial: Annotated[
        int | None, typer.Option(min=0, help="Must grow with each signing. Default: seconds since 1970.")
    ] = None,
) -> None:
    """Sign boot files: one credential, with a manifest that lists them.

    Example: wireboot credential sign grubx64.efi --key signer.key --certificate signer.pem
    """
    signer = load_signer(key, certificate)
    now = datetime.now(UTC)
    _require_unexpired(signer.certificate, now)
    if detached:
        if len(files) != 1 or any(
            each is not None for each in (server_type, profile, layer, name, not_before, not_after, serial)
        ):
            raise _wrong_usage("--detached binds the bytes of one file and nothing else", "leave it out for a manifest")
        content, suffix = _read(files[0]), IMAGE_SUFFIX
    else:
        try:
            manifest = Manifest(
                server_type=_server_type(server_type, profile),
                files=_describe(files, _names(files, name, boot_dir), _layers(files, layer)),
                not_before=_utc(not_before) if not_before else now - BACKDATED,
                not_after=_utc(not_after) if not_after else signer.certificate.not_valid_after_utc,
                serial=int(now.timestamp()) if serial is None else serial,
            )
        except ValueError as problem:
            raise _wrong_usage(f"cannot make a manifest: {problem}", "see `wireboot credential sign --help`") from None
        content, suffix = encode(manifest), MANIFEST_SUFFIX
    target = out or files[0].with_name(files[0].name + suffix)
    write_whole(target, _signed(content, signer, detached=detached), PUBLIC, replace=True)
    print(target)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The boot file.")],
    credential: Annotated[Path, typer.Option(metavar="FILE", help="What is to vouch for it.")],
    trust: Annotated[list[Path], typer.Option(metavar="ANCHOR", help="A certificate to believe; may be given again.")],
    server_type: Annotated[
        int | None, typer.Option("--type", min=0, max=0xFFFF, help="The Boot Server type asked for. Default: 0.")
    ] = None,
    profile: ProfileOption = None,
    layer: Annotated[int, typer.Option(min=0, max=0x7FFF, help="The layer asked for.")] = 0,
    name: Annotated[str | None, typer.Option(help="What the server calls the file.")] = None,
    boot_dir: BootDirOption = None,
    clock: Annotated[
        ClockPolicy, typer.Option(help="Believe this machine's clock, a time known to be past, or look at no times.")
    ] = ClockPolicy.STRICT,
    floor: Annotated[
        datetime | None, typer.Option(formats=_TIME_FORMATS, help="For --clock floor, in UTC. Default: this version's.")
    ] = None,
    purpose: Annotated[
        str, typer.Option(metavar="OID", help="The signer's extended key usage.")
    ] = TrustPolicy().purpose.dotted_string,
    pin: Annotated[
        list[str] | None, typer.Option(metavar="SHA256", help="The SHA-256 of the signer's key; may be given again.")
    ] = None,
    serial_min: Annotated[int, typer.Option(min=0, help="Refuse manifests of a lower serial.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Test a boot file as a client would: exit 0 where it may run, 1 and the reason where not.

    Example: wireboot credential verify grubx64.efi --credential grubx64.efi.manifest.p7m --trust anchor.pem
    """
    policy = TrustPolicy(
        clock=Clock(clock, floor=_utc(floor) if floor else BUILD_TIME_FLOOR),
        purpose=_purpose(purpose),
        key_pins=frozenset(map(_pin, pin or ())),
        serial_min=serial_min,
    )
    image = BootImage(
        _server_type(server_type, profile),
        layer,
        _names([file], [name] if name is not None else None, boot_dir)[0],
        _read(file),
    )
    trusted = TrustAnchors.load(trust, policy)
    try:
        # One byte more than is allowed is enough to be refused.
        verified = trusted.examine(_read(credential, cms.SIZE_BYTES_MAX + 1), image)
    except CredentialRefused as refusal:
        if not as_json:
            raise OperatorError(
                f"{refusal.code}: {refusal.reason}", hint="this file must not run; sign it anew if it is the right one"
            ) from None
        error = {"code": refusal.code, "text": refusal.reason}
        print(json.dumps({"authentic": False, "error": error, "clock": clock.value}, indent=2))
        raise typer.Exit(1) from None
    findings = _findings(verified)
    if as_json:
        print(json.dumps({"authentic": True, "error": None, **findings}, indent=2))
        return
    print(f"{file} is authentic")
    for what, value in findings.items():
        print(f"  {what.replace('_', ' ')}: {'not bound' if value is None else value}")


def _server_type(server_type: int | None, profile: str | None) -> int:
    if server_type is not None and profile is not None:
        raise _wrong_usage("--type and --profile both say for which entry it is", "give one of the two")
    return type_of_profile(profile) if profile is not None else server_type or 0


def _findings(verified: Verified) -> dict[str, str | int | None]:
    manifest = verified.manifest
    return {
        "clock": verified.clock_policy.value,
        "profile": verified.profile.value,
        "signer": verified.signer.subject.rfc4514_string(),
        "signer_key_sha256": key_digest(verified.signer).hex(),
        "anchor": verified.anchor.subject.rfc4514_string(),
        "credential_type": _type_text(verified.anchor),
        "server_type": None if manifest is None else manifest.server_type,
        "serial": None if manifest is None else manifest.serial,
        "not_after": None if manifest is None else manifest.not_after.isoformat(),
    }


def _signed(content: bytes, signer: Signer, *, detached: bool) -> bytes:
    credential = sign_content(content, signer, detached=detached)
    try:
        cms.read(credential).check_signature(content)
    except CredentialRefused as refusal:
        raise OperatorError(
            f"no client would take this credential: {refusal.reason}",
            hint="sign fewer files at once, or with fewer certificates between signer and anchor",
        ) from None
    return credential


def _require_unexpired(certificate: x509.Certificate, now: datetime) -> None:
    if (end := certificate.not_valid_after_utc) < now:
        raise OperatorError(
            f"certificate {name_of(certificate)} expired at {end:%Y-%m-%d %H:%M:%S} UTC",
            hint="`wireboot credential keygen DIR` makes new ones, with `--signer-only` under the same anchor",
        )


def _describe(files: Sequence[Path], names: Sequence[str], layers: Sequence[int]) -> tuple[ManifestFile, ...]:
    return tuple(
        describe_file(name, _read(file), layer) for file, name, layer in zip(files, names, layers, strict=True)
    )


def _names(files: Sequence[Path], names: Sequence[str] | None, boot_dir: Path | None) -> list[str]:
    if names:
        if len(names) != len(files):
            raise _wrong_usage(f"{len(names)} names for {len(files)} files", "give --name for each FILE in turn")
        return list(names)
    if boot_dir is None:
        return [file.name for file in files]
    try:
        return [str(file.resolve().relative_to(boot_dir.resolve())) for file in files]
    except ValueError:
        raise _wrong_usage(f"not all files are inside {boot_dir}", "give --name, or another --boot-dir") from None


def _layers(files: Sequence[Path], layers: Sequence[int] | None) -> list[int]:
    given = list(layers or (0,))
    if len(given) == 1:
        return given * len(files)
    if len(given) != len(files):
        raise _wrong_usage(f"{len(given)} layers for {len(files)} files", "give --layer once, or for each FILE in turn")
    return given


def _pair(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.key", folder / f"{name}.pem"


def _write_pair(files: tuple[Path, Path], made: Signer, force: bool, key_use: str, certificate_use: str) -> None:
    key_file, certificate_file = files
    write_whole(key_file, key_pem(made.key), PRIVATE, replace=force)
    print(f"{key_file}: private key, {key_use}")
    write_whole(certificate_file, certificate_pem(made.certificate), PUBLIC, replace=force)
    print(f"{certificate_file}: certificate, {certificate_use}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise OperatorError(f"cannot make the folder {folder}: {problem.strerror}", hint="choose another one") from None


def _read(file: Path, size_bytes_max: int = -1) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(size_bytes_max)
    except OSError as problem:
        raise _wrong_usage(
            f"cannot read {file}: {problem.strerror}", "name a file that is there and readable"
        ) from None


def _purpose(oid: str) -> x509.ObjectIdentifier:
    try:
        return x509.ObjectIdentifier(oid)
    except ValueError:
        raise _wrong_usage(f"{oid!r} is no object identifier", "it looks like 1.3.6.1.5.5.7.3.3") from None


def _pin(text: str) -> bytes:
    try:
        pin = bytes.fromhex(text)
    except ValueError:
        pin = b""
    if len(pin) != 32:
        raise _wrong_usage(f"{text!r} is no SHA-256", "`wireboot credential verify --json` tells a signer's")
    return pin


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)


def _type_text(anchor: x509.Certificate) -> str:
    return f"0x{credential_type_of(anchor):08x}"


def _wrong_usage(what: str, hint: str) -> OperatorError:
    return OperatorError(what, hint=hint, exit_code=2)
