"""The image as it is built: on a read-only root, without a capability, as an ordinary user, it walks the road."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import ROOT
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
USER = 10001  # of deploy/Containerfile
BARE = [
    f"--reuid={USER}",
    f"--regid={USER}",
    "--clear-groups",
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--no-new-privs",
]


def call(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """The image's files, as a container has them."""
    missing = [name for name in ("buildah", "mmdebstrap", "bwrap") if shutil.which(name) is None]
    assert not missing, f"apt install buildah mmdebstrap bubblewrap: {missing} not found"
    if "clickcollect-base" not in call("buildah", "images", "--format", "{{.Name}}"):
        call("make", "image-base")
    call("make", "image")
    size = call("buildah", "images", "--format", "{{.Name}} {{.Size}}")
    print(f"\n{size}")  # noqa: T201
    container = call("buildah", "from", "localhost/clickcollect")
    yield Path(call("buildah", "mount", container))
    call("buildah", "rm", container)


class ImageShop(DemoShop):
    """`clickcollect run --demo` in the image."""

    def __init__(self, folder: Path, root: Path) -> None:
        super().__init__(folder)
        self.root = root
        self.home.mkdir()
        os.chown(self.home, USER, USER)

    def inside(self, *command: str) -> list[str]:
        """A command in the image: read-only but for /data and /tmp, with this machine's loopback."""
        mounts = [
            "--ro-bind",
            str(self.root),
            "/",
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            "--perms",
            "1777",
            "--tmpfs",
            "/tmp",
        ]
        given = {
            "PATH": "/opt/clickcollect/bin:/usr/bin:/bin",
            "CLICKCOLLECT_HOME": "/data",
            "PORT": str(self.port),
            "EXTENSION_PORT": str(self.extension_port),
        }
        environment = [word for name, value in given.items() for word in ("--setenv", name, value)]
        bubble = ["bwrap", *mounts, "--bind", str(self.home), "/data", "--unshare-pid", "--die-with-parent"]
        return [*bubble, "--clearenv", *environment, "setpriv", *BARE, *command]

    def command(self, *arguments: str) -> list[str]:
        _python, _module, _name, *rest = super().command(*arguments)
        return self.inside("clickcollect", *rest)


def test_the_image_walks_the_road(root: Path, tmp_path: Path) -> None:
    shop = ImageShop(tmp_path, root)
    try:
        shop.start()
        package, phone = shop.packed_package()
        assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
        assert shop.run_command(package, "self-service-package-delivery", otp=shop.code(phone))[0] == 204
        assert shop.answers(shop.port, "/accounts/login/")
    finally:
        shop.clean_up()


def test_it_is_as_bare_as_is_said(root: Path, tmp_path: Path) -> None:
    shop = ImageShop(tmp_path, root)
    looked = call(
        *shop.inside("sh", "-c", "touch /x 2>&1; id -u; grep CapBnd /proc/self/status; command -v cc gcc make; true")
    )
    assert "Read-only file system" in looked
    assert str(USER) in looked.splitlines()
    assert "CapBnd:\t0000000000000000" in looked
    assert "/cc" not in looked
    assert "gcc" not in looked
