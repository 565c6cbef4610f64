"""PXE 2.1 table 2-1, tags 9 and 10: the prompt and the menu."""

from __future__ import annotations

import pytest

from tests.support.dhcp import SERVER
from tests.support.pxe_client import FILE, TYPE, Machine, item_of, pxe_tags
from wireboot.endpoint import AddressGivenUp
from wireboot.protocols.pxe.client_events import BootEnded, LocalBoot, MenuShown, PromptShown
from wireboot.protocols.pxe.menu import Key
from wireboot.protocols.pxe.vendor_options import BootItem, BootServers, MenuItem, MenuPrompt
from wireboot.wire.option_table import Options

ITEMS = (MenuItem(TYPE, "first"), MenuItem(TYPE + 1, "second"), MenuItem(0, "local"), MenuItem(TYPE + 3, "fourth"))


def menu_tags(timeout_s: int, items: tuple[MenuItem, ...] = ITEMS) -> Options:
    servers = tuple(BootServers(item.server_type, (SERVER,)) for item in items)
    return pxe_tags(3, servers=servers, menu=items, prompt=MenuPrompt(timeout_s, "Press F8"))


def at_the_menu(
    timeout_s: int, *, menu_item: int | None = None, deadline_s: float = 300.0, items: tuple[MenuItem, ...] = ITEMS
) -> Machine:
    machine = Machine(menu_item=menu_item, deadline_s=deadline_s)
    machine.take_address(tags=menu_tags(timeout_s, items))
    return machine


def looked_for(machine: Machine) -> BootItem:
    """Which Boot Server type the machine asks for now."""
    _, request = machine.asked()
    return item_of(request)


def test_timeout_0_takes_the_first_item_and_shows_nothing() -> None:
    """PXE 2.1 table 2-1, tag 10."""
    machine = at_the_menu(0)
    assert looked_for(machine) == BootItem(TYPE, 0)
    assert not machine.told(PromptShown)
    assert not machine.told(MenuShown)


def test_timeout_255_shows_the_menu_and_waits() -> None:
    """PXE 2.1 table 2-1, tag 10."""
    machine = at_the_menu(255)
    assert machine.told(MenuShown) == [MenuShown("Press F8", ITEMS, 0)]
    machine.wait(200)
    assert not machine.sent
    assert machine.outcome is None


@pytest.mark.parametrize("timeout_s", [1, 5, 254])
def test_the_prompt_counts_down_and_takes_the_first_item(timeout_s: int) -> None:
    """PXE 2.1 table 2-1, tag 10: 1 to 254 seconds."""
    machine = at_the_menu(timeout_s)
    (shown,) = machine.told(PromptShown)
    assert shown.text == "Press F8"
    assert shown.until == machine.now + timeout_s
    machine.wait(timeout_s - 0.1)
    assert not machine.sent
    machine.wait(0.2)
    assert looked_for(machine) == BootItem(TYPE, 0)


@pytest.mark.parametrize("key", [Key.F8, Key.M, Key.ENTER])
def test_a_key_stops_the_countdown_and_opens_the_menu(key: Key) -> None:
    """PXE 2.1 table 2-1, tag 10: F8; Firmware: M and Ctrl-M, which is Enter, where a serial line has no F8."""
    machine = at_the_menu(5)
    press(machine, key)
    assert len(machine.told(MenuShown)) == 1
    machine.wait(60)
    assert not machine.sent


@pytest.mark.parametrize("key", [Key.UP, Key.SPACE, Key.TAB])
def test_any_other_key_leaves_the_prompt_alone(key: Key) -> None:
    """PXE 2.1 table 2-1, tag 10."""
    machine = at_the_menu(5)
    press(machine, key)
    assert not machine.told(MenuShown)
    machine.wait(5)
    assert looked_for(machine) == BootItem(TYPE, 0)


@pytest.mark.parametrize("timeout_s", [5, 255])
@pytest.mark.parametrize("key", [Key.ESCAPE, Key.CTRL_C])
def test_escape_cancels_the_boot(timeout_s: int, key: Key) -> None:
    """PXE 2.1 table 2-1, tag 10: PXE-EA0, and the address is given back."""
    machine = at_the_menu(timeout_s)
    press(machine, key)
    assert machine.error == "PXE-EA0"
    assert machine.told(AddressGivenUp)
    assert len(machine.told(BootEnded)) == 1


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ([], 0),
        ([Key.DOWN], 1),
        ([Key.TAB, Key.SPACE, Key.D], 3),
        ([Key.DOWN] * 9, 3),
        ([Key.UP], 0),
        ([Key.END, Key.UP, Key.BACKSPACE], 1),
        ([Key.END, Key.U], 2),
        ([Key.PAGE_DOWN, Key.HOME], 0),
        ([Key.END, Key.PAGE_UP], 0),
    ],
)
def test_keys_move_the_bar(keys: list[Key], index: int) -> None:
    """Firmware: the keys of the reference client."""
    machine = at_the_menu(255)
    press(machine, *keys)
    assert machine.told(MenuShown)[-1].selected == index
    press(machine, Key.ENTER)
    if ITEMS[index].server_type == 0:
        assert machine.outcome == LocalBoot()
    else:
        assert looked_for(machine).server_type == ITEMS[index].server_type


def test_type_0_boots_from_the_local_disk() -> None:
    """PXE 2.1 table 2-1, tag 9: no error; the firmware goes on with its own boot order."""
    machine = at_the_menu(255)
    machine.client.choose(2, machine.now)
    machine.settle()
    assert machine.outcome == LocalBoot()
    assert machine.told(AddressGivenUp)
    assert not machine.sent


def test_an_item_may_be_chosen_beforehand() -> None:
    """PXE 2.1 table 2-1, tag 9: without anybody before the machine."""
    machine = at_the_menu(255, menu_item=1)
    assert looked_for(machine) == BootItem(TYPE + 1, 0)
    assert not machine.told(MenuShown)


def test_an_item_that_is_not_there_cannot_be_chosen() -> None:
    """PXE 2.1 table 2-1, tag 9: the menu has four."""
    assert at_the_menu(5, menu_item=4).error == "PXE-EA0"


def test_choosing_has_its_time() -> None:
    """PXE 2.1 §2.2.5: once a Boot Server is looked for the menu is closed."""
    machine = at_the_menu(0)
    machine.take_sent()
    machine.client.choose(1, machine.now)
    press(machine, Key.ESCAPE)
    assert machine.outcome is None
    assert not machine.sent


def test_nobody_at_the_menu_ends_with_the_deadline() -> None:
    """PXE 2.1 table 2-1, tag 10: 255 waits, but not for ever."""
    machine = at_the_menu(255, deadline_s=20)
    machine.wait(20)
    assert machine.error == "PXE-EA0"


def test_bit_3_with_a_file_shows_no_menu() -> None:
    """PXE 2.1 table 2-1, tag 6 bit 3: no prompt, no menu, no discovery."""
    machine = Machine()
    tags = pxe_tags(8 + 3, servers=(), menu=ITEMS, prompt=MenuPrompt(255, "Press F8"))
    machine.take_address(tags=tags, file=FILE)
    assert not machine.told(MenuShown)
    assert machine.requests() == [FILE]


def test_bit_3_without_a_file_shows_the_menu() -> None:
    """PXE 2.1 table 2-1, tag 6."""
    machine = Machine()
    servers = (BootServers(TYPE, (SERVER,)),)
    machine.take_address(tags=pxe_tags(8 + 3, servers=servers, menu=ITEMS, prompt=MenuPrompt(255, "Press F8")))
    assert machine.told(MenuShown)


def test_without_a_prompt_the_first_item_is_taken() -> None:
    """Firmware: so does EDK2, which looks less closely than the reference client."""
    machine = Machine("edk2")
    machine.take_address(tags=pxe_tags(3, servers=(BootServers(TYPE, (SERVER,)),), prompt=None))
    assert looked_for(machine) == BootItem(TYPE, 0)


def press(machine: Machine, *keys: Key) -> None:
    for key in keys:
        machine.client.press(key, machine.now)
    machine.settle()
