"""The transfers a server knows, live and lingering, and what wakes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wireboot.endpoint import IPAddress, SocketAddress
from wireboot.protocols.tftp.timers import Timers
from wireboot.protocols.tftp.transfer import Transfer, TransferId


class TransferTable:
    """Finds transfers by their identifiers, by client and by time.

    An ended transfer lingers for `linger_s`, so that late packets of its client meet silence. At most `lingering_max`
    of them do.
    """

    def __init__(self, linger_s: float, lingering_max: int) -> None:
        self._linger_s, self._lingering_max = linger_s, lingering_max
        self._by_id: dict[TransferId, Transfer] = {}
        self._live_by_host: dict[IPAddress, list[Transfer]] = {}
        self._unproven: dict[TransferId, Transfer] = {}
        self._timers: Timers[Transfer] = Timers()
        self.live_count = 0

    def find(self, peer: SocketAddress, port: int) -> Transfer | None:
        """The transfer, live or lingering, of this client with this port of the server."""
        return self._by_id.get((peer, port))

    def live_of(self, host: IPAddress) -> Sequence[Transfer]:
        """The live transfers of a client address, oldest first."""
        return self._live_by_host.get(host, ())

    def oldest_unproven(self) -> Transfer | None:
        """The live transfer that has waited longest for its client's first ACK."""
        return next(iter(self._unproven.values()), None)

    def add(self, transfer: Transfer) -> None:
        assert transfer.id not in self._by_id, transfer.id
        self._by_id[transfer.id] = self._unproven[transfer.id] = transfer
        self._live_by_host.setdefault(transfer.peer.host, []).append(transfer)
        self.live_count += 1

    def prove(self, transfer: Transfer) -> list[Transfer]:
        """Note the client's first ACK. Returns the older live transfers of the same client port."""
        transfer.proven = True
        del self._unproven[transfer.id]
        of_host = self._live_by_host[transfer.peer.host]
        return [older for older in of_host[: of_host.index(transfer)] if older.peer == transfer.peer]

    def end(self, transfer: Transfer, now: float) -> None:
        """Close the file of a live transfer and let it linger."""
        self._close(transfer)
        if transfer.proven and len(self._by_id) - self.live_count <= self._lingering_max:
            self.wake(transfer, now + self._linger_s)
        else:
            # Whoever never answered has no late ACK under way, and a size probe is to cost nothing more.
            self.forget(transfer)

    def forget(self, transfer: Transfer) -> None:
        """Drop an ended transfer at once."""
        assert not transfer.live
        transfer.wake_at = None
        del self._by_id[transfer.id]

    def close(self) -> None:
        """End all transfers and forget them."""
        for transfer in [transfer for of_host in self._live_by_host.values() for transfer in of_host]:
            self._close(transfer)
        for transfer in list(self._by_id.values()):
            self.forget(transfer)

    def wake(self, transfer: Transfer, at: float) -> None:
        transfer.wake_at = at
        self._timers.schedule(transfer)

    def next_timeout(self) -> float | None:
        return self._timers.next_timeout()

    def pop_due(self, now: float) -> Iterator[Transfer]:
        """The live transfers that are due. Those that have lingered long enough are forgotten on the way."""
        while (transfer := self._timers.pop_due(now)) is not None:
            if transfer.live:
                yield transfer
            else:
                self.forget(transfer)

    def _close(self, transfer: Transfer) -> None:
        transfer.file.close()
        transfer.live = False
        self._unproven.pop(transfer.id, None)
        of_host = self._live_by_host[transfer.peer.host]
        of_host.remove(transfer)
        if not of_host:
            del self._live_by_host[transfer.peer.host]
        self.live_count -= 1
