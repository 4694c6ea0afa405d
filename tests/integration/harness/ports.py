"""Ports of the loopback that nobody holds."""

import random
import socket

# Below the range that the kernel gives to those who do not care.
SMALL_PORTS = range(20000, 32768)


def free_port() -> int:
    """One that the kernel picks."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_small_ports(count: int) -> list[int]:
    """That many different ones of SMALL_PORTS."""
    found: list[int] = []
    for port in random.sample(SMALL_PORTS, len(SMALL_PORTS)):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise RuntimeError(f"not {count} free ports from {SMALL_PORTS.start} to {SMALL_PORTS.stop}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False
