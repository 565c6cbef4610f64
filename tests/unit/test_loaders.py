"""Boot loaders are found where distributions put them, and the right one is chosen."""

from __future__ import annotations

from wireboot.boot.loaders import (
    ARCHITECTURES,
    COMPANIONS,
    LOADERS,
    FoundLoaders,
    LoaderKind,
    describe_loaders,
    find_loaders,
    known_boot_file,
)
from wireboot.wire.iana import architecture_code

DEBIAN = {
    "/usr/lib/PXELINUX/pxelinux.0",
    "/usr/lib/syslinux/modules/bios/ldlinux.c32",
    "/usr/lib/syslinux/modules/bios/menu.c32",
    "/usr/lib/ipxe/undionly.kpxe",
    "/usr/lib/ipxe/ipxe.efi",
    "/usr/lib/ipxe/snponly.efi",
    "/usr/lib/shim/shimx64.efi.signed",
    "/usr/lib/shim/mmx64.efi.signed",
    "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
}


def found(*paths: str) -> FoundLoaders:
    return find_loaders(set(paths).__contains__)


def best(loaders: FoundLoaders, architecture: str) -> str | None:
    loader = loaders.best(architecture)
    return loader.served_name if loader else None


def test_files_are_served_under_the_names_that_loaders_ask_for() -> None:
    assert found(*DEBIAN).files == {
        "pxelinux.0": "/usr/lib/PXELINUX/pxelinux.0",
        "ldlinux.c32": "/usr/lib/syslinux/modules/bios/ldlinux.c32",
        "menu.c32": "/usr/lib/syslinux/modules/bios/menu.c32",
        "undionly.kpxe": "/usr/lib/ipxe/undionly.kpxe",
        "ipxe.efi": "/usr/lib/ipxe/ipxe.efi",
        "snponly.efi": "/usr/lib/ipxe/snponly.efi",
        "shimx64.efi": "/usr/lib/shim/shimx64.efi.signed",
        "mmx64.efi": "/usr/lib/shim/mmx64.efi.signed",
        "grubx64.efi": "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
    }


def test_a_bios_gets_pxelinux_before_ipxe() -> None:
    assert best(found(*DEBIAN), "x86-bios") == "pxelinux.0"
    assert best(found("/usr/lib/ipxe/undionly.kpxe"), "x86-bios") == "undionly.kpxe"


def test_pxelinux_is_no_loader_without_its_core_module() -> None:
    loaders = found("/usr/lib/PXELINUX/pxelinux.0")
    assert best(loaders, "x86-bios") is None
    assert "pxelinux.0" in loaders.files


def test_a_uefi_gets_shim_only_with_grub_beside_it() -> None:
    shim, grub = "/usr/lib/shim/shimx64.efi.signed", "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"
    ipxe = "/usr/lib/ipxe/snponly.efi"
    assert best(found(shim, grub, ipxe), "x86_64-uefi") == "shimx64.efi"
    assert best(found(grub, ipxe), "x86_64-uefi") == "grubx64.efi"
    assert best(found(shim, ipxe), "x86_64-uefi") == "snponly.efi"


def test_opensuses_shims_do_not_share_a_folder() -> None:
    """Both ask for `grub.efi` beside them."""
    loaders = found(
        *(f"/usr/share/efi/{cpu}/{file}" for cpu in ("x86_64", "aarch64") for file in ("shim.efi", "grub.efi"))
    )
    assert best(loaders, "x86_64-uefi") == "suse-x86_64/shim.efi"
    assert best(loaders, "arm64-uefi") == "suse-aarch64/shim.efi"
    assert loaders.files["suse-aarch64/grub.efi"] == "/usr/share/efi/aarch64/grub.efi"


def test_http_boot_gets_the_plain_architectures_loader() -> None:
    assert best(found(*DEBIAN), "x86_64-uefi-http") == "shimx64.efi"
    assert best(found(*DEBIAN), "arch-9") == "shimx64.efi"
    assert best(found(*DEBIAN), "arch-77") is None


def test_what_is_missing_is_told_with_the_packages_that_bring_it() -> None:
    missing = {each.architecture: each.packages for each in found(*DEBIAN).missing()}
    assert missing.keys() == {"x86-uefi", "arm64-uefi", "riscv64-uefi", "loongarch64-uefi"}
    assert missing["arm64-uefi"].debian == "shim-signed and grub-efi-arm64-signed"
    assert missing["arm64-uefi"].fedora == "shim-aa64 and grub2-efi-aa64"


def test_the_description_has_a_line_for_each_architecture() -> None:
    lines = describe_loaders(found(*DEBIAN))
    assert len(lines) == len(ARCHITECTURES)
    assert "x86-bios: PXELINUX (/usr/lib/PXELINUX/pxelinux.0)" in lines
    assert "x86_64-uefi: shim and GRUB (/usr/lib/shim/shimx64.efi.signed)" in lines
    assert any(
        line.startswith("arm64-uefi: none found (install shim-signed and grub-efi-arm64-signed on Debian, ")
        for line in lines
    )


def test_the_table_is_sound() -> None:
    names = [row.served_name for row in (*LOADERS, *COMPANIONS)]
    assert len(names) == len(set(names))
    for loader in LOADERS:
        assert architecture_code(loader.architecture) is not None
        assert any(loader.packages)
        for needed in loader.needs:
            row = known_boot_file(needed)
            assert row is not None
            # The loader looks beside itself.
            assert needed.rpartition("/")[0] == loader.served_name.rpartition("/")[0]
    assert {loader.kind for loader in LOADERS} == set(LoaderKind)


def test_every_file_comes_with_full_paths() -> None:
    assert all(path.startswith("/") for row in (*LOADERS, *COMPANIONS) for path in row.paths)
