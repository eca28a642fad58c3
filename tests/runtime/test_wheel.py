"""The wheel alone is the whole product: built, installed into a bare environment, and a package handed over with it."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import clickcollect
from tests.house.files import ROOT
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def call(*command: str | Path, folder: Path) -> str:
    """Run it in a folder that has nothing of the source tree; what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built, folder=ROOT)
    [wheel] = built.glob("clickcollect-*.whl")
    return wheel


def bare_environment(folder: Path, wheel: Path, *, locked: bool) -> Path:
    """A new environment with the wheel in it; ``locked``: and with what the lock names, otherwise with what is here."""
    call(sys.executable, "-m", "venv", *([] if locked else ["--without-pip"]), folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    if locked:
        call(python, "-m", "pip", "install", "-q", "--require-hashes", "-r", ROOT / "requirements.lock", folder=folder)
    else:
        packages = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
        # A path in a .pth file is searched, but no .pth file in it is read: this source tree stays unknown.
        (Path(packages) / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python]
    call(*pip, "install", "-q", "--no-deps", "--no-index", wheel, folder=folder)
    found = call(python, "-c", "import clickcollect; print(clickcollect.__file__)", folder=folder)
    assert str(folder) in found, "the wheel's own package is the one that runs"
    return folder / "venv" / "bin"


class InstalledShop(DemoShop):
    """The demo shop of an installed wheel."""

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder)
        self.programs = programs
        self.environment.pop("PYTHONPATH", None)
        self.environment["WEB_PROCESSES"] = "1"

    def command(self, *arguments: str) -> list[str]:
        _python, _module, _name, *rest = super().command(*arguments)
        return [str(self.programs / "clickcollect"), *rest]


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.soak)], ids=["beside", "locked"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InstalledShop]:
    programs = bare_environment(tmp_path, wheel, locked=request.param)
    monkeypatch.chdir(tmp_path)
    made = InstalledShop(tmp_path, programs)
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    tracked = call("git", "ls-files", "clickcollect", "extension", "webserver", folder=ROOT).split()
    assert held >= set(tracked), set(tracked) - held
    guide = call("git", "ls-files", "docs/guide", folder=ROOT).split()
    assert held >= {path.replace("docs/guide", "clickcollect/guide/pages") for path in guide}
    assert f"clickcollect-{clickcollect.__version__}.dist-info/METADATA" in held


def test_an_installed_wheel_walks_the_road(shop: InstalledShop) -> None:
    package, phone = shop.packed_package()
    assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
    code = shop.code(phone)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert shop.run_command(package, "self-service-package-delivery", otp=wrong)[1]["code"] == "otp_incorrect"
    assert shop.run_command(package, "self-service-package-delivery", otp=code)[0] == 204
    for port, page in [(shop.port, "/accounts/login/"), (shop.port, "/api/docs"), (shop.extension_port, "/phone/")]:
        assert shop.answers(port, page), page
