"""SSH signatures over approvals. `ssh-keygen` makes and checks them, so that agents, hardware keys and passphrases work as they do for git."""

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from pipeline.errors import ChurnopsError, IntegrityError

NAMESPACE = "churnops-approval"
_TIMEOUT_SECONDS = 30


def sign(content: bytes, key: Path) -> str:
    """The armoured signature over `content` by `key`: a private key's file, or a public key's whose private half an agent holds.

    `ssh-keygen` may ask for a passphrase or a touch at the terminal.

    Raises:
        ChurnopsError: ssh-keygen is missing, or did not sign.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "record"
        file.write_bytes(content)
        try:
            subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key.expanduser()), str(file)], check=True)
        except FileNotFoundError:
            raise _missing() from None
        except subprocess.CalledProcessError as error:
            raise ChurnopsError(f"ssh-keygen did not sign with {key} (exit code {error.returncode}).", "Nothing was changed.") from error
        return file.with_suffix(".sig").read_text(encoding="ascii")


def verify(content: bytes, signature: str, signer: str, allowed_signers: str, at: datetime) -> None:
    """Check that `signer` signed `content`.

    Args:
        content: the bytes that were signed.
        signature: armoured, as `ssh-keygen -Y sign` writes it.
        signer: a principal of `allowed_signers`.
        allowed_signers: text of the file as git and ssh-keygen read it; its times without a zone are UTC.
        at: when it was signed; `valid-after` and `valid-before` of a signer are judged by it.

    Raises:
        IntegrityError: it is not their signature over these bytes, or they were not allowed to sign then.
        ChurnopsError: ssh-keygen is missing.
    """
    _verified(content, signature, signer, allowed_signers, f"{at.astimezone(UTC):%Y%m%d%H%M%S}")


@lru_cache(maxsize=4096)  # of what was found valid; an error is raised anew each time
def _verified(content: bytes, signature: str, signer: str, allowed_signers: str, at: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        signers, given = Path(folder) / "allowed_signers", Path(folder) / "signature"
        signers.write_text(allowed_signers, encoding="utf-8")
        given.write_text(signature, encoding="utf-8")
        command = ["ssh-keygen", "-Y", "verify", "-n", NAMESPACE, "-f", str(signers), "-s", str(given)]
        command += [f"-Overify-time={at}", "-I", signer]
        try:
            checked = subprocess.run(
                command, input=content, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS, env={**os.environ, "TZ": "UTC"}
            )
        except FileNotFoundError:
            raise _missing() from None
        except subprocess.TimeoutExpired as error:
            raise IntegrityError("ssh-keygen did not come back while it checked a signature.", "Look at its installation.") from error
    if checked.returncode != 0:
        said = (checked.stderr + checked.stdout).decode(errors="replace").strip().splitlines()
        raise IntegrityError(
            f"This is no valid signature of {signer!r} over this record ({said[-1][:200] if said else 'ssh-keygen says nothing'}).",
            "A person named in the file of allowed signers has to sign it.",
        )


def _missing() -> ChurnopsError:
    return ChurnopsError("Signed approvals need ssh-keygen, which is not installed.", "Install OpenSSH.")
