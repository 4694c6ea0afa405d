"""Certificate authorities and certificates for one test, made by openssl when the test runs."""

import dataclasses
import pathlib
import subprocess
from typing import Sequence


def openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")
    return done.stdout


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A certificate and its key, each in a PEM file."""

    certificate: pathlib.Path
    key: pathlib.Path

    def move_to(self, other: "Certificate") -> None:
        """Takes the other's place, each file by one rename, as a renewal does."""
        self.certificate.rename(other.certificate)
        self.key.rename(other.key)


class Authority:
    """Issues certificates. Two authorities of the same name in different folders do not trust each other."""

    def __init__(self, directory: pathlib.Path, name: str = "Test CA") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.certificate = directory / "ca.pem"
        self._key = directory / "ca.key"
        self._issued = 0
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
            *("-keyout", str(self._key), "-out", str(self.certificate)),
        )

    def issue(self, name: str, names: Sequence[str] = (), expired: bool = False) -> Certificate:
        """`names` are subject alternative names as openssl writes them: "DNS:localhost", "IP:127.0.0.1"."""
        self._issued += 1
        stem = self._directory / f"{self._issued}"
        request, key, certificate = stem.with_suffix(".csr"), stem.with_suffix(".key"), stem.with_suffix(".pem")
        openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", str(key), "-out", str(request)),
        )
        extensions = stem.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={','.join(names)}\n" if names else "basicConstraints=CA:FALSE\n")
        # -days may be negative: then it is over already.
        openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial"),
            *("-days", "-1" if expired else "1", "-extfile", str(extensions), "-out", str(certificate)),
        )
        return Certificate(certificate, key)
