"""`class`, `subclass` and `if`: whom their statements are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from wireboot.migrate.clients import EVERYBODY, NOBODY, Condition, UnsayableError, both, either, other_than
from wireboot.migrate.expressions import condition_of, field_of
from wireboot.migrate.fields import Field, Word, having
from wireboot.migrate.isc.scope import Found, Scope
from wireboot.migrate.isc.statements import Statement, Token
from wireboot.migrate.reasons import (
    CLASS_HOLDS_EVERYWHERE,
    NOTHING_FOR_PXE,
    OPTIONS_OF_CLASS_REMEDY,
    POOL_OF_KNOWN,
    POOL_OF_KNOWN_REMEDY,
    SEE_LEASE_TIME,
)

Walk = Callable[[Sequence[Statement], Scope], Scope]
"""Reads a block; gives what it sets."""
_LIST_REMEDY = "write it as [[dhcp4.classes]]"


class Classes:
    """Every class that is declared, and its members."""

    def __init__(self, found: Found, walk: Walk) -> None:
        self._found, self._walk = found, walk
        self._members: dict[str, Condition] = {}
        self._fields: dict[str, Field] = {}
        """Of classes whose members are told by a list of values, one `subclass` each."""

    def read(self, statements: Sequence[Statement], scope: Scope) -> None:
        """All classes among the statements: subclasses may stand anywhere behind their class."""
        declared: list[tuple[Statement, Scope, Condition]] = []
        for statement in statements:
            if statement.name == "class":
                settled, condition = self._class(statement, statement.block or (), scope)
                if condition is not None:
                    declared.append((statement, settled, condition))
            elif statement.name == "subclass":
                self._subclass(statement, scope)
        for statement, settled, condition in declared:
            name = _name(statement)
            members = either(self._members.get(name, NOBODY), condition)
            self._define(name, statement, settled, members, scope)

    def _class(self, statement: Statement, block: Sequence[Statement], scope: Scope) -> tuple[Scope, Condition | None]:
        """What it sets, and for whom apart from its subclasses; None where wireboot has no words for them."""
        name = _name(statement)
        condition: Condition | None = None
        for match in (each for each in block if each.name == "match"):
            if match.begins("match", "if"):
                condition = self._condition(match, match.words[2:])
            else:
                try:
                    self._fields[name] = field_of(_words(match.words[1:]), self._found.options.code)
                    condition = NOBODY if condition is None else condition
                except UnsayableError as problem:
                    self._found.untold(match, str(problem), _LIST_REMEDY)
        for each in block:
            if each.name in ("spawn", "lease"):
                self._found.untold(each, "classes have no leases of their own", NOTHING_FOR_PXE)
        if not any(each.name == "match" for each in block):
            self._found.untold(statement, "it does not say who is in it", _LIST_REMEDY)
        settled = self._inside(block, scope, condition)
        if condition is None:
            self._tell_settings(settled, "its class is not one that wireboot could tell")
        return settled, condition

    def _subclass(self, statement: Statement, scope: Scope) -> None:
        """With a block it sets something for these members alone, and before what the class sets for all."""
        name, value = _name(statement), statement.words[2:]
        condition: Condition | None = None
        try:
            if name not in self._fields or len(value) != 1:
                raise UnsayableError(f"class {name!r} has no such list of members")
            condition = having(self._fields[name], *_words(value))
            self._members[name] = either(self._members.get(name, NOBODY), condition)
        except UnsayableError as problem:
            self._found.untold(statement, str(problem), _LIST_REMEDY)
        settled = self._inside(statement.block or (), scope, condition)
        if condition is None:
            self._tell_settings(settled, "its class is not one that wireboot could tell")
        elif settled.options or settled.times:
            self._define(f"{name} {value[0].text}", statement, settled, condition, scope)

    def branch(self, statement: Statement, scope: Scope, before: Condition | None) -> Condition | None:
        """`if`, `elsif` and `else`; gives those whom any of the branches so far means."""
        assert statement.block is not None
        words = statement.words[1:]
        if statement.name == "else" and words and not words[0].quoted and words[0].text.lower() == "if":
            words = words[1:]
        everybody = statement.name == "else" and not words
        here = EVERYBODY if everybody else self._condition(statement, words)
        narrowed = _both(scope.condition, here)
        if before is None:
            narrowed = None
        elif before != NOBODY and narrowed is not None:
            narrowed = self._rest(narrowed, before, statement)
        settled = self._inside(statement.block, replace(scope, condition=narrowed), EVERYBODY)
        if narrowed is None:
            self._tell_settings(settled, "it is for clients that wireboot has no words for")
        elif not scope.everywhere:
            self._tell_settings(settled, CLASS_HOLDS_EVERYWHERE)
        else:
            members = _both(scope.condition, here)
            if members is None or not all(_both(members, (each,)) == NOBODY for each in before or NOBODY):
                members = narrowed
            self._define(f"line {statement.place.line}", statement, settled, members, scope)
        return None if before is None or here is None else either(before, here)

    def limited(self, limits: Sequence[Statement], scope: Scope) -> Scope | None:
        """The scope of a pool that only some may use; None where wireboot cannot say which."""
        names: dict[str, list[str]] = {"allow": [], "deny": []}
        for each in limits:
            try:
                if each.name not in names or not each.begins(each.name, "members", "of") or len(each.words) != 4:
                    raise UnsayableError(POOL_OF_KNOWN)
                names[each.name] += self._found.classes.names_of(each.words[3].text)
            except UnsayableError as problem:
                self._found.untold(each, str(problem), POOL_OF_KNOWN_REMEDY)
                return None
        allowed = [name for name in names["allow"] if name not in names["deny"]]
        if names["allow"] and not allowed:
            return None
        return replace(scope, classes=tuple(allowed), not_classes=tuple(names["deny"]))

    def _inside(self, block: Sequence[Statement], scope: Scope, condition: Condition | None) -> Scope:
        inside = replace(scope.inside(), condition=_both(scope.condition, condition), conditional=True)
        return self._walk(block, inside)

    def _define(self, name: str, statement: Statement, settled: Scope, members: Condition, scope: Scope) -> None:
        for key, time in settled.times.items():
            if key != "lease":
                self._found.report.untranslated(time.place, time.setting, "a class has one lease time", SEE_LEASE_TIME)
        lease = settled.times.get("lease")
        if not scope.everywhere and (settled.options or lease):
            self._found.report.differs(statement.place, f"`{statement}`: {CLASS_HOLDS_EVERYWHERE}", _LIST_REMEDY)
        options = tuple(settled.options.values())
        try:
            self._found.classes.define(name, members, statement.place, options, lease.seconds if lease else None)
        except UnsayableError as problem:
            self._tell_settings(settled, str(problem))

    def _tell_settings(self, settled: Scope, why: str) -> None:
        for option in settled.options.values():
            setting = f"option {option.name}"
            self._found.report.untranslated(option.place, setting, why, OPTIONS_OF_CLASS_REMEDY)
        for time in settled.times.values():
            self._found.report.untranslated(time.place, time.setting, why, _LIST_REMEDY)

    def _rest(self, condition: Condition, before: Condition, statement: Statement) -> Condition | None:
        """Of those whom the branch means the ones that no branch before it does."""
        try:
            for each in before:
                condition = both(condition, other_than((each,)))
        except UnsayableError as problem:
            self._found.untold(statement, str(problem), "write it as profiles and [[dhcp4.classes]]")
            return None
        return condition

    def _condition(self, statement: Statement, words: Sequence[Token]) -> Condition | None:
        try:
            return condition_of(_words(words), self._found.options.code)
        except UnsayableError as problem:
            self._found.untold(statement, str(problem), "see what stands inside of it")
            return None


def _name(statement: Statement) -> str:
    return statement.arguments[0] if statement.arguments else ""


def _words(tokens: Sequence[Token]) -> list[Word]:
    return [Word(each.text, each.quoted) for each in tokens]


def _both(first: Condition | None, second: Condition | None) -> Condition | None:
    """None where either is beyond wireboot's words."""
    try:
        return None if first is None or second is None else both(first, second)
    except UnsayableError:
        return None
