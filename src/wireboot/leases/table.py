"""Every lease there is, by address and by client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wireboot.leases.lease import ClientKey, Lease, LeaseState

ADDRESSES_PER_CLIENT_MAX = 8
"""Of the addresses that a client has had on different links, the oldest are forgotten beyond this many."""


class LeaseTable:
    """One lease for each address that ever had one: the table is as large as the pools and never larger."""

    def __init__(self, leases: Iterable[Lease]) -> None:
        self.by_address: dict[int, Lease] = {}
        """By the number of the address: look-ups by number cost a fraction of those by `IPv4Address`."""
        self._by_client: dict[ClientKey, tuple[int, ...]] = {}
        """The addresses that each client has or last had, the newest last."""
        # The newest lease last: it is the one that its client has now.
        for lease in sorted(leases, key=lambda lease: lease.granted_at):
            self.keep(lease)

    def keep(self, lease: Lease) -> None:
        """This is the address's lease from now on."""
        address = int(lease.address)
        before = self.by_address.get(address)
        if before is not None and before.client != lease.client:
            self._forget(before.client, address)
        self.by_address[address] = lease
        if lease.state is LeaseState.DECLINED:
            self._forget(lease.client, address)
        else:
            self._note(lease.client, address)

    def of_client(self, client: ClientKey) -> Iterator[Lease]:
        """What the client has or had, the newest first."""
        return (self.by_address[address] for address in reversed(self._by_client.get(client, ())))

    def _note(self, client: ClientKey, address: int) -> None:
        addresses = self._by_client.get(client, ())
        if not addresses or addresses[-1] != address:
            others = tuple(each for each in addresses if each != address)
            self._by_client[client] = (*others, address)[-ADDRESSES_PER_CLIENT_MAX:]

    def _forget(self, client: ClientKey, address: int) -> None:
        """The address is another client's now; this one may have got a different one since."""
        addresses = tuple(each for each in self._by_client.get(client, ()) if each != address)
        if addresses:
            self._by_client[client] = addresses
        else:
            self._by_client.pop(client, None)
