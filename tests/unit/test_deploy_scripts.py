"""The shell scripts of deploy/, run for real in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from alliance.private_servers import PrivatePostgres
from tests.fixtures.deployment import DEPLOY, ROOT


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_stop_ends_what_the_pid_file_names_and_says_so(tmp_path: Path) -> None:
    code = "import sys, time; time.sleep(60)  # alliance"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        (tmp_path / "serve.pid").write_text(f"{process.pid}\n")
        # Nobody waits for the process meanwhile: it has ended and is still listed.
        stopped = run("sh", str(DEPLOY / "stop.sh"), str(tmp_path))
        assert process.wait(10) == -15
    assert stopped.stdout == "serve stopped\n"
    assert list(tmp_path.iterdir()) == []


def test_stop_leaves_alone_a_process_of_somebody_else_that_has_the_number_now(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd="/") as process:
        (tmp_path / "serve.pid").write_text(f"{process.pid}\n")
        stopped = run("sh", str(DEPLOY / "stop.sh"), str(tmp_path))
        assert process.poll() is None
        process.kill()
    assert stopped.stdout == f"nothing runs on {tmp_path}/\n"


#: Debian's names of what the tests need, as they are told to a system that has none of them.
PACKAGES = (
    "postgresql rabbitmq-server prometheus chromium curl "
    "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
)
#: The files by which those of them are found that are no programs of the search path.
FILES = {
    "postgresql": "usr/lib/postgresql/15/bin/initdb",
    "rabbitmq-server": "usr/lib/rabbitmq/bin/rabbitmq-server",
    "libpango-1.0-0": "usr/lib/x86_64-linux-gnu/libpango-1.0.so.0",
    "libpangoft2-1.0-0": "usr/lib/aarch64-linux-gnu/libpangoft2-1.0.so.0",
    "libharfbuzz-subset0": "usr/lib64/libharfbuzz-subset.so.0",
    "fonts-dejavu-core": "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
}


@dataclass
class Machine:
    """A system without any program but the shell's own and those that are put in `programs`."""

    system: Path
    programs: Path

    def put(self, name: str, *lines: str) -> None:
        program = self.programs / name
        program.write_text("".join(f"{line}\n" for line in ("#!/bin/sh", *lines)))
        program.chmod(0o755)

    def install(self) -> subprocess.CompletedProcess[str]:
        script = str(DEPLOY / "install-servers.sh")
        return run("/bin/sh", script, PATH=str(self.programs), SYSROOT=str(self.system))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for folder in ("programs", "usr/sbin"):
        (tmp_path / folder).mkdir(parents=True)
    return Machine(tmp_path, tmp_path / "programs")


def test_where_nothing_can_be_installed_the_script_says_what_to_install_and_fails(machine: Machine) -> None:
    said = machine.install()
    assert said.returncode == 1
    assert said.stderr.endswith(f"system's package manager: {PACKAGES}\n")


def test_without_root_the_script_says_the_command_for_root_and_fails(machine: Machine) -> None:
    machine.put("id", "echo 1000")
    machine.put("apt-get", "exit 99")
    said = machine.install()
    assert said.returncode == 1
    command = "sudo apt-get update && sudo apt-get install --no-install-recommends"
    assert said.stderr.endswith(f"    {command} {PACKAGES}\n")


#: An apt-get that says what it was asked for, and whether a server that it installs would be started now.
APT = (
    'policy="$SYSROOT/usr/sbin/policy-rc.d"',
    'if [ -x "$policy" ]; then "$policy" && starts=0 || starts=$?; else starts=missing; fi',
    'echo "$DEBIAN_FRONTEND $starts $*" >>"$SYSROOT/asked"',
)


def root(machine: Machine) -> Path:
    """Make it root's system, with apt; returns the file of what apt-get is asked for."""
    machine.put("id", "echo 0")
    machine.put("apt-get", *APT)
    for tool in ("chmod", "rm"):
        found = shutil.which(tool)
        assert found is not None
        (machine.programs / tool).symlink_to(found)
    return machine.system / "asked"


def test_root_gets_every_package_and_none_of_debians_own_servers(machine: Machine) -> None:
    asked = root(machine)
    said = machine.install()
    assert (said.returncode, said.stdout, said.stderr) == (0, f"Installing: {PACKAGES}\n", "")
    # 101 is Debian's word for "action forbidden by policy".
    assert asked.read_text().splitlines() == [
        "noninteractive 101 update -qq",
        f"noninteractive 101 install -y -qq --no-install-recommends {PACKAGES}",
    ]
    assert not (machine.system / "usr/sbin/policy-rc.d").exists()


def test_a_policy_that_is_there_already_is_left_as_it_is(machine: Machine) -> None:
    asked = root(machine)
    policy = machine.system / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 42\n")
    policy.chmod(0o755)
    assert machine.install().returncode == 0
    assert asked.read_text().startswith("noninteractive 42 ")
    assert policy.read_text() == "#!/bin/sh\nexit 42\n"


def test_only_what_is_missing_is_installed_and_nothing_where_all_is_there(machine: Machine) -> None:
    asked = root(machine)
    for name in ("promtool", "chromium-browser", "curl"):
        machine.put(name)
    for file in FILES.values():
        assert machine.install().returncode == 0
        path = machine.system / file
        path.parent.mkdir(parents=True)
        path.touch()
    installed = [line.partition("recommends ")[2] for line in asked.read_text().splitlines()[1::2]]
    names = list(FILES)
    assert installed == [" ".join(names[after:]) for after in range(len(names))]
    asked.unlink()

    said = machine.install()
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert not asked.exists()


def test_a_failed_installation_fails_and_leaves_no_policy_behind(machine: Machine) -> None:
    root(machine)
    machine.put("apt-get", "exit 100")
    assert machine.install().returncode == 100
    assert not (machine.system / "usr/sbin/policy-rc.d").exists()


@pytest.mark.parametrize("status", [0, 2])
def test_continuous_integration_runs_make_test_and_passes_on_how_it_ended(
    tmp_path: Path, status: int
) -> None:
    make = tmp_path / "make"
    lines = [
        f'echo "$* CI=$CI in $PWD" >{tmp_path / "asked"}',
        'echo "7 passed in 1.23s"',
        'echo "a word on standard error" >&2',
        f"exit {status}",
    ]
    make.write_text("".join(f"{line}\n" for line in ("#!/bin/sh", *lines)))
    make.chmod(0o755)
    ran = run(str(ROOT / ".ci" / "run"), PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}", CI="")
    assert ran.returncode == status
    assert (tmp_path / "asked").read_text() == f"test CI=true in {ROOT}\n"
    printed = ran.stdout.splitlines()
    assert printed[:2] == ["7 passed in 1.23s", "a word on standard error"]
    assert printed[-1] == "7 passed in 1.23s"


def test_each_services_role_reaches_its_own_database_and_no_other(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("one", "two"):
        url = f"postgresql+psycopg2://test_{name}:secret-{name}@postgres:5432/test_{name}"
        (secrets / f"{name}_database_url").write_text(f"{url}\n")
    made = run(
        "bash",
        str(DEPLOY / "postgresql" / "databases.sh"),
        SECRETS=str(secrets),
        POSTGRES_USER="alliance",
        PGHOST="127.0.0.1",
        PGPORT=str(postgres.port),
        PGPASSWORD=postgres.password,
        PATH=f"{postgres.programs}:{os.environ['PATH']}",
    )
    assert made.returncode == 0, made.stderr

    def address(role: str, database: str) -> sa.Engine:
        url = f"postgresql+psycopg2://test_{role}:secret-{role}@127.0.0.1:{postgres.port}/test_{database}"
        return sa.create_engine(url, poolclass=sa.NullPool)

    with address("one", "one").begin() as connection:
        connection.execute(sa.text("CREATE TABLE own (id int)"))
    with pytest.raises(sa.exc.OperationalError, match="permission denied"), address("one", "two").connect():
        pass
