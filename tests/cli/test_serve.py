"""The settings of `kg-service serve`: one list, by flag, environment or file, and a mistake is told of."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg_service.cli import main
from kg_service.serving import server
from kg_service.serving.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What the server is started with; it is not."""
    seen: list[Settings] = []
    monkeypatch.setattr(server, "serve", seen.append)
    return seen


def test_the_defaults(given: list[Settings]) -> None:
    assert CliRunner().invoke(main, ["serve"]).exit_code == 0
    assert given == [Settings()]


def test_flags_go_before_the_environment_and_that_before_the_file(given: list[Settings], tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text('host = "::1"\nport = 1\nworkers = 1\ntime_limit = 7\ntrusted_host = ["a.example", "b.example"]\n')
    environment = {"KG_SERVICE_CONFIG": str(file), "KG_SERVICE_PORT": "2", "KG_SERVICE_WORKERS": "2"}
    result = CliRunner().invoke(main, ["serve", "--workers", "3"], env=environment)
    assert result.exit_code == 0, result.output
    assert given == [
        Settings(host="::1", port=2, workers=3, time_limit=7.0, trusted_host=("a.example", "b.example")),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("time_limits = 5", "no setting 'time_limits'. Nearest: time_limit"),
        ("[serve]\nport = 1", "no setting 'serve'"),
        ('port = "8000"', "port must be a whole number"),
        ("port = true", "port must be a whole number"),
        ("time_limit = []", "time_limit must be a number"),
        ('trusted_host = "a.example"', "trusted_host must be a list of texts"),
        ("token = 5", "token must be a text"),
        ("port = -1", "-1"),
        ("port = 65536", "65536 is not in the range"),
        ("time_limit = nan", "nan is no number of seconds"),
        ("stop_time = inf", "inf is no number of seconds"),
        ('token = ""', "it is given and empty"),
        ('trusted_host = ["a.example b.example"]', "'a.example b.example' is no host name"),
        ("port 8000", "it is not TOML"),
    ],
)
def test_mistakes_in_the_file(given: list[Settings], tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "service.toml"
    file.write_text(content)
    result = CliRunner().invoke(main, ["serve", "--config", str(file)], terminal_width=300)
    assert (result.exit_code, given) == (2, [])
    assert said in result.stderr


def test_a_file_that_is_not_there(given: list[Settings]) -> None:
    result = CliRunner().invoke(main, ["serve", "--config", "/nowhere/service.toml"])
    assert (result.exit_code, given) == (2, [])
    assert "/nowhere/service.toml cannot be read: No such file" in result.stderr


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_is_in_the_help_and_in_the_readme(setting: object) -> None:
    flag = f"--{setting.name.replace('_', '-')}"  # type: ignore[attr-defined]
    text = CliRunner().invoke(main, ["serve", "--help"], terminal_width=200).output
    assert flag in text
    assert f"KG_SERVICE_{setting.name.upper()}" in text  # type: ignore[attr-defined]
    assert f"| `{setting.name}` |" in README  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", "65536", "65536 is not in the range"),
        ("url_scheme", "ftp", "'ftp' is not one of 'http', 'https'"),
        ("patience", "nan", "nan is no number of seconds"),
        ("time_limit", "inf", "inf is no number of seconds"),
        ("token", "", "it is given and empty"),
        ("token", " ", "it is given and empty"),
        ("trusted_host", "a.example,b.example", "'a.example,b.example' is no host name"),
        ("trusted_host", "a..example", "'a..example' is no host name"),
        ("trusted_host", "kg_service", "'kg_service' is no host name"),
        ("trusted_host", "*.example.net", "'*.example.net' is no host name"),
        ("trusted_host", "[::1]", "'[::1]' is no host name"),
        ("token", "äö", "no client can send it"),
        ("token", "a b", "no client can send it"),
        ("memory_limit", "99999999999999", "99999999999999 is not in the range"),
        ("trusted_host", "http://a.example/", "'http://a.example/' is no host name"),
    ],
)
@pytest.mark.parametrize("by", ["flag", "variable"])
def test_mistakes_by_flag_and_variable(given: list[Settings], name: str, value: str, said: str, by: str) -> None:
    flag = ["--" + name.replace("_", "-"), value] if by == "flag" else []
    variables = {f"KG_SERVICE_{name.upper()}": value} if by == "variable" else {}
    result = CliRunner().invoke(main, ["serve", *flag], env=variables, terminal_width=300)
    assert (result.exit_code, given) == (2, [])
    assert said in result.stderr


def test_a_token_that_arrives_another_way_is_taken(given: list[Settings]) -> None:
    result = CliRunner().invoke(main, ["serve", "--token", "x"], env={"KG_SERVICE_TOKEN": ""})
    assert (result.exit_code, [settings.token for settings in given]) == (0, ["x"])


def test_hosts_and_tokens_are_taken_as_clients_send_them(given: list[Settings]) -> None:
    variables = {"KG_SERVICE_TOKEN": "s3cret\n", "KG_SERVICE_TRUSTED_HOST": "KG.Example.org .Bücher.example"}
    assert CliRunner().invoke(main, ["serve"], env=variables).exit_code == 0
    assert [(s.token, s.trusted_host) for s in given] == [("s3cret", ("kg.example.org", ".xn--bcher-kva.example"))]


def test_several_hosts_by_variable(given: list[Settings]) -> None:
    CliRunner().invoke(main, ["serve"], env={"KG_SERVICE_TRUSTED_HOST": "a.example b.example"})
    assert [settings.trusted_host for settings in given] == [("a.example", "b.example")]
