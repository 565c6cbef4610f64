"""A network made of namespaces: segments are bridges, hosts are joined to them by veth pairs.

    with Network(work_dir) as network:
        lan = network.segment("lan")
        server = network.host("server").join(lan, "10.77.0.1/24")
        client = network.host("client").join(lan, "10.77.0.2/24")
        client.run("ping", "-c1", "10.77.0.1")

Nothing is made or changed outside the namespaces, and all of it ends with the `with` block or with this process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from tests.support.lab.namespace import Namespace
from tests.support.lab.process import Process

# Of a file's transfer a capture keeps the first block, its ACK and the short last block: the others say nothing new,
# and a kernel would make it 15 MB long. (Offset 8 is TFTP's opcode: 3 is data, 4 an ACK, of the block at offset 10.)
WITHOUT_FILE_CONTENTS = "not (udp[8:2] = 3 and udp[10:2] > 1 and greater 500) and not (udp[8:2] = 4 and udp[10:2] > 1)"


class Network:
    """Segments and hosts. Logs, consoles and captures go to `work_dir`."""

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        self._segments: list[Segment] = []
        self._hosts: list[Host] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def segment(self, name: str) -> Segment:
        self._segments.append(Segment(name, self.work_dir))
        return self._segments[-1]

    def host(self, name: str) -> Host:
        self._hosts.append(Host(name, self.work_dir))
        return self._hosts[-1]

    def close(self) -> None:
        # A server is stopped while its network still stands, a capture sees its last words.
        for namespace in (*reversed(self._hosts), *self._segments):
            namespace.close()


class Segment(Namespace):
    """One layer 2 network: a namespace whose bridge is the switch. It has no address, so it takes no part itself."""

    def __init__(self, name: str, work_dir: Path) -> None:
        super().__init__(name, work_dir)
        self._ports = 0
        # No spanning tree delay and no multicast snooping: a port forwards from its first frame, as firmware expects.
        self.run("ip", "link", "add", "switch", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.run("ip", "link", "set", "switch", "up")

    def connect(self, namespace: Namespace, interface: str) -> None:
        """Give another namespace an interface on this segment."""
        port = self._next_port()
        self.run("ip", "link", "add", port, "type", "veth", "peer", "name", interface, "netns", str(namespace.pid))
        self.run("ip", "link", "set", port, "master", "switch", "up")

    def add_tap(self) -> str:
        """A port for a virtual machine that is started in this namespace; returns the name of the TAP device."""
        port = self._next_port()
        self.run("ip", "tuntap", "add", port, "mode", "tap")
        self.run("ip", "link", "set", port, "master", "switch", "up")
        return port

    def capture(self, packet_filter: str = WITHOUT_FILE_CONTENTS) -> Recording:
        """Record what passes the switch from now on."""
        path = self.work_dir / f"{self.name}.pcap"
        # The recorder's buffer holds 4 MiB in slots of one frame each; with tcpdump's own slots of 256 KiB it overflows
        # at once. -Z root: the file lies in a folder that tcpdump's own user may not enter.
        options = (
            "--interface=switch",
            "--packet-buffered",
            "--immediate-mode",
            "--snapshot-length=2048",
            "-n",
            "-Zroot",
        )
        tcpdump = self.start("tcpdump", *options, "-B4096", "-w", path, packet_filter, log_name="tcpdump")
        tcpdump.wait_for("listening on switch")
        return Recording(path, tcpdump)

    def _next_port(self) -> str:
        self._ports += 1
        return f"port{self._ports}"


class Recording:
    """A capture that is being written to `path`, frame by frame."""

    def __init__(self, path: Path, tcpdump: Process) -> None:
        self.path = path
        self._tcpdump = tcpdump

    def end(self) -> int:
        """Stop; returns how many frames the recorder itself lost."""
        self._tcpdump.stop()
        (line,) = [line for line in self._tcpdump.transcript.text().splitlines() if "dropped by kernel" in line]
        return int(line.split()[0])


class Host(Namespace):
    """A computer. Its interfaces are eth0, eth1, ... in the order in which it joins segments.

    IPv6 is on where the host is given an IPv6 address, and nowhere else, so that no link-local chatter is in a capture
    that did not ask for it.
    """

    def __init__(self, name: str, work_dir: Path) -> None:
        super().__init__(name, work_dir)
        self.interfaces: list[str] = []
        self.addresses: list[str] = []
        """Without their prefix lengths."""
        self.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")

    def join(self, segment: Segment, *addresses: str) -> Self:
        """Take an interface on the segment with these addresses, each written as `address/prefix length`."""
        interface = f"eth{len(self.interfaces)}"
        segment.connect(self, interface)
        if any(":" in address for address in addresses):
            self.run(
                "sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=0", f"net.ipv6.conf.{interface}.accept_dad=0"
            )
        for address in addresses:
            self.run("ip", "address", "add", address, "dev", interface)
        self.run("ip", "link", "set", interface, "up")
        self.interfaces.append(interface)
        self.addresses += [address.partition("/")[0] for address in addresses]
        return self

    def route(self, destination: str, via: str) -> Self:
        self.run("ip", "route", "add", destination, "via", via)
        return self

    def forward(self) -> Self:
        """Be a router between the segments joined."""
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        return self
